"""`/v1/activities`: the list."""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.core.http.routing import StrictRoute
from app.routers.callers import ActivitiesReader
from app.routers.paging import open_page
from app.schemas.activities import ActivityOut, ActivityPage
from app.schemas.queries import ActivityQuery
from app.services.activities import lists
from app.services.context import read_async

router = APIRouter(prefix="/v1/activities", tags=["Activities"], route_class=StrictRoute)
PATH = "/v1/activities"


@router.get("", response_model=ActivityPage)
async def list_activities(
    caller: ActivitiesReader, query: Annotated[ActivityQuery, Query()], response: Response
) -> ActivityPage:
    """List the provider's activities, by id unless `sort` says otherwise."""
    wanted = await open_page(caller, query, PATH)
    listed = await read_async(caller, lists.page, wanted.query, after=wanted.after, limit=wanted.limit)
    page = wanted.page(listed.rows, response, itemgetter(0))
    today = caller.service.clock().date()
    return ActivityPage(
        data=[ActivityOut.of(activity, today) for _, activity in page.rows],
        next_cursor=page.cursor,
        total=listed.total and listed.total.count,
        total_capped=listed.total and listed.total.capped,
    )
