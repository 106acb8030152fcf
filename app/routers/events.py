"""`/v1/events`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from app.core.http.routing import StrictRoute
from app.routers.callers import EventsReader
from app.routers.openapi import problems
from app.schemas.events import EventPage, ProviderEventOut
from app.schemas.queries import EventQuery
from app.services.context import ROWS_AS_ONE, read_async
from app.services.events import provider_events

router = APIRouter(prefix="/v1/events", tags=["Events"], route_class=StrictRoute)


@router.get("", response_model=EventPage, response_model_exclude_unset=True, responses=problems(410))
async def list_events(caller: EventsReader, query: Annotated[EventQuery, Query()]) -> EventPage:
    """Read the events of providers' records in order, for clients that cannot receive webhooks.

    A vendor, or a client of several providers, that names none with `PARS-Provider` reads the events of all of them
    through one cursor. A revoked grant ends the events of its provider at once; a new one adds those after your cursor.

    Events hold ids only, and appear a moment after the request that caused them was answered. `next_cursor` is always
    there; keep it, and ask again with it later. An empty `data` means that there is nothing more yet. 410 means that
    the service was restored to an earlier state: read your records again, then the events from the beginning.
    """
    caller.charge(query.size, ROWS_AS_ONE, parameter="limit")
    found = await read_async(caller, provider_events.read, after=query.after, limit=query.size)
    return EventPage(data=[ProviderEventOut.of(event) for event in found.events], next_cursor=found.cursor)
