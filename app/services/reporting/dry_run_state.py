"""The state that a dry run's records would have left so far, kept between its pieces and never stored."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.domain.completion_changes import Change, Day, Pair
from app.domain.credits import Completion, Gone
from app.rules.standing import Standing
from app.services.reporting.loading import DAILY_CREDITS, Standings


@dataclass(slots=True)
class DryRunState:
    """The learners and activities that the pieces of one file would have changed, and by how much each day.

    Held in memory and packed, about a kilobyte for a learner in an activity: 100,000 of them take some 100 MB.
    """

    _standing: dict[Pair, bytes] = field(default_factory=dict)
    _days: dict[Day, int] = field(default_factory=dict)

    def apply_to(self, standings: Standings, pairs: Iterable[Pair]) -> None:
        """Change what stands of some learners into what would stand of them after the pieces before."""
        for pair in pairs:
            packed = self._standing.get(pair)
            if packed is not None:
                completions: list[Completion]
                gone: set[Gone]
                completions, gone = pickle.loads(zlib.decompress(packed))
                standings.by_pair[pair] = Standing(completions, gone | standings.by_pair[pair].gone)
        for day in standings.day_quarters:
            standings.day_quarters[day] += self._days.get(day, 0)

    def remember(self, changes: Sequence[Change], standings: Standings) -> None:
        """Remember what the changes of one piece would leave."""
        boards = standings.facts.catalogue.boards.values()
        summed = {board.code for board in boards if DAILY_CREDITS in board.advice}
        for change in changes:
            for day, quarters in change.day_deltas():
                if day[2] in summed:
                    self._days[day] = self._days.get(day, 0) + quarters
        for pair in {completion.pair for change in changes for completion, _ in change.before_and_after()}:
            standing = standings.by_pair[pair]
            self._standing[pair] = zlib.compress(pickle.dumps((standing.completions, standing.gone)), 1)
