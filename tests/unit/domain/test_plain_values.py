"""The normal form of a value, and the one grammar of days in files."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.parsing import (
    Unparsed,
    describe_day,
    is_npi,
    own_id_or_none,
    plain_text,
    read_activity_id,
    read_date,
    read_license_id,
    read_npi,
    read_written_day,
    text_or_none,
)
from app.files.cells import read_day
from tests.harness.properties import examples

SEEN_CF = frozenset(map(chr, (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)))
"""Characters of the same category that are seen: they stand before or around numbers and words."""
MARKS = st.sampled_from(
    [c for c in map(chr, range(0x10000)) if unicodedata.category(c) == "Cf" and c not in SEEN_CF]
    + ["\u034f", "\u115f", "\u3164", "\ufe0f", "\U000e0001", "\U000e0041"]
)
BLANKS = st.sampled_from([c for c in map(chr, range(0x3001)) if c.isspace()])
BLANK = st.text(BLANKS, min_size=1, max_size=3)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@st.composite
def written(draw: st.DrawFn, day: date) -> str:
    """Return a day as people and programs write it, with or without a time and a zone."""
    written_day = draw(
        st.sampled_from(
            [f"{day:%m/%d/%Y}", f"{day.month}/{day.day}/{day.year}", f"{day.month}/{day.day}/{day:%y}", day.isoformat()]
        )
    )
    if draw(st.booleans()):
        return written_day
    before = draw(st.one_of(BLANK, st.sampled_from(["T", ",", ", ", " , ", ",\u202f"])))
    hour, minute, second = draw(st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59)))
    time = f"{hour}:{minute:02d}" + draw(st.sampled_from(["", f":{second:02d}", f":{second:02d}.{second:03d}"]))
    if 1 <= hour <= 12 and draw(st.booleans()):
        half = draw(st.sampled_from(["AM", "pm", "a.m.", "P.M.", "Am", "p. m."]))
        time += draw(st.one_of(st.just(""), BLANK)) + half
    sign, hours = draw(st.sampled_from("+-")), draw(st.integers(0, 14))
    zones = [
        "Z",
        "UTC",
        "GMT",
        f"{sign}{hours:02d}:30",
        f"{sign}{hours:02d}00",
        f"GMT{sign}{hours}",
        "EST",
        "PDT",
        "CT",
    ]
    zone = draw(st.one_of(st.just(""), st.sampled_from(zones)))
    return written_day + before + time + (draw(st.one_of(st.just(""), BLANK)) + zone if zone else "")


def strewn(draw: st.DrawFn, text: str) -> str:
    """Return a text with marks that nobody sees anywhere in it, and blanks around it."""
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(MARKS) + text[at:]
    return draw(st.text(BLANKS, max_size=2)) + text + draw(st.text(BLANKS, max_size=2))


@examples(300)
@given(st.data(), DAYS)
def test_a_day_is_that_day_in_every_way_to_write_it(data: st.DataObject, day: date) -> None:
    text = strewn(data.draw, data.draw(written(day)))
    assert read_written_day(text) == read_day(text) == day


@examples(200)
@given(st.data(), DAYS, st.sampled_from("?#!x§€_=@|\\٣'"))
def test_a_day_with_anything_else_in_it_is_no_day(data: st.DataObject, day: date, strange: str) -> None:
    text = data.draw(written(day))
    at = data.draw(st.integers(0, len(text)))
    assert isinstance(read_written_day(text[:at] + strange + text[at:]), Unparsed)


@pytest.mark.parametrize(
    "text",
    [
        "3/14/2022 25:00", "3/14/2022 11:60", "3/14/2022 13:00 PM", "3/14/2022 23:30 am", "2022-03-14T24:01",
        "2022-03-14T10:00:61", "2022-03-14T10:00+15:00", "2022-03-14T10:00+05:60", "3/14/2022 11", "3/14/2022 PM",
        "3/14/2022,", "3/14/2022,,11:30", "3/14/2022 11:30 XYZ", "3/14/2022 11:30 PM PM", "14/3/2022", "3.14.2022",
        "3/14/2022 - 3/15/2022", "3/14/2022 11:30 3/15/2022", "20220314", "3/14", "٣/14/2022", "3/14/202", "0/1/2022",
        "2022-03-14-", "2022-02-29", "3/14/2022 at 11:30", "a3/14/2022", "3/14/2022?", "3/14/2022 11:30" + "0" * 99,
    ],
)  # fmt: skip
def test_what_is_outside_the_grammar_is_no_day(text: str) -> None:
    assert isinstance(read_written_day(text), Unparsed)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("3/14/2022 25:00", "Not a date: a time or zone that does not exist follows it."),
        ("2022-02-30", "February has at most 29 days."),
        ("2021-02-29", "February 2021 has 28 days: it is no leap year."),
        ("11/31/2021", "November has 30 days."),
        ("14/02/2021", "There is no month 14: the month comes first."),
        ("2021-13-01", "There is no month 13."),
        ("2021-01-00", "There is no day 0."),
        ("0000-01-01", "There is no year 0."),
        ("2/14", "Not a date: the year is missing."),
        ("20210214", "Not a date: nothing stands between year, month and day."),
        ("2021/02/14", "Not a date: slashes stand between year, month and day."),
        ("14.02.2021", "Not a date: points stand between year, month and day."),
        ("Feb 14, 2021", "Not a date: the month is a word."),
        ("#N/A", "Not a date: it is an error of a spreadsheet."),
        ("=A1", "Not a date: it is a formula without its result."),
        ("2/30/2022 11:30", "February has at most 29 days."),
        ("2022-03-14T11:30Z", "Not a date: a time or zone follows the day."),
        ("２０２２-03-14", "Not a date: its digits are not plain ones from 0 to 9."),
        ("3/14/2022", "Not a date: the year comes last."),
        ("the ides of March", "Not a date."),
    ],
)
def test_a_refused_day_is_described_by_what_can_be_seen(text: str, seen: str) -> None:
    assert describe_day(text) == seen


@examples(100)
@given(st.data(), st.text(st.characters(codec="utf-8"), max_size=20))
def test_a_normal_form_is_its_own_and_knows_no_marks(data: st.DataObject, text: str) -> None:
    plain = plain_text(text)
    assert plain_text(plain) == plain == plain_text(unicodedata.normalize("NFD", text))
    assert plain_text(strewn(data.draw, plain)) == plain


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_an_id_of_the_senders_own_is_shown_as_it_was_sent(text: str) -> None:
    shown = own_id_or_none(text)
    assert (shown is None) is (plain_text(text) == "")
    assert shown is None or (shown in text and plain_text(shown) == plain_text(text))


def test_a_text_keeps_what_shapes_its_letters() -> None:
    assert text_or_none("\u200eA\u00adnn\u200b \u202c") == "Ann"
    assert text_or_none("\u0646\u200c\u0647") == "\u0646\u200c\u0647"
    assert text_or_none("\ufeff\u3164 ") is None


def test_a_plain_day_of_a_body_may_have_marks_around_it_and_nothing_else() -> None:
    assert read_date("\u202a2022\u00ad-03-14\u202c") == date(2022, 3, 14)
    assert isinstance(read_date("２０２２-03-14"), Unparsed)


@given(st.sampled_from(["{}-{}-{}", "{} {} {}", "{}.{}.{}", "{}\u00a0{}\u202f{}", "{}\u2011{}\u2011{}"]), st.data())
def test_an_npi_is_read_in_any_groups(form: str, data: st.DataObject) -> None:
    one = data.draw(st.integers(1, 8))
    two = data.draw(st.integers(one + 1, 9))
    npi = "1234567893"
    grouped = form.format(npi[:one], npi[one:two], npi[two:])
    assert read_npi(grouped) == read_license_id(grouped) == npi
    assert is_npi(str(read_npi(strewn(data.draw, grouped))))


def test_a_licence_number_with_punctuation_stays_as_it_was_sent() -> None:
    for number in ("MD-123", "123-456-7890", "12-345", "123-456 7893", "1234567893-", "D.O. 12"):
        assert read_license_id(number) == number
    assert read_npi("123-456-7890") == "1234567890"


def test_an_activity_id_is_read_in_groups_of_three() -> None:
    for text in ("201 759 558", "201,759,558", "201\u00a0759\u00a0558", "201-759-558", "\u200e201759558"):
        assert read_activity_id(text) == "201759558"
    assert read_activity_id("20 1759 558") == "20 1759 558"
