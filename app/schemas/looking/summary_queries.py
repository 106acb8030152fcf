"""The query of summaries: a filter is named here, and read where the summaries are selected in `app/store/looking`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from app.core.http.pagination import FacetedQuery, sort_field
from app.domain.activities import ActivityStatus
from app.domain.batches import EntryMethod
from app.domain.choices import OutcomeMeasured, Providership
from app.domain.credits import CreditKind, CreditStatus
from app.schemas.base import Day
from app.schemas.queries import DayOrInstant, Each, Text, Texts, since, until

_LINES = "Keeps the activities with such a credit line, and counts those lines only."
_SORTS = (
    "learners_accepted", "learners_rejected", "learners_pending", "persons", "credits", "title", "format",
    "internal_id", "start_date", "end_date", "activity_id",
)  # fmt: skip


class SummaryQuery(FacetedQuery):
    """Which activities to sum up. Repeated parameters mean any of their values; different ones must all fit."""

    q: Annotated[
        Text | None,
        Field(
            description="Words, separated by white space; each must fit: it stands anywhere in the title (case and "
            "accents aside), or is exactly the internal id or the activity id."
        ),
    ] = None
    activity_format: Annotated[Texts, Field(description="Code or name of the format.")] = []
    providership: Each[Providership] = []
    joint_provider: Annotated[
        Texts, Field(description="Name of a joint provider of the activity; case and accents aside.")
    ] = []
    moc: Annotated[bool | None, Field(description="Whether the activity is registered for a certifying board.")] = None
    mips: Annotated[bool | None, Field(description="Whether the activity is flagged for MIPS.")] = None
    rems: Annotated[bool | None, Field(description="Whether the activity belongs to a REMS programme.")] = None
    interprofessional: Annotated[
        bool | None, Field(description="Whether the activity is interprofessional education (IPCE).")
    ] = None
    activity_status: Annotated[Each[ActivityStatus], Field(description="The activity's status today.")] = []
    activity_from: Annotated[Day | None, Field(description="The activity ends on this day or later.")] = None
    activity_to: Annotated[Day | None, Field(description="The activity starts on this day or before.")] = None
    outcome: Annotated[Each[OutcomeMeasured], Field(description="A change that the activity measured.")] = []
    state: Annotated[
        Texts, Field(description="State where the activity takes place: two letters or name, or as it was sent.")
    ] = []
    city: Annotated[Texts, Field(description="City where the activity takes place; case and accents aside.")] = []
    country: Annotated[Texts, Field(description="Country where it takes place, as it was sent.")] = []
    practice_area: Annotated[
        Texts,
        Field(description="Practice area of the activity or of one of its registrations; case and accents aside."),
    ] = []
    submitted_from: Annotated[DayOrInstant | None, since(f"{_LINES} Submitted")] = None
    submitted_to: Annotated[DayOrInstant | None, until(f"{_LINES} Submitted")] = None
    completed_from: Annotated[Day | None, Field(description=f"{_LINES} Completed on this day or later.")] = None
    completed_to: Annotated[Day | None, Field(description=f"{_LINES} Completed on this day or before.")] = None
    board: Annotated[Texts, Field(description=f"{_LINES} Code or name of the line's board.")] = []
    kind: Annotated[Each[CreditKind], Field(description=_LINES)] = []
    status: Annotated[
        Each[CreditStatus], Field(description=f"{_LINES} Withdrawn credit is no line: `withdrawn` finds nothing.")
    ] = []
    entry_method: Annotated[Each[EntryMethod], Field(description=_LINES)] = []
    credit_type: Annotated[
        Texts,
        Field(description=f"{_LINES} A credit type or special credit, by any of the names its board takes."),
    ] = []
    sort_names: ClassVar[tuple[str, ...]] = _SORTS
    sort: Annotated[str | None, sort_field(_SORTS, default="most accepted lines first")] = None
