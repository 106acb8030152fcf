"""The state that a dry run's records would have left so far, kept between its pieces and never stored."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.completion_changes import Change, Day, Pair
from app.domain.credits import Completion, Gone
from app.domain.identity.matches import Match
from app.domain.reports import CompletionReport
from app.rules.standing import Standing
from app.services.reporting.loading import DAILY_CREDITS, Standings, pair_of
from app.services.reporting.same_records import keys_asked, keys_in


@dataclass(slots=True)
class DryRunState:
    """The learners and activities that the pieces of one file would have changed, and by how much each day.

    Held in memory and packed, about a kilobyte for a learner in an activity: 100,000 of them take some 100 MB.
    """

    _standing: dict[Pair, bytes] = field(default_factory=dict)
    _days: dict[Day, int] = field(default_factory=dict)
    _named: dict[int, tuple[Pair, ...]] = field(default_factory=dict)
    """Pairs by the digest of a key of somebody in whose name they have a completion."""

    def apply_to(self, standings: Standings, reports: Sequence[CompletionReport], matches: Sequence[Match]) -> None:
        """Change what stands of whom some reports mean into what would stand of them after the pieces before."""
        for pair in {pair_of(report, match) for report, match in zip(reports, matches, strict=True)}:
            if pair in self._standing:
                completions, gone = self._unpack(pair)
                standings.by_pair[pair] = Standing(completions, gone | standings.by_pair[pair].gone)
        for day in standings.day_quarters:
            standings.day_quarters[day] += self._days.get(day, 0)
        # Of other learners: what the pieces before have changed stands in the place of what is stored.
        others = {completion.pair for completion in standings.same.drop_of(self._standing.keys())}
        for key in keys_asked(reports, matches):
            others.update(self._named.get(hash(key), ()))
        for pair in others:
            for completion in self._unpack(pair)[0]:
                standings.same.put(completion)

    def _unpack(self, pair: Pair) -> tuple[list[Completion], set[Gone]]:
        completions: list[Completion]
        gone: set[Gone]
        completions, gone = pickle.loads(zlib.decompress(self._standing[pair]))
        return completions, gone

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
        for change in changes:
            for key in map(hash, keys_in(change.completion)):
                pairs = self._named.get(key, ())
                if change.completion.pair not in pairs:
                    self._named[key] = (*pairs, change.completion.pair)
