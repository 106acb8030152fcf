"""The outbox: webhook deliveries are queued in the transaction that publishes their events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.core.clock import new_id
from app.domain.events import EventKind
from app.domain.webhooks import DeliveryStatus, Endpoint
from app.store import deliveries, webhooks

FEED_PAUSE = timedelta(seconds=2)
"""Before a `feed.available` is sent: events that follow within it need no delivery of their own."""


def enqueue_deliveries(
    connection: Connection, events: Sequence[Mapping[str, Any]], commit_ids: Sequence[str], now: datetime
) -> None:
    """Queue a delivery of each provider's event, and of `feed.available`, for every endpoint that wants it.

    Only endpoints that are enabled and entitled at this moment are sent anything.
    """
    listeners: defaultdict[str, list[Endpoint]] = defaultdict(list)
    for endpoint in webhooks.find_listening(connection, "provider_id", {event["provider_id"] for event in events}):
        listeners[endpoint.provider_id or ""].append(endpoint)
    rows = [
        _row(endpoint, event["event_id"], event["type"], event["at"], event["data"], now, now)
        for event in events
        for endpoint in listeners[event["provider_id"]]
        if endpoint.wants(event["type"])
    ]
    of_boards = webhooks.find_listening(connection, "board", webhooks.find_boards_with_events(connection, commit_ids))
    # A delivery that nobody has begun to send leaves after this commit, so it covers the new events too.
    waiting = deliveries.lock_unclaimed(connection, [endpoint.endpoint_id for endpoint in of_boards])
    rows += [
        _row(
            endpoint,
            f"evt_{new_id()}",
            EventKind.FEED_AVAILABLE,
            now,
            {"board": endpoint.board or ""},
            now,
            now + FEED_PAUSE,
        )
        for endpoint in of_boards
        if endpoint.endpoint_id not in waiting
    ]
    deliveries.add(connection, rows)


def _row(
    endpoint: Endpoint, event_id: str, type: str, at: datetime, data: Mapping[str, str], now: datetime, due_at: datetime
) -> dict[str, Any]:
    return {
        "delivery_id": f"whd_{new_id()}",
        "endpoint_id": endpoint.endpoint_id,
        "event_id": event_id,
        "type": type,
        "at": at,
        "data": data,
        "status": DeliveryStatus.PENDING.value,
        "due_at": due_at,
        "fence": 0,
        "attempts": 0,
        "created_at": now,
    }
