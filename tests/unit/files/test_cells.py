"""What a cell means: as its sender meant it, and never guessed at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import in_quarters
from app.domain.batches import Cell, DateCell
from app.domain.parsing import AROUND, MonthDay, Unparsed, month_day
from app.domain.reports import Action
from app.files.cells import (
    CellFault,
    read_action,
    read_amount,
    read_birth_date,
    read_day,
    read_dollars,
    read_id,
    read_list,
    read_text,
    read_whole,
    read_yes_no,
)
from tests.harness.properties import examples


def shown_as(day: str, format: str) -> DateCell:
    return {"d": day, "f": format}


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Smith", "Smith"),
        ("\ufeff\u200b Smith\u00a0\t", "Smith"),
        ("de la Cruz", "de la Cruz"),
        ("O’Brien-\u00c5str\u00f6m", "O’Brien-Åström"),
        ("May 1", "May 1"),
        ("=1+1", "=1+1"),
        ("  \u00a0\u200b ", None),
        ("", None),
        (None, None),
        (12345.0, "12345"),
        (12345, "12345"),
        (1.234567893e9, "1234567893"),
        (1e20, "100000000000000000000"),
        (0.1 + 0.2, "0.3"),
        (1.5e-7, "0.00000015"),
        (-3.5, "-3.5"),
        (True, "TRUE"),
        ("first\nsecond", "first\nsecond"),
    ],
)
def test_a_text_is_as_the_workbook_shows_it(cell: Cell, text: str | None) -> None:
    assert read_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("00123", ("00123", False)),
        ("'00123", ("00123", False)),
        (" MD-9977 ", ("MD-9977", False)),
        ("12E3", ("12E3", False)),
        ("1.234567893E+09", ("1234567893", True)),
        ("1.50E+1", ("15", True)),
        ("1.2E+3", ("1.2E+3", False)),
        (1234567893.0, ("1234567893", True)),
        (123, ("123", True)),
        ("'", (None, False)),
        ("", (None, False)),
        (None, (None, False)),
        (True, ("TRUE", False)),
    ],
)
def test_an_id_keeps_its_zeros_and_says_when_it_was_a_number(cell: Cell, number: tuple[str | None, bool]) -> None:
    assert read_id(cell) == number


def test_an_id_that_has_become_a_date_is_told() -> None:
    for read in (read_text, read_id):
        with pytest.raises(CellFault) as told:
            read(shown_as("2021-03-17", "d-mmm"))
        assert (told.value.code, told.value.kept) == ("type", None)


@pytest.mark.parametrize(
    ("cell", "code", "kept"),
    [
        ("Smi\x00th", "format", "Smith"),
        ("\x01", "format", None),
        ("x" * 201, "too-long", "x" * 200),
        (1e250, "too-long", "1" + "0" * 199),
    ],
)
def test_a_text_that_cannot_be_kept_is_told_with_what_can(cell: Cell, code: str, kept: str | None) -> None:
    for read in (read_text, read_id):
        with pytest.raises(CellFault) as told:
            read(cell, 200)
        assert (told.value.code, told.value.kept) == (code, kept)


VALENTINE = date(2021, 2, 14)


@pytest.mark.parametrize(
    "cell",
    [
        "02/14/2021", "2/14/2021", "2/14/21", "2021-02-14", "2/14/2021 00:00:00", "02/14/2021 12:00:00 AM",
        "2/14/2021 0:00", "2021-02-14T23:59:59-11:00", "2021-02-14 00:00:00.000", "\u00a02/14/2021 ",
        44241, 44241.0, 44241.97, "44241",
        shown_as("2021-02-14", "mm/dd/yyyy"), shown_as("2021-02-14T23:59:00", "m/d/yy h:mm"),
    ],
)  # fmt: skip
def test_a_day_is_the_one_that_is_written(cell: Cell) -> None:
    assert read_day(cell) == VALENTINE


@pytest.mark.parametrize(
    "cell",
    [
        "14/02/2021", "2021-02-30", "2/30/2021", "20210214", "Feb 14", "02-14-2021", "2/14/021", "٢/14/2021", "x",
        19_999, 60_001, True, 2021.0, "317", float("nan"), 10**400, shown_as("1900-01-00", "m/d/yyyy"),
    ],
)  # fmt: skip
def test_what_is_no_day_is_left_to_the_rules(cell: Cell) -> None:
    assert isinstance(read_day(cell), Unparsed)


def test_a_blank_cell_is_not_given() -> None:
    readers: list[Callable[[Cell], Any]] = [
        read_text, read_day, read_birth_date, read_amount, read_whole, read_dollars, read_yes_no, read_action
    ]  # fmt: skip
    for blank in (None, "", " \u200b\u00a0"):
        assert [read(blank) for read in readers] == [None] * len(readers)
        assert read_list(blank) == []


@pytest.mark.parametrize(
    ("cell", "born"),
    [
        ("03/17", (3, 17)), ("3/17", (3, 17)), ("03-17", (3, 17)), ("--03-17", (3, 17)), ("1970-03-17", (3, 17)),
        ("3/17/1970", (3, 17)), ("3/17/70", (3, 17)), ("3/17/1970 0:00", (3, 17)), ("02/29", (2, 29)),
        ("Feb-29", (2, 29)), ("29-Feb", (2, 29)), ("March 17", (3, 17)), ("17 Mar", (3, 17)), ("MAR 17, 1970", (3, 17)),
        ("17-Mar-70", (3, 17)), ("Sept. 3rd", (9, 3)), ("Mar-17", (3, 17)), ("1970-03-17T00:00:00", (3, 17)),
        (44272, (3, 17)), (25_644.0, (3, 17)), ("25644", (3, 17)),
        (shown_as("2021-03-17", "d-mmm"), (3, 17)), (shown_as("1970-03-17T00:00:00", "m/d/yyyy"), (3, 17)),
        (shown_as("2029-02-01", "mmm-yy"), (2, 29)), (shown_as("2017-03-01", "[$-409]mmm\\-yy;@"), (3, 17)),
        (shown_as("2021-03-05", "mmm-yy"), (3, 5)), (shown_as("2021-03-01", "d-mmm"), (3, 1)),
    ],
)  # fmt: skip
def test_a_birth_date_is_a_month_and_day(cell: Cell, born: tuple[int, int]) -> None:
    assert read_birth_date(cell) == MonthDay(*born)


@pytest.mark.parametrize(
    "cell",
    [
        3.17, 317, "317", "0317", 1231.0, "13/45", "Mar-1970", "Mars 17", "Feb-30", "30-Feb", "17", True, "x",
        shown_as("1975-03-01", "mmm-yy"), shown_as("1931-04-01", "mmm-yy"), shown_as("2000-03-01", "mmm-yy"),
    ],
)  # fmt: skip
def test_what_is_no_month_and_day_is_never_guessed_at(cell: Cell) -> None:
    assert isinstance(read_birth_date(cell), Unparsed)


@pytest.mark.parametrize(
    ("cell", "amount"),
    [(2.25, 2.25), (2, 2.0), ("2.25", 2.25), (" 2.25\u00a0", 2.25), (".5", 0.5), ("2.", 2.0), ("-1", -1.0), (0, 0.0)],
)
def test_an_amount_is_a_number(cell: Cell, amount: float) -> None:
    assert read_amount(cell) == amount


@pytest.mark.parametrize(
    "cell",
    ["1,25", "1,250", "2.25 credits", "two", "1e1", "#N/A", "٢", "1 000", True, False, 1e9, "99999999", float("inf"),
     float("nan"), shown_as("2021-02-25", "d-mmm")],
)  # fmt: skip
def test_what_is_no_amount_is_left_to_the_rules(cell: Cell) -> None:
    assert isinstance(read_amount(cell), Unparsed)


def test_the_tail_of_a_formula_is_no_other_amount() -> None:
    assert in_quarters(read_amount(2.2500004)) == in_quarters(read_amount("2.2496")) == 9


def test_whole_numbers_dollars_and_answers_are_read_or_told() -> None:
    assert [read_whole(cell) for cell in (2, 2.0, "2", "2.0")] == [2, 2, 2, 2]
    assert [read_dollars(cell) for cell in (1250, "$1,250.50", "1250", "$ 5")] == [1250, 1250.5, 1250, 5]
    assert [read_yes_no(cell) for cell in (True, "Yes", "y", "NO", "false", False)] == [True] * 3 + [False] * 3
    assert read_list(" A ;; B;") == ["A", "B"]
    assert read_list(12.0) == ["12"]
    for read, cell in [
        (read_whole, "2.5"), (read_whole, "two"), (read_dollars, "1,25"), (read_dollars, True), (read_yes_no, "maybe"),
        (read_yes_no, 1.0), (read_dollars, shown_as("2021-02-14", "m/d")),
    ]:  # fmt: skip
        with pytest.raises(CellFault):
            read(cell)


def test_an_action_is_one_of_three_however_it_is_written() -> None:
    assert [read_action(text) for text in (" ADD ", "delete", "Update")] == [Action.ADD, Action.DELETE, Action.UPDATE]
    assert [read_action(cell) for cell in ("Insert", "New", 1.0)] == [
        Unparsed("Insert"),
        Unparsed("New"),
        Unparsed("1"),
    ]


@examples(50)
@given(st.dates(date(1954, 10, 3), date(2064, 4, 8)), st.times())
def test_every_way_to_write_a_day_is_the_same_day(day: date, time: Any) -> None:
    written: list[Cell] = [
        day.isoformat(), f"{day:%m/%d/%Y}", f"{day.month}/{day.day}/{day.year}", (day - date(1899, 12, 30)).days,
        shown_as(f"{day}T{time:%H:%M:%S}", "m/d/yyyy h:mm"), f"{day:%m/%d/%Y} {time:%H:%M:%S}",
    ]  # fmt: skip
    assert {read_day(cell) for cell in written} == {day}


@examples(50)
@given(st.integers(0, 365).map(lambda days: date(2000, 1, 1) + timedelta(days)), st.integers(1930, 2029))
def test_every_way_to_write_a_birth_date_is_the_same(day: date, year: int) -> None:
    born = MonthDay(day.month, day.day)
    written: list[Cell] = [
        str(born), f"{day.month}/{day.day}", f"{day:%m-%d}", f"--{day:%m-%d}", f"{day:%m/%d}/{year}", f"{day:%b-%d}",
        f"{day:%d-%b}", f"{day:%B} {day.day}", f"{day.day} {day:%b}", shown_as(day.isoformat(), "d-mmm"),
        shown_as(f"20{day:%d-%m}-01", "mmm-yy"),
    ]  # fmt: skip
    assert {read_birth_date(cell) for cell in written} == {born}
    assert month_day(day.month, day.day) == born


@examples(50)
@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=40))
def test_white_space_around_a_text_is_never_a_part_of_it(text: str) -> None:
    assert read_text(f"{AROUND}{text}{AROUND}") == (text.strip(AROUND) or None)


@examples(50)
@given(st.integers(0, 10**15 - 1))
def test_digits_survive_a_number_cell(number: int) -> None:
    assert read_id(float(number)) == (str(number), True)
    assert read_id(str(number)) == (str(number), False)


@examples(50)
@given(st.one_of(st.text(max_size=30), st.floats(), st.booleans(), st.integers(-(10**6), 10**6), st.just(10**400)))
def test_no_cell_is_beyond_reading(cell: Any) -> None:
    for read in (read_day, read_birth_date, read_amount, read_action):
        read(cell)
    told = set()
    for read_cell in (read_text, read_id, read_whole, read_dollars, read_yes_no, read_list):
        try:
            read_cell(cell)
        except CellFault as misread:
            told.add(misread.code)
    assert told <= {"type", "format", "too-long"}
