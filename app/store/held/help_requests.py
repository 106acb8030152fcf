"""Requests for help with held records: asked by senders, answered by the operator."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.held import HelpRequest
from app.models import held as tables
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_ids
from app.store.sql.rows import RowMapper
from app.store.sql.statements import execute, fetch, in_list, locking_clause, narrow_to

_HELP = RowMapper(HelpRequest, tables.help_requests, "q")


def add(connection: Connection, request: HelpRequest) -> None:
    """Insert a request."""
    insert(connection, tables.help_requests, [_values_of(request)])


def save(connection: Connection, request: HelpRequest) -> None:
    """Write a request as it has changed."""
    update(connection, tables.help_requests, _values_of(request), {"help_id": request.help_id})


def _values_of(request: HelpRequest) -> dict[str, Any]:
    action = request.action.value if request.action is not None else None
    return _HELP.values_of(request) | {"status": request.status.value, "action": action}


def close(connection: Connection, held_ids: Sequence[str], at: datetime) -> None:
    """Close the open requests of held records that have ended."""
    marks, in_ids = in_list("id", held_ids)
    execute(
        connection,
        "UPDATE help_requests SET status = 'closed', answered_at = :at, version = version + 1 "
        f"WHERE status = 'open' AND held_id IN ({marks})",
        in_ids | {"at": at},
    )


def one(connection: Connection, help_id: str, *, for_update: bool = False) -> HelpRequest | None:
    """Return a request."""
    rows = fetch(
        connection,
        f"SELECT {_HELP.columns} FROM help_requests q WHERE q.help_id = :id"
        + (locking_clause(connection) if for_update else ""),
        {"id": help_id},
    )
    return _HELP.read_first(connection, rows)


def last_of(connection: Connection, held_ids: Collection[str]) -> dict[str, HelpRequest]:
    """Return the last request of held records, by their ids."""
    rows = select_by_ids(
        connection,
        f"SELECT {_HELP.columns} FROM {{keys}} JOIN help_requests q ON q.held_id = k.id ORDER BY q.help_id",
        held_ids,
    )
    return {request.held_id: request for request in _HELP.read(connection, rows)}


def page(
    connection: Connection, *, statuses: Sequence[str], provider_ids: Sequence[str], after: str | None, limit: int
) -> list[HelpRequest]:
    """Return requests after one of them, the oldest first; not those of the sandbox, which concern nobody."""
    narrowed, in_values = narrow_to("q", {"status": statuses, "provider_id": provider_ids})
    conditions = ["q.help_id > :after", "p.sandbox_of IS NULL", *narrowed]
    rows = fetch(
        connection,
        f"SELECT {_HELP.columns} FROM help_requests q JOIN providers p ON p.provider_id = q.provider_id "
        f"WHERE {' AND '.join(conditions)} ORDER BY q.help_id LIMIT :limit",
        in_values | {"after": after or "", "limit": limit},
    )
    return _HELP.read(connection, rows)
