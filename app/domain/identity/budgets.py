"""The budgets against guessing birth dates: what is asked, and whose budget is spent.

Names, NPIs and licences are public; the birth date, one of 366, is the one secret. See docs/matching.md.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import msgspec

from app.domain.identity.matches import Result

PERSON_DATES = 5
"""Distinct birth dates that may lead to nobody for one person: 1.4 % of all."""
UNDATED_DATES = 2
"""Distinct birth dates that find somebody by a number who has none on file: each tells that no namesake has it."""
PERSON_WITHIN = timedelta(days=30)
CLIENT_DATES = 200
"""Questions about people on file that may lead to nobody for one client: 40 persons' budgets, a day's honest slips."""
CLIENT_SHARE = 10
"""One more for so many people that the client has found: three times as many as honest senders mistype."""
CLIENT_WITHIN = timedelta(hours=24)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A birth date that was asked about, and where it led; only such as could tell something to who asks."""

    provider_id: str
    client_id: str
    birth_date: str
    """MM/DD."""
    led_to: Result
    persons: tuple[str, ...]
    """Physicians: those found; where nobody was, all who would have been by their own birth date.

    Those are left out whom the provider has found before.
    """
    undated: bool = False
    """Whether who was found has no birth date on file: then the answer says of namesakes that none has this one."""
    nobody: str = ""
    """Keyed digest of what was asked beside the date; counted where no person on file could be meant."""


class BudgetKind(enum.StrEnum):
    """Whose budget is spent."""

    PERSON = "person"
    """A physician about whom too many birth dates were tried."""
    CLIENT = "client"
    """A client whose questions too often led to nobody."""


class SpentBudget(msgspec.Struct, frozen=True, kw_only=True):
    """A budget that is spent, as the operator sees it."""

    budget_id: str
    kind: BudgetKind
    subject: str
    """A physician's id, or a client's."""
    spent_at: datetime
    refused: int
    """How many answers were refused since."""
    refused_at: datetime | None
    """When the last of them was."""
