"""The daily file of a board: read a piece at a time, no transaction held open between them."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import date

import xlsxwriter

from app.domain.feeds import Told
from app.schemas.board_file import cells, csv_lines, heading
from app.services.boards import feed
from app.services.context import Caller, read_async, transact_async

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def pieces(caller: Caller, day: date) -> AsyncIterator[list[Told]]:
    """Yield the events of a day, some at a time; in the end they count as read where none before them is missing."""
    first = last = 0
    while piece := await read_async(caller, feed.of_day, day, last):
        first, last = first or piece[0].position, piece[-1].position
        yield piece
    if last:
        await transact_async(caller, feed.carried_by_file, first, last)


async def csv_pieces(caller: Caller, day: date) -> AsyncIterator[bytes]:
    """Yield the file as CSV, with a byte order mark, so that spreadsheets read its accents."""
    yield b"\xef\xbb\xbf" + csv_lines([heading()])
    async for piece in pieces(caller, day):
        yield csv_lines(cells(each) for each in piece)


async def workbook(caller: Caller, day: date) -> bytes:
    """Return the file as a workbook, every text a text. It is made in memory: no name stands in a temporary file."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("Feed")
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for column, name in enumerate(heading()):
        sheet.write_string(0, column, name, bold)
    row = 0
    async for piece in pieces(caller, day):
        for told in piece:
            row += 1
            for column, value in enumerate(cells(told)):
                if isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write_number(row, column, value)
    book.close()
    return out.getvalue()
