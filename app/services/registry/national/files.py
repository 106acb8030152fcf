"""The files of the national provider system: the provider file, plain, gzipped or zipped, and the report of ended NPIs.

Whichever is given is read as a stream, a row at a time, and a row has bounds. The report is a workbook of two columns;
it is parsed as uploaded workbooks are, in a process that is bounded itself.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, cast

import msgspec

from app.domain.batches import FileFault, FileFaultCode
from app.domain.parsing import plain_text
from app.files.parsing.limits import MEBIBYTE, Limits
from app.files.parsing.sheet_tables import read_sheet_rows
from app.services.registry.national.layout import NPI, REPORT_DEACTIVATED
from app.services.registry.placing import ImportFault

_PROVIDER_FILE = re.compile(r"(?:.*/)?npidata_pfile_[0-9]+-[0-9]+\.csv", re.IGNORECASE)
"""The entry of a published archive that is read; beside it stand its headings and files of other things."""
_WORKBOOK = "xl/workbook.xml"
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_ENCRYPTED = 1
_UNREADABLE = (
    OSError, EOFError, zlib.error, lzma.LZMAError, csv.Error, zipfile.BadZipFile, NotImplementedError,
)  # fmt: skip
_LONGEST_ROW = MEBIBYTE
"""Characters of a row with all its lines; those that are published have some thousand."""
_REPORT_LIMITS = Limits(
    file=64 * MEBIBYTE, inflated=512 * MEBIBYTE, strings=128 * MEBIBYTE, rows=1_048_576, columns=100, seconds=120
)
"""Bounds of the report: it has some 300,000 rows, in 10 MiB."""
_REPORT_KEY = "nppesdeactivationdate"

Share = Callable[[], float | None]


class _BrokenOff(EOFError):
    """A file that is read no further; its text says why."""


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
            return _report(raw, stack, read_share)
        return _zipped(archive, name, stack, read_share)
    return _text_file(raw, stack, read_share)


def _zipped(archive: zipfile.ZipFile, name: str, stack: ExitStack, read_share: Share) -> NppesFile:
    names = archive.namelist()
    found = [entry for entry in names if _PROVIDER_FILE.fullmatch(entry)]
    if len(found) > 1:
        raise ImportFault(f"{name} holds {len(found)} provider files. Unpack it, and import each, the oldest first")
    reports = [entry for entry in names if entry.lower().endswith(".xlsx")]
    if not found and len(reports) != 1:
        raise ImportFault(f"{name} holds no npidata_pfile_….csv. Give the archive as published, or the file itself")
    (entry,) = found or reports
    if archive.getinfo(entry).flag_bits & _ENCRYPTED:
        raise ImportFault(f"{name} is locked with a password. Unpack it, and import the file in it")
    opened = stack.enter_context(archive.open(entry))
    return _text_file(opened, stack, read_share) if found else _report(opened, stack, read_share)


class _Lines:
    """The lines of a text; raises `_BrokenOff` at a row that is longer than any row is.

    A row has several lines where a quote is open: without bounds a single one could be the rest of the file.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._readline = partial(text.readline, _LONGEST_ROW)
        self._number = 1
        self._left = _LONGEST_ROW

    def __iter__(self) -> Iterator[str]:
        while line := self._readline():
            self._left -= len(line)
            if self._left <= 0:
                raise _BrokenOff(
                    f"line {self._number} begins more than a row of {_LONGEST_ROW:,} characters: a quote in it is not "
                    "closed, or it is another file"
                )
            yield line

    def begin_row(self, after: int) -> None:
        """Note that a row has ended with a line, of this number."""
        self._number = after + 1
        self._left = _LONGEST_ROW


def _text_file(stream: IO[bytes], stack: ExitStack, read_share: Share) -> NppesFile:
    # A letter that was lost in an address is nobody's concern; in a name, the row is refused for it.
    text = stack.enter_context(io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline=""))
    lines = _Lines(text)
    csv.field_size_limit(_LONGEST_ROW)
    reader = csv.reader(lines)

    def read_rows() -> Iterator[tuple[int, Sequence[str]]]:
        for values in reader:
            lines.begin_row(reader.line_num)
            if values:
                yield reader.line_num, values

    heading = next(reader, [])
    lines.begin_row(reader.line_num)
    is_report = [plain_text(name) for name in heading] == [NPI, REPORT_DEACTIVATED]
    return NppesFile(heading=heading, rows=read_rows(), read_share=read_share, is_report=is_report)


def _report(stream: IO[bytes], stack: ExitStack, read_share: Share) -> NppesFile:
    rows = stack.enter_context(closing(_report_rows(iter(partial(stream.read, MEBIBYTE), b""))))
    _, heading = next(rows)
    texts = [plain_text(text) for text in heading]
    if NPI not in texts or REPORT_DEACTIVATED not in texts:
        raise _no_headings()
    places = texts.index(NPI), texts.index(REPORT_DEACTIVATED)
    cells = ((line, [row[place].strip() if place < len(row) else "" for place in places]) for line, row in rows)
    return NppesFile(heading=(NPI, REPORT_DEACTIVATED), rows=cells, read_share=lambda: None, is_report=True)


def _report_rows(chunks: Iterator[bytes]) -> Generator[tuple[int, list[str]], None, None]:
    try:
        yield from read_sheet_rows(chunks, _REPORT_KEY, _REPORT_LIMITS)
    except FileFault as fault:
        if fault.code is FileFaultCode.HEADING_MISSING:
            raise _no_headings() from None
        where = f", row {fault.row}" if fault.row is not None else ""
        raise _BrokenOff(f"{fault.detail.rstrip('.')}{where}") from None


def _no_headings() -> ImportFault:
    return ImportFault(f'the workbook has no headings "{NPI}" and "{REPORT_DEACTIVATED}" in its first 10 rows')


def _reason(error: Exception) -> str:
    if isinstance(error, _BrokenOff):
        return str(error)
    if isinstance(error, OSError) and error.strerror is not None:
        return error.strerror
    if isinstance(error, NotImplementedError):
        return "it is packed in a way that is not read here. Unpack it, and import the .csv"
    return "it is damaged, or none of the files that are published"
