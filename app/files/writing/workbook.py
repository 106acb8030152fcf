"""Workbooks of rows as they were sent, streamed, and written by hand: eight times as fast as a general library.

Every text is a text and never a formula, a number keeps every digit, a date its number format. Cells at fault are
coloured, and the first `MOST_COMMENTS` of them say in a comment what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.domain.batches import FileHead
from app.files.side_sheets import SideSheets
from app.files.workbook_parts import Comment
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
from app.files.writing.result_table import ResultTable, cells_of, heading_row_of, lay_out
from app.files.writing.sheet_writer import MOST_CELLS, MOST_COMMENTS, MOST_ROWS, Line, SheetWriter

_ROWS_BESIDE = 10
"""Rows that a file may have beside its records: the headings, and those above them."""
_EXPLAINED = (
    "What is wrong with each row, and what to do about it. Cells with errors are red, cells with warnings pale yellow; "
    f"the first {MOST_COMMENTS:,} of them say why in a comment. A cell is bright yellow, as in the template, while it "
    "looks wrong or is missing. Correct the cells, keep the headings, save the file as a workbook, and upload it. "
    "These three columns are not read. The columns that you sent are to the left."
)


def holds(rows: int, columns: int) -> bool:
    """Whether one workbook can have so many records of so many cells, beside the headings and what is above them."""
    return rows + _ROWS_BESIDE <= MOST_ROWS and rows * columns <= MOST_CELLS


def write_rejected(head: FileHead, rows: Iterable[AnnotatedRow], beside: SideSheets | None = None) -> Iterator[bytes]:
    """Write rejected rows as sent, with `REJECTION` after the sender's columns, and colour the cells at fault.

    With `beside`, the drop-downs, checks and sheets of the template are there to correct them by.
    """
    table = lay_out(head, REJECTED_COLUMNS)
    sheet = SheetWriter(head, table, commented=True, beside=beside)
    sheet.comments.append(Comment(row=heading_row_of(head) - 1, column=min(table.added), text=_EXPLAINED))
    lines = (
        (table.row(cells_of(row.raw, row.number), rejection_texts(sheet.sent_headings, row.notes, "\n")), row.notes)
        for row in rows
    )
    return sheet.write(lines)


def write_successful(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Write accepted rows as sent, with their warnings in `NOTES`."""
    table = lay_out(head, SUCCESSFUL_COLUMNS)
    sheet = SheetWriter(head, table, commented=False)
    lines = (
        (table.row(cells_of(row.raw, row.number), warning_texts(sheet.sent_headings, row.notes, "\n")), ())
        for row in rows
    )
    return sheet.write(lines)


def write_results(head: FileHead, rows: Iterable[AnsweredRow]) -> Iterator[bytes]:
    """Write rows of validations as sent, with `VALIDATION_RESULTS` after them."""
    table = lay_out(head, RESULT_COLUMNS)
    lines = ((table.row(cells_of(row.raw, row.number), result_texts(row)), ()) for row in rows)
    return SheetWriter(head, table, commented=False).write(lines)


def write_transcripts(
    head: FileHead, rows: Iterable[LicenseeRow], columns: tuple[str, ...], details: Details
) -> Iterator[bytes]:
    """Write rows of licensees as sent, with our columns after them, and the details on a second sheet."""
    table = lay_out(head, columns)
    sheet = SheetWriter(head, table, commented=False)
    second = SheetWriter(details.head, lay_out(details.head, ()), commented=False, styles=sheet.styles)
    sheet.second = second, lambda: _without_notes(details.rows(), second.table)
    lines = ((table.row(cells_of(row.raw, row.number), row.cells), ()) for row in rows)
    return sheet.write(lines)


def write_table(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Write rows of our own."""
    table = lay_out(head, ())
    return SheetWriter(head, table, commented=False).write(_without_notes(rows, table))


def _without_notes(rows: Iterable[AnnotatedRow], table: ResultTable) -> Iterator[Line]:
    return ((table.row(cells_of(row.raw, row.number), ()), ()) for row in rows)
