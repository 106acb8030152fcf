"""Boards' feeds: events about credit, in order, and how far each board has read."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from app.domain.boards import Board
from app.domain.credits import CreditStatus


class FeedEventKind(enum.StrEnum):
    """Kinds of events in a board's feed."""

    REPORTED = "credit.reported"
    """It was reported."""
    CORRECTED = "credit.corrected"
    """Its amount, types, day, activity, or the learner's name, birth date or number changed."""
    WITHDRAWN = "credit.withdrawn"
    """It was withdrawn."""


class DailyFileFormat(enum.StrEnum):
    """The format of a feed's daily file."""

    CSV = "csv"
    """Comma-separated text (RFC 4180)."""
    XLSX = "xlsx"
    """A workbook."""


class FeedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a board's feed: a credit as it stood when the event happened; a withdrawn one as it last stood."""

    position: int
    """From 1 for each board, without gaps, in commit order."""
    event_id: str
    event: str
    at: datetime
    credit_id: str
    kind: str
    learner_board_id: str | None
    """The board's number for the learner, from the registry."""
    first_name: str | None
    last_name: str | None
    birth_date: str | None
    """MM/DD."""
    activity_id: str
    title: str
    format: str
    start_date: date
    end_date: date
    completed_on: date
    quarters: int
    credit_types: tuple[tuple[str, int], ...]
    provider_id: str
    provider_name: str


class FeedSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A board's credit by status, and how far the board has read its feed."""

    board: Board
    last_position: int
    carried: int
    """The last position that the board has shown to have."""
    counts: Mapping[str, int]
    """Credits by status, and under `overdue` those that have waited too long for a decision."""


class FeedProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a feed goes, and how far its board has read it."""

    last_position: int
    carried: int
    read_at: datetime | None
    """When the board last showed that it had read further; None for never."""


class StatusCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many credits of a board are in one status, and since when."""

    credits: int
    late: int
    """Those in this status for longer than a board may take to decide."""
    oldest_told: datetime | None
    """Of pending credit, since when the first waits that the board was told of here; None of any other status."""


class BoardReport(msgspec.Struct, frozen=True, kw_only=True):
    """How one board reads its feed and decides, for the operator."""

    board: str
    decides: bool
    last_position: int
    carried: int
    read_at: datetime | None
    pending: int
    accepted: int
    rejected: int
    withdrawn: int
    overdue: int
    """Credits that have waited too long for a decision; 0 for a board that does not decide."""
    oldest_pending_at: datetime | None

    @classmethod
    def of(cls, board: str, progress: FeedProgress, counts: Mapping[str, StatusCount], *, decides: bool) -> BoardReport:
        """Build the report of one board from its feed's progress and its credits by status."""
        pending = counts.get(CreditStatus.PENDING)
        by_status = {status.value: counts[status].credits if status in counts else 0 for status in CreditStatus}
        return cls(
            board=board,
            decides=decides,
            last_position=progress.last_position,
            carried=progress.carried,
            read_at=progress.read_at,
            **by_status,
            overdue=pending.late if pending is not None and decides else 0,
            oldest_pending_at=pending.oldest_told if pending is not None else None,
        )
