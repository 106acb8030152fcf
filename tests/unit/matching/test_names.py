"""Names in the parts that are compared, and the forms that people are found by."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.domain.identity.learners import WrittenName, name_on_file
from app.domain.identity.name_words import DEGREES, DEGREES_OR_NAMES, PARTICLES, SUFFIXES, TITLES
from app.matching.names import MOST_MARKS, NAME_FORMS, form_keys, parse_name


@pytest.mark.parametrize(
    ("last", "surnames", "parts", "suffix"),
    [
        ("Test, MD", {"test"}, set(), ""),
        ("Test M.D., Ph.D.", {"test"}, set(), ""),
        ("Test Jr. MD", {"test"}, set(), "jr"),
        ("Test MD III", {"test"}, set(), "iii"),
        ("Test 2nd", {"test"}, set(), "ii"),
        ("Do", {"do"}, set(), ""),
        ("Ma", {"ma"}, set(), ""),
        ("Le Do", {"ledo", "le"}, set(), ""),
        ("Junior", {"junior"}, set(), ""),
        ("O'Brien", {"obrien"}, set(), ""),
        ("O’Brien", {"obrien"}, set(), ""),
        ("van der Berg", {"vanderberg"}, {"berg"}, ""),
        ("Ortiz-Rivera", {"ortizrivera"}, {"ortiz", "rivera"}, ""),
        ("Müller", {"muller", "mueller"}, set(), ""),
        ("Strauß", {"strauss"}, set(), ""),
        ("Иванов", {"ivanov"}, set(), ""),
        ("Null", {"null"}, set(), ""),
        ("Al", {"al"}, set(), ""),
    ],
)
def test_a_last_name_has_its_forms_and_its_suffix(last: str, surnames: set[str], parts: set[str], suffix: str) -> None:
    name = parse_name("Anna", last)
    assert (name.surnames, name.surname_parts, name.suffix) == (surnames, parts, suffix)


@pytest.mark.parametrize(
    ("first", "called", "givens", "more"),
    [
        ("Dr. Anna", "anna", {"anna"}, ()),
        ("Anna Maria", "anna", {"anna", "annamaria"}, ("maria",)),
        ("Anna-Maria", "anna", {"anna", "annamaria"}, ("maria",)),
        ("A. M.", "a", {"a", "am"}, ("m",)),
        ("M.D.", "m", {"m", "md"}, ("d",)),
        ("Md", "md", {"md"}, ()),
        ("Jörg", "jorg", {"jorg", "joerg"}, ()),
        ("FNU", "", set(), ()),
        ("-", "", set(), ()),
    ],
)
def test_a_first_name_has_what_somebody_is_called_by(
    first: str, called: str, givens: set[str], more: tuple[str, ...]
) -> None:
    name = parse_name(first, "Test")
    assert (name.called, name.givens, name.more) == (called, givens, more)


@pytest.mark.parametrize(("first", "last"), [("FNU", "Madonna"), ("Madonna", "-"), ("Madonna", "LNU"), ("", "Madonna")])
def test_a_single_name_is_a_last_name_wherever_it_was_written(first: str, last: str) -> None:
    assert parse_name(first, last) == parse_name("", "Madonna")


def test_a_suffix_and_a_middle_name_may_be_given_apart() -> None:
    name = parse_name("John", "Test", "Quincy", "Jr.")
    assert (name.suffix, name.more) == ("jr", ("quincy",))
    assert parse_name("John Quincy", "Test Jr").more == name.more


def test_forms_need_a_birth_date_and_first_names_a_state() -> None:
    name = parse_name("Anna", "Ortiz Rivera")
    assert form_keys([name], "", ["TN"]) == set()
    assert form_keys([name], "02/01", []) == {
        ("last", "ortizrivera", "02/01", ""), ("last", "ortiz", "02/01", ""), ("last", "rivera", "02/01", ""),
    }  # fmt: skip
    assert form_keys([name], "02/01", ["ME", "TN"]) >= {
        ("first", "anna", "02/01", "ME"),
        ("first", "anna", "02/01", "TN"),
        ("last", "ortiz", "02/01", ""),
        ("last", "ortiz", "02/01", "TN"),
    }


def test_a_name_on_file_is_what_was_stored_with_it_or_what_is_shown() -> None:
    shown = ("Anna", "Maria", None)
    assert name_on_file("anna", "Test", (None, None, None), shown) == WrittenName("Anna", "Test", "Maria", "")
    assert name_on_file("eva", "Old", (None, None, None), shown) == WrittenName("eva", "Old", "", "")
    assert name_on_file("eva", "Old", ("Eva", "M", "Jr"), shown) == WrittenName("Eva", "Old", "M", "Jr")
    assert name_on_file("", "Madonna", (None, None, None), ("-", None, None)) == WrittenName("-", "Madonna", "", "")


def test_changed_forms_have_a_new_version() -> None:
    """A change of forms raises `NAME_FORMS`, and a migration makes stored forms anew; then this digest is changed."""
    words = [*sorted(DEGREES | DEGREES_OR_NAMES | TITLES | PARTICLES | SUFFIXES.keys()), *"éüøßłđ王И"]
    written = [f"{form} {word}" for word in words for form in ("Anna", "M.D.", "van", "Ortiz-Rivera")]
    written += [f"{word} {form}" for word in words for form in ("O'Brien", "Jr.", "B")]
    names = [parse_name(one, other) for one, other in zip(written, reversed(written), strict=True)]
    keys = "\n".join(" ".join(key) for name in names for key in sorted(form_keys([name], "02/01", ["TN"])))
    assert (NAME_FORMS, hashlib.sha256(keys.encode()).hexdigest()[:16]) == (2, "b18d73d6995d9979")


@given(some.text(max_size=3_000), some.text(max_size=40))
def test_every_text_has_parts_and_marks_beyond_measure_cost_nothing(last: str, first: str) -> None:
    name = parse_name(first, last)
    assert all(form.isascii() and form.isalnum() for form in name.surname_forms | name.givens)
    assert all(len(form) <= 12 * MOST_MARKS for form in name.surname_forms)
    assert parse_name(first, last) == name
