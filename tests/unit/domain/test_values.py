"""The small values: amounts in quarters, dates and numbers as they are read, words as they are compared."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.amounts import format_quarters, in_credits, in_quarters, on_grid
from app.domain.boards import Span
from app.domain.identity.comparison_keys import code_key, full_name_key, id_key, name_key, short_id_key
from app.domain.parsing import (
    MonthDay,
    Unparsed,
    is_activity_id,
    is_npi,
    luhn_sum,
    month_day,
    read_date,
    read_month_day,
    text_or_none,
)
from app.domain.reports import quarters_of
from app.domain.states import STATES, find_state
from app.files import cells
from tests.builders.judging import a_cme, a_moc, a_report, a_special, types_of

QUARTERS = st.integers(min_value=-4_000_000, max_value=4_000_000)


@given(QUARTERS)
def test_quarters_survive_the_way_through_credits(quarters: int) -> None:
    assert in_quarters(in_credits(quarters)) == quarters


@given(QUARTERS, st.floats(min_value=-0.00099, max_value=0.00099))
def test_a_thousandth_beside_a_quarter_is_that_quarter(quarters: int, tail: float) -> None:
    read = in_quarters(quarters / 4 + tail)
    assert read == quarters
    assert isinstance(read, int)


@given(QUARTERS, st.floats(min_value=0.0011, max_value=0.2489))
def test_more_than_a_thousandth_beside_a_quarter_is_off_the_grid(quarters: int, tail: float) -> None:
    assert not on_grid(quarters / 4 + tail)
    assert quarters < in_quarters(quarters / 4 + tail) < quarters + 1


@given(st.lists(st.integers(min_value=1, max_value=400), max_size=40))
def test_a_sum_of_quarters_is_exact(many: list[int]) -> None:
    assert sum(in_quarters(quarters / 4) for quarters in many) == sum(many)


def test_formula_tails_of_spreadsheets_are_forgiven() -> None:
    assert in_quarters(0.1 + 0.2 + 0.7) == 4
    assert in_quarters(2.2499999999) == 9
    assert (on_grid(0.001), in_quarters(0.001)) == (True, 0)
    assert not on_grid(0.0012)


@pytest.mark.parametrize(
    ("quarters", "text"),
    [(9, "2.25"), (208, "52"), (1, "0.25"), (0, "0"), (49_381, "12345.25"), (4_000_000, "1000000")],
)
def test_an_amount_is_written_as_people_do(quarters: int, text: str) -> None:
    assert format_quarters(quarters) == text


def test_whole_credits_have_no_fraction() -> None:
    assert repr(in_credits(8)) == "2"
    assert repr(in_credits(9)) == "2.25"


@pytest.mark.parametrize("given_", [None, Unparsed("two")])
def test_what_was_not_read_has_no_quarters(given_: Unparsed | None) -> None:
    assert quarters_of(given_) is None


@pytest.mark.parametrize(
    ("total", "types", "quarters"),
    [
        (2.25, {"a": 1.0}, 9),
        (None, {"a": 1.0, "b": 2.25}, 9),
        (None, {"a": Unparsed("x"), "b": 0.5}, 2),
        (None, {}, None),
        (Unparsed("x"), {"a": 1.0}, None),
    ],
)
def test_the_largest_type_stands_for_a_total_that_is_not_given(
    total: float | Unparsed | None, types: dict[str, float], quarters: int | None
) -> None:
    assert a_moc(total=total, credit_types=types_of(**types)).total_quarters == quarters


def test_a_report_names_each_of_its_amounts_by_its_place() -> None:
    report = a_report(a_cme(special_credits=a_special()), a_moc(credit_types=types_of(a=1.0, b=2.0)))
    assert [pointer for pointer, _ in report.amounts()] == [
        "/cme/0/credits",
        "/cme/0/special_credits/0/credits",
        "/moc/0/total_credits",
        "/moc/0/credit_types/0/credits",
        "/moc/0/credit_types/1/credits",
    ]


@pytest.mark.parametrize("text", [None, "", "  ", "\t\n", "\u00a0"])
def test_blank_is_not_given(text: str | None) -> None:
    assert text_or_none(text) is None
    assert read_date(text) is None
    assert read_month_day(text) is None


@given(st.dates())
def test_every_day_is_read_as_it_is_written(day: date) -> None:
    assert read_date(f" {day.isoformat()} ") == day
    assert read_month_day(day.isoformat()) == MonthDay(day.month, day.day)
    assert read_month_day(f"{day.month}/{day.day}/{day.year:04d}") == MonthDay(day.month, day.day)


@pytest.mark.parametrize(
    "text",
    [
        "2021-02-29",
        "2021-13-01",
        "12/12/2021",
        "2021-1-1",
        "20211212",
        "2021-12-12T00:00:00",
        "２０２１-12-12",
        "0000-01-01",
    ],
)
def test_a_text_that_is_no_day_is_kept_as_it_was_given(text: str) -> None:
    assert read_date(text) == Unparsed(text)


@pytest.mark.parametrize(
    "text", ["02/29", "2/29", "02-29", "--02-29", "2000-02-29", "2/29/1980", "02/29/80", "1981-02-29"]
)
def test_a_birth_date_loses_its_year_on_entry(text: str) -> None:
    assert read_month_day(text) == MonthDay(2, 29)


@pytest.mark.parametrize("text", ["25/03", "25/3", "25-03", "25/03/1970", "25/3/70", " 25/03 "])
def test_a_day_over_12_before_the_month_is_read_as_the_day(text: str) -> None:
    assert read_month_day(text) == MonthDay(3, 25)
    assert cells.read_birth_date(text) == MonthDay(3, 25)


@given(st.dates())
def test_month_and_day_are_exchanged_only_where_the_first_can_be_no_month(born: date) -> None:
    month_first, day_first = f"{born.month}/{born.day}", f"{born.day}/{born.month}"
    assert read_month_day(month_first) == MonthDay(born.month, born.day)
    if born.day > 12:
        assert read_month_day(day_first) == MonthDay(born.month, born.day)
    else:
        assert read_month_day(day_first) == MonthDay(born.day, born.month)


@pytest.mark.parametrize(
    "text",
    [
        "02/30",
        "13/45",
        "31/02",
        "13/00",
        "1970-25-03",
        "--25-03",
        "00/10",
        "10/00",
        "4/31",
        "Feb 29",
        "0229",
        "2/29/198",
        "--2-29",
        "1/2/3/4",
    ],
)
def test_a_text_that_is_no_month_and_day_is_kept_as_it_was_given(text: str) -> None:
    assert read_month_day(text) == Unparsed(text)


@given(st.integers(1, 12), st.integers(1, 31))
def test_a_month_and_day_is_written_so_that_it_is_read_back(month: int, day: int) -> None:
    known = month_day(month, day)
    assert (known is None) is (day > {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31))
    if known is not None:
        assert read_month_day(str(known)) == known


@pytest.mark.parametrize(
    ("text", "right"),
    [("000000001", True), ("201759558", True), ("20175955", False), ("2017595588", False), ("20175955x", False),
     ("２０１７５９５５８", False), ("201759558\n", False)],
)  # fmt: skip
def test_an_activity_id_is_nine_ascii_digits(text: str, right: bool) -> None:
    assert is_activity_id(text) is right


@given(st.sampled_from("12"), st.text("0123456789", min_size=8, max_size=8))
def test_exactly_one_check_digit_makes_an_npi(first: str, rest: str) -> None:
    right = [digit for digit in "0123456789" if is_npi(first + rest + digit)]
    assert len(right) == 1


@given(st.text("0123456789", min_size=10, max_size=10), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_noticed_in_any_npi(text: str, place: int, by: int) -> None:
    changed = text[:place] + str((int(text[place]) + by) % 10) + text[place + 1 :]
    assert not (is_npi(text) and is_npi(changed))


def test_known_npis_are_npis_and_their_like_are_not() -> None:
    assert luhn_sum("808401234567893") % 10 == 0
    assert is_npi("1234567893")
    for wrong in ("1234567890", "3234567893", "0234567893", "123456789", "12345678930", "123456789³", " 1234567893"):
        assert not is_npi(wrong)


@given(st.text())
@example("™")
@example("ＦＮＵ")
@example("ⒻⓃⓊ")
@example("A\u0345")
@example("A\u037a")
@example("A\u037f")
def test_a_name_key_is_its_own_key(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)


@given(st.text(st.characters(max_codepoint=0x24F)))
def test_a_name_key_of_latin_letters_is_its_own_key(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)


@given(st.text(st.characters(max_codepoint=0x24F)))
def test_an_id_key_and_a_code_key_are_their_own_keys(text: str) -> None:
    assert id_key(id_key(text)) == id_key(text)
    assert code_key(code_key(text)) == code_key(text)
    assert short_id_key(short_id_key(id_key(text))) == short_id_key(id_key(text))


@given(st.text("AZaz09", min_size=1), st.text(" -./_'#", max_size=3))
def test_spaces_punctuation_and_case_never_matter_in_an_id(number: str, noise: str) -> None:
    assert id_key(noise + noise.join(number.swapcase()) + noise) == id_key(number) == number.upper()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Brien", "OBRIEN"),
        ("Müller-Lüdenscheidt", "Muller Ludenscheidt"),
        ("Søren", "soren"),
        ("Łukasz", "Lukasz"),
        ("Strauß", "Strauss"),
        ("José", "Jose\u0301"),
        ("ＡＮＮ", "Ann"),
        ("d’Angelo", "D'Angelo"),
    ],
)
def test_a_name_is_the_same_in_every_spelling_of_its_letters(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


def test_names_in_other_scripts_keep_their_letters() -> None:
    assert name_key("Иван") != name_key("Пётр") != ""
    assert name_key("王") != name_key("李") != ""


@pytest.mark.parametrize("placeholder", ["FNU", "lnu", "NMN", "-", ".", "", None, "F.N.U."])
def test_somebody_of_one_name_has_it_as_the_last(placeholder: str | None) -> None:
    assert full_name_key(placeholder, "Suharto") == full_name_key("Suharto", placeholder) == ("suharto", "")


def test_first_and_last_name_are_not_exchanged() -> None:
    assert full_name_key("Scott", "Joplin") == ("joplin", "scott") != full_name_key("Joplin", "Scott")


def test_leading_zeros_are_kept_and_only_a_number_cell_forgets_them() -> None:
    assert id_key("00-123") == "00123" != id_key("123")
    assert short_id_key("00123") == "123" == short_id_key("123")
    assert short_id_key("000") == "000"
    assert id_key(None) == id_key("--") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Diagnosis & Treatment", "diagnosis and treatment"),
        ("ABPM&R", "ABPMandR"),
        ("Self-Assessment", "SELF ASSESSMENT"),
    ],
)
def test_codes_are_compared_without_case_and_punctuation_and_an_ampersand_is_and(one: str, other: str) -> None:
    assert code_key(one) == code_key(other)


@pytest.mark.parametrize("code", STATES)
def test_a_state_goes_by_its_letters_and_its_name(code: str) -> None:
    for text in (code, code.lower(), STATES[code], STATES[code].upper(), f" {STATES[code]} "):
        assert find_state(text) == code


def test_there_are_fifty_states_a_district_and_five_territories() -> None:
    assert len(STATES) == 56
    assert find_state("U.S. Virgin Islands") == "VI"
    assert find_state("Washington, D.C.") == "DC"
    assert find_state("Ontario") is None


@given(st.dates(), st.dates(), st.dates())
def test_a_span_includes_both_its_ends(one: date, other: date, day: date) -> None:
    since, until = min(one, other), max(one, other)
    span = Span(since=since, until=until)
    assert span.covers(since) and span.covers(until)
    assert span.covers(day) is (since <= day <= until)
    assert Span().covers(day)
