"""Numbers as a workbook shows them: ids with their zeros, and amounts that are none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import say_what_it_is
from app.domain.batches import Cell
from app.domain.parsing import MonthDay, Unparsed
from app.files.cells import (
    CellFault,
    read_amount,
    read_birth_date,
    read_day,
    read_dollars,
    read_id,
    read_text,
    read_whole,
)
from app.files.shown_numbers import is_plain, text_of
from tests.builders.workbook_parts import cells, styles
from tests.harness.properties import examples


def cell_of(number: float, code: str | int) -> Cell:
    """Return a number as it is read from a cell with a number format."""
    row = f'<row r="2"><c r="A2" s="0"><v>{number!r}</v></c></row>'
    [found] = cells(row, parts={"styles.xml": styles(code)})
    return found


@pytest.mark.parametrize(
    "code",
    ["General", "0", "0.00", "#,##0", "#,##0.00", "# ?/?", "@", "0.00E+00", "[Red]0;[Blue]-0", "_(* #,##0_)", ""],
)
def test_a_format_that_shows_the_digits_is_not_kept(code: str) -> None:
    assert is_plain(code)
    assert cell_of(777, code) == 777


@pytest.mark.parametrize(
    ("number", "code", "shown"),
    [
        (777, "00000", "00777"),
        (77, '"MD"0000', "MD0077"),
        (77, "\\M\\D0000", "MD0077"),
        (123456, "000-00-0000", "000-12-3456"),
        (1234567893, "000-000-0000", "123-456-7893"),
        (1234567, "00000", "1234567"),
        (5, "[<10]000;00000", "005"),
        (50, "[<10]000;00000", "00050"),
        (7, "000;-000;0", "007"),
        (1234, "0000,000", "0001234"),
        (777, '"MD"General', "MD777"),
        (777, '"00"General', "00777"),
        (777, "General\\-\\M\\D", "777-MD"),
    ],
)
def test_an_id_is_what_its_cell_shows(number: int, code: str, shown: str) -> None:
    assert read_id(cell_of(number, code)) == (shown, not shown.startswith("0") and shown.isdigit())
    assert read_text(cell_of(number, code)) == shown


@pytest.mark.parametrize(("number", "code"), [(1234, "#,##0"), (1234567893, "0.00E+00"), (1234, 3), (1234, "$#,##0")])
def test_the_digits_of_a_number_count_whatever_stands_between_and_beside_them(number: int, code: str | int) -> None:
    assert read_id(cell_of(number, code)) == (str(number), True)


@pytest.mark.parametrize(
    ("number", "code"), [(0.5, "h:mm"), (777, 9), (777, ";;;"), (36.5, "[h]:mm"), (777000, "0,"), (777, '"x"')]
)
def test_an_id_is_refused_where_its_cell_shows_something_else(number: float, code: str | int) -> None:
    with pytest.raises(CellFault):
        read_id(cell_of(number, code))


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (0.25, 20, "a time or a span of time (6:00)"),
        (1, "[h]:mm", "a time or a span of time (24:00)"),
        (1.5, 46, "a time or a span of time (36:00:00)"),
        (0.25, 18, "a time or a span of time (6:00)"),
        (0.25, "m/d/yyyy h:mm", "a date"),
        (44241, 14, "a date"),
        (0.25, 9, "a percentage (25%)"),
        (0.125, 10, "a percentage (12.50%)"),
        (1, "[<=1]0%;0.00", "a percentage (100%)"),
        (2.25, 7, "an amount of money ($2.25)"),
        (2, "0.00 [$€-407]", "an amount of money (2.00 €)"),
        (1.5, '0.0" h"', "a span of time (1.5 h)"),
        (2, '0 "weeks"', "a number with words or a unit"),
        (1500, "0.0,", "a number that is not the one shown (1.5 shown for 1500)"),
        (1.5, "0", "a number that is not the one shown (2 shown for 1.5)"),
        (2, ";;;", "a number that its number format hides"),
        (130, '0":"00', "a time or a span of time (1:30)"),
        (130, "0\\:00", "a time or a span of time (1:30)"),
        (225, '0"."00', "a number that is not the one shown (2.25 shown for 225)"),
        (225, "0\\,00", "a number that is not the one shown (2,25 shown for 225)"),
        (2, '0".5"', "a number that is not the one shown (2.5 shown for 2)"),
        (22, '0"/"0', "a fraction or a day"),
        (2, '0"%"', "a percentage (2%)"),
        (1.5, 'General" h"', "a span of time (1.5 h)"),
        (0.75, "# ?/2", "a number that is not the one shown (1 shown for 0.75)"),
    ],
)
def test_an_amount_is_refused_and_told_where_its_cell_shows_something_else(
    number: float, code: str | int, says: str
) -> None:
    amount = read_amount(cell_of(number, code))
    assert isinstance(amount, Unparsed)
    assert says in say_what_it_is(amount.text)
    with pytest.raises(CellFault) as told:
        read_whole(cell_of(number, code))
    assert says in told.value.detail


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (2.25, "# ?/4"), (2.5, "# ?/2"), (2.25, "# ??/100"), (2.25, "# ?/8"), (2.25, "# ??/??"), (2.25, "0/0"),
        (2.25, "0.0"), (2.25, "[$-409]0.00"), (2.25, "0.00_h"), (2.25, '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_)'),
        (1250, "# ##0"), (1250, "#'##0"), (1250, "# ##0.00"), (2, '@" h"'), (2.25, '0.00" credits"'), (2.25, "?0.0?"),
    ],
)  # fmt: skip
def test_a_number_that_is_shown_as_itself_is_an_amount(number: float, code: str) -> None:
    assert read_amount(cell_of(number, code)) == number


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("6:00", "a time or a span of time (6:00)"), ("T06:00:00", "a time"), ("25 %", "a percentage (25 %)"),
        ("1.5h", "a span of time (1.5h)"), ("1.5 hours", "a span of time"), ("90 min", "a span of time (90 min)"),
        ("1 1/2", "a fraction written as text (1 1/2)"), ("½", "a fraction"),
        ("#N/A", "an error of the spreadsheet (#N/A)"),
        ("NaN", "no number at all"), ("TRUE", "a truth value"), ("=SUM(A1:A2)", "a formula without a saved result"),
        ("1e0", "a number with an exponent"), ("2.5E+00", "a number with an exponent"),
        ("\u0662\u066b\u0665", "digits are not plain"), ("\u0968", "digits are not plain"),
        ("$2.25", "an amount of money"), ("2 credits", "words or a unit"), ("two", "Not an amount of credits."),
    ],
)  # fmt: skip
def test_text_that_is_no_amount_is_told_as_what_it_is(text: str, says: str) -> None:
    amount = read_amount(text)
    assert isinstance(amount, Unparsed)
    assert says in say_what_it_is(amount.text)


@pytest.mark.parametrize(
    "text", ["94412289D", "12345 h", "03/17", "3/17/1970", "12,345,678", "MD9977", "Rebecca", "1234567893 %"]
)
def test_what_may_be_somebodys_number_is_not_repeated(text: str) -> None:
    assert not any(part in say_what_it_is(text) for part in (text, text.split(maxsplit=1)[0]))


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (2.25, "0.00"), (2.25, "0.0"), (2.0, "0"), (1.5, "# ?/?"), (2.25, "0.00E+00"), (2.25, "General"), (2, "00"),
        (2.25, '0.00 "credits"'), (2.25, '0.00" AMA PRA Category Credits"'), (2.25, "_(* #,##0.00_)"), (2.0000001, "0"),
        (2, '0;-0;;@'),
    ],
)  # fmt: skip
def test_an_amount_may_be_shown_in_any_way_that_shows_it(number: float, code: str) -> None:
    assert read_amount(cell_of(number, code)) == pytest.approx(number)


def test_dollars_may_be_shown_as_money_and_days_as_digits_between_marks() -> None:
    assert read_dollars(cell_of(1250.5, 7)) == 1250.5
    assert str(read_day(cell_of(2142021, "00\\/00\\/0000"))) == "2021-02-14"
    assert read_birth_date(cell_of(317, '00"/"00')) == MonthDay(3, 17)
    assert isinstance(read_day(cell_of(44241, 9)), Unparsed)
    assert isinstance(read_day(cell_of(44241.25, 20)), Unparsed)


@examples(100)
@given(st.integers(0, 10**14), st.integers(1, 15))
def test_zeros_that_a_format_shows_are_a_part_of_the_id(number: int, places: int) -> None:
    shown = str(number).zfill(places)
    assert read_id(cell_of(number, "0" * places)) == (shown, not shown.startswith("0") or places == 1)


@examples(150)
@given(
    st.one_of(st.floats(allow_nan=False), st.integers(-(10**18), 10**18)),
    st.one_of(st.text('0#?.,%/"\\[]<>=;hmsdy$€ -()_*@E+x1AMP', max_size=12), st.text(max_size=12)),
)
def test_no_number_format_is_beyond_reading(number: Any, code: str) -> None:
    cell: Cell = {"v": number, "f": code}
    assert isinstance(text_of({"v": number, "f": code}), str)
    for read in (read_amount, read_day, read_birth_date):
        read(cell)
    for read_or_tell in (read_id, read_text, read_whole, read_dollars):
        try:
            read_or_tell(cell)
        except CellFault:
            pass
