"""The outbox of webhooks: deliveries added, leased by workers, attempted, listed, and deleted when they are old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.webhooks import DeliveryStatus, LeasedDelivery, WebhookDelivery
from app.models import webhooks as tables
from app.store import leases
from app.store.sql.bulk import insert
from app.store.sql.key_sets import from_keys, select_by_keys
from app.store.sql.rows import RowMapper, expression
from app.store.sql.statements import (
    execute,
    fetch,
    fetch_column,
    fetch_value,
    in_list,
    locking_clause,
    narrow_to,
    string_agg,
)
from app.store.sql.values import read_optional_instant
from app.store.webhooks import ENDPOINT, entitled

_DELIVERY = RowMapper(WebhookDelivery, tables.webhook_deliveries, "d")
_LEASED = RowMapper(
    LeasedDelivery,
    tables.webhook_deliveries,
    "d",
    delivery=_DELIVERY,
    endpoint=ENDPOINT,
    deleted=expression("e.deleted_at IS NOT NULL", bool),
    entitled=expression(entitled("coalesce(d.provider_id, e.provider_id)"), bool),
)
_PENDING, _SENDING = DeliveryStatus.PENDING.value, DeliveryStatus.SENDING.value
OPEN = "d.status IN ('pending', 'sending')"
"""The condition of the partial index, word for word: otherwise SQLite would not use it."""
_ANY_DUE = (
    f"(SELECT d.due_at FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id AND {OPEN} "
    "ORDER BY d.due_at LIMIT 1) <= :now"
)
"""Whether an endpoint has a delivery that is due: one index lookup, however many there are."""


def add(connection: Connection, rows: Sequence[Mapping[str, Any]], *, skip_known: bool = False) -> None:
    """Insert deliveries; `skip_known` leaves those of events alone that the endpoint has a delivery of."""
    insert(connection, tables.webhook_deliveries, rows, skip_known=skip_known)


def lock_unclaimed_news(connection: Connection, endpoint_ids: Iterable[str]) -> set[str]:
    """Lock and return the endpoints, of those given, that have an unclaimed delivery of `feed.available`.

    No worker leases such a delivery before this transaction ends: its receiver then finds what the transaction writes.

    PostgreSQL appends `FOR NO KEY UPDATE OF d`; SQLite's transaction is the only writer.
    """
    rows = select_by_keys(
        connection,
        "d.endpoint_id",
        ("endpoint",),
        ((endpoint_id,) for endpoint_id in endpoint_ids),
        f"webhook_deliveries d ON d.endpoint_id = k.endpoint AND {OPEN} AND d.status = 'pending' "
        "AND d.type = 'feed.available'",
        locking_clause(connection, "NO KEY UPDATE OF d"),
    )
    return {endpoint_id for (endpoint_id,) in rows}


def any_due(connection: Connection, now: datetime) -> bool:
    """Return whether any delivery is due."""
    endpoints = f"SELECT 1 FROM webhook_endpoints e WHERE {_ANY_DUE} LIMIT 1"
    return bool(fetch(connection, endpoints, {"now": now}))


def lease_due(
    connection: Connection, *, now: datetime, until: datetime, most: int, at_once: int
) -> list[LeasedDelivery]:
    """Lease up to `most` deliveries that are due, until a moment.

    Workers together lease at most `at_once` deliveries of one endpoint, and only one while it is failing. Endpoints
    come in random order, so that none can starve the others.

    PostgreSQL reads the endpoints with `FOR NO KEY UPDATE SKIP LOCKED`.
    """
    failing: dict[str, bool] = dict(
        fetch(
            connection,
            f"SELECT e.endpoint_id, e.failing_since IS NOT NULL FROM webhook_endpoints e WHERE {_ANY_DUE} "
            f"ORDER BY random() LIMIT :most{locking_clause(connection, 'NO KEY UPDATE SKIP LOCKED')}",
            {"now": now, "most": most},
        )
    )
    chosen: list[str] = []
    for endpoint_id, due, sending in _heads(connection, failing, now, at_once):
        chosen += due[: max(0, (1 if failing[endpoint_id] else at_once) - sending)]
    leased = leases.lease(
        connection, tables.webhook_deliveries, chosen[:most], pending=_PENDING, leased=_SENDING, now=now, until=until
    )
    rows = select_by_keys(
        connection,
        _LEASED.columns,
        ("id",),
        ((delivery_id,) for delivery_id in leased),
        "webhook_deliveries d ON d.delivery_id = k.id JOIN webhook_endpoints e ON e.endpoint_id = d.endpoint_id",
    )
    return _of_working_clients(connection, _LEASED.read(connection, rows), now)


def _of_working_clients(connection: Connection, leased: list[LeasedDelivery], now: datetime) -> list[LeasedDelivery]:
    """Take the right to their endpoints from clients that have expired."""
    marks, parameters = in_list("client", sorted({delivery.endpoint.client_id for delivery in leased}))
    expired = fetch_column(
        connection,
        f"SELECT client_id FROM clients WHERE client_id IN ({marks}) AND expires_at <= :now",
        parameters | {"now": now},
    )
    if not expired:
        return leased
    return [
        replace(delivery, entitled=delivery.entitled and delivery.endpoint.client_id not in expired)
        for delivery in leased
    ]


def _heads(
    connection: Connection, endpoint_ids: Iterable[str], now: datetime, at_once: int
) -> list[tuple[str, list[str], int]]:
    """Return (endpoint, ids of the deliveries due longest, number being sent) of each endpoint."""
    keys = [(endpoint_id,) for endpoint_id in endpoint_ids]
    if not keys:
        return []
    source, parameters = from_keys(connection, ("endpoint",), keys)
    first = (
        f"SELECT d.delivery_id FROM webhook_deliveries d WHERE d.endpoint_id = k.endpoint AND {OPEN} "
        "AND d.due_at <= :now ORDER BY d.due_at LIMIT :at_once"
    )
    rows = fetch(
        connection,
        f"SELECT k.endpoint, (SELECT {string_agg(connection, 'x.delivery_id')} FROM ({first}) x), "
        "(SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = k.endpoint AND d.status = 'sending' "
        f"AND d.due_at > :now) FROM {source}",
        parameters | {"now": now, "at_once": at_once},
    )
    return [(endpoint_id, (delivery_ids or "").split(), sending) for endpoint_id, delivery_ids, sending in rows]


def save_attempt(connection: Connection, leased: LeasedDelivery, values: Mapping[str, Any]) -> bool:
    """Write the outcome of an attempt and end the lease; False when another worker has leased the delivery since."""
    table, delivery_id = tables.webhook_deliveries, leased.delivery.delivery_id
    return leases.release(connection, table, delivery_id, leased.fence, values, leased=_SENDING)


def requeue(connection: Connection, delivery_id: str, now: datetime) -> None:
    """Make a delivery due again, with all its attempts; one that is being sent stays as it is."""
    execute(
        connection,
        "UPDATE webhook_deliveries SET status = 'pending', attempts = 0, due_at = :now, finished_at = NULL "
        "WHERE delivery_id = :id AND status <> 'sending'",
        {"id": delivery_id, "now": now},
    )


def requeue_events(connection: Connection, endpoint_id: str, event_ids: Iterable[str], now: datetime) -> None:
    """Make an endpoint's deliveries of some events due again, with all their attempts, but for those being sent.

    SQLite:

        UPDATE webhook_deliveries SET … FROM (SELECT … FROM json_each(:k_keys)) AS k WHERE …

    PostgreSQL:

        UPDATE webhook_deliveries SET … FROM unnest(…) AS k(event) WHERE …
    """
    keys = [(event_id,) for event_id in event_ids]
    if not keys:
        return
    source, parameters = from_keys(connection, ("event",), keys)
    execute(
        connection,
        "UPDATE webhook_deliveries SET status = 'pending', attempts = 0, due_at = :now, finished_at = NULL "
        f"FROM {source} WHERE endpoint_id = :endpoint AND event_id = k.event AND status <> 'sending'",
        parameters | {"endpoint": endpoint_id, "now": now},
    )


def first_due(connection: Connection, endpoint_id: str) -> datetime | None:
    """Return when the delivery of an endpoint is due that comes before all others; None when none waits."""
    return read_optional_instant(
        fetch_value(
            connection,
            f"SELECT d.due_at FROM webhook_deliveries d WHERE d.endpoint_id = :endpoint AND {OPEN} "
            "ORDER BY d.due_at LIMIT 1",
            {"endpoint": endpoint_id},
        )
    )


def has_test_under_way(connection: Connection, endpoint_id: str) -> bool:
    """Return whether a test of an endpoint waits or is being sent."""
    return bool(
        fetch(
            connection,
            f"SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = :endpoint AND {OPEN} "
            "AND d.type = 'webhook.test' LIMIT 1",
            {"endpoint": endpoint_id},
        )
    )


def one(connection: Connection, endpoint_id: str, delivery_id: str) -> WebhookDelivery | None:
    """Return a delivery of an endpoint."""
    rows = fetch(
        connection,
        f"SELECT {_DELIVERY.columns} FROM webhook_deliveries d WHERE d.delivery_id = :id AND d.endpoint_id = :endpoint",
        {"id": delivery_id, "endpoint": endpoint_id},
    )
    return _DELIVERY.read_first(connection, rows)


def page(
    connection: Connection, endpoint_id: str, statuses: Sequence[str], before: str | None, limit: int
) -> list[WebhookDelivery]:
    """Return an endpoint's deliveries before an id, newest first; of some statuses, or of all."""
    narrowed, parameters = narrow_to("d", {"status": statuses})
    conditions = ["d.endpoint_id = :endpoint", *narrowed]
    parameters |= {"endpoint": endpoint_id, "limit": limit}
    if before is not None:
        conditions.append("d.delivery_id < :before")
        parameters["before"] = before
    rows = fetch(
        connection,
        f"SELECT {_DELIVERY.columns} FROM webhook_deliveries d WHERE {' AND '.join(conditions)} "
        "ORDER BY d.delivery_id DESC LIMIT :limit",
        parameters,
    )
    return _DELIVERY.read(connection, rows)
