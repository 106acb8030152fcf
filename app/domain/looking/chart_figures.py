"""What charts are drawn of: records of each month, how fast boards answer, learners of each session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

MOST_READ = 20_000
"""Records of a provider, the newest first, that one chart reads."""
MOST_ANSWERED = 2_000
"""Accepted, and as many rejected credits of a provider, the newest first, whose answers are looked up."""
MONTHS = 12
"""Months that are shown where no year is asked for, this one among them."""


class MonthCount(msgspec.Struct, frozen=True, kw_only=True):
    """Records that were completed in a month, and stand."""

    month: date
    """Its first day."""
    records: int
    late: int
    """Those submitted more than 30 days after their completion."""


class AnswerTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long boards took to answer, from the event that told them of a credit."""

    hours: Mapping[int, int]
    """Answers by whole hours, in order."""
    since: datetime
    """When the first of the credits was told of."""
    until: datetime
    """When the last of them was."""

    @property
    def answers(self) -> int:
        """How many answers were looked at."""
        return sum(self.hours.values())

    @property
    def median(self) -> int:
        """The hours within which half of the answers came."""
        seen = 0
        for hours, answers in self.hours.items():
            seen += answers
            if 2 * seen >= self.answers:
                return hours
        raise ValueError("There are no answers.")

    def within(self, hours: int) -> int:
        """Return how many answers came before so many hours were over."""
        return sum(answers for taken, answers in self.hours.items() if taken < hours)


class SessionCount(msgspec.Struct, frozen=True, kw_only=True):
    """Learners who completed an activity on a day."""

    day: date
    learners: int
