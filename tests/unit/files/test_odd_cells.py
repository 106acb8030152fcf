"""Cells as programs write them: numbers that became texts, marks that say that something is text, days with a zone."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
import xlsxwriter

from app.domain.batches import BatchKind, FileFault, FileFaultCode
from app.domain.formats import find_format
from app.domain.parsing import MonthDay, Unparsed
from app.domain.reports import Action
from app.files.cells import (
    CellFault,
    read_action,
    read_activity_id,
    read_amount,
    read_birth_date,
    read_day,
    read_id,
    read_own_id,
    read_yes_no,
)
from app.files.headings import column_named
from app.files.parsing.parser_client import open_file
from tests.builders.headings import REQUIRED
from tests.builders.workbook_parts import cells as cells_of


@pytest.mark.parametrize(
    ("read", "cell", "meant"),
    [
        (read_day, "'12/12/2021", date(2021, 12, 12)),
        (read_day, " ' 2021-12-12 ", date(2021, 12, 12)),
        (read_birth_date, "'02/01", MonthDay(2, 1)),
        (read_birth_date, "'02/29", MonthDay(2, 29)),
        (read_amount, "'2.25", 2.25),
        (read_amount, "'", None),
        (read_yes_no, "'Yes", True),
        (read_action, "'Add", Action.ADD),
    ],
)
def test_an_apostrophe_that_says_that_a_cell_is_text_is_no_part_of_it(read: Any, cell: str, meant: object) -> None:
    assert read(cell) == meant


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("444444.0", ("444444", True)),
        ("2.01759558E8", ("201759558", True)),
        ("1.234567893e+009", ("1234567893", True)),
        ("2.0175950E8", ("201759500", True)),
        ("2.017595E8", ("201759500", True)),
        ("2.0176E8", ("2.0176E8", False)),
        ("1.0E7", ("1.0E7", False)),
        ("1.5E3", ("1.5E3", False)),
        ("036.123450", ("036.123450", False)),
        ("12.00", ("12.00", False)),
        ("35.07.0", ("35.07.0", False)),
        ("A1.0", ("A1.0", False)),
    ],
)
def test_an_id_that_a_program_wrote_as_a_number_is_its_digits(cell: str, meant: tuple[str, bool]) -> None:
    assert read_id(cell) == meant


@pytest.mark.parametrize(
    "cell",
    ["1.2346E9", "1.23457E9", "1.23457E+09", "1E+09", 1234567890123456, 1.2345678901234568e19,
     {"v": 1234567890123456, "f": "00000"}],
)  # fmt: skip
def test_an_id_that_has_lost_digits_is_told_and_never_kept(cell: Any) -> None:
    with pytest.raises(CellFault) as told:
        read_id(cell)
    assert (told.value.code, told.value.kept) == ("format", None)
    assert "Digits of the id are lost" in told.value.detail


@pytest.mark.parametrize("text", ["=", "=A2", "#N/A", "#REF!", "#NAME?", "#DIV/0!", "#WERT!", "Err:502", "A\ufffd7"])
def test_a_formula_or_an_error_in_a_column_of_ids_is_no_id_and_is_told(text: str) -> None:
    for read in (read_id, read_own_id):
        with pytest.raises(CellFault) as told:
            read(text)
        assert "formula" in told.value.detail and "error" in told.value.detail and told.value.kept is None


@pytest.mark.parametrize("text", ["#123", "A#7", "N/A-7", "A=B", "Is it?", "Err: 5", "#", "DIV/0!"])
def test_an_id_with_signs_is_an_id(text: str) -> None:
    assert read_id(text) == read_own_id(text) == (text, False)


@pytest.mark.parametrize(
    "cell",
    ["201,759,558", "201 759 558", "201-759-558", "201.759.558", "201\u00a0759\u00a0558", "201759558.0", 201759558],
)
def test_an_activity_id_may_be_written_in_groups_of_three(cell: Any) -> None:
    assert read_activity_id(cell)[0] == "201759558"


@pytest.mark.parametrize("cell", ["20,1759558", "2017 59558", "201,759,55", "1,201,759,558", "ID 201759558"])
def test_other_activity_ids_stay_as_they_are(cell: str) -> None:
    assert read_activity_id(cell) == (cell, False)


@pytest.mark.parametrize("cell", ["44542.5", "44542.999988", "2021-12-12Z", "2021-12-12+05:00", "2021-12-12-08:00"])
def test_a_day_as_programs_write_it_is_that_day(cell: str) -> None:
    assert read_day(cell) == date(2021, 12, 12)


@pytest.mark.parametrize("cell", ["1970-02-01Z", "--02-01Z", "--02-01-05:00", "1970-02-01+01:00"])
def test_a_birth_date_may_have_a_zone_as_well(cell: str) -> None:
    assert read_birth_date(cell) == MonthDay(2, 1)


@pytest.mark.parametrize("cell", ["2021-12-12-08", "2021-12-1208:00", "4454.5", "44542,5", "12/12/2021Z"])
def test_what_is_no_day_stays_unread(cell: str) -> None:
    assert isinstance(read_day(cell), Unparsed)


@pytest.mark.parametrize(
    "heading",
    [
        "Date of Birth [required]",
        "6. Date of Birth",
        "6) Date of Birth (MM/DD)",
    ],
)
def test_a_heading_with_a_remark_is_that_heading(heading: str) -> None:
    column = column_named(heading, BatchKind.LEARNER_COMPLETIONS)
    assert column is not None
    assert column.heading == "Date of Birth"


def test_a_series_is_known_by_the_name_with_its_letters() -> None:
    found = find_format("Regularly Scheduled Series (RSS)")
    assert found is not None
    assert found.code == "regularly-scheduled-series"


def counted_from_1904(rows: list[list[Any]]) -> list[Any]:
    """What is read of the rows of a workbook that counts days from 1904."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"date_1904": True})
    sheet = book.add_worksheet()
    for number, cells in enumerate([[*REQUIRED, "Licensing ID", "Number of CME Credits"], *rows]):
        sheet.write_row(number, 0, cells)
    book.close()
    with open_file([out.getvalue()], BatchKind.LEARNER_COMPLETIONS) as file:
        return [raw.raw for piece in file.pieces() for raw in piece]


def test_bare_numbers_count_days_as_their_workbook_does() -> None:
    # Without a format of days, as of a column that was pasted as values: 42897 is 2021-06-12 there.
    row = ["Add", 200912095, 42897, "Ann", "Lee", 42897.5, "Tennessee", 42897, 2]
    assert counted_from_1904([row]) == [
        ["Add", 200912095, 44359, "Ann", "Lee", 44359.5, "Tennessee", 42897, 2],
    ]
    assert (read_day(44359), read_birth_date(44359.5)) == (date(2021, 6, 12), MonthDay(6, 12))


def test_a_text_of_a_bare_number_counts_as_its_workbook_does_too() -> None:
    ((_, _, day, _, _, born, *_),) = counted_from_1904([["Add", 200912095, " 42897 ", "Ann", "Lee", "'42897.5", "TN"]])
    assert (read_day(day), read_birth_date(born)) == (date(2021, 6, 12), MonthDay(6, 12))


@pytest.mark.parametrize("number", [12122021, 317, 3.17, 0, -5, 1970, 61000, "317", "12122021", "x"])
def test_what_is_no_count_of_days_comes_back_as_it_was_sent(number: Any) -> None:
    row = ["Add", 200912095, number, "Ann", "Lee", number, "Tennessee", 5, 2]
    assert counted_from_1904([row]) == [row]


def test_a_number_that_is_a_day_only_as_others_count_is_none_here() -> None:
    ((_, _, day, *_),) = counted_from_1904([["Add", 200912095, 59500, "Ann", "Lee", "02/01", "Tennessee", 5, 2]])
    assert isinstance(read_day(day), Unparsed)


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A2"><is><t>2</t></is></c>', '<c r="A2" t="s"><is><t>2</t></is></c>',
        '<c r="A2" t="str"><is><r><t>2</t></r></is></c>', '<c r="A2" t="inlineStr"><v>2</v></c>',
        '<c r="A2"><v>2</v><v>3</v></c>', '<c r="A2" t="inlineStr"><f>B2</f><v>2</v></c>',
    ],
)  # fmt: skip
def test_a_value_that_is_not_of_its_cells_type_or_stands_twice_is_never_passed_over(cell: str) -> None:
    with pytest.raises(FileFault) as told:
        cells_of(f'<row r="2">{cell}<c r="B2"><v>7</v></c></row>')
    assert told.value.code is FileFaultCode.UNREADABLE
