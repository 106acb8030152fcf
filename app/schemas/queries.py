"""Queries of lists: a filter is named here, and read where its list is selected in `app/store`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

from app.core.http.pagination import DEFAULT_LIMIT, MAX_LIMIT, CountedQuery, SortedQuery, sort_field
from app.core.whole_numbers import Whole
from app.domain.activities import ActivityStatus
from app.domain.batches import EntryMethod
from app.domain.choices import Providership
from app.domain.credits import CreditKind, CreditStatus
from app.domain.parsing import plain_text, read_date
from app.schemas.base import Day

Text = Annotated[str, Field(max_length=200)]
Texts = Annotated[list[Annotated[str, Field(max_length=200), AfterValidator(plain_text)]], Field(max_length=100)]
"""Codes, names and ids, read in their normal form."""
OwnIds = Annotated[list[Text], Field(max_length=100)]
"""Ids of the sender's own: of two that are alike, each is found by its spelling."""
T = TypeVar("T")
Each = Annotated[list[T], AfterValidator(lambda values: list(dict.fromkeys(values)))]
"""Values of a closed list: one that stands there thousands of times is looked for once."""
References = Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=100)]

_INSTANT = re.compile(r"\A\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)


def _day_or_instant(value: Any) -> Any:
    """Read a date, or an instant of RFC 3339 with its offset."""
    if not isinstance(value, str):
        return value
    day = read_date(value)
    if isinstance(day, date):
        return day
    found = _instant(value)
    if found is None:
        raise ValueError("a date is written YYYY-MM-DD, an instant YYYY-MM-DDThh:mm:ssZ")
    return found


def _instant(text: str) -> datetime | None:
    """Read an instant of RFC 3339 with its offset; None for anything else."""
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC) if _INSTANT.match(text) else None
    except (ValueError, OverflowError):
        return None


def read_moment(value: Any) -> Any:
    """Read an instant of a body; raises `ValueError` for a text that is none."""
    if not isinstance(value, str):
        return value
    found = _instant(value)
    if found is None:
        raise ValueError("an instant is written YYYY-MM-DDThh:mm:ssZ")
    return found


DAY_OR_INSTANT = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([Tt]([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$"
)
DayOrInstant = Annotated[
    date | datetime,
    BeforeValidator(_day_or_instant),
    # A choice of two formats makes generated clients throw, or send a class of their own: it is one text to them.
    WithJsonSchema({"type": "string", "pattern": DAY_OR_INSTANT}),
]
"""A date, meaning the whole day in UTC, or an instant."""


def since(what: str) -> Any:
    """Describe the lower end of a span of instants."""
    return Field(description=f"{what} at or after this instant; a date means from its beginning in UTC.")


def until(what: str) -> Any:
    """Describe the upper end of a span of instants."""
    return Field(description=f"{what} at or before this instant; a date means until its end in UTC.")


_ONE_CREDIT = (
    "With `board`, `kind`, `status`, `credit_type`, `state` and `client_reference`, of one and the same credit."
)
_COMPLETION_SORTS = ("completed_on", "submitted_at", "updated_at", "last_name", "first_name", "activity_id")
_ACTIVITY_SORTS = ("title", "start_date", "end_date", "updated_at", "created_at", "activity_id")


class CompletionFilters(SortedQuery):
    """The filters of lists of completions and of their credit lines."""

    q: Annotated[
        Text | None,
        Field(
            description="Words, separated by white space; each must fit somewhere in the completion. A word fits when "
            "the first or last name begins with it (case, accents and punctuation aside; a name of several words "
            "is compared as one), or when it is exactly the activity id, the completion id, the `learner_board_id` "
            "or a `client_reference` of one of its credits."
        ),
    ] = None
    completion_id: Texts = []
    activity_id: Texts = []
    first_name: Annotated[Texts, Field(description="The whole name; case, accents and punctuation aside.")] = []
    last_name: Annotated[Texts, Field(description="The whole name; case, accents and punctuation aside.")] = []
    board: Annotated[Texts, Field(description=f"Code or name of a board. {_ONE_CREDIT}")] = []
    kind: Each[CreditKind] = []
    status: Each[CreditStatus] = []
    completed_from: Day | None = None
    completed_to: Day | None = None
    submitted_from: Annotated[DayOrInstant | None, since("Submitted")] = None
    submitted_to: Annotated[DayOrInstant | None, until("Submitted")] = None
    updated_from: Annotated[DayOrInstant | None, since("Changed")] = None
    activity_format: Annotated[Texts, Field(description="Code or name of the activity's format.")] = []
    mips: Annotated[bool | None, Field(description="Whether the activity is flagged for MIPS.")] = None
    rems: Annotated[bool | None, Field(description="Whether the activity belongs to a REMS programme.")] = None
    credit_type: Annotated[
        Texts, Field(description="A credit type or special credit, by any of the names its board takes.")
    ] = []
    entry_method: Each[EntryMethod] = []
    state: Annotated[
        Texts, Field(description="State of the licensing board: two letters, full name, or a board's code.")
    ] = []
    learner_id: Texts = []
    client_reference: References = []
    batch_id: Texts = []


class CompletionQuery(CompletionFilters, CountedQuery):
    """Which completions to list. Repeated parameters mean any of their values; different ones must all fit."""

    sort_names: ClassVar[tuple[str, ...]] = _COMPLETION_SORTS
    sort: Annotated[
        str | None,
        sort_field(
            _COMPLETION_SORTS,
            default="newest first",
            note=" `last_name` alone is followed by `first_name`; names are ordered as they are compared: "
            "without case, accents and punctuation.",
        ),
    ] = None


class ActivityQuery(CountedQuery):
    """Which activities to list. Repeated parameters mean any of their values; different ones must all fit."""

    q: Annotated[
        Text | None,
        Field(
            description="Words, separated by white space; each must fit: it stands anywhere in the title (case "
            "and accents aside), or is exactly the internal id or the activity id. An internal id with spaces is found "
            "when it is all that is asked for."
        ),
    ] = None
    internal_id: OwnIds = []
    activity_format: Annotated[Texts, Field(description="Code or name of the format.")] = []
    board: Annotated[Texts, Field(description="Code or name of a board the activity is registered for.")] = []
    starts_from: Day | None = None
    starts_to: Day | None = None
    ends_from: Day | None = None
    ends_to: Day | None = None
    mips: Annotated[bool | None, Field(description="Whether the activity is flagged for MIPS.")] = None
    rems: Annotated[bool | None, Field(description="Whether the activity belongs to a REMS programme.")] = None
    moc: Annotated[bool | None, Field(description="Whether the activity is registered for a certifying board.")] = None
    activity_status: Annotated[Each[ActivityStatus], Field(description="The activity's status today.")] = []
    updated_from: Annotated[DayOrInstant | None, since("Changed")] = None
    providership: Each[Providership] = []
    sort_names: ClassVar[tuple[str, ...]] = _ACTIVITY_SORTS
    sort: Annotated[str | None, sort_field(_ACTIVITY_SORTS, default="by id")] = None


class FollowQuery(BaseModel):
    """Where to go on in a feed, and how far."""

    after: Annotated[str | None, Field(max_length=2_000, description="The `next_cursor` of the answer before.")] = None
    limit: Annotated[
        int, Field(ge=1, description=f"Events an answer; more than {MAX_LIMIT} are lowered to that."), Whole
    ] = DEFAULT_LIMIT

    @property
    def size(self) -> int:
        """The most events that the answer may have."""
        return min(self.limit, MAX_LIMIT)


class EventQuery(FollowQuery):
    """Where to go on in the events, and how far."""

    after: Annotated[
        str | None,
        Field(
            max_length=2_000,
            description="The `next_cursor` of the answer before. Without it, events are read from the first on; `now` "
            "gives none, and the cursor after all there are.",
        ),
    ] = None
