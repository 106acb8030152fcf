"""Providers' events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.events import Event
from app.models import events as tables
from app.store.sql.bulk import insert
from app.store.sql.key_sets import select_by_keys
from app.store.sql.rows import RowMapper
from app.store.sql.statements import fetch, fetch_value
from app.store.sql.values import read_document, read_instant

_EVENT = RowMapper(Event, tables.events, "e")


def last_positions(connection: Connection, providers: Iterable[str]) -> dict[str, int]:
    """Return the position of the last event of each provider, 0 before the first."""
    return {
        provider_id: position or 0
        for provider_id, position in select_by_keys(
            connection,
            "k.provider, (SELECT max(position) FROM events e WHERE e.provider_id = k.provider)",
            ("provider",),
            ((provider_id,) for provider_id in providers),
            "providers p ON p.provider_id = k.provider",
        )
    }


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert events with their positions."""
    insert(connection, tables.events, rows)


def after(connection: Connection, provider_id: str, position: int, limit: int) -> list[Event]:
    """Return the events of a provider after a position, in order."""
    rows = fetch(
        connection,
        f"SELECT {_EVENT.columns} FROM events e WHERE e.provider_id = :provider AND e.position > :position "
        "ORDER BY e.position LIMIT :limit",
        {"provider": provider_id, "position": position, "limit": limit},
    )
    return _EVENT.read(connection, rows)


def at(connection: Connection, provider_id: str, position: int) -> str | None:
    """Return the id of the event at a position, None where there is none."""
    event_id: str | None = fetch_value(
        connection,
        "SELECT event_id FROM events WHERE provider_id = :provider AND position = :position",
        {"provider": provider_id, "position": position},
    )
    return event_id


def rows_after(
    connection: Connection, after: tuple[str, int], limit: int
) -> list[tuple[str, int, str, datetime, str, Mapping[str, str]]]:
    """Return (provider, position, commit, moment, type, data) of events after (provider, position), in their order."""
    rows = fetch(
        connection,
        "SELECT provider_id, position, commit_id, at, type, data FROM events "
        "WHERE (provider_id, position) > (:provider, :position) ORDER BY provider_id, position LIMIT :limit",
        {"provider": after[0], "position": after[1], "limit": limit},
    )
    return [
        (provider_id, position, commit_id, read_instant(at), type, read_document(data))
        for provider_id, position, commit_id, at, type, data in rows
    ]
