"""Activities that their providers list for physicians: read whole by id, by what has changed, and in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.domain.passport.search import PublicActivity
from app.models.activities import MAY_BE_LISTED
from app.store.activities import ACTIVITY, read
from app.store.sql.key_sets import from_keys, select_by_keys
from app.store.sql.statements import Row, fetch

_LISTED = f"a.{MAY_BE_LISTED.replace(' AND ', ' AND a.')}"


class ListingProvider(msgspec.Struct, frozen=True):
    """A provider, as far as its activities show it."""

    name: str
    joint: bool


class ListedChange(msgspec.Struct, frozen=True, kw_only=True):
    """An activity that was changed or deleted."""

    activity_id: str
    version: int
    may_be_listed: bool
    """Whether it is there, not closed, and listed by its provider; it may still lack what it needs."""


def page_after(connection: Connection, activity_id: str, limit: int) -> list[PublicActivity]:
    """Return activities that may be listed, by id, after one."""
    rows = fetch(
        connection,
        f"SELECT {ACTIVITY.columns} FROM activities a WHERE {_LISTED} AND a.activity_id > :after "
        "ORDER BY a.activity_id LIMIT :limit",
        {"after": activity_id, "limit": limit},
    )
    return _read(connection, rows)


def load(connection: Connection, activity_ids: Iterable[str]) -> dict[str, PublicActivity]:
    """Return those of some activities that may be listed, by id."""
    rows = select_by_keys(
        connection,
        ACTIVITY.columns,
        ("id",),
        ((activity_id,) for activity_id in activity_ids),
        f"activities a ON a.activity_id = k.id AND {_LISTED}",
    )
    return {listed.activity.activity_id: listed for listed in _read(connection, rows)}


def changed_since(connection: Connection, since: datetime) -> list[ListedChange]:
    """Return the activities of any provider that were changed or deleted at an instant or later."""
    changed = f"SELECT a.activity_id, a.version, {_LISTED} FROM activities a WHERE a."
    rows = fetch(
        connection,
        f"{changed}updated_at >= :since AND a.deleted_at IS NULL UNION ALL {changed}deleted_at >= :since",
        {"since": since},
    )
    return [
        ListedChange(activity_id=activity_id, version=version, may_be_listed=bool(listed))
        for activity_id, version, listed in rows
    ]


def of_providers(connection: Connection, provider_ids: Iterable[str]) -> list[str]:
    """Return the ids of the activities of some providers that may be listed."""
    rows = select_by_keys(
        connection,
        "a.activity_id",
        ("id",),
        ((provider_id,) for provider_id in provider_ids),
        f"activities a ON a.provider_id = k.id AND {_LISTED}",
    )
    return [activity_id for (activity_id,) in rows]


def count(connection: Connection) -> tuple[int, int]:
    """Return how many activities may be listed, and their versions added up: both tell whether any was missed."""
    ((activities, versions),) = fetch(
        connection, f"SELECT count(*), coalesce(sum(a.version), 0) FROM activities a WHERE {_LISTED}"
    )
    return int(activities), int(versions)


def providers(connection: Connection) -> dict[str, ListingProvider]:
    """Return every provider by id."""
    rows = fetch(connection, "SELECT p.provider_id, p.name, p.joint FROM providers p")
    return {provider_id: ListingProvider(name, bool(joint)) for provider_id, name, joint in rows}


def reporting_providers(connection: Connection, provider_ids: Iterable[str]) -> set[str]:
    """Return those of some providers that have reported credit of anybody."""
    ids = sorted(set(provider_ids))
    if not ids:
        return set()
    source, parameters = from_keys(connection, ("id",), [(provider_id,) for provider_id in ids])
    rows = fetch(
        connection,
        f"SELECT k.id FROM {source} WHERE (SELECT 1 FROM completions c WHERE c.provider_id = k.id "
        "AND c.withdrawn_at IS NULL LIMIT 1) = 1",
        parameters,
    )
    return {provider_id for (provider_id,) in rows}


def _read(connection: Connection, rows: Sequence[Row]) -> list[PublicActivity]:
    found = read(connection, rows)
    names = _names_of(connection, {stored.activity.provider_id for stored in found})
    return [
        PublicActivity(
            activity=stored.activity,
            version=stored.version,
            updated_at=stored.updated_at,
            provider_name=names[stored.activity.provider_id].name,
            jointly_accredited=names[stored.activity.provider_id].joint,
        )
        for stored in found
    ]


def _names_of(connection: Connection, provider_ids: Iterable[str]) -> dict[str, ListingProvider]:
    rows = select_by_keys(
        connection,
        "p.provider_id, p.name, p.joint",
        ("id",),
        ((provider_id,) for provider_id in provider_ids),
        "providers p ON p.provider_id = k.id",
    )
    return {provider_id: ListingProvider(name, bool(joint)) for provider_id, name, joint in rows}
