"""Deliveries: put in line with the event they tell of, sent outside any transaction, noted under the fence they hold.

Whoever is killed between sending and noting leaves a lease that ends; the event is sent again with the same id.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, NotFound
from app.core.logging import log
from app.delivery.sending import Sender
from app.delivery.signatures import headers_for
from app.domain.events import EventKind
from app.domain.webhooks import (
    FAILING_FOR,
    Attempt,
    Delivery,
    DeliveryStatus,
    DisabledReason,
    Endpoint,
    EndpointStatus,
    Leased,
    Outcome,
    pause_after,
)
from app.schemas.events import body_of
from app.services.context import Caller, Service, Work, operator, transact_async
from app.services.events.endpoints import get, opened_secrets
from app.store import deliveries, webhooks

LEASE = timedelta(seconds=60)
"""Longer than any attempt: only a worker that died, or was stopped for long, still holds one at its end."""
AT_ONCE = 64
"""Attempts under way in one worker."""
OF_ONE_ENDPOINT = 4
"""Attempts under way at one endpoint, in all workers together; one while everything fails there."""
FEED_PAUSE = timedelta(seconds=2)
"""A board is told no more often: what comes meanwhile is in the feed when it looks."""
KEPT = timedelta(days=30)
FORGET_AT_ONCE = 1_000


def enqueue(
    connection: Connection, told: Sequence[Mapping[str, Any]], commit_ids: Sequence[str], now: datetime
) -> None:
    """Put in line what was just published: events of providers, and that boards' feeds have something new.

    This is a part of the transaction that publishes: who may be told and wants to be at this moment, is.
    """
    listeners: defaultdict[str, list[Endpoint]] = defaultdict(list)
    for each in webhooks.listening(connection, "provider_id", {event["provider_id"] for event in told}):
        listeners[each.provider_id or ""].append(each)
    rows = [
        _row(each, event["event_id"], event["type"], event["at"], event["data"], now, now)
        for event in told
        for each in listeners[event["provider_id"]]
        if each.wants(event["type"])
    ]
    at_boards = webhooks.listening(connection, "board", webhooks.boards_told(connection, commit_ids))
    # One that waits will be sent after this commit, and tells of what is new now as well.
    waiting = deliveries.waiting(connection, [each.endpoint_id for each in at_boards])
    rows += [
        _row(each, f"evt_{new_id()}", EventKind.FEED_AVAILABLE, now, {"board": each.board or ""}, now, now + FEED_PAUSE)
        for each in at_boards
        if each.endpoint_id not in waiting
    ]
    deliveries.add(connection, rows)


def _row(
    endpoint: Endpoint, event_id: str, kind: str, at: datetime, data: Mapping[str, str], now: datetime, due: datetime
) -> dict[str, Any]:
    return {
        "delivery_id": f"whd_{new_id()}",
        "endpoint_id": endpoint.endpoint_id,
        "event_id": event_id,
        "type": kind,
        "at": at,
        "data": data,
        "status": DeliveryStatus.PENDING.value,
        "due_at": due,
        "fence": 0,
        "attempts": 0,
        "created_at": now,
    }


class Courier(msgspec.Struct, frozen=True, kw_only=True):
    """Sends what is due, many at a time."""

    service: Service
    sender: Sender

    @classmethod
    def of(cls, service: Service) -> Courier:
        """Return a courier as the settings allow."""
        return cls(service=service, sender=Sender(allow_private=service.settings.webhook_allow_private))

    async def take(self, most: int) -> list[Leased]:
        """Take up to so many deliveries that are due. Where nothing is, nothing is written."""
        database, now = self.service.database, self.service.clock()
        if not await database.read_async(lambda connection: deliveries.any_due(connection, now)):
            return []
        return await database.write_async(
            lambda connection: deliveries.take(
                connection, now=now, until=now + LEASE, most=most, at_once=OF_ONE_ENDPOINT
            )
        )

    async def deliver(self, held: Leased) -> Attempt:
        """Send what is held, unless something stands in the way, and note what became of it."""
        attempt = await self._attempt(held)
        await transact_async(operator(self.service), note, held, attempt)
        return attempt

    async def _attempt(self, held: Leased) -> Attempt:
        if held.hindrance is not None:
            return Attempt(outcome=held.hindrance)
        now, told = self.service.clock(), held.delivery
        secrets = opened_secrets(self.service, held.endpoint, now)
        if not secrets:
            return Attempt(outcome=Outcome.SECRET_UNREADABLE)
        body = body_of(told.type, told.at, told.data)
        headers = headers_for(told.event_id, int(now.timestamp()), body, secrets)
        return await self.sender.send(held.endpoint.url, headers, body)

    async def deliver_due(self) -> list[Attempt]:
        """Send everything that is due at this moment; return what became of it."""
        done: list[Attempt] = []
        while held := await self.take(AT_ONCE):
            done += await asyncio.gather(*(self.deliver(each) for each in held))
        return done


def note(work: Work, held: Leased, attempt: Attempt) -> bool:
    """Write what became of an attempt; False when its lease has passed to another worker, whose word counts."""
    attempts = held.delivery.attempts + (held.hindrance is None)
    values: dict[str, Any] = {"attempts": attempts, "outcome": attempt.outcome.value, "answer": attempt.answer}
    if held.hindrance is None:
        values["tried_at"] = work.now
    pause = pause_after(attempts, attempt.retry_after, random.random()) if held.hindrance is None else None
    if attempt.outcome is Outcome.ACCEPTED:
        values |= {"status": DeliveryStatus.DELIVERED.value, "finished_at": work.now}
    elif pause is None or attempt.outcome is Outcome.GONE:
        values |= {"status": DeliveryStatus.DEAD.value, "finished_at": work.now}
    else:
        values |= {"status": DeliveryStatus.PENDING.value, "due_at": work.now + pause}
    if not deliveries.note(work.connection, held, values):
        return False
    if held.hindrance is None:
        _note_endpoint(work, held.endpoint.endpoint_id, attempt.outcome)
    return True


def _note_endpoint(work: Work, endpoint_id: str, outcome: Outcome) -> None:
    """Note whether an endpoint takes what it is sent, and disable one that is gone or has failed for too long."""
    if outcome is Outcome.ACCEPTED:
        webhooks.note_success(work.connection, endpoint_id, work.now)
        return
    webhooks.note_failure(work.connection, endpoint_id, work.now)
    reason, since = DisabledReason.FAILING, work.now - FAILING_FOR
    if outcome is Outcome.GONE:
        reason, since = DisabledReason.GONE, work.now
    if webhooks.disable(work.connection, endpoint_id, reason, work.now, failing_since=since):
        work.audit("disable", "webhook-endpoint", endpoint_id, reason=reason.value)
        log.warning("webhook endpoint disabled", endpoint_id=endpoint_id, reason=reason.value)


def page(
    connection: Connection,
    caller: Caller,
    endpoint_id: str,
    *,
    statuses: Sequence[str],
    before: str | None,
    limit: int,
) -> list[Delivery]:
    """Return an endpoint's deliveries before an id, the newest first; raises `NotFound` as for the endpoint."""
    get(connection, caller, endpoint_id)
    return deliveries.page(connection, endpoint_id, statuses, before, limit)


def redeliver(work: Work, endpoint_id: str, delivery_id: str) -> Delivery:
    """Put a delivery in line once more, whatever became of it; it is sent with the same id.

    Raises `NotFound`, and `Conflict` while the endpoint is disabled.
    """
    endpoint = get(work.connection, work.caller, endpoint_id)
    if deliveries.one(work.connection, endpoint_id, delivery_id) is None:
        raise NotFound
    if endpoint.status is EndpointStatus.DISABLED:
        raise Conflict("The endpoint is disabled; enable it first.")
    deliveries.put_back(work.connection, delivery_id, work.now)
    work.audit("redeliver", "webhook-delivery", delivery_id)
    again = deliveries.one(work.connection, endpoint_id, delivery_id)
    assert again is not None
    return again


def forget_finished(service: Service) -> None:
    """Remove deliveries that were finished long ago, in small pieces."""
    before = service.clock() - KEPT
    while service.database.write(lambda connection: deliveries.forget(connection, before, FORGET_AT_ONCE)):
        pass
    service.database.write(lambda connection: webhooks.forget_deleted(connection, before))
