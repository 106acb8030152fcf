"""`/v1/activities`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.core.errors import Forbidden
from app.core.pagination import PageQuery, next_cursor, next_link, page_of, turn
from app.core.routing import StrictRoute
from app.routers.depends import ActivitiesReader, ActivitiesWriter, answered
from app.routers.openapi import problems
from app.schemas.activities import ActivityIn, ActivityOut, ActivityPage
from app.services import activities
from app.services.context import Work, read_async
from app.services.idempotency import Answer

router = APIRouter(prefix="/v1/activities", tags=["Activities"], route_class=StrictRoute)
PATH = "/v1/activities"


class ActivityQuery(PageQuery):
    """Which activities to list. Repeated parameters mean any of their values."""

    internal_id: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)] = []


@router.post("", status_code=201, response_model=ActivityOut, responses=problems(409, 413, 415))
async def register_activity(caller: ActivitiesWriter, body: ActivityIn) -> Response:
    """Register an activity. What is still missing before learners can be reported stands in `missing`."""
    if body.activity_id and caller.client.role != "operator":
        raise Forbidden("Only an operator gives activity ids, when migrating.")

    def produce(work: Work) -> Answer:
        registered = activities.register(work, body.as_activity(caller.provider_id))
        shown = ActivityOut.of(registered, work.now.date())
        headers = {"Location": f"{PATH}/{shown.activity_id}", "ETag": f'"{shown.version}"'}
        return Answer(status=201, body=shown.model_dump_json(), headers=headers)

    return await answered(caller, produce)


@router.get("", response_model=ActivityPage, responses=problems())
async def list_activities(
    caller: ActivitiesReader, query: Annotated[ActivityQuery, Query()], response: Response
) -> ActivityPage:
    """List the provider's activities, by id."""
    keyring, bound_to = caller.service.keyring, caller.bound_to(PATH)
    turned = turn(keyring, query, bound_to)
    found = await read_async(
        caller, activities.page, internal_id=turned.query.internal_id, after=turned.after, limit=query.size + 1
    )
    page = page_of(found, query.size, lambda each: each.activity.activity_id)
    cursor = next_cursor(keyring, turned, page, bound_to)
    response.headers.update(next_link(PATH, query.limit, cursor))
    today = caller.service.clock().date()
    return ActivityPage(data=[ActivityOut.of(each, today) for each in page.rows], next_cursor=cursor)


@router.get("/{activity_id}", response_model=ActivityOut, responses=problems(404))
async def get_activity(
    caller: ActivitiesReader, activity_id: Annotated[str, Path(max_length=64)], response: Response
) -> ActivityOut:
    """Read one activity, with its status and what it lacks for the next one."""
    found = await read_async(caller, activities.get, activity_id)
    response.headers["ETag"] = f'"{found.version}"'
    return ActivityOut.of(found, caller.service.clock().date())
