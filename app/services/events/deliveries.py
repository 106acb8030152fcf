"""Webhook deliveries as their client sees them: listed, tested, queued again, removed when they are old."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, NotFound
from app.domain.audit import DeliveryAudit
from app.domain.events import EventKind
from app.domain.webhooks import EndpointStatus, WebhookDelivery
from app.services.context import Caller, Service, Work, read_async, transact_async
from app.services.events.endpoints import get, lock
from app.services.events.outbox import row_of
from app.store import deliveries, webhooks

TEST_SECONDS = 20.0
"""How long an answer waits for the outcome of a test: longer than any attempt takes."""
POLL_SECONDS = 0.1


def page(
    connection: Connection,
    caller: Caller,
    endpoint_id: str,
    *,
    statuses: Sequence[str],
    before: str | None,
    limit: int,
) -> list[WebhookDelivery]:
    """Return an endpoint's deliveries before an id, newest first; raises `NotFound` as `endpoints.get` does."""
    get(connection, caller, endpoint_id)
    return deliveries.page(connection, endpoint_id, statuses, before, limit)


def get_one(connection: Connection, caller: Caller, endpoint_id: str, delivery_id: str) -> WebhookDelivery:
    """Return a delivery; raises `NotFound` for one that is not of the caller's endpoint."""
    get(connection, caller, endpoint_id)
    found = deliveries.one(connection, endpoint_id, delivery_id)
    if found is None:
        raise NotFound
    return found


async def test(caller: Caller, endpoint_id: str) -> WebhookDelivery:
    """Have a test sent to an endpoint; return its delivery with the outcome, or as it stands after `TEST_SECONDS`.

    Raises `NotFound`, and `Conflict` while another test of the endpoint is under way.
    """
    delivery_id = await transact_async(caller, queue_test, endpoint_id)
    loop = asyncio.get_running_loop()
    until = loop.time() + TEST_SECONDS
    while True:
        delivery = await read_async(caller, get_one, endpoint_id, delivery_id)
        if delivery.finished_at is not None or loop.time() >= until:
            return delivery
        await asyncio.sleep(POLL_SECONDS)


def queue_test(work: Work, endpoint_id: str) -> str:
    """Queue a test for an endpoint, before everything else that waits for it; return the delivery's id.

    It may be disabled: that is when its client wants to know whether it answers again.
    """
    endpoint = lock(work, endpoint_id)
    if deliveries.has_test_under_way(work.connection, endpoint_id):
        raise Conflict("A test of this endpoint is under way. Its deliveries will show what became of it.")
    first = deliveries.first_due(work.connection, endpoint_id)
    row = row_of(
        endpoint,
        f"evt_{new_id()}",
        EventKind.WEBHOOK_TEST,
        work.now,
        {"endpoint_id": endpoint_id, "provider_id": endpoint.provider_id},
        now=work.now,
        # No earlier than that needs: how long the oldest delivery has waited is what the operator is warned by.
        due_at=min(first or work.now, work.now) - timedelta(milliseconds=1),
        provider_id=endpoint.provider_id,
    )
    deliveries.add(work.connection, [row])
    delivery_id: str = row["delivery_id"]
    work.audit("test", delivery_id, DeliveryAudit())
    return delivery_id


def redeliver(work: Work, endpoint_id: str, delivery_id: str) -> WebhookDelivery:
    """Queue a delivery again, whatever its status; it keeps its id.

    Raises `NotFound`, and `Conflict` while the endpoint is disabled.
    """
    endpoint = get(work.connection, work.caller, endpoint_id)
    if deliveries.one(work.connection, endpoint_id, delivery_id) is None:
        raise NotFound
    if endpoint.status is EndpointStatus.DISABLED:
        raise Conflict("The endpoint is disabled; enable it first.")
    deliveries.requeue(work.connection, delivery_id, work.now)
    work.audit("redeliver", delivery_id, DeliveryAudit())
    queued = deliveries.one(work.connection, endpoint_id, delivery_id)
    assert queued is not None
    return queued


def remove_deleted_endpoints(service: Service) -> None:
    """Remove endpoints deleted longer ago than deliveries are kept, once retention has taken their last delivery."""
    before = service.clock() - timedelta(days=service.settings.keep_deliveries_days)
    service.database.write(lambda connection: webhooks.purge_deleted(connection, before))
