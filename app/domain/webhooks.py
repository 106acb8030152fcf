"""Webhooks: endpoints, deliveries with their attempts, and how failed attempts are retried."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from app.domain.events import EventKind

RETRY_PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The wait after each failed attempt: ten attempts in a little over three days (Standard Webhooks)."""
JITTER = 0.2
"""A wait is longer by a random part up to this, so that what failed together is not retried together."""
DISABLED_AFTER = timedelta(days=3)
"""An endpoint at which every attempt has failed for so long is disabled."""
SECRET_OVERLAP = timedelta(hours=24)
"""How long a secret still signs after it was rotated."""


class EndpointStatus(enum.StrEnum):
    """Whether anything is sent to an endpoint."""

    ENABLED = "enabled"
    """It is sent the events that it wants."""
    DISABLED = "disabled"
    """It is sent nothing until its client enables it."""


class DisabledReason(enum.StrEnum):
    """Why an endpoint is disabled."""

    BY_CLIENT = "by-client"
    """Its client disabled it."""
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """Every attempt failed for three days."""


class DeliveryStatus(enum.StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    """It waits for its first attempt or for the next one."""
    SENDING = "sending"
    """A worker has leased it."""
    DELIVERED = "delivered"
    """The receiver answered 2xx."""
    DEAD = "dead"
    """No further attempt is made unless the client asks for one."""


class AttemptOutcome(enum.StrEnum):
    """The outcome of an attempt."""

    ACCEPTED = "accepted"
    """Answered 2xx."""
    REFUSED = "refused"
    """Answered, but not 2xx."""
    GONE = "gone"
    """Answered 410: the endpoint is disabled."""
    TIMED_OUT = "timed-out"
    """No answer in time."""
    CONNECTION_FAILED = "connection-failed"
    """No connection, or one that broke before an answer."""
    TLS_FAILED = "tls-failed"
    """No secure connection to the host that was named."""
    NAME_UNKNOWN = "name-unknown"
    """The host's name has no address."""
    ADDRESS_REFUSED = "address-refused"
    """The host's address is private or reserved; nothing is sent there."""
    SECRET_UNREADABLE = "secret-unreadable"
    """The secret is encrypted under a key that the installation no longer has; it must be rotated."""
    ENDPOINT_DISABLED = "endpoint-disabled"
    """Nothing was sent: the endpoint is disabled or deleted."""
    RIGHT_REVOKED = "right-revoked"
    """Nothing was sent: the client's key, or its right to act for the provider, was revoked."""


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A signing secret as it is stored: encrypted, and until when it signs (None for the newest)."""

    sealed: str
    until: datetime | None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A URL at which a client receives a provider's events, or a board's client `feed.available`.

    Without provider and board it receives the events of every provider that the client may act for at the moment.
    """

    endpoint_id: str
    client_id: str
    provider_id: str | None
    board: str | None
    url: str
    event_types: Sequence[str]
    """Empty for all."""
    description: str | None
    secrets: Sequence[Secret]
    status: EndpointStatus
    disabled_reason: DisabledReason | None
    disabled_at: datetime | None
    failing_since: datetime | None
    recovers_since: datetime | None
    """While earlier events are queued again: those since this moment."""
    recovers_after: int | None
    """The position of the last event that was looked at for it."""
    recovers_until: int | None
    """The position of the last event when it was asked for: later ones are queued as they are published."""
    version: int
    created_at: datetime
    updated_at: datetime

    def wants(self, type: str) -> bool:
        """Whether events of this type are sent to it."""
        return not self.event_types or type in self.event_types


class WebhookDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint."""

    delivery_id: str
    endpoint_id: str
    event_id: str
    type: str
    at: datetime
    data: Mapping[str, str]
    status: DeliveryStatus
    attempts: int
    due_at: datetime
    tried_at: datetime | None
    outcome: AttemptOutcome | None
    answer: int | None
    created_at: datetime
    finished_at: datetime | None
    provider_id: str | None
    """The provider of the event; None for news of a feed."""

    @property
    def is_test(self) -> bool:
        """Whether it is a test: sent once, even while the endpoint is disabled, and without effect on the endpoint."""
        return self.type == EventKind.WEBHOOK_TEST


class LeasedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery leased by this worker, with its endpoint as it stands now."""

    delivery: WebhookDelivery
    fence: int
    """The fencing token: the outcome is saved only under it."""
    endpoint: Endpoint
    deleted: bool
    entitled: bool
    """Whether the client still has a key, has not expired, and has the right to act for the provider."""

    @property
    def skip_reason(self) -> AttemptOutcome | None:
        """Why it must not be sent at all; None when it may be."""
        disabled = self.endpoint.status is EndpointStatus.DISABLED and not self.delivery.is_test
        if self.deleted or disabled:
            return AttemptOutcome.ENDPOINT_DISABLED
        return None if self.entitled else AttemptOutcome.RIGHT_REVOKED


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of an attempt, with the receiver's HTTP status if there was an answer."""

    outcome: AttemptOutcome
    answer: int | None = None
    retry_after: timedelta | None = None
    """How long the receiver asks to wait."""


def retry_pause(attempts: int, retry_after: timedelta | None, chance: float) -> timedelta | None:
    """Return the wait after so many failed attempts, None after the last.

    `chance`, from 0 to 1, sets the jitter. `Retry-After` is honoured up to the longest wait.
    """
    if attempts > len(RETRY_PAUSES):
        return None
    pause = RETRY_PAUSES[attempts - 1]
    return max(pause, min(retry_after or pause, RETRY_PAUSES[-1])) * (1 + JITTER * chance)
