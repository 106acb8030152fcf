"""Tab-delimited text, or CSV, of rows as they were sent, in UTF-8, quoted where a spreadsheet would quote.

It begins with a byte order mark, so that spreadsheets read its accents, unless the sender's was UTF-8 without one.
Lines end in CRLF; the findings of a row are one line. Text that looks like a formula has an apostrophe before it, which
is dropped when the file is read again. Between tabs, a cell with tabs has no line breaks: its end could not be found
again. What was sent with commas or semicolons between its cells goes back with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

import msgspec

from app.core.csv_text import FORMULA, escape_formula
from app.domain.batches import Cell, FileHead
from app.domain.columns import Holds
from app.domain.identity.comparison_keys import code_key
from app.files.shown_numbers import seen_text
from app.files.side_sheets import SideSheets
from app.files.writing.result_rows import (
    REJECTED_COLUMNS,
    RESULT_COLUMNS,
    SUCCESSFUL_COLUMNS,
    AnnotatedRow,
    AnsweredRow,
    Details,
    LicenseeRow,
    rejection_texts,
    result_texts,
    warning_texts,
)
from app.files.writing.result_table import cells_of, heading_row_of, headings_holding, lay_out, rows_above
from app.files.writing.zip_stream import join_pieces

BOM = "\ufeff"
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
"""Characters that a workbook may have, and with which the file would not be recognised as text. Where a text was sent
with them, they are in cells, and stay."""
_BREAK = re.compile(r"[\r\n]")
_MOST_LINES = 40
"""Lines that a cell in quotes may have: the parser takes a quote that is closed later for a stray one."""
_DAYS = headings_holding(Holds.DATE, Holds.MONTH_DAY)
"""Columns of days: the time of a date cell is left out."""
_FORMAT_EXTRAS = re.compile(r'\[[^\]]*\]|[\\"]|;.*')
_MONTH_AND_YEAR = re.compile(r"m{1,5}[-/ .]*yy")


_Written: TypeAlias = tuple[AnnotatedRow | AnsweredRow | LicenseeRow, Sequence[Cell]]
"""A row, and the cells that are added to it."""


class _Style(msgspec.Struct, frozen=True):
    """How the cells of one file are written."""

    separator: str
    special: re.Pattern[str]
    """Texts that may have to be changed or quoted; all others are written as they are."""
    quoted: re.Pattern[str]
    was_text: bool
    """Whether the file was sent as text."""
    days: Sequence[Holds | None]
    """By the columns of the file, those that hold days."""

    @classmethod
    def of(cls, head: FileHead, headings: Sequence[str]) -> _Style:
        """Return the style of the file that answers one with this head."""
        # Of the tables, only texts have an encoding.
        was_text = head.has_columns and bool(head.encoding)
        mark = head.separator if was_text else "\t"
        beside = "" if mark == "\t" else mark
        return cls(
            mark,
            re.compile(rf'[\x00-\x1f"{beside}]|\A{FORMULA}'),
            re.compile(rf'[\t\r\n"{beside}]'),
            was_text,
            [_DAYS.get(code_key(heading)) for heading in headings],
        )


def write_rejected(head: FileHead, rows: Iterable[AnnotatedRow], beside: SideSheets | None = None) -> Iterator[bytes]:
    """Write rejected rows as sent, with `REJECTION` after the sender's columns."""
    headings = tuple(head.headings)
    written = ((row, rejection_texts(headings, row.notes, " ")) for row in rows)
    return _write(head, REJECTED_COLUMNS, written)


def write_successful(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Write accepted rows as sent, with their warnings in `NOTES`."""
    headings = tuple(head.headings)
    written = ((row, warning_texts(headings, row.notes, " ")) for row in rows)
    return _write(head, SUCCESSFUL_COLUMNS, written)


def write_results(head: FileHead, rows: Iterable[AnsweredRow]) -> Iterator[bytes]:
    """Write rows of validations as sent, with `VALIDATION_RESULTS` after them."""
    return _write(head, RESULT_COLUMNS, ((row, result_texts(row)) for row in rows))


def write_transcripts(
    head: FileHead, rows: Iterable[LicenseeRow], columns: tuple[str, ...], details: Details
) -> Iterator[bytes]:
    """Write rows of licensees as sent, with our columns after them; the details are a file of their own."""
    del details
    return _write(head, columns, ((row, row.cells) for row in rows))


def write_table(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Write rows of our own."""
    return _write(head, (), ((row, ()) for row in rows))


def _write(head: FileHead, extra: tuple[str, ...], rows: Iterable[_Written]) -> Iterator[bytes]:
    return (piece.encode("utf-8", "replace") for piece in join_pieces(_lines(head, extra, rows)))


def _lines(head: FileHead, extra: tuple[str, ...], rows: Iterable[_Written]) -> Iterator[str]:
    table = lay_out(head, extra)
    style = _Style.of(head, table.headings)
    # Excel recognises UTF-8 by the mark only; who sent text without one does not need it.
    if not style.was_text or head.encoding.lower().replace("_", "-") not in {"utf-8", "utf8", "ascii"}:
        yield BOM
    line = 1
    for number, cells in rows_above(head):
        yield "\r\n" * (number - line) + _line(cells, style)
        line = number + 1
    yield "\r\n" * (heading_row_of(head) - line) + _line(table.headings, style)
    for row, texts in rows:
        yield _line(table.row(cells_of(row.raw, row.number), texts), style)


def _line(cells: Sequence[Cell], style: _Style) -> str:
    written: list[str] = []
    for place, cell in enumerate(_without_spans(cells)):
        if isinstance(cell, str):
            written.append(_quote(cell, style))
        elif cell is None:
            written.append("")
        else:
            written.append(_quote(_text(cell, style.days, place), style))
    return style.separator.join(written) + "\r\n"


def _without_spans(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Yield cells, those merged over several columns each with the value: left blank, they would pass as not given."""
    merged: Cell = None
    for cell in cells:
        if isinstance(cell, dict) and "m" in cell:
            merged = cell.get("c", merged)
            yield merged
        else:
            yield cell


def typed_cells(head: FileHead, cells: Sequence[Cell]) -> list[str]:
    """Return cells as somebody would type them, days as the field writes them."""
    days = _Style.of(head, head.headings).days
    return [
        cell if isinstance(cell, str) else _text(cell, days, place) for place, cell in enumerate(_without_spans(cells))
    ]


def _quote(text: str, style: _Style) -> str:
    if not style.special.search(text):
        return text
    if not style.was_text:
        text = _CONTROL.sub("", text)
    has_tabs = style.separator == "\t" and "\t" in text
    if text.count("\n") > _MOST_LINES or (has_tabs and _BREAK.search(text)):
        text = " ".join(text.splitlines())
    text = escape_formula(text)
    return '"' + text.replace('"', '""') + '"' if style.quoted.search(text) else text


def _text(cell: Cell, days: Sequence[Holds | None], place: int) -> str:
    """Return a cell of a workbook as somebody would type it."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dict):
        if "d" in cell:
            return _date(cell["d"], cell["f"], days[place] if place < len(days) else None)
        # In text a number has no format: it is written as it was seen.
        return seen_text(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return "" if cell is None else str(cell)


@lru_cache(maxsize=4_096)
def _date(written: str, format: str, holds: Holds | None) -> str:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    shown = _FORMAT_EXTRAS.sub("", format).strip().lower()
    if holds is Holds.MONTH_DAY and moment.day == 1 and _MONTH_AND_YEAR.fullmatch(shown):
        # A spreadsheet took 02/29 for February 2029: the two digits of the year are the day.
        return f"{moment.month:02d}/{moment.year % 100:02d}"
    if holds is Holds.MONTH_DAY:
        return f"{moment.month:02d}/{moment.day:02d}"
    if holds is Holds.DATE or len(written) == 10:
        return f"{moment:%m/%d}/{moment.year:04d}"
    return written.replace("T", " ")
