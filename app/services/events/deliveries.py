"""Webhook deliveries as their client sees them: listed, queued again, removed when they are old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from app.core.errors import Conflict, NotFound
from app.domain.audit import DeliveryAudit
from app.domain.webhooks import EndpointStatus, WebhookDelivery
from app.services.context import Caller, Service, Work
from app.services.events.endpoints import get
from app.store import deliveries, webhooks

KEPT = timedelta(days=30)
REMOVED_AT_ONCE = 1_000
"""Finished deliveries removed in one transaction."""


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


def remove_finished(service: Service) -> None:
    """Remove deliveries that were finished more than `KEPT` ago, then endpoints that were deleted before that."""
    before = service.clock() - KEPT
    while service.database.write(lambda connection: deliveries.delete_finished(connection, before, REMOVED_AT_ONCE)):
        pass
    service.database.write(lambda connection: webhooks.purge_deleted(connection, before))
