"""Exported tables: what is written is what is read again, whatever the texts."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as some

from app.core.csv_text import may_be_formula, unescape_formula
from app.domain.exports import CellKind, ExportColumn
from app.files.writing import export_workbook
from app.files.writing.export_text import CsvExport
from app.files.writing.export_workbook import WorkbookExport

COLUMNS = (
    ExportColumn(heading="Name, whole", written_by_people=True),
    ExportColumn(heading="Day", kind=CellKind.DAY),
    ExportColumn(heading="Moment", kind=CellKind.INSTANT),
    ExportColumn(heading="Amount", kind=CellKind.NUMBER),
    ExportColumn(heading="Words", written_by_people=True),
)
TEXTS = some.text(
    some.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12
) | some.sampled_from(
    ["=1+1", "'=1", "''x", "+1", "-1", "@x", "\t=1", " =1", "\u3164=1", "a,b", 'a"b', "a\nb", "a\r\nb", "\r", "'", "É"]
)
ROWS = some.lists(
    some.tuples(TEXTS, some.just("2021-12-31"), some.just("2021-12-31T10:00:00Z"), some.just("0.25"), TEXTS)
)


@given(some.lists(ROWS, max_size=3))
def test_a_csv_is_read_as_it_was_meant_and_has_no_formula(pieces: list[list[tuple[str, ...]]]) -> None:
    writer = CsvExport(COLUMNS)
    content = writer.begin() + b"".join(map(writer.add, pieces)) + writer.end()
    heading, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert heading == [column.heading for column in COLUMNS]
    sent = [list(row) for piece in pieces for row in piece]
    assert [[unescape_formula(cell) for cell in row] for row in rows] == sent
    assert not [cell for row in rows for cell in (row[0], row[-1]) if may_be_formula(cell) and cell[0] != "'"]


def book(pieces: list[list[tuple[str, ...]]], rows: int = 10) -> bytes:
    writer = WorkbookExport(COLUMNS, "Rows", rows)
    return writer.begin() + b"".join(map(writer.add, pieces)) + writer.end()


@given(some.lists(ROWS, max_size=3))
def test_a_workbook_has_texts_days_moments_and_numbers(pieces: list[list[tuple[str, ...]]]) -> None:
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book(pieces))).get_sheet_by_index(0)
    _, *rows = sheet.to_python()
    for cells, (name, day, moment, amount, _) in zip(rows, [row for piece in pieces for row in piece], strict=True):
        assert cells[1].isoformat() == day
        assert f"{cells[2].isoformat()}Z" == moment
        assert cells[3] == float(amount)
        if name.isalnum():
            assert cells[0] == name


@pytest.mark.parametrize("rows", [10, export_workbook._ZIP64_FROM])
def test_the_headings_stay_in_sight_and_every_text_is_one(rows: int) -> None:
    content = book([[("=1+1", "2021-12-31", "2021-12-31T10:00:00Z", "0.25", "x"), ("0012", "", "", "", "")]], rows)
    loaded = openpyxl.load_workbook(io.BytesIO(content)).active
    assert loaded is not None
    assert (loaded.freeze_panes, loaded.auto_filter.ref, loaded.print_title_rows) == ("A2", "A1:E3", "$1:$1")
    assert (loaded["A2"].value, loaded["A2"].data_type) == ("=1+1", "s")
    assert loaded["A3"].value == "0012"
    assert loaded["B2"].number_format == "mm/dd/yyyy"
    assert (loaded["B3"].value, loaded["E3"].value) == (None, None)


def test_a_day_before_the_calendar_of_workbooks_is_a_text() -> None:
    content = book([[("x", "1850-01-01", "", "", "")]])
    loaded = openpyxl.load_workbook(io.BytesIO(content)).active
    assert loaded is not None
    assert loaded["B2"].value == "1850-01-01"
