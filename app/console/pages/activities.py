"""The provider's activities: the list, and one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.console.activity_words import missing_inputs
from app.console.drawn_forms import DrawnForm, Said, said_of_findings, said_of_problem
from app.console.forms import BodyForm
from app.console.frame import page
from app.console.routes import PageRoute, SentFields
from app.console.visitors import Reader, Visitor
from app.core.errors import InvalidRequest, ParameterInvalid
from app.core.http.pagination import open_cursor, seal_cursor
from app.domain.activities import Activity, ActivityStatus, RegisteredActivity
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.looking.activity_counts import ActivitySummary, BoardCounts
from app.schemas.looking.summary_queries import SummaryQuery
from app.services.activities import lookup
from app.services.context import read_async
from app.services.looking import summaries

router = APIRouter(prefix="/p/{provider_id}/activities", route_class=PageRoute, include_in_schema=False)
LISTED = BodyForm(SummaryQuery, days=["/activity_from", "/activity_to"])
STATUSES = {
    ActivityStatus.DRAFT: ("draft", "Draft"),
    ActivityStatus.ACTIVE: ("active", "Active"),
    ActivityStatus.READY_TO_CLOSE: ("late", "Ready to close"),
    ActivityStatus.CLOSED: ("closed", "Closed"),
}
"""The drawing and the word of each status."""
SORTS = (
    ("-start_date", "Newest first"),
    ("start_date", "Oldest first"),
    ("title", "Title"),
    ("-persons", "Most learners"),
    ("-learners_rejected", "Most rejected credits"),
)
_FILTERS = {
    "activity_status": "Status",
    "activity_format": "Format",
    "moc": "For a certifying board",
    "activity_from": "Ends on or after",
    "activity_to": "Starts on or before",
}
_BOUND_TO = "console activities"


class ActivityListAddress(BaseModel):
    """The filters, order and page of the list as they stand in its address, blank where nothing was chosen."""

    q: list[str] = []
    activity_status: list[str] = []
    activity_format: list[str] = []
    moc: list[str] = []
    activity_from: list[str] = []
    activity_to: list[str] = []
    sort: list[str] = []
    limit: list[str] = []
    cursor: list[str] = []

    def filled(self) -> SentFields:
        """Return what was chosen."""
        given = {name: [text for text in texts if text.strip()] for name, texts in self}
        return {name: texts for name, texts in given.items() if texts}


class ListedActivity(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list."""

    activity: Activity
    status: tuple[str, str]
    persons: int | None
    rejected: int
    boards: str


class ActivitiesView(msgspec.Struct, frozen=True, kw_only=True):
    """What the list shows."""

    form: DrawnForm
    base: str
    rows: tuple[ListedActivity, ...]
    total: str
    chips: tuple[tuple[str, str, str], ...]
    clear: str
    newest: str
    older: str
    filtered: bool
    """Whether filters or words leave something out."""
    formats: tuple[tuple[str, str], ...] = tuple((known.code, known.name) for known in ACTIVITY_FORMATS)
    statuses: tuple[tuple[str, str], ...] = tuple((status.value, word) for status, (_, word) in STATUSES.items())
    sorts: tuple[tuple[str, str], ...] = SORTS


class ActivityView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of one activity shows."""

    base: str
    shown: RegisteredActivity
    status: tuple[str, str]
    missing: tuple[tuple[str, str], ...]
    """(what is missing, the address of its field)."""
    advice: tuple[Said, ...]
    persons: int | None
    boards: Sequence[BoardCounts]
    key: str = ""

    @property
    def activity(self) -> Activity:
        """The activity."""
        return self.shown.activity


@router.get("")
async def list_activities(
    request: Request, visitor: Reader, provider_id: str, sought: Annotated[ActivityListAddress, Query()]
) -> Response:
    """List the activities that fit the filters of the address."""
    base = f"{visitor.home}/activities"
    given = sought.filled()
    typed = LISTED.read({f"/{name}": values for name, values in ({"sort": ["-start_date"]} | given).items()})
    fields = {name.removeprefix("/"): values for name, values in typed.fields.items()}
    given.pop("cursor", None)
    try:
        asked = LISTED.validated(typed)
        wanted, after = open_cursor(visitor.service.keyring, asked, visitor.caller.bound_to(_BOUND_TO))
        counted = wanted.model_copy(update={"include": ["total"]})
        found = await read_async(visitor.caller, summaries.page, counted, after=after, limit=wanted.size + 1)
    except (InvalidRequest, ParameterInvalid) as problem:
        said = [_told_of(line) for line in said_of_problem(problem, typed.fields)]
        view = ActivitiesView(
            form=DrawnForm(fields, said), base=base, rows=(), total="", chips=(), clear=base, newest="", older="",
            filtered=True,
        )  # fmt: skip
        return page(request, visitor, "pages/activities/list.html", view, 422)
    rows = found.rows[: wanted.size]
    older = ""
    if len(found.rows) > len(rows):
        cursor = seal_cursor(visitor.service.keyring, wanted, rows[-1][0], visitor.caller.bound_to(_BOUND_TO))
        older = f"{base}?{_address_of(given | {'cursor': [cursor]})}"
    total = found.total
    view = ActivitiesView(
        form=DrawnForm(fields),
        base=base,
        rows=tuple(_row_of(summary, visitor) for _, summary in rows),
        total="" if total is None else f"about {total.count:,} or more" if total.capped else f"{total.count:,}",
        chips=tuple(_chips(base, given)),
        clear=f"{base}?{_address_of({name: given[name] for name in ('q', 'sort') if name in given})}",
        newest=f"{base}?{_address_of(given)}" if after is not None else "",
        older=older,
        filtered=bool(given.keys() - {"sort", "limit"}),
    )
    return page(request, visitor, "pages/activities/list.html", view)


def _told_of(line: Said) -> Said:
    return msgspec.structs.replace(line, pointer=line.pointer.removeprefix("/"))


def _address_of(fields: SentFields) -> str:
    return urlencode([(name, value) for name, values in fields.items() for value in values])


def _chips(base: str, given: SentFields) -> list[tuple[str, str, str]]:
    """Return the filters that are on, each with the address without it."""
    words = {known.code: known.name for known in ACTIVITY_FORMATS}
    words |= {status.value: word for status, (_, word) in STATUSES.items()} | {"true": "Yes", "false": "No"}
    chips = []
    for name, label in _FILTERS.items():
        for value in given.get(name, ()):
            rest = given | {name: [other for other in given[name] if other != value]}
            chips.append((label, words.get(value, value), f"{base}?{_address_of(rest)}"))
    return chips


def _row_of(summary: ActivitySummary, visitor: Visitor) -> ListedActivity:
    activity = summary.activity
    return ListedActivity(
        activity=activity,
        status=STATUSES[activity.status(visitor.service.clock().date())],
        persons=summary.persons,
        rejected=summary.counts.rejected,
        boards=", ".join(registration.board for registration in activity.registrations),
    )


@router.get("/{activity_id}")
async def show_activity(request: Request, visitor: Reader, provider_id: str, activity_id: str) -> Response:
    """Show one activity, what it lacks, and what can be done with it."""
    shown = await read_async(visitor.caller, lookup.get, activity_id)
    summary, boards = await read_async(visitor.caller, summaries.of_activity, activity_id)
    today = visitor.service.clock().date()
    base = f"{visitor.home}/activities/{activity_id}"
    status = shown.activity.status(today)
    where = "close" if status is ActivityStatus.READY_TO_CLOSE else "edit"
    view = ActivityView(
        base=base,
        shown=shown,
        status=STATUSES[status],
        missing=tuple(
            (words, f"{base}/{where}#{DrawnForm().id(pointer)}")
            for words, pointer in missing_inputs(shown.activity, shown.activity.missing(today))
        ),
        advice=tuple(said_of_findings(shown.findings)),
        persons=summary.persons,
        boards=boards,
    )
    return page(request, visitor, "pages/activities/show.html", view)
