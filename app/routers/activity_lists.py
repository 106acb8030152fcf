"""`/v1/activities`: the list."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.core.http.pagination import SortedQuery, sort_keys, sort_pattern, sorting
from app.core.http.routing import StrictRoute
from app.domain.choices import Providership
from app.routers.callers import ActivitiesReader
from app.routers.paging import open_page
from app.schemas.activities import ActivityOut, ActivityPage
from app.schemas.base import Day
from app.schemas.queries import DayOrInstant, Text, Texts, since
from app.services.activities import lists
from app.services.activities.lists import SORTS, Filter
from app.services.context import read_async

router = APIRouter(prefix="/v1/activities", tags=["Activities"], route_class=StrictRoute)
PATH = "/v1/activities"


class ActivityQuery(SortedQuery):
    """Which activities to list. Repeated parameters mean any of their values; different ones must all fit."""

    q: Annotated[
        Text | None,
        Field(
            description="Words, separated by white space; each must fit: it stands anywhere in the title (`A` to `Z` "
            "in either case), or is exactly the internal id or the activity id. An internal id with spaces is found "
            "when it is all that is asked for."
        ),
    ] = None
    internal_id: Texts = []
    activity_format: Annotated[Texts, Field(description="Code or name of the format.")] = []
    board: Annotated[Texts, Field(description="Code or name of a board the activity is registered for.")] = []
    starts_from: Day | None = None
    starts_to: Day | None = None
    ends_from: Day | None = None
    ends_to: Day | None = None
    mips: Annotated[bool | None, Field(description="Whether the activity is flagged for MIPS.")] = None
    rems: Annotated[bool | None, Field(description="Whether the activity belongs to a REMS programme.")] = None
    updated_from: Annotated[DayOrInstant | None, since("Changed")] = None
    providership: list[Providership] = []
    sort: Annotated[
        str | None, Field(max_length=200, description=sorting(SORTS, "by id"), json_schema_extra=sort_pattern(SORTS))
    ] = None


@router.get("", response_model=ActivityPage)
async def list_activities(
    caller: ActivitiesReader, query: Annotated[ActivityQuery, Query()], response: Response
) -> ActivityPage:
    """List the provider's activities, by id unless `sort` says otherwise."""
    asked = open_page(caller, query, PATH)
    keys = sort_keys(asked.query.sort, SORTS)
    narrowed = Filter(**asked.query.model_dump(exclude={*ActivityQuery.page_fields, "sort"}))
    counted = "total" in query.include
    found = await read_async(caller, lists.page, narrowed, keys, after=asked.after, limit=asked.limit, counted=counted)
    page = asked.page(found.rows, response, lambda each: each[0])
    today = caller.service.clock().date()
    return ActivityPage(
        data=[ActivityOut.of(each, today) for _, each in page.rows],
        next_cursor=page.cursor,
        total=found.total and found.total.count,
        total_capped=found.total and found.total.capped,
    )
