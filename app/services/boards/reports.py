"""Reports for the operator on how every board reads its feed and decides."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.domain.feeds import BoardReport
from app.services.boards.feed import ANSWER_WITHIN
from app.services.context import Caller
from app.store import feed


def report_boards(connection: Connection, caller: Caller, *, overdue: bool | None = None) -> list[BoardReport]:
    """Return a report on each board with a feed, by code; `overdue` keeps those with overdue credit, or without.

    A board whose catalogue file was removed is still shown, as one that does not decide.
    """
    boards = caller.service.catalogue.boards
    reports = [
        BoardReport.of(code, progress, counts, decides=code in boards and boards[code].decides)
        for code, progress, counts in feed.progress_of_boards(connection, caller.service.clock() - ANSWER_WITHIN)
    ]
    return [report for report in reports if overdue is None or bool(report.overdue) is overdue]


def unread_since(connection: Connection, caller: Caller) -> dict[str, datetime]:
    """Return when the first event happened that a board has not read, of each that has not read all of its feed."""
    return feed.unread_since(connection)
