"""Synthetic physicians: the same every time, nobody twice, and as hard to tell apart as real ones."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from random import Random

import pytest

from app.domain.identity.comparison_keys import name_key, short_id_key
from app.domain.identity.learners import Holding, NameKind, RegistryRow
from app.domain.parsing import is_npi
from app.services.registry.generating import families as synthetic_families
from app.services.registry.generating.numbers import NumberSeries, NumberStyle, Permutation
from app.services.registry.generating.physicians import MOST, load_names, physicians_of, synthetic_physicians
from tests.builders.judging import CATALOGUE

WORLD = Path(__file__).resolve().parents[3] / "app" / "services" / "demo" / "world.toml"
LICENSING = ("CA-M", "CA-O", "ME-M", "ME-O", "MD-M", "NY-M", "OH-M", "TN-M", "TN-O", "TX-M", "VT-M", "WY-M", "ZZNC")
CERTIFYING = ("ABA", "ABIM", "ABO", "ABOHNS", "ABOS", "ABP", "ABPMR", "ABPath", "ABS", "ABTS")


def physicians(
    count: int = 5_000, seed: int = 7, reserved: frozenset[tuple[str, str]] = frozenset()
) -> Iterator[RegistryRow]:
    return synthetic_physicians(count, seed, licensing=LICENSING, certifying=CERTIFYING, reserved=reserved)


@pytest.fixture(scope="module")
def people() -> list[RegistryRow]:
    return list(physicians())


def name_keys(person: RegistryRow) -> set[tuple[str, str]]:
    first = name_key(person.first_name)
    return {(name_key(last), first) for last in (person.last_name, *person.other_last_names)}


def holdings(people: list[RegistryRow]) -> list[Holding]:
    return [held for person in people for held in (*person.licenses, *person.certifications)]


def test_the_same_seed_gives_the_same_people_and_another_seed_others(people: list[RegistryRow]) -> None:
    assert list(physicians()) == people
    other = list(physicians(seed=8))
    assert other != people
    assert len({person.npi for person in people} & {person.npi for person in other}) < 10


def test_a_smaller_run_is_the_beginning_of_a_larger_one(people: list[RegistryRow]) -> None:
    assert list(physicians(100)) == people[:100]


def test_a_run_of_any_size_starts_at_once() -> None:
    assert len(list(islice(physicians(MOST), 10))) == 10


def test_more_people_than_there_are_npis_are_refused() -> None:
    with pytest.raises(ValueError, match="NPI"):
        physicians(MOST + 1)


def test_npis_are_valid_and_nobody_shares_one(people: list[RegistryRow]) -> None:
    npis = [person.npi for person in people]
    assert all(npi is not None and is_npi(npi) for npi in npis)
    assert len(set(npis)) == len(npis)


def test_no_board_gives_a_number_twice_even_with_its_zeros_lost(people: list[RegistryRow]) -> None:
    held = holdings(people)
    assert len({(board.board, short_id_key(board.key)) for board in held}) == len(held)
    assert {board.board for board in held} == {*LICENSING, *CERTIFYING}


def test_a_board_that_runs_out_of_digits_goes_on_with_one_more() -> None:
    series = NumberSeries(NumberStyle(2, 3, "A"), Random(3))
    numbers = [series.next_number() for _ in range(880)]
    assert len(set(numbers)) == 880
    assert sorted(numbers)[0] == "A010"
    assert sorted(numbers)[-1] == "A899"


@pytest.mark.parametrize("size", [80, 800, 8_000, 10_000])
def test_scattering_meets_every_place_once(size: int) -> None:
    for seed in range(5):
        scatter = Permutation(size, Random(seed))
        assert sorted(scatter(place) for place in range(size)) == list(range(size))


def test_abim_numbers_have_six_digits(people: list[RegistryRow]) -> None:
    numbers = [held.number for held in holdings(people) if held.board == "ABIM"]
    assert numbers
    assert all(len(number) == 6 and number.isdigit() for number in numbers)


def test_nobody_bears_a_reserved_name(people: list[RegistryRow]) -> None:
    commonest = Counter(key for person in people for key in name_keys(person)).most_common(50)
    reserved = frozenset(key for key, _ in commonest)
    assert not any(name_keys(person) & reserved for person in physicians(reserved=reserved))


def test_numbers_of_the_demo_world_stay_free(people: list[RegistryRow]) -> None:
    world = tomllib.loads(WORLD.read_text(encoding="utf-8"))
    taken = {
        (board, Holding(board=board, number=number).key)
        for learner in world["learners"]
        for entry in (*learner.get("licenses", ()), *learner.get("certifications", ()))
        for board, number in [entry.split(":")]
    }
    assert taken
    lengths = {(held.board, len(held.key)) for held in holdings(people)}
    assert not taken & {(held.board, held.key) for held in holdings(people)}
    # Those of a board's own length begin with the nine that no synthetic number begins with.
    assert all(key[0] == "9" for board, key in taken if (board, len(key)) in lengths)


def test_namesakes_occur_and_no_name_is_everywhere(people: list[RegistryRow]) -> None:
    names = Counter((name_key(person.last_name), name_key(person.first_name)) for person in people)
    shared = [name for name, number in names.items() if number > 1]
    assert len(shared) > 100
    assert max(names.values()) < len(people) / 200


def test_people_vary_as_physicians_do(people: list[RegistryRow]) -> None:
    def part(number: int) -> float:
        return number / len(people)

    assert {len(person.licenses) for person in people} == {1, 2, 3}
    assert 0.72 < part(sum(bool(person.certifications) for person in people)) < 0.78
    assert 0.04 < part(sum(bool(person.other_last_names) for person in people)) < 0.08
    assert 0.3 < part(sum(person.middle_name is not None for person in people)) < 0.7
    assert len({person.birth_date for person in people}) >= 364
    assert any(not person.last_name.isascii() for person in people)


def test_a_birth_date_on_29_february_is_rarer_than_on_other_days() -> None:
    days = Counter(str(person.birth_date) for person in physicians(40_000))
    assert 0 < days["02/29"] < 60 < days["03/01"]


def test_no_name_stands_twice_in_a_list() -> None:
    names = load_names()
    for group in names.groups:
        for listed in (group.last, group.male, group.female):
            assert max(Counter(text for text, _ in listed).values()) == 1
            assert all(weight > 0 and name_key(text) for text, weight in listed)


@pytest.fixture(scope="module")
def families() -> list[RegistryRow]:
    return list(physicians_of(CATALOGUE, 30_000, 7))


def share(people: list[RegistryRow], wanted: Callable[[RegistryRow], object]) -> float:
    return sum(bool(wanted(person)) for person in people) / len(people)


def test_families_are_made_at_any_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    for rate in ("_SON", "_TWIN", "_NAMESAKE", "_ISSUED_AGAIN"):
        monkeypatch.setattr(synthetic_families, rate, 0.2)
    people = list(physicians_of(CATALOGUE, 3_000, 7))
    assert {person.suffix for person in people} == {None, "Jr", "II", "III", "IV", "Sr"}
    assert len({person.npi for person in people}) == len(people)


def test_with_families_a_smaller_run_is_the_beginning_of_a_larger_one(families: list[RegistryRow]) -> None:
    assert list(physicians_of(CATALOGUE, 2_000, 7)) == families[:2_000]


def test_some_have_no_birth_date_a_suffix_or_names_of_a_kind(families: list[RegistryRow]) -> None:
    assert 0.025 < share(families, lambda person: person.birth_date is None) < 0.035
    assert 0.005 < share(families, lambda person: person.suffix) < 0.015
    kinds = Counter(name.kind for person in families for name in person.other_names)
    assert kinds[NameKind.FORMER] > kinds[NameKind.PROFESSIONAL] > kinds[NameKind.OTHER] > 0


def test_there_are_father_and_son_twins_and_two_of_one_name_and_birthday(families: list[RegistryRow]) -> None:
    fathers = twins = namesakes = 0
    for one, other in pairwise(families):
        shared = {held.board for held in one.licenses} & {held.board for held in other.licenses}
        same_name = (one.first_name, one.last_name) == (other.first_name, other.last_name)
        same_day = one.birth_date == other.birth_date is not None
        namesakes += same_name and same_day
        twins += not same_name and same_day and one.last_name == other.last_name and bool(shared)
    by_name: dict[tuple[str, str], list[RegistryRow]] = {}
    for person in families:
        for father in by_name.setdefault((person.first_name, person.last_name), []):
            shared = {held.board for held in person.licenses} & {held.board for held in father.licenses}
            fathers += bool(person.suffix and not father.suffix and shared and person.middle_name == father.middle_name)
        by_name[person.first_name, person.last_name].append(person)
    assert namesakes > 2
    assert twins > 10
    assert fathers > 10


def test_a_number_has_two_holders_at_different_times_only(families: list[RegistryRow]) -> None:
    holders: dict[tuple[str, str], list[Holding]] = {}
    for person in families:
        for held in (*person.licenses, *person.certifications):
            holders.setdefault((held.board, held.key), []).append(held)
    again = [held for held in holders.values() if len(held) > 1]
    assert again
    for first, second in again:
        assert first.dates and second.dates and first.dates.until and second.dates.since
        assert first.dates.until < second.dates.since
    spans = [held.dates for person in families for held in (*person.licenses, *person.certifications) if held.dates]
    assert all(span.since is None or span.until is None or span.since <= span.until for span in spans)


def test_numbers_of_a_third_of_the_states_have_leading_zeros() -> None:
    boards = {held.board for person in physicians_of(CATALOGUE, 30_000, 7) for held in person.licenses}
    zeros = {
        held.board
        for person in physicians_of(CATALOGUE, 30_000, 7)
        for held in person.licenses
        if short_id_key(held.key) != held.key or re.search(r"[A-Z]0", held.key)
    }
    assert 0.25 < len(zeros) / len(boards) < 0.6
