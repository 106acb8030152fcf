"""Files that go back to their sender: in which format, under which name, and their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from app.domain.batches import BatchKind, FileFormat, FileHead
from app.domain.catalogue import Catalogue
from app.domain.choices import Choices
from app.domain.columns import Choice
from app.files.formats import CSV_TYPE, FORMATS
from app.files.headings import layout
from app.files.side_sheets import SideSheets
from app.files.writing.result_rows import REJECTED_COLUMNS, AnnotatedRow, AnsweredRow
from app.files.writing.result_table import heading_row_of, lay_out

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


def file_name(what: str, completed_at: datetime, format: FileFormat, head: FileHead) -> str:
    """Return a name such as `Rejection_2021_11_15_18_58_05.xlsx`: what it is, and the instant of completion in UTC."""
    return f"{what}_{completed_at.astimezone(UTC):%Y_%m_%d_%H_%M_%S}.{FORMATS[format].ending_of(head)}"


def media_type(format: FileFormat, head: FileHead) -> str:
    """Return the type by which the answer to a file is sent in that format."""
    return FORMATS[format].media_type_of(head)


def media_types() -> list[str]:
    """Return every type by which such a file may be sent."""
    return [*(FORMATS[format].media_type for format in FileFormat), CSV_TYPE]
