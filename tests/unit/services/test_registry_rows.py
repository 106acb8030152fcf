"""How a row of the registry file is read: licences and their dates."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.boards import Span
from app.domain.identity.learners import Holding, NameKind, OtherName
from app.services.registry.imports import ImportFault, read_row
from app.services.registry.placing import dates_after
from tests.builders.judging import CATALOGUE


def licenses(text: str | list[str], column: str = "licenses") -> tuple[Holding, ...]:
    return read_row({"last_name": "One", column: text}, CATALOGUE).licenses


@pytest.mark.parametrize(
    ("text", "number", "dates"),
    [
        ("TN-M:444444", "444444", None),
        (" TN-M: 444444 ", "444444", None),
        ("TN-M:444444@2001-01-01..2015-12-31", "444444", Span(since=date(2001, 1, 1), until=date(2015, 12, 31))),
        ("TN-M:444444 @ 2001-01-01 .. ", "444444", Span(since=date(2001, 1, 1))),
        ("TN-M:444444@..2015-12-31", "444444", Span(until=date(2015, 12, 31))),
        (["TN-M:444444@2001-01-01..2001-01-01"], "444444", Span(since=date(2001, 1, 1), until=date(2001, 1, 1))),
    ],
)
def test_a_licence_may_have_dates(text: str | list[str], number: str, dates: Span | None) -> None:
    (held,) = licenses(text)
    assert (held.board, held.number, held.dates) == ("TN-M", number, dates)


@pytest.mark.parametrize(
    "text",
    [
        "TN-M:444444@",
        "TN-M:444444@..",
        "TN-M:444444@2001",
        "TN-M:444444@2001-01-01",
        "TN-M:444444@2001-01-01-2015-12-31",
        "TN-M:444444@01/01/2001..12/31/2015",
        "TN-M:444444@2001-02-30..",
        "TN-M:444444@2016-01-01..2015-12-31",
        "TN-M:@2001-01-01..",
        "TN-M:444444@2001-01-01..@2015-12-31",
        "TN-M:444444@2001-01-01..2005-12-31;TN-M:444444@2010-01-01..",
    ],
)
def test_dates_that_cannot_be_read_refuse_the_row_and_say_why(text: str) -> None:
    with pytest.raises(ImportFault, match="licenses has") as fault:
        licenses(text)
    assert "444444" not in str(fault.value)


@pytest.mark.parametrize("number", ["#N/A", "#REF!", "12\ufffd4", "1.23457E+09", " 4.4E+05 "])
@pytest.mark.parametrize(("column", "board"), [("licenses", "TN-M"), ("certifications", "ABIM")])
def test_a_number_that_a_spreadsheet_lost_is_nobodys(number: str, column: str, board: str) -> None:
    with pytest.raises(ImportFault, match="has lost letters or digits") as fault:
        licenses(f"{board}:{number}", column)
    assert number.strip() not in str(fault.value)


def test_a_quote_that_is_not_closed_makes_no_physician_of_several_lines() -> None:
    with pytest.raises(ImportFault, match="last_name has a line break"):
        read_row({"last_name": "One,01/02,,TN-M:1,\nTwo,01/03,,TN-M:2,"}, CATALOGUE)


def test_certifications_may_have_dates_as_well() -> None:
    (held,) = read_row({"last_name": "One", "certifications": "ABIM:1@2001-01-01.."}, CATALOGUE).certifications
    assert (held.number, held.dates) == ("1", Span(since=date(2001, 1, 1)))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("former:Reyes", OtherName(kind=NameKind.FORMER, last_name="Reyes")),
        ("Former: Reyes ", OtherName(kind=NameKind.FORMER, last_name="Reyes")),
        ("legal:Reyes, Maria", OtherName(kind=NameKind.LEGAL, last_name="Reyes", first_name="Maria")),
        (
            "professional:Reyes, Maria, B., Jr",
            OtherName(kind=NameKind.PROFESSIONAL, last_name="Reyes", first_name="Maria", middle_name="B.", suffix="Jr"),
        ),
        ("other:Reyes,,,III", OtherName(kind=NameKind.OTHER, last_name="Reyes", suffix="III")),
    ],
)
def test_other_names_have_a_kind(text: str, name: OtherName) -> None:
    assert read_row({"last_name": "One", "other_names": text}, CATALOGUE).other_names == (name,)
    assert read_row({"last_name": "One", "other_names": [text, text]}, CATALOGUE).other_names == (name, name)


@pytest.mark.parametrize(
    "text", ["Reyes", "maiden:Reyes", "former:", "former:,Maria", "former:Reyes,M,B,Jr,x", "former:-"]
)
def test_other_names_that_cannot_be_read_refuse_the_row_and_say_why(text: str) -> None:
    with pytest.raises(ImportFault, match="other_names has an entry that is not KIND:LAST") as fault:
        read_row({"last_name": "One", "other_names": text}, CATALOGUE)
    assert "Reyes" not in str(fault.value)


@pytest.mark.parametrize("text", ["former:Re?es", "former:Reyes, Mar\ufffda"])
def test_other_names_with_a_lost_letter_refuse_the_row(text: str) -> None:
    with pytest.raises(ImportFault, match="other_names has lost a letter"):
        read_row({"last_name": "One", "other_names": text}, CATALOGUE)


@pytest.mark.parametrize("suffix", ["Jr.", "SR", "iii", "2nd", " IV "])
def test_a_suffix_stands_apart(suffix: str) -> None:
    assert read_row({"last_name": "One", "suffix": suffix}, CATALOGUE).suffix == suffix.strip()


def test_a_degree_is_no_suffix() -> None:
    with pytest.raises(ImportFault, match="suffix is none of Jr, Sr, II, III, IV"):
        read_row({"last_name": "One", "suffix": "M.D."}, CATALOGUE)


def test_a_row_without_dates_leaves_those_on_file() -> None:
    on_file = Span(until=date(2015, 12, 31))
    assert dates_after(on_file, None) is on_file
