"""The operator's report on all boards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from app.domain.feeds import BoardReport
from app.schemas.base import Example, Out


class BoardReportOut(Out):
    """How far one board has read and decided."""

    example: ClassVar[Example] = {
        "last_position": 412, "carried": 400, "pending": 14, "accepted": 371, "rejected": 9, "withdrawn": 3,
        "overdue": 2, "oldest_pending_at": "2021-12-19T09:30:00Z",
    }  # fmt: skip

    board: str
    decides: bool = Field(description="Whether the board decides; credit sent to a board that does not is accepted.")
    last_position: int = Field(description="The last position of its feed.")
    carried: int = Field(description="The last position that the board has shown to have received.")
    read_at: datetime | None = Field(description="When the board last read further; null if it never has.")
    pending: int
    accepted: int
    rejected: int
    withdrawn: int
    overdue: int = Field(
        description="Credits without a decision for more than 24 hours; 0 for a board that does not decide."
    )
    oldest_pending_at: datetime | None = Field(description="Since when the oldest pending credit has been pending.")

    @classmethod
    def of(cls, report: BoardReport) -> BoardReportOut:
        """Show a board."""
        return cls(
            board=report.board,
            decides=report.decides,
            last_position=report.last_position,
            carried=report.carried,
            read_at=report.read_at,
            pending=report.pending,
            accepted=report.accepted,
            rejected=report.rejected,
            withdrawn=report.withdrawn,
            overdue=report.overdue,
            oldest_pending_at=report.oldest_pending_at,
        )


class BoardReportsOut(Out):
    """Every board that has a feed, by its code."""

    data: list[BoardReportOut]

    @classmethod
    def of(cls, reports: Iterable[BoardReport]) -> BoardReportsOut:
        """Show all boards."""
        return cls(data=[BoardReportOut.of(report) for report in reports])
