"""The provider's activities: the list, and one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.activity_words import dates_in_words, format_in_words, missing_inputs
from app.console.charts import Chart
from app.console.drawn_forms import DrawnForm, Said, said_of_findings
from app.console.frame import page
from app.console.lists.addresses import ActivitiesAddress, read_request
from app.console.lists.listings import Listing, draw_list
from app.console.lists.summary_list import ACTIVITIES, ACTIVITY_STATUSES, read_activities
from app.console.pages.provider_mark import sentence_for
from app.console.report_charts import draw_sessions
from app.console.routes import PageRoute
from app.console.visitors import Reader, Visitor
from app.domain.activities import Activity, ActivityStatus, RegisteredActivity
from app.domain.looking.activity_counts import ActivitySummary, BoardCounts
from app.services.activities import lookup
from app.services.context import read_async, read_one_async
from app.services.looking import chart_figures, summaries

router = APIRouter(prefix="/p/{provider_id}/activities", route_class=PageRoute, include_in_schema=False)
_SERIES = "regularly-scheduled-series"
_DRAWINGS = {
    ActivityStatus.DRAFT: "draft",
    ActivityStatus.ACTIVE: "active",
    ActivityStatus.READY_TO_CLOSE: "late",
    ActivityStatus.CLOSED: "closed",
}


class ListedActivity(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list."""

    activity_id: str
    title: str
    internal_id: str
    format: str
    dates: str
    status: tuple[str, str]
    """Its drawing and its word."""
    boards: str
    persons: int | None
    """None where they are too many to count."""
    takes_learners: bool

    @classmethod
    def of(cls, summary: ActivitySummary, visitor: Visitor) -> ListedActivity:
        """Show an activity."""
        activity = summary.activity
        status = activity.status(visitor.service.clock().date())
        return cls(
            activity_id=activity.activity_id,
            title=activity.title or activity.activity_id,
            internal_id=activity.internal_id or "",
            format=format_in_words(activity),
            dates=dates_in_words(activity),
            status=_tag_of(status),
            boards=", ".join(registration.board for registration in activity.registrations),
            persons=summary.persons,
            takes_learners="reporter" in visitor.roles and status is not ActivityStatus.DRAFT,
        )


class ActivitiesView(msgspec.Struct, frozen=True, kw_only=True):
    """What the list shows."""

    list: Listing
    base: str
    rows: tuple[ListedActivity, ...]
    may_report: bool


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
    chart: Chart | None
    """Of a series; None where its sessions are too many to be counted whenever somebody looks."""
    key: str = ""
    mark_sentence: str
    """What the provider writes beside the mark; empty where no credit is reported."""

    @property
    def activity(self) -> Activity:
        """The activity."""
        return self.shown.activity


@router.get("")
async def list_activities(
    request: Request, visitor: Reader, provider_id: str, address: Annotated[ActivitiesAddress, Query()]
) -> Response:
    """List the activities that fit the filters of the address."""
    caller, base = visitor.caller, f"{visitor.home}/activities"
    asked = read_request(caller.service.keyring, caller.provider_id, base, ACTIVITIES, address.given())
    found, options = await read_activities(caller, asked)
    view = ActivitiesView(
        list=draw_list(asked, found, "Activities", options, f"{visitor.home}/downloads"),
        base=base,
        rows=tuple(ListedActivity.of(summary, visitor) for summary in found.rows),
        may_report="reporter" in visitor.roles,
    )
    return page(request, visitor, "pages/activities/list.html", view, 422 if asked.said else 200)


@router.get("/{activity_id}")
async def show_activity(request: Request, visitor: Reader, provider_id: str, activity_id: str) -> Response:
    """Show one activity, what it lacks, and what can be done with it."""
    shown = await read_one_async(visitor.caller, lookup.get, activity_id)
    summary, boards = await read_async(visitor.caller, summaries.of_activity, activity_id)
    today = visitor.service.clock().date()
    base = f"{visitor.home}/activities/{activity_id}"
    status = shown.activity.status(today)
    where = "close" if status is ActivityStatus.READY_TO_CLOSE else "edit"
    view = ActivityView(
        base=base,
        shown=shown,
        status=_tag_of(status),
        missing=tuple(
            (words, f"{base}/{where}#{DrawnForm().id(pointer)}")
            for words, pointer in missing_inputs(shown.activity, shown.activity.missing(today))
        ),
        advice=tuple(said_of_findings(shown.findings)),
        persons=summary.persons,
        boards=boards,
        chart=await _sessions(visitor, shown.activity),
        mark_sentence=sentence_for(visitor.service, shown.activity),
    )
    return page(request, visitor, "pages/activities/show.html", view)


async def _sessions(visitor: Visitor, activity: Activity) -> Chart | None:
    if activity.format != _SERIES:
        return None
    found = await read_async(visitor.caller, chart_figures.sessions, activity.activity_id)
    return draw_sessions(found) if found is not None else None


def _tag_of(status: ActivityStatus) -> tuple[str, str]:
    return _DRAWINGS[status], ACTIVITY_STATUSES[status.value]
