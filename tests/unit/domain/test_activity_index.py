"""The index of activities after any changes is that of what then stands; sets and numbers by slot are what they say."""

from __future__ import annotations

from array import array
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.activities import Activity, Registration
from app.domain.passport import columns, slots
from app.domain.passport.activity_index import ActivityIndex
from app.domain.passport.search import ActivitySearch, PassportFacet, PassportOrder, PublicActivity
from app.domain.passport.slots import Bitmap, Chosen, NumberColumn, Postings, bits_of, slots_of
from app.domain.passport.words import WordIndex, words_of
from app.rules.catalogue import BOARDS_FOLDER, load_catalogue
from tests.harness.properties import examples

CATALOGUE = load_catalogue((BOARDS_FOLDER,))
TODAY = date(2026, 6, 1)
WORDS = ("pain", "painful", "opioid", "sepsis", "café", "of", "a")
BOARDS = {"ABA": ("Lifelong Learning", "Patient Safety"), "ABS": ("Self-Assessment",)}


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every set becomes bits soon, every order is sorted by walking, and few values are counted."""
    monkeypatch.setattr(slots, "_MOST_FEW", 2)
    monkeypatch.setattr(columns, "_MOST_SORTED", 1)
    monkeypatch.setattr(columns, "_MOST_INSERTED", 3)


def an_indexed(id: int, number: int) -> PublicActivity:
    """Return one of several activities that may have this id, by a number."""
    boards = list(BOARDS)[: number % 3]
    return PublicActivity(
        activity=Activity(
            activity_id=f"{id:03}", provider_id="1", title=f"{WORDS[number % 7]} {WORDS[number % 5]}",
            description=WORDS[number % 4], format=("live-course", "journal-cme")[number % 2],
            start_date=date(2026, number % 9 + 1, 1), end_date=date(2026, number % 9 + 1 + number % 3, 20),
            ama_pra_credits=number % 5 + 0.25, delivery_methods=("online",), city=("Bern", None)[number % 2],
            state="ME", providership="direct", listing_public=True, mips=number % 3 == 0,
            registrations=tuple(
                Registration(board=board, points=number % 4 + 0.5, credit_types=BOARDS[board]) for board in boards
            ),
            details={
                "listing": {"fee": ("yes", "no")[number % 2], "specialties": [f"S{number % 4}", f"s{number % 3}"]}
            },
        ),
        version=number + 1, updated_at=datetime(2026, 1, 1, tzinfo=UTC), provider_name="Clinic",
        jointly_accredited=False,
    )  # fmt: skip


CHANGES = st.lists(st.tuples(st.integers(0, 11), st.none() | st.integers(0, 60)), max_size=60)
"""(id, number of what it becomes, None for removed)."""
SEARCHES = st.builds(
    ActivitySearch,
    words=st.sampled_from([(), ("pain",), ("cafe",), ("pain", "of"), ("opi", "clinic")]),
    chosen=st.sampled_from([
        {}, {PassportFacet.SPECIALTY: frozenset({"s1", "s2"})}, {PassportFacet.BOARD: frozenset({"ABA"})},
        {PassportFacet.FEE: frozenset({"no"}), PassportFacet.MIPS: frozenset({"false"})},
    ]),
    credit_types=st.sampled_from([None, frozenset({("", "patientsafety")})]),
    credits_from=st.none() | st.integers(0, 20),
    points_to=st.none() | st.integers(0, 16),
    past=st.booleans(),
    order=st.sampled_from(list(PassportOrder)),
)  # fmt: skip


@examples(200)
@given(changes=CHANGES, asked=SEARCHES, at_once=st.integers(1, 9))
def test_an_index_that_changed_finds_what_a_new_one_does(changes: Any, asked: ActivitySearch, at_once: int) -> None:
    changed, standing = ActivityIndex(CATALOGUE), {}
    for turn, (id, number) in enumerate(changes):
        if number is None:
            standing.pop(f"{id:03}", None)
            changed.remove(f"{id:03}")
        else:
            standing[f"{id:03}"] = an_indexed(id, number)
            changed.put(standing[f"{id:03}"])
        if turn % at_once == 0:
            changed.order()
    new = ActivityIndex(CATALOGUE)
    for listed in standing.values():
        new.put(listed)
    found, wanted = (index.search(asked, TODAY, limit=100, faceted=True) for index in (changed, new))
    assert (found.total, found.places, found.left_without) == (wanted.total, wanted.places, wanted.left_without)
    assert len(changed) == len(standing)
    assert changed.sum_of_versions == sum(listed.version for listed in standing.values())
    for facet in PassportFacet:
        # Which spelling is a value's name depends on those that were there before.
        counted, known = (
            {value.value.lower(): value.count for value in (one.facets or {})[facet] if value.count}
            for one in (found, wanted)
        )
        assert counted == known, facet


@examples(100)
@given(changes=CHANGES, asked=SEARCHES, size=st.integers(1, 5))
def test_pages_by_place_and_by_number_are_those_of_the_whole(changes: Any, asked: ActivitySearch, size: int) -> None:
    index = ActivityIndex(CATALOGUE)
    for id, number in changes:
        index.put(an_indexed(id, number or 0))
    whole = [id for _, id in index.search(asked, TODAY, limit=100).places]
    by_place: list[str] = []
    after = None
    while page := index.search(asked, TODAY, after=after, limit=size).places:
        by_place += [id for _, id in page]
        after = page[-1][0]
    by_number = [
        id for first in range(0, 13, size) for _, id in index.search(asked, TODAY, skip=first, limit=size).places
    ]
    assert by_place == by_number == whole


def test_of_many_values_the_most_frequent_are_counted_and_those_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST_VALUES", 2)
    index = ActivityIndex(CATALOGUE)
    for number in range(24):
        index.put(an_indexed(number, number))
    asked = ActivitySearch(chosen={PassportFacet.SPECIALTY: frozenset({"s3"})}, past=True)
    counted = (index.search(asked, TODAY, limit=1, faceted=True).facets or {})[PassportFacet.SPECIALTY]
    # S0, S1 and S2 stand under both spellings, S3 under one.
    assert [value.value.lower() for value in counted] == ["s0", "s1", "s3"]
    assert next(value.count for value in counted if value.value == "S3") == 6


NUMBERS = st.dictionaries(st.integers(0, 300), st.integers(0, 5_000), max_size=60)


@given(numbers=NUMBERS, bound=st.integers(-5, 6_000))
def test_a_bound_keeps_the_numbers_on_its_side(numbers: dict[int, int], bound: int) -> None:
    column = NumberColumn()
    for slot in sorted(numbers):
        column.add(slot, numbers[slot])
    within = bits_of(array("I", numbers))
    assert set(slots_of(column.below(bound, within))) == {slot for slot, number in numbers.items() if number < bound}
    assert set(slots_of(column.at_least(bound, within))) == {
        slot for slot, number in numbers.items() if number >= bound
    }


@given(
    members=st.sets(st.integers(0, 2_000)), others=st.sets(st.integers(0, 2_000)), gone=st.sets(st.integers(0, 2_000))
)
def test_sets_of_slots_are_sets(members: set[int], others: set[int], gone: set[int]) -> None:
    postings, bitmap = Postings(), Bitmap()
    for slot in sorted(members):
        postings.add(slot)
        bitmap.add(slot)
    chosen = Chosen(bits_of(array("I", others)), 2_001)
    assert list(slots_of(postings.bits())) == sorted(members)
    assert postings.count_in(chosen) == len(members & others)
    assert postings.size == len(members)
    for slot in gone:
        bitmap.discard(slot)
    assert set(slots_of(bitmap.bits(keep=False))) == set(slots_of(bitmap.bits())) == members - gone


@pytest.mark.parametrize(("text", "words"), [
    ("Pain management: 100 % café-style", ["pain", "management", "100", "cafe", "style"]),
    ("ALZHEIMER’S alzheimer's", ["alzheimer", "s"]), ("Ärzte  ÄRZTE", ["arzte"]), ("?!", []),
    ("x" * 99, ["x" * 64, "x" * 35]),
])  # fmt: skip
def test_words_are_compared_without_case_accents_and_signs(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=4), max_size=30),
    asked=st.sampled_from([*WORDS, "pai", "xy"]),
)
def test_a_word_finds_itself_and_what_begins_with_it(texts: list[list[str]], asked: str) -> None:
    index = WordIndex()
    for slot, words in enumerate(texts):
        index.add(slot, dict.fromkeys(words))
        index.having(asked)
    begins = len(asked) >= 3
    wanted = [
        slot for slot, words in enumerate(texts)
        if asked in words or (begins and any(word.startswith(asked) for word in words))
    ]  # fmt: skip
    assert list(slots_of(index.having(asked))) == wanted
