"""A board's feed: events about credit at positions from 1 without gaps, read by cursor or by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Forbidden
from app.domain.boards import Board
from app.domain.feeds import FeedEvent, FeedSummary
from app.services.boards.feed_cursors import FeedCursor, open_cursor, refuse_diverged, seal_cursor
from app.services.context import Caller, Work, read_async, transact_async
from app.store import feed

ANSWER_WITHIN = timedelta(hours=24)
"""A credit that has waited for its board's decision for longer is overdue."""
DAY_EVENTS_AT_ONCE = 250
"""Events of a day's file read in one transaction."""


class FeedSlice(msgspec.Struct, frozen=True, kw_only=True):
    """Events after a cursor, and the cursor after them."""

    events: list[FeedEvent]
    cursor: str


def board_of(caller: Caller) -> Board:
    """Return the board whose client is calling; raises `Forbidden` for other clients."""
    if caller.client.board is None:
        raise Forbidden("Only a board's own client has a feed.")
    return caller.service.catalogue.boards[caller.client.board]


async def read(caller: Caller, *, after: str | None, limit: int) -> FeedSlice:
    """Return the events after a cursor, or from the beginning without one.

    Asking for what follows a position shows that the board has everything up to it. Raises `ParameterInvalid` for a
    cursor that is not the board's, `CursorDiverged` for one that no longer fits.
    """
    board = board_of(caller)
    cursor = FeedCursor() if after is None else open_cursor(caller, after)
    events, read_position, decision_id = await read_async(caller, _events_after, board.code, cursor, limit)
    if cursor.position > read_position:
        await transact_async(caller, _mark_read, board.code, cursor.position)
    if events:
        cursor = replace(cursor, position=events[-1].position, event_id=events[-1].event_id)
    return FeedSlice(events=events, cursor=seal_cursor(caller, replace(cursor, decision_id=decision_id)))


def _events_after(
    connection: Connection, caller: Caller, board: str, cursor: FeedCursor, limit: int
) -> tuple[list[FeedEvent], int, str]:
    """Return the events after a cursor, the last position that the board is known to have, and its last decision."""
    refuse_diverged(connection, board, cursor)
    events = feed.after(connection, board, cursor.position, limit)
    return events, feed.position_read(connection, board), feed.last_decision(connection, board)


def _mark_read(work: Work, board: str, position: int) -> None:
    feed.mark_read(work.connection, board, position, work.now)


def read_day(connection: Connection, caller: Caller, day: date, after_position: int) -> list[FeedEvent]:
    """Return the next events of a day (UTC) after a position, in order; empty after the last."""
    board = board_of(caller).code
    return feed.between(connection, board, *_bounds(day), after_position, DAY_EVENTS_AT_ONCE)


def _bounds(day: date) -> tuple[datetime, datetime]:
    """Return the instant at which a day (UTC) begins, and that at which it is over; the last day of all has no next."""
    since = datetime.combine(day, time.min, UTC)
    return since, since + timedelta(days=1) if day < date.max else datetime.max.replace(tzinfo=UTC)


def last_day(connection: Connection, caller: Caller) -> date | None:
    """Return the day (UTC) of the last event of the caller's board; None for an empty feed."""
    board = board_of(caller).code
    events = feed.after(connection, board, feed.last_position(connection, board) - 1, 1)
    return events[-1].at.astimezone(UTC).date() if events else None


def count_days(connection: Connection, caller: Caller, newest: date, days: int) -> list[tuple[date, int]]:
    """Return the number of events of each of some days (UTC), the newest first."""
    board = board_of(caller).code
    shown = [newest - timedelta(days=back) for back in range(days)]
    return list(zip(shown, feed.count_between(connection, board, list(map(_bounds, shown))), strict=True))


def read_day_as_it_stands(
    connection: Connection, caller: Caller, day: date, after_position: int
) -> list[tuple[FeedEvent, str | None, bool]]:
    """Return the next events of a day, each with the status of its credit now, and whether it is the credit's last.

    Only a credit's last event can be decided on.
    """
    board = board_of(caller).code
    events = read_day(connection, caller, day, after_position)
    ids = {event.credit_id for event in events}
    standing, last = feed.statuses(connection, board, ids), feed.last_sent(connection, board, ids)
    return [
        (event, standing.get(event.credit_id), last[event.credit_id].position == event.position) for event in events
    ]


def mark_file_read(work: Work, first: int, last: int) -> None:
    """Count the positions of a downloaded file as read, unless the board has not read all that comes before them."""
    board = board_of(work.caller).code
    if feed.position_read(work.connection, board) >= first - 1:
        feed.mark_read(work.connection, board, last, work.now)


def summary(connection: Connection, caller: Caller) -> FeedSummary:
    """Return the credit of the caller's board by status, and how far the board has read."""
    board = board_of(caller)
    return FeedSummary(
        board=board,
        last_position=feed.last_position(connection, board.code),
        carried=feed.position_read(connection, board.code),
        counts=feed.counts(connection, board.code, caller.service.clock() - ANSWER_WITHIN),
    )
