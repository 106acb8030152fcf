"""What makes people hard to tell apart: families, namesakes, numbers issued again, and what sources leave out.

Added to synthetic physicians, at rates that are estimates. Each person stays one person: NPIs are unique, and two who
share a number hold it at different times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import TypeVar

from msgspec.structs import replace

from app.domain.boards import Span
from app.domain.identity.learners import Holding, NameKind, OtherName, RegistryRow
from app.domain.parsing import MonthDay

_SON, _TWIN, _NAMESAKE = 0.0015, 0.001, 0.000_25
"""The share of physicians who are the second of such a pair."""
_SUFFIX_OF_SON = 0.7
_SUFFIX = 0.012
"""Of men who are nobody's son here."""
_NO_BIRTH_DATE = 0.03
_ISSUED_AGAIN = 0.000_5
_WITHOUT_HYPHEN = 0.5
"""Of double last names, as they are written in Spanish."""
_BEGUN, _LAPSED = 0.7, 0.06
_TIMED = 0.6
"""Of certifications; of these most are renewed every ten years."""
_KINDS = ((0.8, NameKind.FORMER), (0.92, NameKind.PROFESSIONAL), (1.0, NameKind.OTHER))
_SUFFIXES_OF_SONS = ((0.7, "Jr"), (0.8, "II"), (0.97, "III"), (1.0, "IV"))
_SUFFIXES = ((0.7, "Jr"), (0.8, "II"), (0.95, "III"), (0.98, "IV"), (1.0, "Sr"))
_FIRST_YEAR, _LAST_YEAR = 1975, 2024
_GIVEN_UP = date(2009, 12, 31)
_TEN_YEARS = timedelta(days=3_652)
T = TypeVar("T")


class Families:
    """Adds these to people in their order; the same for the same seed."""

    def __init__(self, seed: int, men: frozenset[str], next_license: Callable[[str], str]) -> None:
        """`men` are first names; `next_license` gives a board's next licence number."""
        self._rng = Random(f"families {seed}")
        self._chance = self._rng.random
        self._men = men
        self._next_license = next_license
        self._previous: RegistryRow | None = None
        self._father: RegistryRow | None = None
        self._given_up: list[Holding] = []

    def among(self, people: Iterable[RegistryRow]) -> Iterator[RegistryRow]:
        """Yield people, some of whom have become somebody's son, twin or namesake."""
        for person in people:
            changed = self._licensed(self._named(self._related(person)))
            if not changed.suffix and changed.first_name in self._men:
                self._father = changed
            self._previous = changed
            yield replace(changed, birth_date=None) if self._chance() < _NO_BIRTH_DATE else changed

    def _related(self, person: RegistryRow) -> RegistryRow:
        """Make somebody a relative or namesake of an earlier one, of whom nothing changes."""
        chance, father, other = self._chance(), self._father, self._previous
        if chance < _SON and father is not None:
            suffix = _drawn(_SUFFIXES_OF_SONS, self._chance()) if self._chance() < _SUFFIX_OF_SON else None
            son = replace(_name_of(person, father), middle_name=father.middle_name, suffix=suffix)
            born = _another_day(person.birth_date) if person.birth_date == father.birth_date else person.birth_date
            return self._of_one_office(replace(son, birth_date=born), father)
        if other is None or chance >= _SON + _TWIN + _NAMESAKE:
            return person
        if chance < _SON + _TWIN:
            first = person.first_name if person.first_name != other.first_name else f"{person.first_name}-Lee"
            twin = replace(_name_of(person, other), first_name=first, birth_date=other.birth_date)
            return self._of_one_office(twin, other)
        return replace(_name_of(person, other), birth_date=other.birth_date)

    def _of_one_office(self, person: RegistryRow, other: RegistryRow) -> RegistryRow:
        """License somebody by the first board of a relative, too, under a number of their own."""
        if not other.licenses or any(held.board == other.licenses[0].board for held in person.licenses):
            return person
        board = other.licenses[0].board
        return replace(person, licenses=(Holding(board=board, number=self._next_license(board)), *person.licenses[1:]))

    def _named(self, person: RegistryRow) -> RegistryRow:
        changes: dict[str, object] = {}
        if not person.suffix and person.first_name in self._men and self._chance() < _SUFFIX:
            changes["suffix"] = _drawn(_SUFFIXES, self._chance())
        if "-" in person.last_name and self._chance() < _WITHOUT_HYPHEN:
            changes["last_name"] = person.last_name.replace("-", " ")
        if person.other_last_names:
            changes["other_last_names"] = ()
            changes["other_names"] = tuple(
                OtherName(kind=_drawn(_KINDS, self._chance()), last_name=last) for last in person.other_last_names
            )
        return replace(person, **changes) if changes else person

    def _licensed(self, person: RegistryRow) -> RegistryRow:
        """Give licences and certifications their days, and now and then a number that somebody has given up."""
        licenses = [replace(held, dates=self._days()) for held in person.licenses]
        if self._given_up and self._chance() < _ISSUED_AGAIN:
            again = self._given_up.pop()
            if all(held.board != again.board for held in licenses):
                day = _GIVEN_UP + timedelta(days=self._rng.randrange(60, 3_000))
                licenses.append(replace(again, dates=Span(since=day)))
        elif licenses and self._chance() < _ISSUED_AGAIN:
            since = date(self._rng.randrange(_FIRST_YEAR, 2000), 7, 1)
            licenses[0] = replace(licenses[0], dates=Span(since=since, until=_GIVEN_UP))
            self._given_up.append(licenses[0])
        certifications = [replace(held, dates=self._term()) for held in person.certifications]
        return replace(person, licenses=tuple(licenses), certifications=tuple(certifications))

    def _days(self) -> Span | None:
        since = self._day() if self._chance() < _BEGUN else None
        if self._chance() >= _LAPSED:
            return Span(since=since) if since else None
        until = (since or self._day()) + timedelta(days=self._rng.randrange(700, 12_000))
        return Span(since=since, until=until)

    def _term(self) -> Span | None:
        if self._chance() >= _TIMED:
            return None
        since = self._day()
        return Span(since=since, until=since + _TEN_YEARS if self._chance() < _TIMED else None)

    def _day(self) -> date:
        return date(_FIRST_YEAR, 1, 1) + timedelta(days=self._rng.randrange(365 * (_LAST_YEAR - _FIRST_YEAR)))


def _name_of(person: RegistryRow, other: RegistryRow) -> RegistryRow:
    return replace(person, first_name=other.first_name, last_name=other.last_name, other_last_names=())


def _another_day(day: MonthDay | None) -> MonthDay:
    return MonthDay(7, 2) if day != MonthDay(7, 2) else MonthDay(7, 3)


def _drawn(things: Sequence[tuple[float, T]], chance: float) -> T:
    """Return the first thing whose share, added to those before it, is above a chance."""
    return next(thing for until, thing in things if chance < until)
