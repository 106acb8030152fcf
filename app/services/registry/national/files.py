"""The files of the national provider system: the provider file, plain, gzipped or zipped, and the report of ended NPIs.

Whichever is given is read as a stream. The report is a workbook of two columns, which is small.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import msgspec
import python_calamine

from app.domain.parsing import plain_text
from app.services.registry.national.layout import NPI, REPORT_DEACTIVATED
from app.services.registry.placing import ImportFault

_PROVIDER_FILE = re.compile(r"(?:.*/)?npidata_pfile_[0-9]+-[0-9]+\.csv", re.IGNORECASE)
"""The entry of a published archive that is read; beside it stand its headings and files of other things."""
_WORKBOOK = "xl/workbook.xml"
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_ENCRYPTED = 1
_FIRST_ROWS = 10
"""A title stands above the headings of the report."""
_UNREADABLE = (
    OSError, EOFError, zlib.error, csv.Error, zipfile.BadZipFile, NotImplementedError,
    python_calamine.CalamineError,
)  # fmt: skip
_LARGEST_FIELD = 1 << 20

Share = Callable[[], float | None]


class NppesFile(msgspec.Struct, frozen=True, kw_only=True):
    """An open file: its first line, and all others with their numbers."""

    heading: Sequence[str]
    rows: Iterator[tuple[int, Sequence[str]]]
    read_share: Share
    """Which share of the file has been read, from 0 to 1."""
    is_report: bool = False
    """Whether it is a report of NPIs that have ended: two columns, the NPI and the day."""


@contextmanager
def open_nppes(path: Path) -> Iterator[NppesFile]:
    """Open a file; raises `ImportFault` when it is none of these, or cannot be read to its end."""
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(path.open("rb"))
            size = path.stat().st_size
            yield _opened(raw, path.name, stack, lambda: raw.tell() / size if size else None)
    except _UNREADABLE as error:
        raise ImportFault(f"{path.name} cannot be read: {_reason(error)}") from error


def _opened(raw: IO[bytes], name: str, stack: ExitStack, read_share: Share) -> NppesFile:
    sign = raw.read(4)
    raw.seek(0)
    if sign[:2] == _GZIP:
        return _text_file(cast("IO[bytes]", gzip.GzipFile(fileobj=raw)), stack, read_share)
    if sign == _ZIP:
        archive = stack.enter_context(zipfile.ZipFile(raw))
        if _WORKBOOK in archive.namelist():
            raw.seek(0)
            return _report(raw, read_share)
        return _zipped(archive, name, stack, read_share)
    return _text_file(raw, stack, read_share)


def _zipped(archive: zipfile.ZipFile, name: str, stack: ExitStack, read_share: Share) -> NppesFile:
    names = archive.namelist()
    found = [entry for entry in names if _PROVIDER_FILE.fullmatch(entry)]
    if len(found) > 1:
        raise ImportFault(f"{name} holds {len(found)} provider files. Unpack it, and import each, the oldest first")
    if found:
        if archive.getinfo(found[0]).flag_bits & _ENCRYPTED:
            raise ImportFault(f"{name} is locked with a password. Unpack it, and import the .csv")
        return _text_file(archive.open(found[0]), stack, read_share)
    reports = [entry for entry in names if entry.lower().endswith(".xlsx")]
    if len(reports) != 1:
        raise ImportFault(f"{name} holds no npidata_pfile_….csv. Give the archive as published, or the file itself")
    return _report(io.BytesIO(archive.read(reports[0])), read_share)


def _text_file(stream: IO[bytes], stack: ExitStack, read_share: Share) -> NppesFile:
    # A letter that was lost in an address is nobody's concern; in a name, the row is refused for it.
    lines = stack.enter_context(io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline=""))
    csv.field_size_limit(_LARGEST_FIELD)
    reader = csv.reader(lines)
    heading = next(reader, [])
    rows = ((reader.line_num, values) for values in reader if values)
    is_report = [plain_text(name) for name in heading] == [NPI, REPORT_DEACTIVATED]
    return NppesFile(heading=heading, rows=rows, read_share=read_share, is_report=is_report)


def _report(stream: IO[bytes], read_share: Share) -> NppesFile:
    book = python_calamine.CalamineWorkbook.from_filelike(cast("Any", stream))
    rows = enumerate(book.get_sheet_by_index(0).iter_rows(), 1)
    for number, values in rows:
        texts = [plain_text(str(value)) for value in values]
        if NPI in texts and REPORT_DEACTIVATED in texts:
            npi, day = texts.index(NPI), texts.index(REPORT_DEACTIVATED)
            cells = ((line, (_cell(row[npi]), _cell(row[day]))) for line, row in rows if any(map(_cell, row)))
            return NppesFile(heading=(NPI, REPORT_DEACTIVATED), rows=cells, read_share=lambda: None, is_report=True)
        if number >= _FIRST_ROWS:
            break
    raise ImportFault(
        f'the workbook has no headings "{NPI}" and "{REPORT_DEACTIVATED}" in its first {_FIRST_ROWS} rows'
    )


def _cell(value: object) -> str:
    """Return a cell as text; a number is written without a fraction, a day as YYYY-MM-DD."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return str(value).strip()


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror is not None:
        return error.strerror
    if isinstance(error, NotImplementedError):
        return "it is packed in a way that is not read here. Unpack it, and import the .csv"
    return "it is damaged, or none of the files that are published"
