"""Tab-delimited text of rows as they were sent, in UTF-8, quoted where a spreadsheet would quote.

It begins with a byte order mark, so that spreadsheets read its accents, unless the sender's was UTF-8 without one.
Lines end as Excel ends them; what is said of a row is one line. Text that looks like a formula has an apostrophe before
it, which reading takes away. A cell with tabs has no line breaks: where it ended could not be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from app.core.csv_text import escape_formula
from app.domain.batches import Cell, DateCell, FileFormat, Head
from app.domain.columns import Holds
from app.domain.comparison_keys import code_key
from app.files.writing.result_rows import (
    OF_REJECTED,
    OF_RESULTS,
    OF_SUCCESSFUL,
    ResultRow,
    WrittenRow,
    rejection_texts,
    result_texts,
    warning_texts,
)
from app.files.writing.result_table import cells_of, heading_row_of, headings_holding, rows_above, table_of
from app.files.writing.zip_stream import gathered

BOM = "\ufeff"
_SPECIAL = re.compile("[\x00-\x1f\"]|\\A'*[=+@-]")
"""Texts that may need something; all others are written as they are."""
_QUOTED = re.compile(r'[\t\r\n"]')
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
"""Characters that no text has: a workbook may, and with them the file would not be taken for a text. Where a text had
them nevertheless, they are in cells, and stay."""
_BREAK = re.compile(r"[\r\n]")
_MOST_LINES = 40
"""Lines that a cell in quotes may have; reading takes a quote with more before it is closed for a stray one."""
_DAYS = headings_holding(Holds.DATE, Holds.MONTH_DAY)
"""Columns in which a date is a day, whatever time of it a workbook may hold."""
_FORMAT_EXTRAS = re.compile(r'\[[^\]]*\]|[\\"]|;.*')
_MONTH_AND_YEAR = re.compile(r"m{1,5}[-/ .]*yy")


def write_rejected(head: Head, rows: Iterable[WrittenRow]) -> Iterator[bytes]:
    """Write rejected rows as sent, with `REJECTION` after the sender's columns."""
    headings = tuple(head.headings)
    written = ((row, rejection_texts(headings, row.notes, " ")) for row in rows)
    return _written(head, OF_REJECTED, written)


def write_successful(head: Head, rows: Iterable[WrittenRow]) -> Iterator[bytes]:
    """Write accepted rows as sent, with their warnings in `NOTES`."""
    headings = tuple(head.headings)
    written = ((row, warning_texts(headings, row.notes, " ")) for row in rows)
    return _written(head, OF_SUCCESSFUL, written)


def write_results(head: Head, rows: Iterable[ResultRow]) -> Iterator[bytes]:
    """Write rows of validations as sent, with `VALIDATION_RESULTS` after them."""
    return _written(head, OF_RESULTS, ((row, result_texts(row)) for row in rows))


def _written(
    head: Head, extra: tuple[str, ...], rows: Iterable[tuple[WrittenRow | ResultRow, Sequence[str]]]
) -> Iterator[bytes]:
    return (piece.encode("utf-8", "replace") for piece in gathered(_lines(head, extra, rows)))


def _lines(
    head: Head, extra: tuple[str, ...], rows: Iterable[tuple[WrittenRow | ResultRow, Sequence[str]]]
) -> Iterator[str]:
    table = table_of(head, extra)
    days = [_DAYS.get(code_key(heading)) for heading in table.headings]
    was_text = head.format is FileFormat.TAB
    # Excel knows UTF-8 by its mark only; who sent it without one reads it by other means.
    if not was_text or head.encoding.lower().replace("_", "-") not in {"utf-8", "utf8", "ascii"}:
        yield BOM
    line = 1
    for number, cells in rows_above(head):
        yield "\r\n" * (number - line) + _line(cells, days, was_text=was_text)
        line = number + 1
    yield "\r\n" * (heading_row_of(head) - line) + _line(table.headings, days, was_text=was_text)
    for row, texts in rows:
        yield _line(table.row(cells_of(row.raw, row.number), texts), days, was_text=was_text)


def _line(cells: Sequence[Cell], days: Sequence[Holds | None], *, was_text: bool) -> str:
    written: list[str] = []
    for place, cell in enumerate(cells):
        if isinstance(cell, str):
            written.append(_quoted(cell, was_text=was_text))
        elif cell is None:
            written.append("")
        else:
            written.append(_quoted(_text(cell, days, place), was_text=was_text))
    return "\t".join(written) + "\r\n"


def _quoted(text: str, *, was_text: bool) -> str:
    if not _SPECIAL.search(text):
        return text
    if not was_text:
        text = _CONTROL.sub("", text)
    if text.count("\n") > _MOST_LINES or ("\t" in text and _BREAK.search(text)):
        text = " ".join(text.splitlines())
    text = escape_formula(text)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _text(cell: Cell, days: Sequence[Holds | None], place: int) -> str:
    """Return a cell of a workbook as it would be typed."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dict):
        return _date(cell, days[place] if place < len(days) else None)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return "" if cell is None else str(cell)


def _date(cell: DateCell, holds: Holds | None) -> str:
    try:
        moment = datetime.fromisoformat(cell["d"])
    except ValueError:
        return cell["d"]
    shown = _FORMAT_EXTRAS.sub("", cell["f"]).strip().lower()
    if holds is Holds.MONTH_DAY and moment.day == 1 and _MONTH_AND_YEAR.fullmatch(shown):
        # A spreadsheet took 02/29 for February 2029: what stands as the year was the day.
        return f"{moment.month:02d}/{moment.year % 100:02d}"
    if holds is Holds.MONTH_DAY:
        return f"{moment.month:02d}/{moment.day:02d}"
    if holds is Holds.DATE or len(cell["d"]) == 10:
        return f"{moment:%m/%d}/{moment.year:04d}"
    return cell["d"].replace("T", " ")
