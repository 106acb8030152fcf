"""Who could be meant by a report, found by trying everybody: nothing here knows how the service matches.

A report is *resolvable* when exactly one physician lies within two slips of it, and is the one meant. Counted as a slip
are: a letter of a name missing, too many, wrong or exchanged; a nickname, an initial or the middle name for the given
one; another last name on file, half a double one, one without its particle; another transliteration; names swapped; a
digit of the date, or month and day exchanged. Accents, case, punctuation, degrees, titles and a middle name in the
given field are none. The state must be held, a number must be held in it (leading zeros aside), suffixes must not
differ. Of somebody without a date on file only a number tells.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

from benchmarks.identity.slip_names import NICKNAMES, TRANSLITERATED
from benchmarks.identity.slips import PARTICLES, Known, Typed, bare, is_day, near_dates

MOST_SLIPS = 2
_TOO_MANY = MOST_SLIPS + 1
_DEGREES = re.compile(r"(?:,?\s+(?:m\.?d\.?|d\.?o\.?|phd|facp|mbbs))+$")
_SUFFIX = re.compile(r",?\s+(jr|sr|ii|iii|iv)\.?$")
_TITLE = re.compile(r"^(?:dr|prof)\.?\s+")
_NO_LETTER = re.compile(r"[^a-z0-9]+")


class Person:
    """A physician with everything that their names may be written as."""

    __slots__ = ("date", "given", "parts", "states", "suffix", "surnames")

    def __init__(self, known: Known) -> None:
        self.date = known.date
        self.suffix = known.suffix.lower().strip(" .")
        self.states = {state for state, _ in known.licences}
        self.surnames = {joined(name): int(name != known.last) for name in (known.last, *known.other_last_names)}
        self.parts = {
            part: 1 + self.surnames[joined(name)]
            for name in (known.last, *known.other_last_names)
            for part in parts_of(name)
        }
        first = words(known.first)
        self.given = {"".join(first): 0}
        if len(first) > 1:
            self.given.setdefault(first[0], 0)
        middle = "".join(words(known.middle))
        for form in list(self.given):
            if middle:
                self.given.setdefault(form + middle, 0)
                self.given.setdefault(form + middle[0], 0)
        for nickname in NICKNAMES.get(first[0] if first else "", ()):
            self.given.setdefault(nickname.lower(), 1)
        self.given.setdefault(first[0][0] if first else "", 1)
        if len(middle) > 1:
            self.given.setdefault(middle, 1)
        for written in (TRANSLITERATED.get("".join(first), ()), TRANSLITERATED.get(joined(known.last), ())):
            target = self.given if written is TRANSLITERATED.get("".join(first), ()) else self.parts
            for name in written:
                target.setdefault(joined(name), 1)

    @property
    def letters(self) -> int:
        """The letters of all names, as bits."""
        return letters_of("".join((*self.surnames, *self.parts, *self.given)))


class Everybody:
    """The registry, laid out so that nobody within two slips of a report is passed over."""

    def __init__(self, people: Sequence[Known]) -> None:
        self._people = people
        self._born: dict[tuple[str, str], array[int]] = defaultdict(_places)
        # By a hash: those few whom it brings wrongly are compared, and a million people have five million keys.
        self._named: dict[int, array[int]] = defaultdict(_places)
        self._numbered: dict[tuple[str, str], array[int]] = defaultdict(_places)
        self._letters = array("L")
        for place, known in enumerate(people):
            person = Person(known)
            self._letters.append(person.letters)
            for state, number in known.licences:
                self._numbered[state, _bare_number(number)].append(place)
            if known.date is None:
                continue
            for state in person.states:
                self._born[state, known.date].append(place)
                for form in {*person.surnames, *(form for form, slips in person.given.items() if not slips)}:
                    self._named[hash((state, known.date, form))].append(place)
        self._person = lru_cache(maxsize=100_000)(lambda place: Person(people[place]))

    def known(self, id: str) -> Known:
        """Return somebody of the registry."""
        return next(person for person in self._people if person.id == id)

    def within(self, typed: Typed) -> set[str]:
        """Return the ids of everybody who lies within two slips of a report."""
        report = _Read(typed)
        places: set[int] = set()
        if typed.number is not None:
            places.update(
                place
                for place in self._numbered.get((typed.state, _bare_number(typed.number)), ())
                if _holds(self._people[place], typed)
            )
        else:
            places.update(self._born.get((typed.state, typed.date), ()))
            for date in near_dates(typed.date) if is_day(typed.date) else ():
                for form in (report.last, report.first, report.called, report.swapped_last):
                    places.update(self._named.get(hash((typed.state, date, form)), ()))
        return {
            self._people[place].id
            for place in places
            # A slip brings one letter that is in none of somebody's names: most are told apart by that.
            if (report.letters & ~self._letters[place]).bit_count() <= MOST_SLIPS
            and report.slips_to(self._person(place)) <= MOST_SLIPS
        }


def is_typed_as(typed: Typed, known: Known) -> bool:
    """Whether a report without a number is, without any slip, what somebody has on file: nothing tells of another."""
    person = Person(known)
    return typed.number is None and typed.state in person.states and _Read(typed).slips_to(person) == 0


def _places() -> array[int]:
    return array("L")


class _Read:
    """A report as it is compared."""

    def __init__(self, typed: Typed) -> None:
        last, self.suffix = _without_suffix(_DEGREES.sub("", bare(typed.last).lower().strip()))
        first = _TITLE.sub("", bare(typed.first).lower().strip())
        self.last, self.first = joined(last), joined(first)
        self.called = next(iter(words(first)), "")
        # Where the names are swapped, a degree may stand behind the given one.
        swapped_first, _ = _without_suffix(_DEGREES.sub("", first))
        self.swapped_last = joined(swapped_first)
        self.letters = letters_of(self.swapped_last + self.last)
        self.date = typed.date
        self.dates = near_dates(typed.date) if is_day(typed.date) else set()

    def slips_to(self, person: Person) -> int:
        """Return how many slips lead from a person to the report; more than `MOST_SLIPS` where too many."""
        if self.suffix and person.suffix and self.suffix != person.suffix:
            return _TOO_MANY
        slips = 0 if person.date in (None, self.date) else 1 if person.date in self.dates else _TOO_MANY
        if slips > MOST_SLIPS:
            return slips
        direct = _surname_slips(self.last, person)
        if direct <= MOST_SLIPS:
            direct += min(_given_slips(self.first, person), _given_slips(self.called, person))
        swapped = 1 + _surname_slips(self.swapped_last, person) + _given_slips(self.last, person)
        return slips + min(direct, swapped)


def _surname_slips(typed: str, person: Person) -> int:
    least = min(person.surnames.get(typed, _TOO_MANY), person.parts.get(typed, _TOO_MANY))
    if least <= 1:
        return least
    for forms in (person.surnames, person.parts):
        for form, slips in forms.items():
            if slips + 1 < least and is_one_edit(typed, form):
                least = slips + 1
    return least


def _given_slips(typed: str, person: Person) -> int:
    least = person.given.get(typed, _TOO_MANY)
    if least <= 1:
        return least
    for form, slips in person.given.items():
        if slips + 1 < least and len(form) > 1 and is_one_edit(typed, form):
            least = slips + 1
    return least


def is_one_edit(one: str, other: str) -> bool:
    """Whether a letter missing, too many or wrong, or two exchanged, lead from one text to the other."""
    if abs(len(one) - len(other)) > 1 or not one or not other:
        return False
    if one[0] != other[0] and one[-1] != other[-1] and one[:2] != other[1::-1] and len(one) > 2:
        return False
    start = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        start += 1
    mine_left, theirs_left = one[start:], other[start:]
    if mine_left[1:] == theirs_left[1:] or mine_left[1:] == theirs_left or mine_left == theirs_left[1:]:
        return True
    return mine_left[:2] == theirs_left[1::-1] and mine_left[2:] == theirs_left[2:] and len(mine_left) > 1


def letters_of(text: str) -> int:
    """Return the letters and digits of a text as bits."""
    bits = 0
    for letter in set(text):
        bits |= 1 << (ord(letter) % 64)
    return bits


def words(text: str) -> list[str]:
    """Return the words of a name in lower case, without accents and apostrophes."""
    plain = bare(text).lower().replace("'", "").replace("’", "")
    return [word for word in _NO_LETTER.split(plain) if word]


def joined(text: str) -> str:
    """Return a name as one word."""
    return "".join(words(text))


def parts_of(name: str) -> set[str]:
    """Return what may be left of a last name: halves of a double one, and one without its particle."""
    halves = {part for part in words(name.replace("'", " ")) if len(part) > 2} if len(words(name)) > 1 else set()
    for particle in PARTICLES:
        if name.lower().startswith(f"{particle} "):
            halves.add(joined(name[len(particle) + 1 :]))
    return halves - {joined(name)}


def _without_suffix(text: str) -> tuple[str, str]:
    found = _SUFFIX.search(text)
    return (text[: found.start()], found[1]) if found else (text, "")


def _bare_number(number: str) -> str:
    return number.lower().lstrip("0")


def _holds(known: Known, typed: Typed) -> bool:
    """Whether somebody holds the number in the state: as written, or without the zeros that a number cell loses."""
    assert typed.number is not None
    return any(
        state == typed.state
        and (number.lower() == typed.number.lower() or (typed.was_number and _bare_number(number) == typed.number))
        for state, number in known.licences
    )
