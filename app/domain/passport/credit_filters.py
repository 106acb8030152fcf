"""Filters of a physician's credits, and the totals of each year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from app.domain.credits import Completion, CreditStatus
from app.domain.passport.transcripts import Totals, TranscriptRow, totals


class CreditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What of a physician's credit is looked at; what is empty narrows nothing."""

    board: str = ""
    provider_id: str = ""
    status: str = ""

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return self != CreditFilter()

    def apply(self, record: Completion) -> Completion | None:
        """Return a record with the credit that fits alone; None where none does."""
        if self.provider_id and record.provider_id != self.provider_id:
            return None
        if not self.board and not self.status:
            return record
        gone = record.withdrawn_at is not None
        fitting = tuple(
            credit
            for credit in record.credits
            if self.board in ("", credit.board)
            and self.status in ("", (CreditStatus.WITHDRAWN if gone else credit.status).value)
        )
        return replace(record, credits=fitting) if fitting else None


def totals_by_year(rows: Iterable[TranscriptRow]) -> tuple[tuple[int, Totals], ...]:
    """Return the totals of each year in which credit was earned, the newest first; none are added up."""
    by_year: defaultdict[int, list[TranscriptRow]] = defaultdict(list)
    for row in rows:
        by_year[row.completed_on.year].append(row)
    return tuple((year, totals(by_year[year])) for year in sorted(by_year, reverse=True))
