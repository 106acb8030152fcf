"""The accreditor's yearly closing: the day by which the activities that ended in a year are to be closed."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

NEAR = timedelta(days=60)
"""How long before its day a closing is told."""
_ANY_YEAR = 2001
"""A common year: a day that is not in every year can be no closing."""


class YearlyClosing(msgspec.Struct, frozen=True, kw_only=True):
    """The day of the next year by which the activities of a year are to be closed."""

    month: int
    day: int

    def of_year(self, year: int) -> date:
        """Return the day by which the activities that ended in a year are to be closed."""
        return date(year + 1, self.month, self.day)

    def latest_passed(self, today: date) -> int:
        """Return the last year whose day has passed."""
        return today.year - 1 if self.of_year(today.year - 1) < today else today.year - 2

    def years_told(self, today: date) -> tuple[int, int]:
        """Return the last year whose day has passed, and the last one whose day has passed or is near."""
        passed = self.latest_passed(today)
        return passed, passed + 1 if self.of_year(passed + 1) - today <= NEAR else passed


class ClosingTold(msgspec.Struct, frozen=True, kw_only=True):
    """How many activities that are to be closed are near the day of their year, or behind it."""

    passed: int
    """Of years whose day has passed."""
    near: int
    near_by: date
    """The day of the year that is near."""

    def in_words(self) -> str:
        """Return it as sentences; empty where there is none."""
        told = []
        if self.passed:
            told.append(f"For {_count(self.passed)} the yearly closing has passed.")
        if self.near:
            told.append(f"{_count(self.near)} to be closed by {self.near_by:%m/%d/%Y}.")
        return " ".join(told)


def _count(number: int) -> str:
    return f"{number:,} of them"


def read_yearly_closing(text: str) -> YearlyClosing | None:
    """Read `MM-DD`, None for an empty text; raises `ValueError` for what is no day of every year."""
    if not text.strip():
        return None
    month, _, day = text.strip().partition("-")
    known = date(_ANY_YEAR, int(month), int(day))
    return YearlyClosing(month=known.month, day=known.day)


def close_by(closing: YearlyClosing | None, end: object) -> date | None:
    """Return the day by which an activity is to be closed, given its last day."""
    return closing.of_year(end.year) if closing is not None and isinstance(end, date) else None
