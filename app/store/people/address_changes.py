"""New mail addresses that people have asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.people.address_changes import PROOF_LIFE, AddressChange
from app.models import people as tables
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper
from app.store.sql.statements import fetch, fetch_column, fetch_value, locking_clause

_CHANGE = RowMapper(AddressChange, tables.address_changes, "h")
_OPEN = "h.ended_at IS NULL"


def add(connection: Connection, change: AddressChange, digest: str, old_digest: str) -> None:
    """Insert a change under the digests of its links: to the new address, and to the old one."""
    row = _CHANGE.values_of(change) | {"digest": digest, "old_digest": old_digest}
    insert(connection, tables.address_changes, [row])


def of_link(connection: Connection, digest: str) -> tuple[AddressChange, bool] | None:
    """Return the change of a link's digest, and whether it is the link to the old address; None for any other."""
    for column in ("digest", "old_digest"):
        rows = fetch(
            connection,
            f"SELECT {_CHANGE.columns} FROM address_changes h WHERE h.{column} = :digest",
            {"digest": digest},
        )
        found = _CHANGE.read_first(connection, rows)
        if found is not None:
            return found, column == "old_digest"
    return None


def open_of(connection: Connection, person_id: str) -> AddressChange | None:
    """Return the change that a person waits for."""
    rows = fetch(
        connection,
        f"SELECT {_CHANGE.columns} FROM address_changes h WHERE h.person_id = :id AND {_OPEN}",
        {"id": person_id},
    )
    return _CHANGE.read_first(connection, rows)


def one(connection: Connection, change_id: str, *, for_update: bool = False) -> AddressChange | None:
    """Return a change; `for_update` locks it for this transaction: PostgreSQL appends `FOR NO KEY UPDATE`."""
    rows = fetch(
        connection,
        f"SELECT {_CHANGE.columns} FROM address_changes h WHERE h.change_id = :id"
        f"{locking_clause(connection, 'NO KEY UPDATE') if for_update else ''}",
        {"id": change_id},
    )
    return _CHANGE.read_first(connection, rows)


def count_since(connection: Connection, person_id: str, since: datetime) -> int:
    """Return how many changes a person has asked for since a moment."""
    return int(
        fetch_value(
            connection,
            "SELECT count(*) FROM address_changes WHERE person_id = :id AND created_at > :since",
            {"id": person_id, "since": since},
        )
    )


def write(connection: Connection, change_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a change."""
    update(connection, tables.address_changes, values, {"change_id": change_id})


def to_look_at(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Return open changes whose time has come: proven and waited for, or never proven."""
    return fetch_column(
        connection,
        f"SELECT h.change_id FROM address_changes h WHERE {_OPEN} AND (h.due_at <= :now OR "
        "(h.proven_at IS NULL AND h.created_at <= :late)) ORDER BY h.due_at, h.change_id LIMIT :limit",
        {"now": now, "late": now - PROOF_LIFE, "limit": limit},
    )
