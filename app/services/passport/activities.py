"""The public search for accredited activities, and one of them. What is listed is read anew for each page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection

from app.core.errors import NotFound
from app.domain.passport.calendar import calendar_of
from app.domain.passport.listing import is_listed
from app.domain.passport.search import ActivitySearch, FoundActivities, Place, PublicActivity, ShownActivity
from app.services.context import Service
from app.services.passport.live_index import LiveIndex
from app.store.passport import listed_activities as store

_WHOSE = "the public"
"""Searches wait for each other, so that half of the threads are left for everybody else."""


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the search."""

    found: FoundActivities
    rows: Sequence[tuple[Place, ShownActivity]]
    """What was found and is still listed at this moment."""
    last: Place | None
    """Where the page ends; None on the last page."""
    as_of: datetime
    """The instant of which the list is; what the rows show is newer."""


async def search(
    service: Service,
    live: LiveIndex,
    asked: ActivitySearch,
    *,
    limit: int,
    after: Place | None = None,
    skip: int = 0,
    faceted: bool = False,
) -> SearchPage:
    """Return the activities that fit, after a place of the order or a number of them.

    Raises `Unavailable` while the list is being loaded.
    """
    await live.prepare(service)
    today = service.clock().date()

    def read(connection: Connection) -> SearchPage:
        with live.use() as (index, as_of):
            found = index.search(asked, today, after=after, skip=skip, limit=limit + 1, faceted=faceted)
        places = found.places[:limit]
        shown = _show(connection, store.load(connection, [activity_id for _, activity_id in places]))
        return SearchPage(
            found=found,
            rows=[(place, shown[activity_id]) for place, activity_id in places if activity_id in shown],
            last=places[-1][0] if len(found.places) > limit else None,
            as_of=as_of,
        )

    return await service.database.read_async(read, whose=_WHOSE)


async def get(service: Service, activity_id: str) -> ShownActivity:
    """Return a listed activity, past ones too; raises `NotFound` for any other."""
    found = await service.database.read_by_key_async(
        lambda connection: _show(connection, store.load(connection, [activity_id]))
    )
    if activity_id not in found:
        raise NotFound("There is no such activity in the list.")
    return found[activity_id]


async def calendar(service: Service, activity_id: str) -> bytes:
    """Return a listed activity as an entry of a calendar; raises `NotFound` for any other."""
    shown = await get(service, activity_id)
    return calendar_of(shown.listed, urlsplit(service.settings.public_url).hostname or "pars")


def _show(connection: Connection, loaded: Mapping[str, PublicActivity]) -> dict[str, ShownActivity]:
    listed = {id: one for id, one in loaded.items() if is_listed(one.activity)}
    reporting = store.reporting_providers(connection, [one.activity.provider_id for one in listed.values()])
    return {
        id: ShownActivity(
            listed=one,
            credit_reported=bool(one.activity.registrations) or one.activity.provider_id in reporting,
        )
        for id, one in listed.items()
    }
