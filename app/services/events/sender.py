"""Sending webhooks: due deliveries are leased, sent outside any transaction, and saved under their fencing tokens.

A worker that dies between sending and saving leaves a lease that expires; the event is sent again with the same id.
"""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import msgspec

from app.core.logging import log
from app.delivery.sending import Sender
from app.delivery.signatures import headers_for
from app.domain.audit import EndpointAudit
from app.domain.webhooks import (
    DISABLED_AFTER,
    Attempt,
    AttemptOutcome,
    DeliveryStatus,
    DisabledReason,
    LeasedDelivery,
    retry_pause,
)
from app.schemas.events import body_of
from app.services.context import Service, Work, operator, transact_async
from app.services.events.endpoints import signing_secrets
from app.store import deliveries, webhooks

LEASE = timedelta(seconds=60)
"""Longer than any attempt: a lease expires only under a worker that died or was stopped."""
AT_ONCE = 64
"""Attempts under way in one worker."""
PER_ENDPOINT = 4
"""Attempts under way at one endpoint, by all workers together; one while the endpoint is failing."""


class WebhookSender(msgspec.Struct, frozen=True, kw_only=True):
    """Leases due deliveries and sends them, many at a time."""

    service: Service
    sender: Sender

    @classmethod
    def of(cls, service: Service) -> WebhookSender:
        """Return a sender for an installation; the settings say whether it may call private addresses."""
        return cls(service=service, sender=Sender(allow_private=service.settings.webhook_allow_private))

    async def lease_due(self, most: int) -> list[LeasedDelivery]:
        """Lease up to `most` due deliveries. Writes nothing when none is due."""
        database, now = self.service.database, self.service.clock()
        if not await database.read_async(lambda connection: deliveries.any_due(connection, now)):
            return []
        return await database.write_async(
            lambda connection: deliveries.lease_due(
                connection, now=now, until=now + LEASE, most=most, at_once=PER_ENDPOINT
            )
        )

    async def deliver(self, leased: LeasedDelivery) -> Attempt:
        """Send a leased delivery unless it has to be skipped; save and return the outcome."""
        attempt = await self._attempt(leased)
        await transact_async(operator(self.service), save_attempt, leased, attempt)
        return attempt

    async def _attempt(self, leased: LeasedDelivery) -> Attempt:
        if leased.skip_reason is not None:
            return Attempt(outcome=leased.skip_reason)
        now, delivery = self.service.clock(), leased.delivery
        secrets = signing_secrets(self.service, leased.endpoint, now)
        if not secrets:
            return Attempt(outcome=AttemptOutcome.SECRET_UNREADABLE)
        body = body_of(delivery.type, delivery.at, delivery.data)
        headers = headers_for(delivery.event_id, int(now.timestamp()), body, secrets)
        return await self.sender.send(leased.endpoint.url, headers, body)

    async def deliver_due(self) -> list[Attempt]:
        """Send everything that is due now; return the outcomes."""
        attempts: list[Attempt] = []
        while leased := await self.lease_due(AT_ONCE):
            attempts += await asyncio.gather(*(self.deliver(delivery) for delivery in leased))
        return attempts


def save_attempt(work: Work, leased: LeasedDelivery, attempt: Attempt) -> bool:
    """Save the outcome of an attempt; False, and nothing is written, when another worker has leased the delivery."""
    sent = leased.skip_reason is None
    attempts = leased.delivery.attempts + sent
    values: dict[str, Any] = {"attempts": attempts, "outcome": attempt.outcome.value, "answer": attempt.answer}
    if sent:
        values["tried_at"] = work.now
    test = leased.delivery.is_test
    pause = retry_pause(attempts, attempt.retry_after, random.random()) if sent and not test else None
    if attempt.outcome is AttemptOutcome.ACCEPTED:
        values |= {"status": DeliveryStatus.DELIVERED.value, "finished_at": work.now}
    elif pause is None or attempt.outcome is AttemptOutcome.GONE:
        values |= {"status": DeliveryStatus.DEAD.value, "finished_at": work.now}
    else:
        values |= {"status": DeliveryStatus.PENDING.value, "due_at": work.now + pause}
    if not deliveries.save_attempt(work.connection, leased, values):
        return False
    if sent and not test:
        _update_endpoint(work, leased.endpoint.endpoint_id, attempt.outcome)
    return True


def _update_endpoint(work: Work, endpoint_id: str, outcome: AttemptOutcome) -> None:
    """Record success or failure at an endpoint; disable it when it is gone or has failed for `DISABLED_AFTER`."""
    if outcome is AttemptOutcome.ACCEPTED:
        webhooks.note_success(work.connection, endpoint_id, work.now)
        return
    webhooks.note_failure(work.connection, endpoint_id, work.now)
    reason, since = DisabledReason.FAILING, work.now - DISABLED_AFTER
    if outcome is AttemptOutcome.GONE:
        reason, since = DisabledReason.GONE, work.now
    if webhooks.disable(work.connection, endpoint_id, reason, work.now, failing_since=since):
        work.audit("disable", endpoint_id, EndpointAudit(reason=reason.value))
        log.warning("webhook endpoint disabled", endpoint_id=endpoint_id, reason=reason.value)
