"""A board's daily file, read some events at a time: no transaction stays open while it is sent.

A day counts as read once its file was sent, and not before: what is carried need not be sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import msgspec

from app.core.errors import ParameterInvalid
from app.domain.feeds import FeedEvent
from app.schemas.board_file import cells, csv_lines, heading
from app.services.boards import feed
from app.services.boards.daily_workbook import XLSX, DailyWorkbook
from app.services.context import Caller, read_async, transact_async

__all__ = ["XLSX", "FinishedWorkbook", "make_workbook", "send_workbook", "write_csv"]

MOST_ROWS = 100_000
"""Of a workbook, which is made in memory."""
_PIECE = 65_536
_WRITERS = ThreadPoolExecutor(1, "daily workbooks")
"""A thread of their own: rows by the ten thousand take seconds, in which the loop serves others."""


class FinishedWorkbook(msgspec.Struct, frozen=True, kw_only=True):
    """A workbook that was made and is to be sent."""

    content: bytes
    positions: tuple[int, int] | None
    """Of its first and its last event; None for a day without events."""


async def _read_day(caller: Caller, day: date) -> AsyncIterator[list[FeedEvent]]:
    """Yield the events of a day, some at a time."""
    last = 0
    while events := await read_async(caller, feed.read_day, day, last):
        last = events[-1].position
        yield events


async def write_csv(caller: Caller, day: date) -> AsyncIterator[bytes]:
    """Yield the file as CSV, with a byte order mark, so that spreadsheets read its accents."""
    yield b"\xef\xbb\xbf" + csv_lines([heading()])
    first = last = 0
    async for events in _read_day(caller, day):
        first, last = first or events[0].position, events[-1].position
        yield csv_lines(cells(event) for event in events)
    if last:
        await transact_async(caller, feed.mark_file_read, first, last)


async def make_workbook(caller: Caller, day: date) -> FinishedWorkbook:
    """Make the file as a workbook for people; raises `ParameterInvalid` for a day of more than `MOST_ROWS` events."""
    loop = asyncio.get_running_loop()
    book = DailyWorkbook(f"{feed.board_of(caller).code} {day:%m/%d/%Y}")
    first = last = rows = 0
    async for events in _read_day(caller, day):
        first, last, rows = first or events[0].position, events[-1].position, rows + len(events)
        if rows > MOST_ROWS:
            detail = f"The day has more events than the {MOST_ROWS:,} that a workbook may have."
            raise ParameterInvalid.of("format", detail, "Ask for the file with format=csv.")
        await loop.run_in_executor(_WRITERS, book.add, events)
    content = await loop.run_in_executor(_WRITERS, book.finish)
    return FinishedWorkbook(content=content, positions=(first, last) if last else None)


async def send_workbook(caller: Caller, book: FinishedWorkbook) -> AsyncIterator[bytes]:
    """Yield a workbook in pieces."""
    for at in range(0, len(book.content), _PIECE):
        yield book.content[at : at + _PIECE]
    if book.positions is not None:
        # Whoever listens for the end of the connection has its turn first: to one that is gone, sending never waits.
        await asyncio.sleep(0)
        await transact_async(caller, feed.mark_file_read, *book.positions)
