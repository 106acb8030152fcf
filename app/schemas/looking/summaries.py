"""Summaries of activities, as they are answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from pydantic import Field

from app.core.http.pagination import MOST_COUNTED
from app.domain.activities import ActivityStatus
from app.domain.amounts import in_credits
from app.domain.credits import CreditKind
from app.domain.looking.activity_counts import ActivitySummary, BoardCounts, LineCounts
from app.domain.looking.facets import SummaryFacet
from app.schemas.base import Example, Out
from app.schemas.looking.credit_lines import FacetValueOut

_COUNTED: Example = {"learners_accepted": 128, "learners_rejected": 3, "learners_pending": 11, "credits": 278.5}


class SummedActivityOut(Out):
    """The activity of a summary, in short."""

    example: ClassVar[Example] = {
        "status": "active", "format": "regularly-scheduled-series", "internal_id": "Ex2-1",
        "start_date": "2021-01-17", "end_date": "2021-12-17", "ama_pra_credits": 52, "providership": "direct",
        "boards": ["ABA"],
    }  # fmt: skip

    activity_id: str
    title: str
    format: str
    internal_id: str | None
    status: ActivityStatus
    start_date: date
    end_date: date
    ama_pra_credits: float | None
    providership: str | None
    boards: list[str] = Field(description="Certifying boards that the activity is registered for.")
    mips: bool | None
    rems: bool = Field(description="Whether it belongs to a REMS programme.")


class SummedProviderOut(Out):
    """The provider of a summary."""

    example: ClassVar[Example] = {"name": "Western Regional Medical Center"}

    provider_id: str
    name: str


class LineCountsOut(Out):
    """Credit lines by status. A learner is counted once for each credit and board."""

    learners_accepted: int
    learners_rejected: int
    learners_pending: int
    credits: float = Field(description="Credit of the lines that are accepted or pending.")


class BoardCountsOut(LineCountsOut):
    """The lines of one board."""

    example: ClassVar[Example] = {**_COUNTED, "kind": "moc"}

    board: str
    kind: CreditKind


class ActivitySummaryOut(LineCountsOut):
    """An activity with the counts of its credit lines, of all or of those that the filters keep."""

    example: ClassVar[Example] = {**_COUNTED, "persons": 74}

    activity: SummedActivityOut
    provider: SummedProviderOut
    persons: int | None = Field(
        description="Learners who have such a line; where no filter narrows the lines, who have a completion. null "
        "under `entry_method` when more than 20,000 records have it: they are not counted."
    )

    @classmethod
    def fields_of(cls, summary: ActivitySummary, today: date) -> dict[str, Any]:
        """Return the fields of a summary, with the activity's status today."""
        activity = summary.activity
        return {
            "activity": {
                "activity_id": activity.activity_id,
                "title": activity.title,
                "format": activity.format,
                "internal_id": activity.internal_id,
                "status": activity.status(today),
                "start_date": activity.start_date,
                "end_date": activity.end_date,
                "ama_pra_credits": activity.ama_pra_credits,
                "providership": activity.providership,
                "boards": [registration.board for registration in activity.registrations],
                "mips": activity.mips,
                "rems": activity.rems is not None,
            },
            "provider": {"provider_id": activity.provider_id, "name": summary.provider_name},
            **_fields_of(summary.counts),
            "persons": summary.persons,
        }

    @classmethod
    def of(cls, summary: ActivitySummary, today: date) -> ActivitySummaryOut:
        """Show a summary."""
        return cls.model_validate(cls.fields_of(summary, today))


class ActivitySummaryByBoardOut(ActivitySummaryOut):
    """An activity with the counts of its credit lines, together and by board."""

    example: ClassVar[Example] = {**_COUNTED, "persons": 74}

    by_board: list[BoardCountsOut]

    @classmethod
    def by_boards(
        cls, summary: ActivitySummary, boards: Sequence[BoardCounts], today: date
    ) -> ActivitySummaryByBoardOut:
        """Show a summary with what it consists of."""
        each = [{"board": board.board, "kind": board.kind, **_fields_of(board.counts)} for board in boards]
        return cls.model_validate(cls.fields_of(summary, today) | {"by_board": each})


def _fields_of(counts: LineCounts) -> dict[str, Any]:
    return {
        "learners_accepted": counts.accepted,
        "learners_rejected": counts.rejected,
        "learners_pending": counts.pending,
        "credits": in_credits(counts.quarters),
    }


class SummaryFacetOut(Out):
    """The values of a filter that activities have; the most come first."""

    facet: SummaryFacet
    values: list[FacetValueOut]


class ActivitySummaryPage(Out):
    """A page of summaries."""

    data: list[ActivitySummaryOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")
    total: int | None = Field(description="Number of rows on all pages, with `include=total`.")
    total_capped: bool | None = Field(description="Whether there are more than `total`; counting stops there.")
    facets: list[SummaryFacetOut] | None = Field(
        description="With `include=facets`: for each of these filters its values, with the number of activities that "
        "fit all other filters. Null where too many would have to be counted; then `facets_capped` is true."
    )
    facets_capped: bool | None = Field(
        description=f"Whether more than {MOST_COUNTED} activities fit the filters that are no facets."
    )

    @staticmethod
    def facets_of(counted: Mapping[SummaryFacet, Mapping[str, int]] | None) -> list[SummaryFacetOut] | None:
        """Show facets."""
        if counted is None:
            return None
        return [
            SummaryFacetOut(
                facet=facet, values=[FacetValueOut(value=value, count=count) for value, count in values.items()]
            )
            for facet, values in counted.items()
        ]
