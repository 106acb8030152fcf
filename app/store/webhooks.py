"""Queries on webhook endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.webhooks import DisabledReason, Endpoint, EndpointStatus, Secret
from app.models import webhooks as tables
from app.models.base import instant_text
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import Row, execute, fetch, locking_clause
from app.store.sql.values import read_document, read_instant, read_optional_instant

COLUMNS = (
    "e.endpoint_id, e.client_id, e.provider_id, e.board, e.url, e.event_types, e.description, e.secrets, e.status, "
    "e.disabled_reason, e.disabled_at, e.failing_since, e.version, e.created_at, e.updated_at"
)
ENTITLED = (
    "EXISTS (SELECT 1 FROM clients c JOIN client_secrets s ON s.client_id = c.client_id WHERE "
    "c.client_id = e.client_id AND c.revoked_at IS NULL AND s.revoked_at IS NULL AND (c.role = 'operator' OR "
    "c.board = e.board OR EXISTS (SELECT 1 FROM grants g WHERE g.client_id = e.client_id AND "
    "g.provider_id = e.provider_id AND g.revoked_at IS NULL)))"
)
"""Whether an endpoint's client still has a key, and the right to act for the provider or the board."""


def _owned(provider_id: str | None) -> str:
    column = "board" if provider_id is None else "provider_id"
    return f"e.client_id = :client AND e.{column} = :owner AND e.deleted_at IS NULL"


def add(connection: Connection, endpoint: Endpoint) -> None:
    """Insert an endpoint."""
    insert(connection, tables.webhook_endpoints, [_row(endpoint)])


def save(connection: Connection, endpoint: Endpoint) -> None:
    """Write an endpoint as it is now."""
    values = {name: value for name, value in _row(endpoint).items() if name != "endpoint_id"}
    update(connection, tables.webhook_endpoints, values, {"endpoint_id": endpoint.endpoint_id})


def delete(connection: Connection, endpoint_id: str, at: datetime) -> None:
    """Remove an endpoint with its secrets; what refers to it is removed later."""
    values: dict[str, Any] = {"secrets": [], "url": "", "description": None, "deleted_at": at}
    update(connection, tables.webhook_endpoints, values, {"endpoint_id": endpoint_id})


def one(
    connection: Connection,
    client_id: str,
    provider_id: str | None,
    board: str | None,
    endpoint_id: str,
    *,
    for_update: bool = False,
) -> Endpoint | None:
    """Return an endpoint of a client acting for a provider, or of a board's client; None for any other."""
    lock = locking_clause(connection, "NO KEY UPDATE") if for_update else ""
    found = fetch(
        connection,
        f"SELECT {COLUMNS} FROM webhook_endpoints e WHERE e.endpoint_id = :id AND {_owned(provider_id)}{lock}",
        {"id": endpoint_id, "client": client_id, "owner": provider_id or board},
    )
    return endpoint_of(found[0]) if found else None


def page(
    connection: Connection, client_id: str, provider_id: str | None, board: str | None, after: str | None, limit: int
) -> list[Endpoint]:
    """Return a client's endpoints after an id, in the order in which they were made."""
    found = fetch(
        connection,
        f"SELECT {COLUMNS} FROM webhook_endpoints e WHERE {_owned(provider_id)} AND e.endpoint_id > :after "
        "ORDER BY e.endpoint_id LIMIT :limit",
        {"client": client_id, "owner": provider_id or board, "after": after or "", "limit": limit},
    )
    return [endpoint_of(row) for row in found]


def listening(connection: Connection, column: str, owners: Iterable[str]) -> list[Endpoint]:
    """Return the endpoints that may be told of some providers (`provider_id`) or feeds (`board`) at this moment."""
    found = select_by_keys(
        connection,
        COLUMNS,
        ("owner",),
        ((each,) for each in owners),
        f"webhook_endpoints e ON e.{column} = k.owner AND e.status = 'enabled' AND e.deleted_at IS NULL AND {ENTITLED}",
    )
    return [endpoint_of(row) for row in found]


def boards_told(connection: Connection, commit_ids: Sequence[str]) -> set[str]:
    """Return the boards that some commits tell something, as far as any board has endpoints."""
    with_endpoints = "SELECT 1 FROM webhook_endpoints WHERE board IS NOT NULL AND deleted_at IS NULL LIMIT 1"
    if not fetch(connection, with_endpoints):
        return set()
    found = select_by_keys(
        connection,
        "DISTINCT e.board",
        ("id",),
        ((each,) for each in commit_ids),
        "board_events e ON e.commit_id = k.id",
    )
    return {row[0] for row in found}


def note_success(connection: Connection, endpoint_id: str, at: datetime) -> None:
    """Note that an endpoint takes what it is sent; it costs nothing where that was known."""
    execute(
        connection,
        "UPDATE webhook_endpoints SET failing_since = NULL, version = version + 1, updated_at = :at "
        "WHERE endpoint_id = :id AND failing_since IS NOT NULL",
        {"id": endpoint_id, "at": at},
    )


def note_failure(connection: Connection, endpoint_id: str, at: datetime) -> None:
    """Note since when an endpoint has taken nothing."""
    execute(
        connection,
        "UPDATE webhook_endpoints SET failing_since = :at, version = version + 1, updated_at = :at "
        "WHERE endpoint_id = :id AND failing_since IS NULL",
        {"id": endpoint_id, "at": at},
    )


def disable(
    connection: Connection, endpoint_id: str, reason: DisabledReason, at: datetime, *, failing_since: datetime
) -> bool:
    """Disable an endpoint that is enabled and has failed since a moment, or longer; False for any other."""
    changed = execute(
        connection,
        "UPDATE webhook_endpoints SET status = 'disabled', disabled_reason = :reason, disabled_at = :at, "
        "version = version + 1, updated_at = :at "
        "WHERE endpoint_id = :id AND status = 'enabled' AND failing_since <= :since",
        {
            "id": endpoint_id,
            "reason": reason.value,
            "at": at,
            "since": failing_since,
        },
    )
    return changed == 1


def forget_deleted(connection: Connection, before: datetime) -> None:
    """Remove endpoints that were deleted before a moment and that no delivery refers to any more."""
    execute(
        connection,
        "DELETE FROM webhook_endpoints WHERE deleted_at < :before AND NOT EXISTS ("
        "SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = webhook_endpoints.endpoint_id)",
        {"before": before},
    )


def endpoint_of(row: Row) -> Endpoint:
    """Read the columns of an endpoint."""
    return Endpoint(
        endpoint_id=row[0],
        client_id=row[1],
        provider_id=row[2],
        board=row[3],
        url=row[4],
        event_types=read_document(row[5]),
        description=row[6],
        secrets=[
            Secret(sealed=each["sealed"], until=read_optional_instant(each["until"])) for each in read_document(row[7])
        ],
        status=EndpointStatus(row[8]),
        disabled_reason=DisabledReason(row[9]) if row[9] is not None else None,
        disabled_at=read_optional_instant(row[10]),
        failing_since=read_optional_instant(row[11]),
        version=row[12],
        created_at=read_instant(row[13]),
        updated_at=read_instant(row[14]),
    )


def _row(endpoint: Endpoint) -> Mapping[str, Any]:
    return {
        "endpoint_id": endpoint.endpoint_id,
        "client_id": endpoint.client_id,
        "provider_id": endpoint.provider_id,
        "board": endpoint.board,
        "url": endpoint.url,
        "event_types": list(endpoint.event_types),
        "description": endpoint.description,
        "secrets": [
            {"sealed": each.sealed, "until": None if each.until is None else instant_text(each.until)}
            for each in endpoint.secrets
        ],
        "status": endpoint.status.value,
        "disabled_reason": endpoint.disabled_reason and endpoint.disabled_reason.value,
        "disabled_at": endpoint.disabled_at,
        "failing_since": endpoint.failing_since,
        "version": endpoint.version,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }
