"""Synthetic physicians for tests, benchmarks and demonstrations: as varied as real ones, but not real people."""

from __future__ import annotations

import tomllib
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec

from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.identity.comparison_keys import name_key
from app.domain.identity.learners import Holding, RegistryRow
from app.domain.parsing import MonthDay, luhn_sum, month_day
from app.services.registry.generating.families import Families
from app.services.registry.generating.numbers import Permutation, certificate_numbers, license_numbers

NAMES_FILE = Path(__file__).parent / "names.toml"

MOST = 200_000_000
"""As many as there are NPIs: a 1 or a 2, eight digits, and the check digit that follows from them."""

_NPI_BLOCK = 100_000_000
_LUHN_OF_BLOCK = luhn_sum("808401000000000"), luhn_sum("808402000000000")

_FEMALE = 0.38
_OSTEOPATHIC = 0.08
_CERTIFIED = 0.75
_SECOND_CERTIFICATION = 0.08
_ONE_LICENCE, _TWO_LICENCES = 0.72, 0.93
_MIDDLE_NAME, _MIDDLE_INITIAL = 0.38, 0.62
_OTHER_LAST_NAME = {True: 0.13, False: 0.015}
"""By whether the physician is a woman; together about six in a hundred."""
_DOUBLE_NAME = {True: 0.03, False: 0.004}
_NO_SCHOOL = 0.04
_TRIES = 10_000

_T = TypeVar("_T")
_WeightedTexts = tuple[tuple[str, float], ...]


class NameGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Names that occur together, each with its weight."""

    name: str
    share: float
    general_first: float
    """The share of the group that has a first name of the first group."""
    last: _WeightedTexts
    male: _WeightedTexts
    female: _WeightedTexts


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of `names.toml`."""

    groups: tuple[NameGroup, ...]
    medical_schools: _WeightedTexts
    osteopathic_schools: _WeightedTexts


@cache
def load_names() -> Names:
    """Read the names that synthetic physicians are given."""
    table = tomllib.loads(NAMES_FILE.read_text(encoding="utf-8"))
    return Names(
        groups=tuple(
            NameGroup(
                name=group["name"],
                share=float(group["share"]),
                general_first=float(group["general_first"]),
                last=_weighted(group["last"]),
                male=_weighted(group["male"]),
                female=_weighted(group["female"]),
            )
            for group in table["groups"]
        ),
        medical_schools=_weighted(table["medical_schools"]),
        osteopathic_schools=_weighted(table["osteopathic_schools"]),
    )


def synthetic_physicians(
    count: int,
    seed: int,
    *,
    licensing: Sequence[str],
    certifying: Sequence[str],
    reserved: frozenset[tuple[str, str]],
    with_families: bool = False,
) -> Iterator[RegistryRow]:
    """Yield so many physicians; the same ones for the same other arguments, however many are asked for.

    `with_families` adds those whom it is hard to tell apart, and what sources leave out (`families.py`):
    some then have no birth date, and some numbers have two holders, one after the other.

    `licensing` and `certifying` are board codes; `reserved` are (last, first) name keys that nobody
    is given, under any last name. NPIs are unique within a run, numbers within a board. Raises
    `ValueError` for more than `MOST`, and when `reserved` leaves no names.
    """
    if count > MOST:
        raise ValueError(f"at most {MOST} physicians have an NPI of their own, not {count}")
    population = _Population(seed, licensing, certifying, reserved)
    people = population.rows(count)
    return Families(seed, _men(), population.next_license).among(people) if with_families else people


def physicians_of(catalogue: Catalogue, count: int, seed: int) -> Iterator[RegistryRow]:
    """Yield so many physicians of a catalogue's boards, with those whom it is hard to tell apart."""
    codes = {kind: [board.code for board in catalogue.boards.values() if board.kind is kind] for kind in BoardKind}
    return synthetic_physicians(
        count,
        seed,
        licensing=sorted(codes[BoardKind.LICENSING]),
        certifying=sorted(codes[BoardKind.CERTIFYING]),
        reserved=frozenset(),
        with_families=True,
    )


def _men() -> frozenset[str]:
    return frozenset(name for group in load_names().groups for name, _ in group.male)


# How many physicians a board knows, roughly, in thousands; boards not named here count as small.
_SMALL = 6.0
_LICENSED: Mapping[str, float] = {
    "CA-M": 120, "NY-M": 95, "TX-M": 75, "FL-M": 65, "PA-M": 48, "IL-M": 42, "OH-M": 42, "MA-M": 34, "MI-M": 34,
    "NJ-M": 33, "ZZNC": 32, "VA-M": 30, "GA-M": 30, "WA-M": 26, "MD-M": 26, "TN-M": 22, "MO-M": 22, "AZ-M": 21,
    "CO-M": 21, "MN-M": 20, "WI-M": 20, "IN-M": 20, "CT-M": 15, "LA-M": 14, "SC-M": 14, "AL-M": 14, "OR-M": 14,
    "KY-M": 13, "PR-M": 9, "GU-M": 0.4, "VI-M": 0.4, "AS-M": 0.1, "MP-M": 0.1, "WY-M": 2, "ND-M": 3, "SD-M": 3,
    "AK-M": 3, "VT-M": 3, "DC-M": 9, "UT-M": 9, "NV-M": 8, "IA-M": 9, "KS-M": 9, "OK-M": 9, "MS-M": 8, "AR-M": 8,
}  # fmt: skip
_OSTEOPATHIC_LICENSED: Mapping[str, float] = {
    "PA-O": 9, "FL-O": 8, "CA-O": 8, "MI-O": 7, "AZ-O": 3, "OK-O": 3, "WA-O": 2.5, "NV-O": 1.4, "TN-O": 1.4,
    "WV-O": 1.3, "ME-O": 1.1, "UT-O": 1, "NM-O": 0.6, "VT-O": 0.3,
}  # fmt: skip
_LICENSE_EITHER: Mapping[str, float] = {"NY-M": 6, "TX-M": 6, "OH-M": 6, "NJ-M": 5, "IL-M": 4, "MO-M": 3, "ZZNC": 2}
"""Boards of states that have no osteopathic board; a few large ones stand for all."""

_SMALL_SPECIALTY = 8.0
_CERTIFIED_BY: Mapping[str, float] = {
    "ABIM": 250, "ABP": 105, "ABA": 58, "ABS": 34, "ABOS": 28, "ABO": 20, "ABPath": 18, "ABPMR": 12, "ABOHNS": 12,
    "ABTS": 5,
}  # fmt: skip


class _Population:
    """One run: its random source, the pickers that draw from it, and each board's series of numbers."""

    def __init__(
        self, seed: int, licensing: Sequence[str], certifying: Sequence[str], reserved: frozenset[tuple[str, str]]
    ) -> None:
        self._reserved = reserved
        self._rng = Random(f"physicians {seed}")
        self._chance = self._rng.random
        names = load_names()
        self._groups = _picker(
            self._rng, [(_GroupPicker(self._rng, group, names.groups[0]), group.share) for group in names.groups]
        )
        self._school = _picker(self._rng, names.medical_schools)
        self._osteopathic_school = _picker(self._rng, names.osteopathic_schools)
        self._days = _days()
        self._luhn = _luhn_of_four()
        self._npi = Permutation(_NPI_BLOCK, Random(f"npi {seed}"))

        medical = [(code, _LICENSED.get(code, _SMALL)) for code in licensing if code not in _OSTEOPATHIC_LICENSED]
        either = {**_OSTEOPATHIC_LICENSED, **_LICENSE_EITHER}
        osteopathic = [(code, either[code]) for code in licensing if code in either]
        self._osteopathic = _OSTEOPATHIC if osteopathic else 0.0
        self._license_boards = _picker(self._rng, medical or osteopathic), _picker(self._rng, osteopathic)
        self._certifying_boards = _picker(
            self._rng, [(code, _CERTIFIED_BY.get(code, _SMALL_SPECIALTY)) for code in certifying]
        )
        self._licences = {code: license_numbers(code, seed) for code in licensing}
        self._certificates = {code: certificate_numbers(code, seed) for code in certifying}

    def rows(self, count: int) -> Iterator[RegistryRow]:
        """Return the physicians, made lazily."""
        return map(self._row, range(count))

    def next_license(self, board: str) -> str:
        """Return the next licence number of a board."""
        return self._licences[board].next_number()

    def _row(self, place: int) -> RegistryRow:
        chance = self._chance
        female = chance() < _FEMALE
        group = self._groups()
        first, last, other = self._free_name(group, female)
        osteopathic = chance() < self._osteopathic
        return RegistryRow(
            first_name=first,
            last_name=last,
            middle_name=self._middle_name(group, female, first),
            other_last_names=(other,) if other else (),
            birth_date=self._days[int(chance() * _DAYS_OF_A_YEAR)],
            npi=self._npi_of(place),
            medical_school=self._school_of(osteopathic),
            licenses=self._licenses(osteopathic),
            certifications=self._certifications(),
        )

    def _free_name(self, group: _GroupPicker, female: bool) -> tuple[str, str, str | None]:
        """Draw a first, a last and perhaps another last name that together are not reserved."""
        for _ in range(_TRIES):
            first, last, other = group.first(female), group.last(), None
            if self._chance() < _DOUBLE_NAME[female]:
                last = f"{last}-{group.last()}"
            if self._chance() < _OTHER_LAST_NAME[female]:
                other = self._groups().last()
            if self._allowed(first, last, other):
                return first, last, other
        raise ValueError("no name is left that is not reserved")

    def _allowed(self, first: str, last: str, other: str | None) -> bool:
        first_key, last_key = name_key(first), name_key(last)
        if (last_key, first_key) in self._reserved:
            return False
        return other is None or (name_key(other) != last_key and (name_key(other), first_key) not in self._reserved)

    def _middle_name(self, group: _GroupPicker, female: bool, first: str) -> str | None:
        chance = self._chance()
        if chance >= _MIDDLE_INITIAL:
            return None
        middle = group.first(female)
        if middle == first:
            return None
        return middle if chance < _MIDDLE_NAME else middle[0]

    def _npi_of(self, place: int) -> str:
        block, within = divmod(place, _NPI_BLOCK)
        digits = self._npi(within)
        high, low = divmod(digits, 10_000)
        luhn = _LUHN_OF_BLOCK[block]
        return f"{block + 1}{digits:08d}{-(luhn + self._luhn[high] + self._luhn[low]) % 10}"

    def _school_of(self, osteopathic: bool) -> str | None:
        if self._chance() < _NO_SCHOOL:
            return None
        return self._osteopathic_school() if osteopathic else self._school()

    def _licenses(self, osteopathic: bool) -> tuple[Holding, ...]:
        chance, board = self._chance(), self._license_boards[osteopathic]
        if not self._licences:
            return ()
        codes = [board()]
        wanted = 1 if chance < _ONE_LICENCE else 2 if chance < _TWO_LICENCES else 3
        for _ in range(wanted - 1):
            # A board drawn twice is not drawn again: one licence fewer, and no endless loop where boards are few.
            if (code := board()) not in codes:
                codes.append(code)
        return tuple([Holding(board=code, number=self._licences[code].next_number()) for code in codes])

    def _certifications(self) -> tuple[Holding, ...]:
        if not self._certificates or self._chance() >= _CERTIFIED:
            return ()
        first, second = self._certifying_boards(), self._certifying_boards()
        codes = (first, second) if self._chance() < _SECOND_CERTIFICATION and second != first else (first,)
        return tuple([Holding(board=code, number=self._certificates[code].next_number()) for code in codes])


class _GroupPicker:
    """Draws names of one group."""

    __slots__ = ("_chance", "_first", "_general", "_general_first", "last")

    def __init__(self, rng: Random, group: NameGroup, general: NameGroup) -> None:
        self._chance = rng.random
        self._general_first = group.general_first
        self.last = _picker(rng, group.last)
        self._first = _picker(rng, group.male), _picker(rng, group.female)
        self._general = _picker(rng, general.male), _picker(rng, general.female)

    def first(self, female: bool) -> str:
        """Draw a first name."""
        if self._general_first and self._chance() < self._general_first:
            return self._general[female]()
        return self._first[female]()


def _picker(rng: Random, weighted: Sequence[tuple[_T, float]]) -> Callable[[], _T]:
    """Return a function that draws one item by weight; faster than `Random.choices`, which sums each time."""
    things = [thing for thing, _ in weighted]
    until = list(accumulate(weight for _, weight in weighted))
    total, last, chance = (until[-1] if until else 0.0), len(things) - 1, rng.random

    def pick() -> _T:
        return things[bisect(until, chance() * total, 0, last)]

    return pick


_DAYS_OF_A_YEAR = 365.2425


def _days() -> list[MonthDay]:
    """Return the days of a year, 29 February last, so that only the fraction of a day falls on it."""
    days = [day for month in range(1, 13) for number in range(1, 32) if (day := month_day(month, number))]
    leap_day = MonthDay(2, 29)
    return [day for day in days if day != leap_day] + [leap_day]


@cache
def _luhn_of_four() -> tuple[int, ...]:
    """Return what four digits add to a Luhn sum where an odd number of digits follows; digit by digit is slow."""
    return tuple(luhn_sum(f"{four:04d}0") for four in range(10_000))


def _weighted(pairs: list[Any]) -> _WeightedTexts:
    return tuple((str(text), float(weight)) for text, weight in pairs)
