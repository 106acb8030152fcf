"""What the records of a file judged so far would have left, kept between its pieces; nothing of it is stored."""

from __future__ import annotations

import pickle
import zlib
from dataclasses import dataclass, field

from app.domain.completion_changes import Change, Day, Pair
from app.domain.credits import Completion, Gone
from app.rules.placement import Standing


@dataclass(slots=True)
class Overlay:
    """The learners and activities that the pieces of one file would have changed, and by how much each day.

    Held in memory and packed, about a kilobyte for a learner in an activity: 100,000 of them take some 100 MB.
    """

    _standing: dict[Pair, bytes] = field(default_factory=dict)
    _days: dict[Day, int] = field(default_factory=dict)

    def over(self, pair: Pair, standing: Standing) -> Standing:
        """Return what would stand of a learner in an activity, instead of what does."""
        packed = self._standing.get(pair)
        if packed is None:
            return standing
        completions: list[Completion]
        gone: set[Gone]
        completions, gone = pickle.loads(zlib.decompress(packed))
        return Standing(completions, gone | standing.gone)

    def keep(self, pair: Pair, standing: Standing) -> None:
        """Remember what would stand of a learner in an activity."""
        self._standing[pair] = zlib.compress(pickle.dumps((standing.completions, standing.gone)), 1)

    def more_on(self, day: Day) -> int:
        """Return the quarters that a day's sum would have grown by."""
        return self._days.get(day, 0)

    def count(self, change: Change, boards: frozenset[str]) -> None:
        """Remember by how much a change would move the sums of days, for the boards that are summed by day."""
        for day, quarters in change.day_deltas():
            if day[2] in boards:
                self._days[day] = self._days.get(day, 0) + quarters
