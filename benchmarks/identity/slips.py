"""The maker of slips: how people write a physician whom they know, with the rates at which it happens.

Imports nothing of `app.matching`: what it takes for a slip must not be what matching takes for one. A rate is the share
of reports *to which the slip can happen* (a hyphen is left out of double names only). Figures of studies stand beside
the rates; where there is none for what providers type, the rate is said to be an assumption.

- NDH: the practitioners of the National Directory of Healthcare against NPPES (10.9 million, 2026): names agree
  exactly in 94.9 %, after case and punctuation in 95.3 %, at a Jaro-Winkler of 0.85 in 97.9 %. So 0.4 % differ in
  their form, 2.6 % in a few letters, 2.1 % altogether (ainpi.dev, "NPI and taxonomy correctness").
- Just 2016: in 398,939 pairs of duplicate patient records the field that differs most often is the middle name; of the
  first names that differ 53 % are misspelled, of the last names 34 %; others are swapped (Perspect Health Inf Manag
  13).
- Hagger-Johnson 2017: 0.11 % of hospital records have another date of birth than the national register has
  (BMC Med Res Methodol 17:23). Providers copy from forms, and report by month and day: more are assumed here.
- Damerau 1964: four of five misspellings are one letter missing, too many, wrong, or two exchanged (CACM 7:171).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from benchmarks.identity.slip_names import ACCENTED, NICKNAMES, TRANSLITERATED

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PARTICLES = ("de la", "van der", "de", "da", "di", "van", "von", "el", "al", "dela", "st.")
DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A physician as they are known to themselves and the registry."""

    id: str
    first: str
    last: str
    middle: str
    suffix: str
    """Jr., III; empty where there is none."""
    other_last_names: tuple[str, ...]
    date: str | None
    """MM/DD; None where the registry does not know it."""
    licences: tuple[tuple[str, str], ...]
    """(state, number)"""


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A report as it is typed in; `slips` names what happened to it."""

    first: str
    last: str
    date: str
    state: str
    number: str | None = None
    was_number: bool = False
    slips: tuple[str, ...] = ()


Change = Callable[["Maker", Known, Typed], Typed | None]
"""Makes a slip in a report; None where it cannot happen to this person."""


@dataclass(frozen=True, kw_only=True)
class Slip:
    """Something that happens to reports."""

    name: str
    rate: float
    source: str
    change: Change


class Maker:
    """Makes reports of people, with slips; the same ones for the same seed."""

    def __init__(self, seed: int, states: list[str], people: Sequence[Known]) -> None:
        self.random = Random(f"slips {seed}")
        self.states = states
        self.people = people
        self._namesakes: dict[tuple[str, str], list[Known]] = {}
        for person in people:
            self._namesakes.setdefault((person.first.lower(), person.last.lower()), []).append(person)

    def plain(self, person: Known, *, with_number: float = 0.4) -> Typed:
        """Return a report without any slip."""
        state, number = self.random.choice(person.licences)
        date = person.date or self.any_date()
        given = number if self.random.random() < with_number else None
        return Typed(first=person.first, last=person.last, date=date, state=state, number=given)

    def report(self, person: Known, times: float = 1.0) -> Typed:
        """Return a report in which every slip happens at so many times its rate."""
        typed = self.plain(person)
        for slip in SLIPS:
            if self.random.random() < slip.rate * times:
                typed = self._with(typed, slip, person)
        return typed

    def report_with(self, person: Known, slip: Slip) -> Typed | None:
        """Return a report with one slip and no other; None where it cannot happen to this person."""
        typed = self._with(self.plain(person, with_number=1.0 if slip in NUMBER_SLIPS else 0.0), slip, person)
        return typed if typed.slips else None

    def any_date(self) -> str:
        """Return some day of the year."""
        month = self.random.randrange(12)
        return f"{month + 1:02d}/{self.random.randrange(DAYS[month]) + 1:02d}"

    def namesakes_of(self, person: Known) -> list[Known]:
        """Return the people of somebody's first and last name."""
        return self._namesakes.get((person.first.lower(), person.last.lower()), [])

    def _with(self, typed: Typed, slip: Slip, person: Known) -> Typed:
        changed = slip.change(self, person, typed)
        return typed if changed is None or _same(changed, typed) else replace(changed, slips=(*typed.slips, slip.name))


def _same(one: Typed, other: Typed) -> bool:
    return replace(one, slips=()) == replace(other, slips=())


def _mistyped(random: Random, word: str) -> str:
    """Return a word with one letter missing, too many, wrong, or exchanged with the next."""
    places = [place for place, letter in enumerate(word) if letter.isalpha()]
    if len(places) < 3:
        return word
    place, kind = random.choice(places), random.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + random.choice(LETTERS) + word[place:]
    if kind == 2:
        return word[:place] + random.choice(LETTERS) + word[place + 1 :]
    return word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :]


def _middle_in_given(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    if not person.middle:
        return None
    middle = person.middle if maker.random.random() < 0.5 else f"{person.middle[0]}{maker.random.choice(('', '.'))}"
    return replace(typed, first=f"{typed.first} {middle}")


def _middle_for_given(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    return replace(typed, first=person.middle) if len(person.middle) > 1 else None


def _nickname(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    known = NICKNAMES.get(bare(person.first.split()[0]).lower())
    return replace(typed, first=maker.random.choice(known)) if known else None


def _degree(maker: Maker, person: Known, typed: Typed) -> Typed:
    degree = maker.random.choice((" MD", ", MD", ", M.D.", " M.D.", " DO", ", MD, PhD", " MD FACP", ", MBBS"))
    return replace(typed, last=typed.last + degree)


def _title(maker: Maker, person: Known, typed: Typed) -> Typed:
    return replace(typed, first=f"{maker.random.choice(('Dr.', 'Dr', 'Prof.'))} {typed.first}")


def _suffix_added(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    return None if person.suffix else replace(typed, last=typed.last + maker.random.choice((" Jr.", " Jr", ", III")))


def _own_suffix(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    return (
        replace(typed, last=f"{typed.last}{maker.random.choice((' ', ', '))}{person.suffix}") if person.suffix else None
    )


def _surname_typo(maker: Maker, person: Known, typed: Typed) -> Typed:
    return replace(typed, last=_mistyped(maker.random, typed.last))


def _given_typo(maker: Maker, person: Known, typed: Typed) -> Typed:
    return replace(typed, first=_mistyped(maker.random, typed.first))


def _initial(maker: Maker, person: Known, typed: Typed) -> Typed:
    return replace(typed, first=person.first[0] + maker.random.choice(("", ".")))


def _swapped(maker: Maker, person: Known, typed: Typed) -> Typed:
    return replace(typed, first=typed.last, last=typed.first)


def _other_name(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    return replace(typed, last=maker.random.choice(person.other_last_names)) if person.other_last_names else None


def _unknown_surname(maker: Maker, person: Known, typed: Typed) -> Typed:
    return replace(typed, last=maker.random.choice(maker.people).last)


def _double_punctuation(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    for there in ("-", " "):
        if there in person.last and not person.last.lower().startswith(PARTICLES):
            return replace(typed, last=person.last.replace(there, maker.random.choice((" ", "-", "")), 1))
    return None


def _half(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    parts = person.last.split("-")
    return replace(typed, last=maker.random.choice(parts)) if len(parts) == 2 and min(map(len, parts)) > 2 else None


def _apostrophe(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    return (
        replace(typed, last=person.last.replace("'", maker.random.choice(("", "’", " "))))
        if "'" in person.last
        else None
    )


def _particle(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    for particle in PARTICLES:
        if person.last.lower().startswith(f"{particle} "):
            rest = person.last[len(particle) + 1 :]
            joined = person.last[: len(particle)].replace(" ", "") + rest
            return replace(typed, last=maker.random.choice((rest, joined, joined.lower(), person.last.lower())))
    return None


def _accents_left_out(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    first, last = bare(typed.first), bare(typed.last)
    return replace(typed, first=first, last=last) if (first, last) != (typed.first, typed.last) else None


def _accents_put_in(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    first, last = ACCENTED.get(typed.first, typed.first), ACCENTED.get(typed.last, typed.last)
    return replace(typed, first=first, last=last) if (first, last) != (typed.first, typed.last) else None


def _transliterated(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    first = TRANSLITERATED.get(bare(typed.first).lower())
    last = TRANSLITERATED.get(bare(typed.last).lower())
    if not (first or last):
        return None
    return replace(
        typed,
        first=maker.random.choice(first) if first else typed.first,
        last=maker.random.choice(last) if last else typed.last,
    )


def _given_hyphen(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    for there in ("-", " "):
        if there in person.first:
            one, _, other = person.first.partition(there)
            return replace(
                typed, first=maker.random.choice((f"{one} {other}", f"{one}-{other}", one + other.lower(), one))
            )
    return None


def _case(maker: Maker, person: Known, typed: Typed) -> Typed:
    turned = maker.random.choice((str.upper, str.lower))
    return replace(typed, first=turned(typed.first), last=turned(typed.last))


def _date_digit(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    near = [date for date in sorted(near_dates(typed.date)) if not _is_exchanged(date, typed.date)]
    return replace(typed, date=maker.random.choice(near)) if near else None


def _date_exchanged(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    month, day = typed.date.split("/")
    return replace(typed, date=f"{day}/{month}") if int(day) <= 12 and day != month else None


def _date_wrong(maker: Maker, person: Known, typed: Typed) -> Typed:
    return replace(typed, date=maker.any_date())


def _state_wrong(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    others = [state for state in maker.states if state not in {state for state, _ in person.licences}]
    return replace(typed, state=maker.random.choice(others)) if others else None


def _zeros_lost(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    if typed.number is None or not typed.number.startswith("0") or not typed.number.isdigit():
        return None
    return replace(typed, number=typed.number.lstrip("0") or "0", was_number=True)


def _number_digit(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    places = [place for place, sign in enumerate(typed.number or "") if sign.isdigit()]
    if typed.number is None or not places:
        return None
    place = maker.random.choice(places)
    return replace(typed, number=typed.number[:place] + str(maker.random.randrange(10)) + typed.number[place + 1 :])


def _number_of_another(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    if typed.number is None:
        return None
    return replace(typed, number=maker.random.choice(maker.random.choice(maker.people).licences)[1])


def _number_of_namesake(maker: Maker, person: Known, typed: Typed) -> Typed | None:
    others = [other for other in maker.namesakes_of(person) if other.id != person.id]
    if typed.number is None or not others:
        return None
    state, number = maker.random.choice(maker.random.choice(others).licences)
    return replace(typed, number=number, state=state)


def bare(text: str) -> str:
    """Return a text without its accents, as a keyboard without them writes it."""
    text = text.translate(str.maketrans({"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ı": "i", "đ": "d", "Đ": "D"}))
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def _is_exchanged(one: str, other: str) -> bool:
    return one == f"{other[3:]}/{other[:2]}"


def near_dates(date: str) -> set[str]:
    """Return the days that differ from one in a digit, or have month and day exchanged."""
    days = {
        changed
        for place in (0, 1, 3, 4)
        for digit in "0123456789"
        if is_day(changed := date[:place] + digit + date[place + 1 :]) and changed != date
    }
    exchanged = f"{date[3:]}/{date[:2]}"
    return days | {exchanged} - {date} if is_day(exchanged) else days


def is_day(date: str) -> bool:
    """Whether a text MM/DD is a day of some year."""
    month, day = int(date[:2]), int(date[3:])
    return 1 <= month <= 12 and 1 <= day <= DAYS[month - 1]


ASSUMED = "assumption"
SLIPS: tuple[Slip, ...] = tuple(
    Slip(name=name, rate=rate, source=source, change=change)
    for name, rate, source, change in (
        ("middle name in the given field", 0.08, f"{ASSUMED}; Just: differs most often", _middle_in_given),
        ("called by the middle name", 0.004, ASSUMED, _middle_for_given),
        ("nickname", 0.04, f"{ASSUMED}; NDH: 2.1 % differ altogether", _nickname),
        ("other name on file", 0.10, f"{ASSUMED}; NDH: 2.1 % differ altogether", _other_name),
        ("surname nobody knows", 0.0025, f"{ASSUMED}: 0.6 % of women", _unknown_surname),
        ("punctuation of a double name", 0.30, f"{ASSUMED}; NDH: 0.4 % of all differ so", _double_punctuation),
        ("half of a double name", 0.15, ASSUMED, _half),
        ("apostrophe", 0.30, f"{ASSUMED}; NDH: 0.4 % of all differ so", _apostrophe),
        ("particle", 0.20, ASSUMED, _particle),
        ("hyphen of a given name", 0.30, ASSUMED, _given_hyphen),
        ("transliterated otherwise", 0.15, ASSUMED, _transliterated),
        ("initial only", 0.01, ASSUMED, _initial),
        ("surname mistyped", 0.015, "NDH: 2.6 % differ in a few letters", _surname_typo),
        ("given name mistyped", 0.012, "NDH: 2.6 % differ in a few letters", _given_typo),
        ("names swapped", 0.005, f"{ASSUMED}; Just: among the mismatches", _swapped),
        ("accents left out", 0.50, ASSUMED, _accents_left_out),
        ("accents put in", 0.10, ASSUMED, _accents_put_in),
        ("degree in the surname", 0.03, f"{ASSUMED}; 10 of 35 misses of a trial", _degree),
        ("title in the given name", 0.005, ASSUMED, _title),
        ("own suffix", 0.40, ASSUMED, _own_suffix),
        ("suffix added", 0.002, ASSUMED, _suffix_added),
        ("capitals or none", 0.10, ASSUMED, _case),
        ("digit of the date", 0.01, f"{ASSUMED}; Hagger-Johnson: 0.11 %", _date_digit),
        ("month and day exchanged", 0.005, ASSUMED, _date_exchanged),
        ("date wholly wrong", 0.003, ASSUMED, _date_wrong),
        ("state not held", 0.015, ASSUMED, _state_wrong),
        ("zeros of the number lost", 0.50, f"{ASSUMED}: spreadsheets lose them", _zeros_lost),
        ("digit of the number", 0.007, ASSUMED, _number_digit),
        ("number of somebody else", 0.003, ASSUMED, _number_of_another),
        ("number of a namesake", 0.002, ASSUMED, _number_of_namesake),
    )
)  # fmt: skip
NUMBER_SLIPS = tuple(slip for slip in SLIPS if "number" in slip.name)
