"""Whether a source describes who holds its identifier: an identifier alone never makes two people one."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity.learners import IdentifierKind
from app.matching.joining import (
    TABLE,
    BirthLevel,
    FullName,
    Joining,
    NameLevel,
    birth_level,
    join,
    name_level,
    reason_of,
)

ALMA = FullName("Alma", "Castellan")
NPI, LICENSE, CERTIFICATION = IdentifierKind
PAGE = Path(__file__).resolve().parents[3] / "docs" / "registry.md"


@pytest.mark.parametrize(
    ("given", "level"),
    [
        (("Alma", "Castellan"), NameLevel.SAME),
        (("ALMA", "Cástellan"), NameLevel.SAME),
        (("Alma", "Castellan-Reyes"), NameLevel.RELATED),
        (("Alma", "Castellan Reyes"), NameLevel.RELATED),
        (("Alma Maria", "Castellan"), NameLevel.RELATED),
        (("A.", "Castellan"), NameLevel.RELATED),
        (("Alma", "Castellan Jr."), NameLevel.RELATED),
        (("Alma", "von Castellan"), NameLevel.RELATED),
        (("Alma", "Reyes"), NameLevel.GIVEN),
        (("Bob", "Reyes"), NameLevel.DIFFERENT),
        (("Adam", "Castellan"), NameLevel.SURNAME),
        (("B.", "Castellan"), NameLevel.SURNAME),
        (("Bruno", "Castellan-Destry"), NameLevel.SURNAME),
        (("Castellan", "Alma"), NameLevel.SURNAME),
        (("", "Castellan"), NameLevel.SURNAME),
        (("Bruno", "Destry"), NameLevel.DIFFERENT),
        (("A", "Destry"), NameLevel.DIFFERENT),
        (("", "Alma"), NameLevel.DIFFERENT),
    ],
)
def test_names_are_compared_with_all_that_is_on_file(given: tuple[str, str], level: NameLevel) -> None:
    assert name_level([FullName(*given)], [ALMA]) is level
    assert name_level([ALMA], [FullName(*given)]) is level
    assert name_level([FullName("Xena", "Yi"), FullName(*given)], [FullName("Zoe", "Qu"), ALMA]) is level


def test_a_name_known_by_its_initial_does_not_join_the_next_one_of_that_initial() -> None:
    on_file = [ALMA, FullName("A", "Castellan")]
    assert name_level([FullName("Adam", "Castellan")], on_file) is NameLevel.SURNAME
    assert name_level([FullName("Alma Maria", "Castellan")], on_file) is NameLevel.RELATED


def test_a_nickname_is_told_from_another_first_name() -> None:
    robert = [FullName("Robert", "Smith-Jones")]
    assert name_level([FullName("Bob", "Smith")], robert) is NameLevel.NICKNAME
    assert name_level([FullName("Bob", "Taylor")], robert) is NameLevel.DIFFERENT
    assert name_level([FullName("Bob", "Smith", "Jr")], [FullName("Robert", "Smith", "Sr")]) is NameLevel.SURNAME


def test_father_and_son_are_told_apart_by_their_suffix() -> None:
    assert name_level([FullName("John", "Smith Jr")], [FullName("John", "Smith Sr")]) is NameLevel.SURNAME
    assert name_level([FullName("John", "Smith III")], [FullName("John", "Smith")]) is NameLevel.RELATED


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (FullName("John", "Smith", "Jr"), FullName("John", "Smith", "Sr."), NameLevel.SURNAME),
        (FullName("John", "Smith", "Jr"), FullName("John", "Smith", "JR."), NameLevel.SAME),
        (FullName("John", "Smith", "II"), FullName("John", "Smith", "2nd"), NameLevel.SAME),
        (FullName("John", "Smith", "Jr"), FullName("John", "Smith"), NameLevel.SAME),
        (FullName("John", "Smith", "Jr"), FullName("John", "Smith Jr"), NameLevel.SAME),
        (FullName("John", "Smith", "Sr"), FullName("John", "Smith Jr"), NameLevel.SURNAME),
        (FullName("John", "Smith", "MD"), FullName("John", "Smith", "Jr"), NameLevel.SAME),
    ],
)
def test_a_suffix_counts_wherever_it_stands(one: FullName, other: FullName, level: NameLevel) -> None:
    assert name_level([one], [other]) is name_level([other], [one]) is level


def test_a_particle_or_a_short_part_of_a_last_name_is_no_name_in_common() -> None:
    assert name_level([FullName("Ana", "de la Cruz")], [FullName("Ana", "de la Rosa")]) is NameLevel.GIVEN
    assert name_level([FullName("Ana", "Li-Cruz")], [FullName("Ana", "Li-Rosa")]) is NameLevel.GIVEN


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("02/11", "02/11", BirthLevel.SAME),
        ("02/11", "11/02", BirthLevel.DIFFERENT),
        ("02/11", None, BirthLevel.ABSENT),
        (None, "02/11", BirthLevel.ABSENT),
        (None, None, BirthLevel.ABSENT),
        ("", "02/11", BirthLevel.ABSENT),
    ],
)
def test_a_birth_date_agrees_differs_or_is_missing(one: str | None, other: str | None, level: BirthLevel) -> None:
    assert birth_level(one, other) is level


def test_the_table_has_every_case() -> None:
    assert set(TABLE) == set(product(NameLevel, BirthLevel))


@pytest.mark.parametrize(("names", "birth"), list(TABLE))
def test_the_table_stands_in_the_documentation(names: NameLevel, birth: BirthLevel) -> None:
    said = re.search(rf"^\| {names} \| {birth} \| (\w+) \| (\w+) \| (\w+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert said is not None
    assert said.groups() == tuple(joining.value for joining in TABLE[names, birth])


@pytest.mark.parametrize(("names", "birth"), list(TABLE))
def test_more_evidence_never_joins_less_and_a_contradiction_never_joins(names: NameLevel, birth: BirthLevel) -> None:
    order = [Joining.CONFLICT, Joining.PAIR, Joining.JOINED]
    by_npi, by_number, by_both = (
        join(names, birth, kinds) for kinds in ([NPI], [LICENSE, CERTIFICATION], [NPI, CERTIFICATION])
    )
    assert order.index(by_npi) <= order.index(by_number) <= order.index(by_both)
    if birth is BirthLevel.DIFFERENT or names is NameLevel.DIFFERENT:
        assert by_both is Joining.CONFLICT
    if Joining.CONFLICT in (by_npi, by_number, by_both):
        assert str(reason_of(names, birth)).startswith(("who", "whose"))


def test_a_disputed_npi_joins_nobody_without_a_birth_date() -> None:
    assert join(NameLevel.SAME, BirthLevel.ABSENT, [NPI], npi_disputed=True) is Joining.CONFLICT
    assert join(NameLevel.SAME, BirthLevel.SAME, [NPI], npi_disputed=True) is Joining.JOINED
    assert join(NameLevel.SAME, BirthLevel.ABSENT, [NPI, LICENSE], npi_disputed=True) is Joining.JOINED


@pytest.mark.parametrize(("names", "birth"), list(TABLE))
def test_a_listed_npi_joins_no_less_and_never_against_a_contradiction(names: NameLevel, birth: BirthLevel) -> None:
    order = [Joining.CONFLICT, Joining.PAIR, Joining.JOINED]
    for kinds in ([NPI], [NPI, LICENSE]):
        assert order.index(join(names, birth, kinds, npi_listed=True)) >= order.index(join(names, birth, kinds))
    assert join(names, birth, [LICENSE], npi_listed=True) is join(names, birth, [LICENSE])
    if birth is BirthLevel.DIFFERENT or names is NameLevel.DIFFERENT:
        assert join(names, birth, [NPI, LICENSE], npi_listed=True) is Joining.CONFLICT


WORDS = st.sampled_from(
    ["Alma", "A", "Adam", "Mary Ann", "Mary", "Castellan", "Castellan-Reyes", "de la Cruz", "Li", "", "Jr"]
)
SUFFIXES = st.sampled_from(["", "Jr", "Sr", "II"])
NAMES = st.lists(st.builds(FullName, WORDS, WORDS, SUFFIXES), min_size=1, max_size=3)


@given(NAMES, NAMES)
def test_names_compare_alike_in_either_order(one: list[FullName], other: list[FullName]) -> None:
    assert name_level(one, other) is name_level(other, one) is name_level(other[::-1], one[::-1])
