"""A board's daily file, read some events at a time: no transaction stays open while it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

from app.domain.feeds import FeedEvent
from app.schemas.board_file import cells, csv_lines, heading
from app.services.boards import daily_workbook, feed
from app.services.boards.daily_workbook import XLSX
from app.services.context import Caller, read_async, transact_async

__all__ = ["XLSX", "read_day", "write_csv", "write_workbook"]


async def read_day(caller: Caller, day: date) -> AsyncIterator[list[FeedEvent]]:
    """Yield the events of a day, some at a time; once all are sent they count as read if none was skipped."""
    first = last = 0
    while events := await read_async(caller, feed.read_day, day, last):
        first, last = first or events[0].position, events[-1].position
        yield events
    if last:
        await transact_async(caller, feed.mark_file_read, first, last)


async def write_csv(caller: Caller, day: date) -> AsyncIterator[bytes]:
    """Yield the file as CSV, with a byte order mark, so that spreadsheets read its accents."""
    yield b"\xef\xbb\xbf" + csv_lines([heading()])
    async for events in read_day(caller, day):
        yield csv_lines(cells(event) for event in events)


async def write_workbook(caller: Caller, day: date) -> bytes:
    """Return the file as a workbook for people."""
    name = f"{feed.board_of(caller).code} {day:%m/%d/%Y}"
    return await daily_workbook.write_workbook(name, read_day(caller, day))
