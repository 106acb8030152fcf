"""Parsing of dates, birth dates and ids that every door shares.

A door never refuses a value that a rule judges. It passes on `Unparsed` with the text it could not
read, and the rule reports it together with every other finding.
"""

from __future__ import annotations

import calendar
import re
from datetime import date

import msgspec


class Unparsed(msgspec.Struct, frozen=True):
    """A value that could not be parsed."""

    text: str


class MonthDay(msgspec.Struct, frozen=True, order=True):
    """A birth date as the registry stores it: month and day, never a year."""

    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.month:02d}/{self.day:02d}"


_ISO_DATE = re.compile(r"\A(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
_MONTH_DAY = re.compile(r"\A(\d{1,2})[/-](\d{1,2})\Z", re.ASCII)
_MONTH_DAY_YEAR = re.compile(r"\A(\d{1,2})/(\d{1,2})/(?:\d{4}|\d{2})\Z", re.ASCII)
_YEAR_MONTH_DAY = re.compile(r"\A(?:\d{4}|-)-(\d{2})-(\d{2})\Z", re.ASCII)
_ACTIVITY_ID = re.compile(r"\A\d{9}\Z", re.ASCII)

LEAP_YEAR = 2000


def text_or_none(text: str | None) -> str | None:
    """Return the text stripped, or None if it is blank."""
    if text is None:
        return None
    return text.strip() or None


def read_date(text: str | None) -> date | Unparsed | None:
    """Parse `YYYY-MM-DD` in ASCII digits; anything else is `Unparsed`."""
    given = text_or_none(text)
    if given is None:
        return None
    parts = _ISO_DATE.match(given)
    if parts is None:
        return Unparsed(given)
    try:
        return date(*(int(part) for part in parts.groups()))
    except ValueError:
        return Unparsed(given)


def read_month_day(text: str | None) -> MonthDay | Unparsed | None:
    """Parse a birth date as `MM/DD`, `M/D`, `MM-DD`, `--MM-DD` or a full date, dropping the year."""
    given = text_or_none(text)
    if given is None:
        return None
    for form in (_MONTH_DAY, _MONTH_DAY_YEAR, _YEAR_MONTH_DAY):
        parts = form.match(given)
        if parts is not None:
            return month_day(int(parts[1]), int(parts[2])) or Unparsed(given)
    return Unparsed(given)


def month_day(month: int, day: int) -> MonthDay | None:
    """Return the month and day, or None if no year has such a day (02/29 exists)."""
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(LEAP_YEAR, month)[1]:
        return None
    return MonthDay(month, day)


def is_activity_id(text: str) -> bool:
    """Return True if the text has the form of an activity id: nine ASCII digits."""
    return _ACTIVITY_ID.match(text) is not None


def is_npi(text: str) -> bool:
    """Return True if the text is an NPI: ten digits from 1 or 2, Luhn check digit over prefix 80840.

    Source: CMS, requirements for the National Provider Identifier check digit.
    """
    if len(text) != 10 or not text.isascii() or not text.isdigit() or text[0] not in "12":
        return False
    return luhn_sum("80840" + text) % 10 == 0


def luhn_sum(digits: str) -> int:
    """Return the Luhn sum of decimal digits, the last of them being the check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total
