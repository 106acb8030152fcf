"""Webhook endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.webhooks import DisabledReason, Endpoint, Secret
from app.models import webhooks as tables
from app.models.base import instant_text
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_keys
from app.store.sql.rows import RowMapper, column
from app.store.sql.statements import execute, fetch, locking_clause
from app.store.sql.values import read_instant


def _read_secrets(document: Sequence[Mapping[str, Any]]) -> list[Secret]:
    return [
        Secret(sealed=secret["sealed"], until=None if secret["until"] is None else read_instant(secret["until"]))
        for secret in document
    ]


ENDPOINT = RowMapper(Endpoint, tables.webhook_endpoints, "e", secrets=column("secrets", _read_secrets))


def entitled(provider: str) -> str:
    """Return the condition that an endpoint's client may be used, and may act for a provider or the board.

    It may be used if it has a key, or is a person's membership.
    `provider` is an expression, such as `e.provider_id`. Where it is NULL, for news of a feed and for the test of an
    endpoint for all providers, the key and the board count.
    """
    return (
        "EXISTS (SELECT 1 FROM clients c WHERE c.client_id = e.client_id AND c.revoked_at IS NULL "
        "AND (c.kind = 'person' OR EXISTS (SELECT 1 FROM client_secrets s WHERE s.client_id = c.client_id "
        "AND s.revoked_at IS NULL)) AND (c.role = 'operator' OR "
        f"c.board = e.board OR (e.board IS NULL AND {provider} IS NULL) OR EXISTS (SELECT 1 FROM grants g WHERE "
        f"g.client_id = e.client_id AND g.provider_id = {provider} AND g.revoked_at IS NULL)))"
    )


_LISTENING = "e.status = 'enabled' AND e.deleted_at IS NULL"
FAILS = "(e.failing_since IS NOT NULL OR (e.status = 'disabled' AND e.disabled_reason <> 'by-client'))"
"""The condition that an endpoint `e` fails, or was disabled for failing."""
FAILED_AT = "coalesce(e.failing_since, e.disabled_at)"
"""Since when it does."""
_FOR_ALL = "e.provider_id IS NULL AND e.board IS NULL"
"""An endpoint for every provider that its client may act for."""


def _owned(provider_id: str | None, board: str | None) -> tuple[str, str | None]:
    """Return the condition that an endpoint is a client's for a provider, a board, or all providers, and its owner."""
    owner = _FOR_ALL if provider_id is None and board is None else f"e.{'board' if board else 'provider_id'} = :owner"
    return f"e.client_id = :client AND {owner} AND e.deleted_at IS NULL", provider_id or board


def add(connection: Connection, endpoint: Endpoint) -> None:
    """Insert an endpoint."""
    insert(connection, tables.webhook_endpoints, [_row(endpoint)])


def save(connection: Connection, endpoint: Endpoint) -> None:
    """Write an endpoint as it is now."""
    values = {name: value for name, value in _row(endpoint).items() if name != "endpoint_id"}
    update(connection, tables.webhook_endpoints, values, {"endpoint_id": endpoint.endpoint_id})


def delete(connection: Connection, endpoint_id: str, at: datetime) -> None:
    """Mark an endpoint as deleted, without its secrets; its deliveries still refer to it."""
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
    """Return an endpoint of a client for a provider, for a board, or for all its providers; None for any other.

    With `for_update`, PostgreSQL appends `FOR NO KEY UPDATE`.
    """
    lock = locking_clause(connection, "NO KEY UPDATE") if for_update else ""
    owned, owner = _owned(provider_id, board)
    rows = fetch(
        connection,
        f"SELECT {ENDPOINT.columns} FROM webhook_endpoints e WHERE e.endpoint_id = :id AND {owned}{lock}",
        {"id": endpoint_id, "client": client_id, "owner": owner},
    )
    return ENDPOINT.read_first(connection, rows)


def page(
    connection: Connection, client_id: str, provider_id: str | None, board: str | None, after: str | None, limit: int
) -> list[Endpoint]:
    """Return a client's endpoints for a provider, for a board, or for all its providers after an id, oldest first."""
    owned, owner = _owned(provider_id, board)
    rows = fetch(
        connection,
        f"SELECT {ENDPOINT.columns} FROM webhook_endpoints e WHERE {owned} AND e.endpoint_id > :after "
        "ORDER BY e.endpoint_id LIMIT :limit",
        {"client": client_id, "owner": owner, "after": after or "", "limit": limit},
    )
    return ENDPOINT.read(connection, rows)


def find_listening(connection: Connection, owner: str, ids: Iterable[str]) -> list[Endpoint]:
    """Return the enabled endpoints of some providers or boards whose clients still have the right to hear of them.

    `owner` is the column of `ids`, `provider_id` or `board`.
    """
    rows = select_by_keys(
        connection,
        ENDPOINT.columns,
        ("owner",),
        ((id,) for id in ids),
        f"webhook_endpoints e ON e.{owner} = k.owner AND {_LISTENING} AND {entitled('e.provider_id')}",
    )
    return ENDPOINT.read(connection, rows)


def find_listening_to_all(connection: Connection, provider_ids: Iterable[str]) -> list[tuple[str, Endpoint]]:
    """Return (provider, endpoint) of the enabled endpoints for all providers whose clients may act for these now."""
    if not fetch(connection, f"SELECT 1 FROM webhook_endpoints e WHERE {_FOR_ALL} AND {_LISTENING} LIMIT 1"):
        return []
    rows = select_by_keys(
        connection,
        f"k.provider, {ENDPOINT.columns}",
        ("provider",),
        ((id,) for id in provider_ids),
        f"webhook_endpoints e ON {_FOR_ALL} AND {_LISTENING} AND EXISTS ("
        "SELECT 1 FROM grants r WHERE r.client_id = e.client_id AND r.provider_id = k.provider "
        f"AND r.revoked_at IS NULL) AND {entitled('k.provider')}",
    )
    return list(ENDPOINT.read_keyed(connection, rows))


def find_recovering(
    connection: Connection, waiting: str, most_waiting: int, *, for_update: bool = False
) -> Endpoint | None:
    """Return an endpoint for which earlier events are to be queued now; None when there is none.

    One that is disabled waits until it is enabled, and one with `most_waiting` deliveries until some were sent.
    `waiting` is the condition on a delivery `d` that it waits.

    With `for_update`, PostgreSQL appends `FOR NO KEY UPDATE SKIP LOCKED`.
    """
    lock = locking_clause(connection, "NO KEY UPDATE SKIP LOCKED") if for_update else ""
    rows = fetch(
        connection,
        f"SELECT {ENDPOINT.columns} FROM webhook_endpoints e WHERE e.recovers_until IS NOT NULL AND {_LISTENING} "
        f"AND {entitled('e.provider_id')} AND (SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries d WHERE "
        f"d.endpoint_id = e.endpoint_id AND {waiting} LIMIT :most) w) < :most ORDER BY random() LIMIT 1{lock}",
        {"most": most_waiting},
    )
    return ENDPOINT.read_first(connection, rows)


def find_boards_with_events(connection: Connection, commit_ids: Sequence[str]) -> set[str]:
    """Return the boards with events in some commits; the empty set while no board has an endpoint."""
    board_endpoints = "SELECT 1 FROM webhook_endpoints WHERE board IS NOT NULL AND deleted_at IS NULL LIMIT 1"
    if not fetch(connection, board_endpoints):
        return set()
    rows = select_by_keys(
        connection,
        "DISTINCT e.board",
        ("id",),
        ((commit_id,) for commit_id in commit_ids),
        "board_events e ON e.commit_id = k.id",
    )
    return {board for (board,) in rows}


def note_success(connection: Connection, endpoint_id: str, at: datetime) -> None:
    """Record that an endpoint accepts deliveries; writes nothing unless it was failing."""
    execute(
        connection,
        "UPDATE webhook_endpoints SET failing_since = NULL, version = version + 1, updated_at = :at "
        "WHERE endpoint_id = :id AND failing_since IS NOT NULL",
        {"id": endpoint_id, "at": at},
    )


def note_failure(connection: Connection, endpoint_id: str, at: datetime) -> None:
    """Record since when an endpoint has failed, unless it was failing before."""
    execute(
        connection,
        "UPDATE webhook_endpoints SET failing_since = :at, version = version + 1, updated_at = :at "
        "WHERE endpoint_id = :id AND failing_since IS NULL",
        {"id": endpoint_id, "at": at},
    )


def disable(
    connection: Connection, endpoint_id: str, reason: DisabledReason, at: datetime, *, failing_since: datetime
) -> bool:
    """Disable an enabled endpoint that has failed since a moment or longer; False for any other."""
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


def purge_deleted(connection: Connection, before: datetime) -> None:
    """Remove the rows of endpoints deleted before a moment, once no delivery refers to them."""
    execute(
        connection,
        "DELETE FROM webhook_endpoints WHERE deleted_at < :before AND NOT EXISTS ("
        "SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = webhook_endpoints.endpoint_id)",
        {"before": before},
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
            {"sealed": secret.sealed, "until": None if secret.until is None else instant_text(secret.until)}
            for secret in endpoint.secrets
        ],
        "status": endpoint.status.value,
        "disabled_reason": endpoint.disabled_reason and endpoint.disabled_reason.value,
        "disabled_at": endpoint.disabled_at,
        "failing_since": endpoint.failing_since,
        "recovers_since": endpoint.recovers_since,
        "recovers_after": endpoint.recovers_after,
        "recovers_until": endpoint.recovers_until,
        "version": endpoint.version,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }
