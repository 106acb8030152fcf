"""Rules about rows of a board's roster: they see the row alone, never what the registry holds.

To add one: a generator function over a `RosterCase`, declared for `Scope.ROSTER` alone. What a row contradicts on file
is found where it is placed, and stated in `enforced_elsewhere.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import msgspec

from app.domain.findings import Finding
from app.domain.identity.comparison_keys import damage_of, full_name_key, id_key
from app.domain.identity.name_words import SUFFIXES
from app.domain.identity.rosters import RosterRow
from app.domain.parsing import Unparsed, describe_day, describe_month_day, is_damaged_number, is_npi
from app.domain.people.persons import read_address
from app.rules.engine import ROSTER_RULES, Fault, Scope, ask, rule, select
from app.rules.record import NOTHING_GUESSED
from app.rules.slips import NameSlip, how_to_give_names, name_slips

_ROSTER = "a board says who its own diplomates or licensees are"
_REFUSED_SLIPS = frozenset((NameSlip.DEGREE, NameSlip.TITLE, NameSlip.SUFFIX, NameSlip.MAIL, NameSlip.NUMBER))
"""What would stand in the registry as a part of the name; what may be a name is left alone."""
_LATEST_START_YEARS, _LATEST_END_YEARS, _NO_END = 1, 25, 2100
"""Years ahead within which a date is believed; programs write years from 2100 on where nothing ends."""


class RosterCase(msgspec.Struct, frozen=True, kw_only=True):
    """A row before the rules, with the day on which it is judged."""

    row: RosterRow
    today: date


@rule("name-required", Scope.ROSTER, source=_ROSTER)
def roster_name_required(case: RosterCase) -> Iterator[Fault]:
    """A row of a roster gives first and last name."""
    for field, given in (("first_name", case.row.first_name), ("last_name", case.row.last_name)):
        if not given:
            yield Fault(
                f"/{field}",
                f"The {field.replace('_', ' ')} is missing.",
                how_to_give_names(case.row.first_name, case.row.last_name),
            )
    both = case.row.first_name and case.row.last_name
    if both and full_name_key(case.row.first_name, case.row.last_name) == ("", ""):
        yield Fault("/last_name", "No name is given.", "Give the name as on the licence or certificate.")


@rule("name-legible", Scope.ROSTER, source=NOTHING_GUESSED)
def roster_name_legible(case: RosterCase) -> Iterator[Fault]:
    """A name of a roster can be read: no letter is lost, escaped, misread or of another alphabet."""
    for pointer, name in _names(case.row):
        damage = damage_of(name)
        if damage is not None:
            yield Fault(pointer, f"The {_field(pointer)} {damage.detail}.", damage.hint)


@rule("roster-name", Scope.ROSTER, source=_ROSTER)
def roster_name(case: RosterCase) -> Iterator[Fault]:
    """A name of a roster is the name alone: degrees and titles are left out, suffixes have their own column."""
    for pointer, name in _names(case.row):
        for slip in name_slips(name):
            if slip in _REFUSED_SLIPS:
                hint = (
                    "Put suffixes such as Jr. or III into the column Suffix."
                    if slip is NameSlip.SUFFIX
                    else "Leave out whatever is no part of the name."
                )
                yield Fault(pointer, slip.value.partition(":")[0].format(field=_field(pointer)).rstrip(".") + ".", hint)
    suffix = case.row.suffix
    if suffix and re.sub(r"[\W_]+", "", suffix.lower()) not in SUFFIXES:
        yield Fault("/suffix", "This suffix is not known.", "Give Jr., Sr., II, III or IV; degrees are left out.")


@rule("birth-date-valid", Scope.ROSTER, source=_ROSTER)
def roster_birth_date_valid(case: RosterCase) -> Iterator[Fault]:
    """A birth date of a roster, where given, is a real month and day; 02/29 is one."""
    born = case.row.birth_date
    if isinstance(born, Unparsed):
        yield Fault("/date_of_birth", describe_month_day(born.text), "Give MM/DD, for example 03/14.")


@rule("npi-valid", Scope.ROSTER, source="CMS, National Provider Identifier check digit")
def roster_npi_valid(case: RosterCase) -> Iterator[Fault]:
    """An NPI of a roster, where given, has ten digits beginning with 1 or 2, and its check digit fits."""
    if case.row.npi is not None and not is_npi(case.row.npi):
        yield Fault("/npi", "Not a valid NPI.", "Check its ten digits, or leave it out.")


@rule("roster-email", Scope.ROSTER, source=_ROSTER)
def roster_email(case: RosterCase) -> Iterator[Fault]:
    """A mail address of a roster, where given, is one address."""
    if case.row.email is not None and read_address(case.row.email) is None:
        yield Fault("/email", "Not a mail address.", "Give one address, as name@example.org, or leave it out.")


@rule("roster-id", Scope.ROSTER, source=_ROSTER)
def roster_id(case: RosterCase) -> Iterator[Fault]:
    """A row of a roster gives the board's own number for the person, with all of its letters and digits."""
    given = case.row.board_id
    if not given:
        yield Fault("/board_id", "The board's own number is missing.", "Give the board ID or the licence number.")
    elif not id_key(given):
        yield Fault("/board_id", "This number has neither letters nor digits.", "Give the board ID or licence number.")
    elif is_damaged_number(given):
        yield Fault(
            "/board_id",
            "This number is an error of a spreadsheet, or has lost letters or digits: many may have the same.",
            "Format the column as text, and type the number again.",
        )
    elif is_npi(given) and given == case.row.npi:
        yield Fault(
            "/board_id", "The NPI stands in the place of the board's own number.", "Give the number of the board."
        )


@rule("roster-dates", Scope.ROSTER, source=_ROSTER)
def roster_dates(case: RosterCase) -> Iterator[Fault]:
    """Start and end of a roster are days, with the year in four digits, and the end is not before the start."""
    start, end = case.row.start_date, case.row.end_date
    for pointer, day, years in (
        ("/start_date", start, _LATEST_START_YEARS),
        ("/end_date", end, _LATEST_END_YEARS),
    ):
        if isinstance(day, Unparsed):
            yield Fault(pointer, describe_day(day.text), "Give a day, as YYYY-MM-DD.")
        elif day is not None and case.today.year + years < day.year < _NO_END:
            yield Fault(
                pointer,
                "This day is too far ahead: two digits of a year are read as 20YY.",
                "Give the year in four digits; leave out an end that is not known.",
            )
    if isinstance(start, date) and isinstance(end, date) and end < start:
        yield Fault("/end_date", "The end is before the start.", "Check both days.")


def _names(row: RosterRow) -> Iterator[tuple[str, str | None]]:
    yield "/first_name", row.first_name
    yield "/middle_name", row.middle_name
    yield "/last_name", row.last_name
    for place, other in enumerate(row.other_last_names):
        yield f"/other_last_names/{place}", other


def _field(pointer: str) -> str:
    return "other last name" if pointer.startswith("/other") else pointer[1:].replace("_", " ")


_SELECTION = select(ROSTER_RULES.values(), {Scope.ROSTER})


def judge_roster_row(row: RosterRow, today: date) -> tuple[Finding, ...]:
    """Return everything the rules have to say about a row, before it is compared with anybody on file."""
    return ask(_SELECTION, RosterCase(row=row, today=today))
