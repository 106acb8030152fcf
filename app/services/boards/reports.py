"""What the operator sees of all boards at once."""

from __future__ import annotations

from sqlalchemy import Connection

from app.domain.feeds import BoardReport
from app.services.boards.feed import ANSWER_WITHIN
from app.services.context import Caller
from app.store import feed


def of_boards(connection: Connection, caller: Caller, *, overdue: bool | None = None) -> list[BoardReport]:
    """Return how each board with a feed stands, by code; `overdue` keeps those that owe an answer, or owe none.

    A board whose file was taken away is still shown, as one that does not decide.
    """
    boards = caller.service.catalogue.boards
    found = [
        BoardReport.of(code, reading, counted, decides=code in boards and boards[code].decides)
        for code, reading, counted in feed.of_boards(connection, caller.service.clock() - ANSWER_WITHIN)
    ]
    return [each for each in found if overdue is None or bool(each.overdue) is overdue]
