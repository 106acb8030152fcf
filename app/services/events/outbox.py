"""The outbox: webhook deliveries are queued in the transaction that publishes their events, and queued again later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.core.clock import new_id
from app.domain.events import BoardEvent, Event, EventKind
from app.domain.webhooks import DeliveryStatus, Endpoint
from app.store import deliveries, webhooks
from app.store.access import providers

FEED_PAUSE = timedelta(seconds=2)
"""Before a `feed.available` is sent: events that follow within it need no delivery of their own."""


def enqueue_deliveries(
    connection: Connection,
    events: Sequence[Mapping[str, Any]],
    of_boards: Sequence[BoardEvent],
    commit_ids: Sequence[str],
    now: datetime,
) -> None:
    """Queue a delivery of each event of a provider or board, and of `feed.available`, for every endpoint that wants it.

    Only endpoints that are enabled and entitled at this moment are sent anything.
    """
    listeners: defaultdict[str, list[Endpoint]] = defaultdict(list)
    given = {event["provider_id"] for event in events}
    # What was committed just before a merger is told to whom the provider is now.
    roots = dict(zip(given, given, strict=True)) | providers.roots_of(connection, given)
    provider_ids = set(roots.values())
    for endpoint in webhooks.find_listening(connection, "provider_id", provider_ids):
        listeners[endpoint.provider_id or ""].append(endpoint)
    for provider_id, endpoint in webhooks.find_listening_to_all(connection, provider_ids):
        listeners[provider_id].append(endpoint)
    rows = [
        row_of(
            endpoint,
            event["event_id"],
            event["type"],
            event["at"],
            event["data"],
            now=now,
            provider_id=roots[event["provider_id"]],
        )
        for event in events
        for endpoint in listeners[roots[event["provider_id"]]]
        if endpoint.wants(event["type"])
    ]
    rows += _board_rows(connection, of_boards, now)
    with_news = [
        endpoint
        for endpoint in webhooks.find_listening(
            connection, "board", webhooks.find_boards_with_events(connection, commit_ids)
        )
        if endpoint.wants(EventKind.FEED_AVAILABLE)
    ]
    # A delivery that nobody has begun to send leaves after this commit, so it covers the new events too.
    waiting = deliveries.lock_unclaimed_news(connection, [endpoint.endpoint_id for endpoint in with_news])
    rows += [_news_of_feed(endpoint, now) for endpoint in with_news if endpoint.endpoint_id not in waiting]
    deliveries.add(connection, rows)


def _board_rows(connection: Connection, events: Sequence[BoardEvent], now: datetime) -> list[dict[str, Any]]:
    """Return the deliveries of boards' events; each has one id at all endpoints."""
    if not events:
        return []
    listening = webhooks.find_listening(connection, "board", {event.board for event in events})
    return [
        row_of(endpoint, event_id, event.type, event.at, event.data, now=now)
        for event in events
        for event_id in [f"evt_{new_id()}"]
        for endpoint in listening
        if endpoint.board == event.board and endpoint.wants(event.type)
    ]


def enqueue_feed_available(connection: Connection, endpoint: Endpoint, now: datetime) -> None:
    """Queue a `feed.available` for an endpoint of a board, unless one waits already."""
    if not deliveries.lock_unclaimed_news(connection, [endpoint.endpoint_id]):
        deliveries.add(connection, [_news_of_feed(endpoint, now)])


def enqueue_again(
    connection: Connection, endpoint: Endpoint, events: Sequence[tuple[str, Event]], now: datetime
) -> None:
    """Queue deliveries of providers' events, given as (provider, event), whether they were queued before or not."""
    deliveries.requeue_events(connection, endpoint.endpoint_id, [event.event_id for _, event in events], now)
    rows = [
        row_of(endpoint, event.event_id, event.type, event.at, event.data, now=now, provider_id=provider_id)
        for provider_id, event in events
    ]
    deliveries.add(connection, rows, skip_known=True)


def _news_of_feed(endpoint: Endpoint, now: datetime) -> dict[str, Any]:
    data = {"board": endpoint.board or ""}
    due_at = now + FEED_PAUSE
    return row_of(endpoint, f"evt_{new_id()}", EventKind.FEED_AVAILABLE, now, data, now=now, due_at=due_at)


def row_of(
    endpoint: Endpoint,
    event_id: str,
    type: str,
    at: datetime,
    data: Mapping[str, Any],
    *,
    now: datetime,
    due_at: datetime | None = None,
    provider_id: str | None = None,
) -> dict[str, Any]:
    """Return the row of a delivery that is queued, due now unless another moment is given."""
    return {
        "delivery_id": f"whd_{new_id()}",
        "endpoint_id": endpoint.endpoint_id,
        "event_id": event_id,
        "type": type,
        "at": at,
        "data": data,
        "status": DeliveryStatus.PENDING.value,
        "due_at": due_at or now,
        "fence": 0,
        "attempts": 0,
        "created_at": now,
        "provider_id": provider_id,
    }
