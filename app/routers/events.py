"""`/v1/events`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.core.http.pagination import DEFAULT_LIMIT, MOST
from app.core.http.routing import StrictRoute
from app.routers.callers import CompletionsReader
from app.routers.openapi import problems
from app.schemas.events import EventOut, EventPage
from app.services.context import read_async
from app.services.events import provider_events

router = APIRouter(prefix="/v1/events", tags=["Events"], route_class=StrictRoute)


class EventQuery(BaseModel):
    """Where to go on, and how far."""

    after: Annotated[str | None, Field(max_length=2_000, description="The `next_cursor` of the answer before.")] = None
    limit: Annotated[int, Field(ge=1, description=f"Events an answer; more than {MOST} are lowered to that.")] = (
        DEFAULT_LIMIT
    )


@router.get("", response_model=EventPage, response_model_exclude_unset=True, responses=problems(410))
async def list_events(caller: CompletionsReader, query: Annotated[EventQuery, Query()]) -> EventPage:
    """Read what has happened to the provider's records, in order, for those who cannot receive webhooks.

    Events are thin: ids only, told a moment after what they tell of was answered. `next_cursor` is always there; keep
    it, and ask again with it later. 410 tells that the service was restored to an earlier state: read your records
    anew, then the events from the beginning.
    """
    found = await read_async(caller, provider_events.read, after=query.after, limit=min(query.limit, MOST))
    return EventPage(data=[EventOut.of(each) for each in found.events], next_cursor=found.cursor)
