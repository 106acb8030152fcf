"""Counts of an activity's credit lines: what summaries show. A line is one credit for one board."""

from __future__ import annotations

import msgspec

from app.domain.activities import Activity
from app.domain.credits import CreditKind


class LineCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Credit lines by status, and the credit of those that are accepted or pending, in quarters."""

    accepted: int = 0
    rejected: int = 0
    pending: int = 0
    quarters: int = 0


class BoardCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of one board."""

    board: str
    kind: CreditKind
    counts: LineCounts


class ActivitySummary(msgspec.Struct, frozen=True, kw_only=True):
    """An activity with the counts of its lines, of all or of those that filters keep."""

    activity: Activity
    provider_name: str
    counts: LineCounts
    persons: int | None
    """Whoever has such a line; where no filter narrows the lines, whoever has a completion that stands.

    None where counting them would take long.
    """
