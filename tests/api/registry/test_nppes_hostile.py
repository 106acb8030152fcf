"""Files in the place of the national provider file that would take all memory, or hold what no database stores."""

from __future__ import annotations

import gzip
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from app.files.parsing.limits import MEBIBYTE
from app.services.context import Service
from app.services.registry.national import imports as nppes
from app.services.registry.national.layout import HEADINGS
from app.services.registry.placing import ImportFault
from tests.builders.nppes import ALMA, BRUNO, INTERNAL_MEDICINE, a_row, import_nppes, named, write_file
from tests.harness.databases import ON_SQLITE

MOST = 16 * MEBIBYTE
"""Bytes that reading any of these may take at once; each of them unpacks to four times as much or more."""


@contextmanager
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()


def gzipped(path: Path, *pieces: bytes) -> Path:
    with gzip.open(path, "wb", 1) as written:
        for piece in pieces:
            written.write(piece)
    return path


def first_line() -> bytes:
    return ",".join(f'"{heading}"' for heading in HEADINGS).encode() + b"\n"


def one_line(folder: Path) -> Path:
    return gzipped(folder / "a.csv.gz", *[b"a" * MEBIBYTE] * 64)


def a_line_further_on(folder: Path) -> Path:
    return gzipped(folder / "a.csv.gz", first_line(), *[b"a," * (MEBIBYTE // 2)] * 64)


def a_quote_that_is_never_closed(folder: Path) -> Path:
    return gzipped(folder / "a.csv.gz", first_line(), b'"', *[b"a\n" * (MEBIBYTE // 2)] * 64)


def a_row_of_many_lines(folder: Path) -> Path:
    return gzipped(folder / "a.csv.gz", first_line(), *[b'"a\n",' * (MEBIBYTE // 5)] * 64)


def a_workbook_in_an_archive(folder: Path) -> Path:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.xlsx", b"PK\x03\x04" + bytes(80 * MEBIBYTE))
    return path


def a_far_cell(folder: Path) -> Path:
    path = folder / "a.xlsx"
    book = openpyxl.Workbook()
    for place, text in (("A1", "NPI"), ("B1", "NPPES Deactivation Date"), ("XFD1048576", "x")):
        book.active[place] = text
    book.save(path)
    return path


@ON_SQLITE
@pytest.mark.parametrize(
    ("write", "why"),
    [
        (one_line, "line 1 .* than a row"),
        (a_line_further_on, "line 2 .* than a row"),
        (a_quote_that_is_never_closed, "line 2 .* quote"),
        (a_row_of_many_lines, "line 2 .* quote"),
        (a_workbook_in_an_archive, "more than 64 MiB"),
        (a_far_cell, "column"),
    ],
)
def test_a_file_that_would_take_all_memory_is_refused_before_it_does(
    service: Service, tmp_path: Path, write: Callable[[Path], Path], why: str
) -> None:
    path = write(tmp_path)
    with little_memory(), pytest.raises(ImportFault, match=why):
        nppes.import_file(service, path)


@ON_SQLITE
def test_what_stands_before_a_row_without_end_is_imported(service: Service, tmp_path: Path) -> None:
    plain = write_file(tmp_path / "a.csv", [a_row()]).read_bytes()
    path = gzipped(tmp_path / "a.csv.gz", plain, b'"', *[b"a\n" * MEBIBYTE] * 2)
    counts = nppes.ImportCounts()
    with pytest.raises(ImportFault, match="line 3"):
        nppes.import_file(service, path, counts)
    assert counts.added == 1


@ON_SQLITE
def test_a_locked_report_is_refused_with_what_to_do(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("report.xlsx", b"x")
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ImportFault, match="password"):
        nppes.import_file(service, path)


@ON_SQLITE
def test_an_archive_packed_otherwise_and_damaged_is_refused(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("npidata_pfile_1-2.csv", first_line() * 50)
    content = bytearray(path.read_bytes())
    content[80:120] = b"\xff" * 40
    path.write_bytes(content)
    with pytest.raises(ImportFault, match="damaged"):
        nppes.import_file(service, path)


@pytest.mark.parametrize(
    "row",
    [
        a_row(ALMA, (INTERNAL_MEDICINE, "91\x000011", "TN")),
        a_row(ALMA, (INTERNAL_MEDICINE, "91\n0011", "TN")),
        a_row(Provider_Name_Suffix_Text="JR\x00"),
        a_row(Provider_Other_Last_Name="REYES", Provider_Other_Name_Suffix_Text="JR\x00"),
    ],
    ids=["licence", "lines", "suffix", "other-suffix"],
)
def test_a_cell_that_no_database_stores_refuses_its_row_alone(
    service: Service, tmp_path: Path, row: dict[str, str]
) -> None:
    bruno = named(a_row(BRUNO, (INTERNAL_MEDICINE, "ME5", "FL")), "BRUNO", "DESTRY")
    counts = import_nppes(service, tmp_path, row, bruno)
    assert counts.added == 1
    ((_, why),) = counts.refused
    assert "cannot be stored" in why and "91" not in why


@ON_SQLITE
@pytest.mark.parametrize("format", ["mm-dd-yy", "yyyy-mm-dd", "mm/dd/yyyy"])
def test_cells_of_the_report_may_be_numbers_and_days(service: Service, tmp_path: Path, format: str) -> None:
    import_nppes(service, tmp_path, a_row())
    book = openpyxl.Workbook()
    for row in (["NPPES Deactivated NPI Report"], [None, "NPI", "NPPES Deactivation Date"], [], [None, int(ALMA)]):
        book.active.append(row)
    cell = book.active.cell(4, 3, date(2024, 5, 6))
    cell.number_format = format
    path = tmp_path / "report.xlsx"
    book.save(path)
    assert dict(nppes.import_file(service, path).npis) == {"ended": 1}
