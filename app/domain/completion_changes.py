"""Changes of a completion and of the ledger, by a report, a correction, a withdrawal or a decision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TypeAlias

import msgspec

from app.domain.credits import REMS, Completion, Credit, CreditStatus

Pair: TypeAlias = tuple[str, str]
"""(activity, subject): everything one learner has in one activity is judged together."""

Day: TypeAlias = tuple[str, str, str, date]
"""(provider, subject, board, day): the credit of these is summed over all of the provider's activities."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The change of one completion: it is new, or has a new version."""

    completion: Completion
    before: Completion | None
    added: tuple[Credit, ...] = ()
    restated: tuple[Credit, ...] = ()
    """Credits whose status changed."""
    corrected: tuple[Credit, ...] = ()
    """Credits whose boards are sent something else than before."""
    rewritten: tuple[Credit, ...] = ()
    """Credits that changed only in what no board is sent."""
    corrected_whole: bool = False
    """Whether the completion is corrected in place, and not only added to or withdrawn."""
    only_named: bool = False
    """Whether the completion or its credits only get another reference."""
    imported: frozenset[str] = frozenset()
    """Credits among those added that were taken over from another system, of which no board is told."""
    told: tuple[Credit, ...] = ()
    """Credits as they stand that were taken over, and of which their boards are told now."""

    def before_and_after(self) -> Iterator[tuple[Completion, int]]:
        """Yield the completion as it stood with -1, and as it stands now with 1."""
        if self.before is not None:
            yield self.before, -1
        yield self.completion, 1

    def day_deltas(self) -> Iterator[tuple[Day, int]]:
        """Yield, credit by credit, by how many quarters the sum of a day grows or shrinks."""
        for completion, sign in self.before_and_after():
            for credit in completion.credits:
                if credit.holds:
                    day = (self.completion.provider_id, completion.subject, credit.board, completion.completed_on)
                    yield day, sign * credit.quarters

    @property
    def withdrawn_boards(self) -> list[str]:
        """Boards whose credit it withdraws, and `REMS` with a completion that has it."""
        boards = [credit.board for credit in self.restated if credit.status is CreditStatus.WITHDRAWN]
        with_rems = self.completion.withdrawn_at is not None and self.completion.rems is not None
        return [*boards, REMS] if with_rems else boards

    @property
    def rewrites(self) -> bool:
        """Whether the completion's own fields change: its activity, day or occasion, or the person as reported."""
        return self.corrected_whole or (self.before is not None and self.before.person != self.completion.person)

    @property
    def frees(self) -> bool:
        """Whether it may free what another record of the same set takes: a day, an occasion, a board.

        Credit that is rewritten counts as well: the same set may have added it.
        """
        return self.corrected_whole or bool(self.restated or self.rewritten) or self.completion.withdrawn_at is not None


class LedgerDelta(msgspec.Struct, frozen=True, kw_only=True):
    """By how much a learner's part of an activity's maximum changes, and the maximum it may not exceed."""

    activity_id: str
    subject: str
    target: str
    """CME, or a certifying board's code."""
    quarters: int
    maximum: int
