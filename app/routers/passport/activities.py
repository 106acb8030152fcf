"""`/v1/passport/activities`: the public search for accredited activities."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.core.errors import RateLimited
from app.core.http.pagination import next_link, open_cursor, seal_cursor
from app.core.http.routing import StrictRoute
from app.routers.activities import ActivityId
from app.routers.answers import NOT_MODIFIED
from app.routers.callers import Public, service_of
from app.routers.conditions import IfNoneMatch
from app.routers.openapi import binary, problems
from app.schemas.passport.activities import PassportActivityOut, PassportActivityPage, PassportActivityWholeOut
from app.schemas.passport.queries import PassportQuery
from app.services.passport import activities
from app.services.passport.live_index import LiveIndex
from app.services.passport.queries import search_of
from app.services.preconditions import is_known

router = APIRouter(
    prefix="/v1/passport/activities", tags=["CME Passport"], route_class=StrictRoute, dependencies=[Public]
)
PATH = "/v1/passport/activities"
KEPT_SECONDS = 30
"""How long anybody may keep an answer: it says of what instant it is."""


@router.get("", response_model=PassportActivityPage, responses=NOT_MODIFIED | problems(RateLimited))
async def search_activities(
    request: Request, query: Annotated[PassportQuery, Query()], if_none_match: IfNoneMatch = None
) -> Response:
    """Find accredited activities: those that their providers list, open or to come unless `past` asks for more.

    Drafts, activities that are closed or deleted, and those of the sandbox are never found. No key is needed, and
    nothing is kept about who searches.
    """
    service = service_of(request)
    request.app.state.rates.admit_search(request.client.host if request.client is not None else None)
    opened, after = open_cursor(service.keyring, query, PATH)
    asked = search_of(service.catalogue, opened)
    page = await activities.search(
        service, live_index_of(request), asked, limit=opened.size, after=after, faceted="facets" in opened.include
    )
    cursor = seal_cursor(service.keyring, opened, page.last, PATH) if page.last is not None else None
    today = service.clock().date()
    answer = PassportActivityPage(
        data=[
            PassportActivityOut.model_validate(PassportActivityOut.fields_of(shown, today)) for _, shown in page.rows
        ],
        next_cursor=cursor,
        total=page.found.total if "total" in opened.include else None,
        facets=PassportActivityPage.facets_of(page.found.facets),
        as_of=page.as_of,
    )
    # Of one list, a cursor and an instant differ each time, and are as good as those before.
    same = answer.model_dump_json(exclude={"next_cursor", "as_of"}) + str(cursor is None)
    headers = {"Link": next_link(PATH, opened, cursor)} if cursor is not None else {}
    return send_to_anybody(answer.model_dump_json().encode(), same.encode(), if_none_match, headers=headers)


@router.get(
    "/{activity_id}",
    response_model=PassportActivityWholeOut,
    responses=NOT_MODIFIED,
)
async def get_listed_activity(request: Request, activity_id: ActivityId, if_none_match: IfNoneMatch = None) -> Response:
    """Read one listed activity, one that has ended too; any other is answered as if it were not there."""
    service = service_of(request)
    shown = await activities.get(service, activity_id)
    body = PassportActivityWholeOut.of(shown, service.clock().date()).model_dump_json().encode()
    return send_to_anybody(body, body, if_none_match)


@router.get(
    "/{activity_id}/calendar.ics",
    response_class=Response,
    responses=binary("text/calendar", description="The entry") | NOT_MODIFIED,
)
async def get_activity_calendar(
    request: Request, activity_id: ActivityId, if_none_match: IfNoneMatch = None
) -> Response:
    """Read a listed activity as an entry of a calendar (iCalendar, RFC 5545)."""
    body = await activities.calendar(service_of(request), activity_id)
    headers = {"Content-Disposition": 'attachment; filename="activity.ics"'}
    return send_to_anybody(body, body, if_none_match, media_type="text/calendar; charset=utf-8", headers=headers)


def live_index_of(request: Request) -> LiveIndex:
    """Return the index of listed activities of this process."""
    live: LiveIndex = request.app.state.listed_activities
    return live


def send_to_anybody(
    body: bytes,
    same: bytes,
    if_none_match: str | None,
    *,
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response:
    """Send what anybody may keep for a while, with a tag of what it says; 304 to who knows that.

    `same` is what two answers have in common that say the same.
    """
    tag = int.from_bytes(hashlib.sha256(same).digest()[:7], "big") + 1
    kept = {"ETag": f'"{tag}"', "Cache-Control": f"public, max-age={KEPT_SECONDS}"}
    if is_known(if_none_match, tag):
        return Response(status_code=304, headers=kept)
    return Response(body, headers=kept | (headers or {}), media_type=media_type)
