"""What the operator sees of all boards at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from app.domain.feeds import BoardReport
from app.schemas.base import Example, Out


class BoardReportOut(Out):
    """How one board reads and answers."""

    example: ClassVar[Example] = {
        "last_position": 412, "carried": 400, "pending": 14, "accepted": 371, "rejected": 9, "withdrawn": 3,
        "overdue": 2, "oldest_pending_at": "2021-12-19T09:30:00Z",
    }  # fmt: skip

    board: str
    decides: bool = Field(description="Whether the board answers; for one that does not, what it was sent is accepted.")
    last_position: int = Field(description="The last position of its feed.")
    carried: int = Field(description="Up to here the board has shown to hold what it was sent.")
    read_at: datetime | None = Field(description="When it last showed to have read further; null for never.")
    pending: int
    accepted: int
    rejected: int
    withdrawn: int
    overdue: int = Field(description="Credits on which a board that decides has been silent for more than 24 hours.")
    oldest_pending_at: datetime | None = Field(description="Since when the credit that waits longest has waited.")

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
        """Show all of them."""
        return cls(data=[BoardReportOut.of(each) for each in reports])


def table(reports: Iterable[BoardReport]) -> str:
    """Write the same as a table for a terminal, a line a board."""
    heading = ("board", "decides", "last", "carried", "read at", "pending", "accepted", "rejected", "withdrawn",
               "overdue", "oldest pending")  # fmt: skip
    rows = [heading, *(_cells(each) for each in reports)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heading))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _cells(report: BoardReport) -> tuple[str, ...]:
    numbers = (report.pending, report.accepted, report.rejected, report.withdrawn, report.overdue)
    return (
        report.board,
        "yes" if report.decides else "no",
        str(report.last_position),
        str(report.carried),
        _instant(report.read_at),
        *map(str, numbers),
        _instant(report.oldest_pending_at),
    )


def _instant(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"
