"""What a board is told of credit, in its order."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from app.domain.boards import Board
from app.domain.credits import CreditStatus


class FeedEventKind(enum.StrEnum):
    """What a board is told of a credit."""

    REPORTED = "credit.reported"
    """It is new."""
    CORRECTED = "credit.corrected"
    """Its amount, its types or its learner are others now."""
    WITHDRAWN = "credit.withdrawn"
    """It stands no more."""


class DailyFileFormat(enum.StrEnum):
    """What the file of one day of a feed is."""

    CSV = "csv"
    """Comma-separated text (RFC 4180)."""
    XLSX = "xlsx"
    """A workbook."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a board's feed: a credit as it stood, or stood last, when the event happened."""

    position: int
    """From 1 for each board, without gaps, in the order in which transactions ended."""
    event_id: str
    event: str
    at: datetime
    credit_id: str
    kind: str
    learner_board_id: str | None
    """The board's number of the learner, as the registry has it."""
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


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How a board's credit stands."""

    board: Board
    last_position: int
    carried: int
    """Up to here the board has shown to hold what it was told."""
    counts: Mapping[str, int]
    """Credits by status, and under `overdue` those that have waited too long for an answer."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How far a feed goes, and how far its board has read."""

    last_position: int
    carried: int
    read_at: datetime | None
    """When the board last showed to have read further; None for never."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The credits of a board in one status."""

    credits: int
    late: int
    """Those that have been so for longer than a board may take to answer."""
    oldest: datetime
    """Since when the first of them is so."""


class BoardReport(msgspec.Struct, frozen=True, kw_only=True):
    """How one board reads and answers, for the operator."""

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
    """Credits on which a board that decides is silent for too long; none for one that does not decide."""
    oldest_pending_at: datetime | None

    @classmethod
    def of(cls, board: str, reading: Reading, counted: Mapping[str, Counted], *, decides: bool) -> BoardReport:
        """Put together what was read of a feed with what was counted by status."""
        waiting = counted.get(CreditStatus.PENDING)
        numbers = {status.value: counted[status].credits if status in counted else 0 for status in CreditStatus}
        return cls(
            board=board,
            decides=decides,
            last_position=reading.last_position,
            carried=reading.carried,
            read_at=reading.read_at,
            **numbers,
            overdue=waiting.late if waiting is not None and decides else 0,
            oldest_pending_at=waiting.oldest if waiting is not None else None,
        )
