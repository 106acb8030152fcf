"""Slips are seen in what was typed, and nothing that was typed is repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.slips import NameSlip, NumberSlip, both_in_one, name_slips, number_slips, slips_in

CODES = frozenset({"ABIM", "ABA"})
NPI = "1234567893"
NAMES: dict[str, set[NameSlip]] = {
    "Smith": set(), "van Gogh": set(), "O'Brien": set(), "Do": set(), "Ma": set(), "Le": set(), "Junior": set(),
    "Nguyễn": set(), "-": set(), "": set(), "Anna-Maria": set(), "J.": set(), "J. R.": set(), "St. John": set(),
    "Ng": set(), "Miss": set(), "Sir": set(), "Test": set(), "Blank": set(), "José Luis": set(),
    "Smith MD": {NameSlip.DEGREE}, "Smith, M.D.": {NameSlip.DEGREE}, "Smith M. D.": {NameSlip.DEGREE},
    "Smith Ph.D.": {NameSlip.DEGREE}, "Smith Ph. D.": {NameSlip.DEGREE}, "Smith MD PhD FACP": {NameSlip.DEGREE},
    "MD": {NameSlip.DEGREE}, "Smith (MD)": {NameSlip.DEGREE}, "Smith/MD": {NameSlip.DEGREE},
    "Tran Do": {NameSlip.MAYBE_DEGREE}, "Smith, D.O.": {NameSlip.MAYBE_DEGREE},
    "Dr Jane": {NameSlip.TITLE}, "Dr. Jane": {NameSlip.TITLE}, "dr": {NameSlip.TITLE},
    "Prof. Dr. Jane": {NameSlip.TITLE},
    "Smith Jr.": {NameSlip.SUFFIX}, "Smith, III": {NameSlip.SUFFIX}, "Smith 3rd": {NameSlip.SUFFIX},
    "Smith Jr. MD": {NameSlip.SUFFIX, NameSlip.DEGREE},
    "jane@example.org": {NameSlip.MAIL}, "Jane <jane@example.org>": {NameSlip.MAIL},
    "12345": {NameSlip.NUMBER}, "Smith 2": {NameSlip.NUMBER}, "Smith2": {NameSlip.NUMBER},
    "Null": {NameSlip.NOTHING}, "none": {NameSlip.NOTHING}, "N A": {NameSlip.NOTHING},
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_part_of_a_name_is_seen(name: str) -> None:
    assert set(name_slips(name)) == NAMES[name]


@pytest.mark.parametrize(
    ("first", "last", "both"),
    [
        ("Jane", "Smith", False), ("Mary Ann", "Smith", False), ("Jane", "Ortiz Rivera", False),
        ("-", "Suharto", False),
        (None, "Suharto", False), ("Jane", "Smith, MD", False), ("Jane", "Smith, Jr.", False),
        ("Jane Smith", None, True), (None, "Smith Jane", True), ("Smith, Jane", "-", True),
        ("Jane", "Smith, Jane", True),
        ("Jane Smith", "Smith", True), ("JANE SMITH", "smith", True),
    ],
)  # fmt: skip
def test_first_and_last_name_in_one_field_are_seen(first: str | None, last: str | None, both: bool) -> None:
    assert both_in_one(first, last) is both


@pytest.mark.parametrize(
    ("licenses", "board_ids", "found"),
    [
        ([("TN", "444444")], ["999999"], set()),
        ([("ME", "MD9977"), ("CA", "A12345"), (None, None)], [None, "0012"], set()),
        ([("TN", "999999")], ["99-9999"], {NumberSlip.SAME}),
        ([("TN", "ABIM 999999"), ("TN", "aba:1")], [], {NumberSlip.BOARD_IN_LICENSE}),
        ([], ["MD9977"], {NumberSlip.LICENSE_IN_BOARD}),
        ([], [NPI], {NumberSlip.NPI_IN_BOARD}),
        ([("TN", NPI)], [], {NumberSlip.NPI_IN_LICENSE}),
        ([("Tennessee", "TN444444")], [], {NumberSlip.STATE_IN_LICENSE}),
        ([("TN", "TN-444444")], [], {NumberSlip.STATE_IN_LICENSE}),
    ],
)  # fmt: skip
def test_a_number_in_another_column_is_seen(
    licenses: list[tuple[str | None, str | None]], board_ids: list[str | None], found: set[NumberSlip]
) -> None:
    assert set(number_slips(licenses, board_ids, CODES)) == found


WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEÀÉñł'-. ,@/0123456789", max_size=20)


@given(WORDS, WORDS, WORDS, WORDS)
def test_whatever_is_typed_is_answered_in_whole_sentences_that_repeat_nothing_of_it(
    first: str, last: str, license_id: str, board_id: str
) -> None:
    told = slips_in(first, last, [("TN", license_id)], [board_id], CODES)
    sentences = {slip.value.format(field=field) for slip in NameSlip for field in ("first name", "last name")}
    sentences |= {slip.value for slip in NumberSlip}
    left = told
    for sentence in sentences:
        left = left.replace(sentence, "")
    assert left.strip() == ""


@given(st.from_regex(r"[A-Z][a-z]{2,12}", fullmatch=True))
def test_a_degree_behind_any_name_is_told_apart_from_the_name(name: str) -> None:
    if set(name_slips(name)):
        return
    for written in (f"{name} MD", f"{name}, M.D.", f"{name} md phd"):
        assert NameSlip.DEGREE in set(name_slips(written))
    assert NameSlip.TITLE in set(name_slips(f"Dr. {name}"))
