"""The way into writing: which format a file is written in, what it is called, and who writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from app.domain.batches import FileFormat, Head
from app.files.writing import ndjson, tab, workbook, xml
from app.files.writing.result_rows import Note, NotWritable, ResultRow, Writer, WrittenRow

__all__ = [
    "FileFormat",
    "NotWritable",
    "Note",
    "ResultRow",
    "WrittenRow",
    "file_name",
    "media_type",
    "write_rejected",
    "write_results",
    "write_successful",
    "written_format",
]

WRITERS: dict[FileFormat, Writer] = {
    FileFormat.XLSX: workbook,
    FileFormat.TAB: tab,
    FileFormat.XML: xml,
    FileFormat.NDJSON: ndjson,
}
_MEDIA_TYPES = {
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.TAB: "text/tab-separated-values; charset=utf-8",
    FileFormat.XML: "application/xml",
    FileFormat.NDJSON: "application/x-ndjson",
}
_TABLES = frozenset({FileFormat.XLSX, FileFormat.TAB})


def written_format(head: Head, asked: FileFormat | None, rows: int = 0) -> FileFormat:
    """Return the format to write: the one asked for, or the sender's own.

    Workbooks and tab-delimited text become one another. Records of XML and JSON become a table for reading, which
    cannot be uploaded: record, learner, activity, date, the record as sent. Nothing else becomes XML or JSON. Raises
    `NotWritable` for that, and where a workbook cannot hold so many rows.
    """
    wanted = asked or head.format
    if wanted is not head.format and wanted not in _TABLES:
        raise NotWritable(
            f"A file that was sent as {head.format} is written as {head.format}, xlsx or tab, not as {wanted}."
        )
    cells = rows * (len(head.headings) + 4)
    if wanted is FileFormat.XLSX and (rows + 10 > workbook.MOST_ROWS or cells > workbook.MOST_CELLS):
        raise NotWritable(f"{rows:,} rows are more than a workbook can hold: ask for tab.")
    return wanted


def write_rejected(head: Head, rows: Iterable[WrittenRow], asked: FileFormat | None = None) -> Iterator[bytes]:
    """Yield a rejected file, some bytes at a time; raises `NotWritable` before the first."""
    return WRITERS[written_format(head, asked)].write_rejected(head, rows)


def write_successful(head: Head, rows: Iterable[WrittenRow], asked: FileFormat | None = None) -> Iterator[bytes]:
    """Yield a successful file, some bytes at a time; raises `NotWritable` before the first."""
    return WRITERS[written_format(head, asked)].write_successful(head, rows)


def write_results(head: Head, rows: Iterable[ResultRow], asked: FileFormat | None = None) -> Iterator[bytes]:
    """Yield the answers to a file of validations, some bytes at a time; raises `NotWritable` before the first."""
    return WRITERS[written_format(head, asked)].write_results(head, rows)


def file_name(what: str, completed_at: datetime, format: FileFormat) -> str:
    """Return a name such as `Rejection_2021_11_15_18_58_05.xlsx`: what it is, and the instant of completion in UTC."""
    ending = "tsv" if format is FileFormat.TAB else format.value
    return f"{what}_{completed_at.astimezone(UTC):%Y_%m_%d_%H_%M_%S}.{ending}"


def media_type(format: FileFormat) -> str:
    """Return the type by which a file of that format is sent."""
    return _MEDIA_TYPES[format]
