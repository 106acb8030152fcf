"""Credit lines as they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar

from pydantic import Field

from app.core.http.pagination import MOST_COUNTED
from app.domain.batches import EntryMethod
from app.domain.looking.credit_lines import CreditLine
from app.domain.looking.facets import Facet
from app.schemas.base import Example, Out
from app.schemas.completion_records import CompletionOut, CreditOut, LearnerOut


class LineActivityOut(Out):
    """The activity of a line."""

    activity_id: str
    title: str
    internal_id: str | None
    format: str = Field(description="Code of the format.", examples=["regularly-scheduled-series"])


class CreditLineOut(CreditOut):
    """One credit of a standing completion, with who earned it, in which activity and when."""

    example: ClassVar[Example] = CreditOut.example

    completion_id: str
    completed_on: date
    submitted_at: datetime
    entry_method: EntryMethod
    learner: LearnerOut
    activity: LineActivityOut

    @classmethod
    def of(cls, line: CreditLine) -> CreditLineOut:
        """Show a line."""
        completion, activity = CompletionOut.fields_of(line.completion), line.activity
        shown = ("completion_id", "completed_on", "submitted_at", "entry_method", "learner")
        return cls.model_validate(
            CreditOut.fields_of(line.credit)
            | {name: completion[name] for name in shown}
            | {
                "activity": {
                    "activity_id": activity.activity_id,
                    "title": activity.title,
                    "internal_id": activity.internal_id,
                    "format": activity.format,
                }
            }
        )


class FacetValueOut(Out):
    """A value of a filter, with the rows that it would leave."""

    example: ClassVar[Example] = {"value": "TN-M", "count": 12}

    value: str
    count: int


class FacetOut(Out):
    """The values of a filter that have lines; the most come first."""

    facet: Facet
    values: list[FacetValueOut]


class CreditLinePage(Out):
    """A page of credit lines."""

    data: list[CreditLineOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")
    total: int | None = Field(description="Number of lines on all pages, with `include=total`.")
    total_capped: bool | None = Field(description="Whether there are more than `total`; counting stops there.")
    facets: list[FacetOut] | None = Field(
        description="With `include=facets`: for each filter its values with the number of lines that fit all other "
        "filters. Null where too many lines would have to be counted; then `facets_capped` is true. Credit that was "
        "withdrawn is in none."
    )
    facets_capped: bool | None = Field(
        description=f"Whether more than {MOST_COUNTED} lines fit the filters that are no facets."
    )

    @staticmethod
    def facets_of(counted: Mapping[Facet, Mapping[str, int]] | None) -> list[FacetOut] | None:
        """Show facets."""
        if counted is None:
            return None
        return [
            FacetOut(facet=facet, values=[FacetValueOut(value=value, count=count) for value, count in values.items()])
            for facet, values in counted.items()
        ]
