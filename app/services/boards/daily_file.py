"""A board's daily file, read some events at a time: no transaction stays open while it is sent."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import date

import xlsxwriter

from app.domain.feeds import FeedEvent
from app.schemas.board_file import cells, csv_lines, heading
from app.services.boards import feed
from app.services.context import Caller, read_async, transact_async

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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
    """Return the file as a workbook, every text cell typed as text. Made in memory: no temporary file holds names."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("Feed")
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for column, name in enumerate(heading()):
        sheet.write_string(0, column, name, bold)
    row = 0
    async for events in read_day(caller, day):
        for event in events:
            row += 1
            for column, value in enumerate(cells(event)):
                if isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write_number(row, column, value)
    book.close()
    return out.getvalue()
