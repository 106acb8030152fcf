"""Files that go back to their sender: in which format, under which name, and their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from app.domain.batches import BatchKind, FileFormat, FileHead
from app.domain.boards import Board
from app.domain.catalogue import Catalogue
from app.domain.choices import Choices
from app.domain.columns import Choice
from app.files.formats import CSV_TYPE, FORMATS
from app.files.headings import layout
from app.files.licensee_answers import (
    LicenseeAnswer,
    answer_row,
    columns_of_answers,
    detail_lines,
    detail_rows,
    head_of_details,
)
from app.files.side_sheets import SideSheets
from app.files.writing.result_rows import REJECTED_COLUMNS, AnnotatedRow, AnsweredRow, Details
from app.files.writing.result_table import heading_row_of, lay_out

Answers: TypeAlias = Callable[[], Iterable[LicenseeAnswer]]
"""The answers to a list of licensees, read whenever they are asked for."""
_COLUMNS_BESIDE = 4
"""Columns that are added to the sender's, at most."""


class NotWritable(Exception):
    """The rows cannot be written in the format that was asked for; the text is for the sender."""


def written_format(head: FileHead, asked: FileFormat | None, rows: int = 0) -> FileFormat:
    """Return the format to write: the one asked for, or the sender's own.

    Tables become one another. Records of XML and JSON become a table for reading, which cannot be uploaded: record,
    learner, activity, date, the record as sent. Nothing else becomes XML or JSON. Raises `NotWritable` for that, and
    where the format cannot hold so many rows.
    """
    wanted = asked or head.format
    if wanted is not head.format and not FORMATS[wanted].is_table:
        tables = " or ".join(format for format in FileFormat if FORMATS[format].is_table)
        raise NotWritable(
            f"A file that was sent as {head.format} is written as {head.format}, {tables}, not as {wanted}."
        )
    if not FORMATS[wanted].holds(rows, len(head.headings) + _COLUMNS_BESIDE):
        raise NotWritable(f"{rows:,} rows are more than a workbook can hold: ask for tab.")
    return wanted


def write_rejected(
    head: FileHead,
    rows: Iterable[AnnotatedRow],
    asked: FileFormat | None = None,
    beside: SideSheets | None = None,
) -> Iterator[bytes]:
    """Yield a rejected file, some bytes at a time; raises `NotWritable` before the first."""
    return FORMATS[written_format(head, asked)].writer().write_rejected(head, rows, beside)


def sheets_beside(
    head: FileHead, kind: BatchKind, catalogue: Catalogue, choices: Mapping[Choice, Choices], support: str = ""
) -> SideSheets | None:
    """Return what the rejected workbook of a file keeps of its template; None for a file without columns.

    `support` is whom to ask.
    """
    if not head.has_columns:
        return None
    from app.files.templates.side_sheets import make_side_sheets, template_of_file

    table = lay_out(head, REJECTED_COLUMNS)
    template = template_of_file(layout(head.headings, kind), table.places, kind)
    return make_side_sheets(template, catalogue, choices, heading_row_of(head) + 1, support)


def write_successful(head: FileHead, rows: Iterable[AnnotatedRow], asked: FileFormat | None = None) -> Iterator[bytes]:
    """Yield a successful file, some bytes at a time; raises `NotWritable` before the first."""
    return FORMATS[written_format(head, asked)].writer().write_successful(head, rows)


def write_results(head: FileHead, rows: Iterable[AnsweredRow], asked: FileFormat | None = None) -> Iterator[bytes]:
    """Yield the answers to a file of validations, some bytes at a time; raises `NotWritable` before the first."""
    return FORMATS[written_format(head, asked)].writer().write_results(head, rows)


def write_transcripts(
    head: FileHead, answers: Answers, board: Board, asked: FileFormat | None = None
) -> Iterator[bytes]:
    """Yield a list of licensees with what was found of each; a workbook has every completed activity beside it.

    Raises `NotWritable` before the first. `answers` are asked for again for the second sheet of a workbook.
    """
    rows = (answer_row(answer, board) for answer in answers())
    details = Details(
        head=head_of_details(head), rows=lambda: (row for answer in answers() for row in detail_rows(answer))
    )
    writer = FORMATS[written_format(head, asked)].writer()
    return writer.write_transcripts(head, rows, columns_of_answers(board), details)


def write_details(head: FileHead, answers: Answers, asked: FileFormat | None = None) -> Iterator[bytes]:
    """Yield every completed activity of those in a list; raises `NotWritable` before the first."""
    format = written_format(head, asked)
    if not FORMATS[format].is_table:
        lines = (
            AnnotatedRow(number=answer.sent.number, raw=line) for answer in answers() for line in detail_lines(answer)
        )
        return FORMATS[format].writer().write_table(head, lines)
    rows = (row for answer in answers() for row in detail_rows(answer))
    return FORMATS[format].writer().write_table(head_of_details(head), rows)


def file_name(what: str, completed_at: datetime, format: FileFormat, head: FileHead) -> str:
    """Return a name such as `Rejection_2021_11_15_18_58_05.xlsx`: what it is, and the instant of completion in UTC."""
    return f"{what}_{completed_at.astimezone(UTC):%Y_%m_%d_%H_%M_%S}.{FORMATS[format].ending_of(head)}"


def media_type(format: FileFormat, head: FileHead) -> str:
    """Return the type by which the answer to a file is sent in that format."""
    return FORMATS[format].media_type_of(head)


def media_types() -> list[str]:
    """Return every type by which such a file may be sent."""
    return [*(FORMATS[format].media_type for format in FileFormat), CSV_TYPE]
