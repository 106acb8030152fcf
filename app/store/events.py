"""Providers' events, in their one order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from app.domain.events import Event
from app.models import events as tables
from app.store.sql.bulk import insert
from app.store.sql.key_sets import select_by_keys
from app.store.sql.rows import RowMapper
from app.store.sql.statements import fetch, fetch_value, string_agg
from app.store.sql.values import read_document, read_instant, read_optional_instant

_EVENT = RowMapper(Event, tables.events, "e")
_GRANTED = (
    "grants g JOIN clients c ON c.client_id = g.client_id JOIN providers p ON p.provider_id = g.provider_id "
    "JOIN providers i ON i.provider_id = p.provider_id OR i.merged_into = p.provider_id "
    "WHERE g.client_id = :client AND g.revoked_at IS NULL AND c.test = (p.sandbox_of IS NOT NULL)"
)
"""The providers that a client may act for now, in its own world, and all ids `i` under which their events stand."""
MOST_LOOKED_AT = 50_000
"""Positions looked at for one page, of all the providers together."""


def last(connection: Connection) -> tuple[int, str]:
    """Return the position and the id of the last event, (0, "") before the first."""
    rows = fetch(connection, "SELECT position, event_id FROM events ORDER BY position DESC LIMIT 1")
    return next(((position, event_id) for position, event_id in rows), (0, ""))


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert events with their positions."""
    insert(connection, tables.events, rows)


def after(connection: Connection, provider_ids: Iterable[str], position: int, limit: int) -> list[Event]:
    """Return the events of a provider, under all its ids, after a position, in order."""
    found: list[Event] = []
    for provider_id in provider_ids:
        rows = fetch(
            connection,
            f"SELECT {_EVENT.columns} FROM events e WHERE e.provider_id = :provider AND e.position > :position "
            "ORDER BY e.position LIMIT :limit",
            {"provider": provider_id, "position": position, "limit": limit},
        )
        found += _EVENT.read(connection, rows)
    return sorted(found, key=attrgetter("position"))[:limit]


def after_granted(
    connection: Connection, client_id: str, position: int, until: int, limit: int
) -> tuple[list[Event], bool]:
    """Return the events of all providers that a client may act for, after a position and up to another, in order.

    With whether these are all there are up to `until`. There may be more when fewer than `limit` are returned, for a
    client of very many providers, but never when none is.
    """
    if until <= position:
        return [], True
    granted: int = fetch_value(connection, f"SELECT count(*) FROM {_GRANTED}", {"client": client_id})
    if not granted:
        return [], True
    each = max(1, min(limit, MOST_LOOKED_AT // granted))
    # A look at the index for each provider: what others were told in between costs nothing.
    found = [
        list(map(int, positions.split()))
        for (positions,) in fetch(
            connection,
            f"SELECT (SELECT {string_agg(connection, 'CAST(n.position AS text)')} FROM ("
            "SELECT e.position FROM events e WHERE e.provider_id = i.provider_id AND e.position > :position "
            f"AND e.position <= :until ORDER BY e.position LIMIT :each) n) FROM {_GRANTED}",
            {"client": client_id, "position": position, "until": until, "each": each},
        )
        if positions is not None
    ]
    # A provider with as many as were asked for may have more: nothing is known of what comes after these.
    known_until = min((max(positions) for positions in found if len(positions) == each), default=until)
    known = sorted(place for positions in found for place in positions if place <= known_until)
    rows = select_by_keys(
        connection,
        _EVENT.columns,
        ("position",),
        ((str(place),) for place in known[:limit]),
        "events e ON e.position = CAST(k.position AS bigint)",
        "ORDER BY e.position",
    )
    return _EVENT.read(connection, rows), known_until == until and len(known) <= limit


def position_of(connection: Connection, event_id: str) -> int | None:
    """Return the position of an event, None where there is no such event."""
    position: int | None = fetch_value(connection, "SELECT position FROM events WHERE event_id = :id", {"id": event_id})
    return position


def moment_at(connection: Connection, position: int) -> datetime | None:
    """Return when the event at a position happened, None where there is none."""
    return read_optional_instant(
        fetch_value(connection, "SELECT at FROM events WHERE position = :position", {"position": position})
    )


def rows_after(
    connection: Connection, position: int, limit: int
) -> list[tuple[str, int, str, datetime, str, Mapping[str, str]]]:
    """Return (provider, position, commit, moment, type, data) of the events after a position, in their order."""
    rows = fetch(
        connection,
        "SELECT provider_id, position, commit_id, at, type, data FROM events WHERE position > :position "
        "ORDER BY position LIMIT :limit",
        {"position": position, "limit": limit},
    )
    return [
        (provider_id, position, commit_id, read_instant(at), type, read_document(data))
        for provider_id, position, commit_id, at, type, data in rows
    ]
