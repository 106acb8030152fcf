"""Queries on what providers are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.domain.events import Event, EventKind
from app.models import events as tables
from app.store.sql.bulk import insert
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import Row, fetch
from app.store.sql.values import read_document, read_instant


def last_positions(connection: Connection, providers: Iterable[str]) -> dict[str, int]:
    """Return the position of the last event of each provider, 0 before the first."""
    return {
        row[0]: row[1] or 0
        for row in select_by_keys(
            connection,
            "k.provider, (SELECT max(position) FROM events e WHERE e.provider_id = k.provider)",
            ("provider",),
            ((each,) for each in providers),
            "providers p ON p.provider_id = k.provider",
        )
    }


def add(connection: Connection, given: Sequence[Mapping[str, Any]]) -> None:
    """Insert events with their positions."""
    insert(connection, tables.events, given)


def after(connection: Connection, provider_id: str, position: int, limit: int) -> list[Event]:
    """Return the events of a provider from after a position on, in order."""
    found = fetch(
        connection,
        "SELECT event_id, position, type, at, data FROM events WHERE provider_id = :provider AND position > :position "
        "ORDER BY position LIMIT :limit",
        {"provider": provider_id, "position": position, "limit": limit},
    )
    return [_event(row) for row in found]


def at(connection: Connection, provider_id: str, position: int) -> str | None:
    """Return the id of the event at a position, None where there is none."""
    found = fetch(
        connection,
        "SELECT event_id FROM events WHERE provider_id = :provider AND position = :position",
        {"provider": provider_id, "position": position},
    )
    return str(found[0][0]) if found else None


def _event(row: Row) -> Event:
    return Event(
        event_id=row[0],
        position=row[1],
        type=EventKind(row[2]),
        at=read_instant(row[3]),
        data=read_document(row[4]),
    )
