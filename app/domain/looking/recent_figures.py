"""What a provider submitted lately: lines by day and status, and the figures of the year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from app.domain.credits import CreditStatus

WEEKS = 26
"""Weeks that are counted, this one among them; a week begins on Monday."""
MOST_RECORDS = 20_000
"""Of so many records submitted lately, figures are still counted whenever they are asked for."""


class DayCount(msgspec.Struct, frozen=True):
    """Lines submitted on a day in UTC that stand so now."""

    day: date
    status: CreditStatus
    lines: int


class YearFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What was submitted in a year, and stands."""

    records: int
    persons: int
    late: int
    """Records submitted more than 30 days after their completion."""
    quarters: int
    """CME; of a record it counts once, however many states it went to."""


class RecentFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What was submitted lately."""

    year: YearFigures
    days: Sequence[DayCount]

    def weeks(self, today: date) -> list[tuple[date, dict[CreditStatus, int]]]:
        """Return the lines of each week by status, under its Monday, the oldest first."""
        first = first_week(today)
        counted: dict[date, dict[CreditStatus, int]] = {first + timedelta(weeks=n): {} for n in range(WEEKS)}
        for found in self.days:
            week = counted.get(monday_of(found.day))
            if week is not None:
                week[found.status] = week.get(found.status, 0) + found.lines
        return list(counted.items())


def monday_of(day: date) -> date:
    """Return the Monday on which the week of a day begins."""
    return day - timedelta(days=day.weekday())


def first_week(today: date) -> date:
    """Return the Monday of the first week that is counted."""
    return monday_of(today) - timedelta(weeks=WEEKS - 1)
