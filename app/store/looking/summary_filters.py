"""What a query of summaries asks for, with its names as what is stored."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from app.schemas.looking.queries import SummaryQuery


class Spelled(enum.Enum):
    """A field of free text, which a filter compares without case and accents."""

    JOINT_PROVIDER = "joint_providers"
    STATE = "state"
    CITY = "city"
    COUNTRY = "country"
    PRACTICE_AREA = "practice_areas"


class SummaryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A query of one provider's summaries, with its names as what is stored.

    `boards`, `formats` and `credit_types` are None where the query does not filter by them, and empty where none fits.
    A filter by kind is one by boards.
    """

    provider_id: str
    query: SummaryQuery
    today: date
    boards: Sequence[str] | None = None
    formats: Sequence[str] | None = None
    credit_types: Sequence[tuple[str | None, str]] | None = None
    spelled: Mapping[Spelled, Sequence[str]] = {}
    """The spellings that fit, of each field that the query filters by."""

    @property
    def narrows_lines(self) -> bool:
        """Whether not all lines of an activity are counted."""
        query = self.query
        return self.needs_rows or bool(self.boards is not None or query.status or query.entry_method)

    @property
    def needs_rows(self) -> bool:
        """Whether lines are narrowed by what no total is kept for."""
        query = self.query
        days = (query.completed_from, query.completed_to, query.submitted_from, query.submitted_to)
        return self.credit_types is not None or any(day is not None for day in days)
