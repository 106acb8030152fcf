"""Queries on what endpoints are to be told: put in line, taken, noted, listed, cleared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.webhooks import AttemptOutcome, DeliveryStatus, LeasedDelivery, WebhookDelivery
from app.models import webhooks as tables
from app.store import leases
from app.store.sql.bulk import insert
from app.store.sql.key_sets import from_keys, select_by_keys
from app.store.sql.statements import Row, execute, fetch, locking_clause, string_agg
from app.store.sql.values import read_document, read_instant, read_optional_instant
from app.store.webhooks import COLUMNS as ENDPOINT
from app.store.webhooks import ENTITLED, endpoint_of

_COLUMNS = (
    "d.delivery_id, d.endpoint_id, d.event_id, d.type, d.at, d.data, d.status, d.attempts, d.due_at, d.tried_at, "
    "d.outcome, d.answer, d.created_at, d.finished_at"
)
_WIDTH = _COLUMNS.count(",") + 1
_WAITING, _HELD = DeliveryStatus.PENDING.value, DeliveryStatus.SENDING.value
_OPEN = "d.status IN ('pending', 'sending')"
"""The condition of the index of what waits, in its own words, which SQLite asks for."""
_ANY_DUE = (
    f"(SELECT d.due_at FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id AND {_OPEN} "
    "ORDER BY d.due_at LIMIT 1) <= :now"
)
"""Whether anything is due for an endpoint: one look into the index, however much waits."""


def add(connection: Connection, given: Sequence[Mapping[str, Any]]) -> None:
    """Put deliveries in line."""
    insert(connection, tables.webhook_deliveries, given)


def waiting(connection: Connection, endpoint_ids: Iterable[str]) -> set[str]:
    """Return those of some endpoints for which a delivery waits that nobody has begun to send, and keep it so.

    Until this transaction ends, none of these is taken: whoever is told will find what this transaction writes.
    """
    found = select_by_keys(
        connection,
        "d.endpoint_id",
        ("endpoint",),
        ((each,) for each in endpoint_ids),
        f"webhook_deliveries d ON d.endpoint_id = k.endpoint AND {_OPEN} AND d.status = 'pending'",
        locking_clause(connection, "NO KEY UPDATE OF d"),
    )
    return {row[0] for row in found}


def any_due(connection: Connection, now: datetime) -> bool:
    """Tell whether anything is due."""
    endpoints = f"SELECT 1 FROM webhook_endpoints e WHERE {_ANY_DUE} LIMIT 1"
    return bool(fetch(connection, endpoints, {"now": now}))


def take(connection: Connection, *, now: datetime, until: datetime, most: int, at_once: int) -> list[LeasedDelivery]:
    """Take up to `most` deliveries that are due, and hold them until a moment.

    Of one endpoint, no more than `at_once` are held at a time, by all workers together; one only while it fails. Which
    endpoints come first is chance, so that none can keep the others from their turn.
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
    for endpoint_id, due, held in _heads(connection, failing, now, at_once):
        chosen += due[: max(0, (1 if failing[endpoint_id] else at_once) - held)]
    fences = leases.take(
        connection, tables.webhook_deliveries, chosen[:most], waiting=_WAITING, held=_HELD, now=now, until=until
    )
    found = select_by_keys(
        connection,
        f"{_COLUMNS}, {ENDPOINT}, e.deleted_at IS NOT NULL, {ENTITLED}",
        ("id",),
        ((each,) for each in fences),
        "webhook_deliveries d ON d.delivery_id = k.id JOIN webhook_endpoints e ON e.endpoint_id = d.endpoint_id",
    )
    return [
        LeasedDelivery(
            delivery=_delivery(row),
            fence=fences[row[0]],
            endpoint=endpoint_of(row[_WIDTH:]),
            deleted=bool(row[-2]),
            entitled=bool(row[-1]),
        )
        for row in found
    ]


def _heads(
    connection: Connection, endpoint_ids: Iterable[str], now: datetime, at_once: int
) -> list[tuple[str, list[str], int]]:
    """Return, for each endpoint, the deliveries that have been due longest, and how many are being sent."""
    wanted = list(endpoint_ids)
    if not wanted:
        return []
    source, parameters = from_keys(connection, ("endpoint",), ((each,) for each in wanted))
    first = (
        f"SELECT d.delivery_id FROM webhook_deliveries d WHERE d.endpoint_id = k.endpoint AND {_OPEN} "
        "AND d.due_at <= :now ORDER BY d.due_at LIMIT :at_once"
    )
    found = fetch(
        connection,
        f"SELECT k.endpoint, (SELECT {string_agg(connection, 'x.delivery_id')} FROM ({first}) x), "
        "(SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint_id = k.endpoint AND d.status = 'sending' "
        f"AND d.due_at > :now) FROM {source}",
        parameters | {"now": now, "at_once": at_once},
    )
    return [(row[0], (row[1] or "").split(), row[2]) for row in found]


def note(connection: Connection, held: LeasedDelivery, values: Mapping[str, Any]) -> bool:
    """Write what became of an attempt; False when another worker holds the delivery by now."""
    table, delivery_id = tables.webhook_deliveries, held.delivery.delivery_id
    return leases.give_back(connection, table, delivery_id, held.fence, values, held=_HELD)


def put_back(connection: Connection, delivery_id: str, now: datetime) -> None:
    """Put a delivery in line once more, from its first attempt on; one that is being sent stays as it is."""
    execute(
        connection,
        "UPDATE webhook_deliveries SET status = 'pending', attempts = 0, due_at = :now, finished_at = NULL "
        "WHERE delivery_id = :id AND status <> 'sending'",
        {"id": delivery_id, "now": now},
    )


def one(connection: Connection, endpoint_id: str, delivery_id: str) -> WebhookDelivery | None:
    """Return a delivery of an endpoint."""
    found = fetch(
        connection,
        f"SELECT {_COLUMNS} FROM webhook_deliveries d WHERE d.delivery_id = :id AND d.endpoint_id = :endpoint",
        {"id": delivery_id, "endpoint": endpoint_id},
    )
    return _delivery(found[0]) if found else None


def page(
    connection: Connection, endpoint_id: str, statuses: Sequence[str], before: str | None, limit: int
) -> list[WebhookDelivery]:
    """Return an endpoint's deliveries before an id, the newest first, of some statuses or of any."""
    wanted = f" AND d.status IN ({', '.join(f':status{n}' for n in range(len(statuses)))})" if statuses else ""
    earlier = "" if before is None else " AND d.delivery_id < :before"
    found = fetch(
        connection,
        f"SELECT {_COLUMNS} FROM webhook_deliveries d WHERE d.endpoint_id = :endpoint{wanted}{earlier} "
        "ORDER BY d.delivery_id DESC LIMIT :limit",
        {"endpoint": endpoint_id, "limit": limit}
        | ({} if before is None else {"before": before})
        | {f"status{n}": each for n, each in enumerate(statuses)},
    )
    return [_delivery(row) for row in found]


def forget(connection: Connection, before: datetime, most: int) -> int:
    """Remove some of the deliveries that were finished before a moment; return how many."""
    return execute(
        connection,
        "DELETE FROM webhook_deliveries WHERE delivery_id IN ("
        "SELECT delivery_id FROM webhook_deliveries WHERE finished_at < :before LIMIT :most)",
        {"before": before, "most": most},
    )


def _delivery(row: Row) -> WebhookDelivery:
    return WebhookDelivery(
        delivery_id=row[0],
        endpoint_id=row[1],
        event_id=row[2],
        type=row[3],
        at=read_instant(row[4]),
        data=read_document(row[5]),
        status=DeliveryStatus(row[6]),
        attempts=row[7],
        due_at=read_instant(row[8]),
        tried_at=read_optional_instant(row[9]),
        outcome=AttemptOutcome(row[10]) if row[10] is not None else None,
        answer=row[11],
        created_at=read_instant(row[12]),
        finished_at=read_optional_instant(row[13]),
    )
