"""Webhooks: where a client wants to be told, what is to be sent there, and what became of an attempt."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

PAUSES = (
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
"""How long to wait after each failed attempt: ten attempts in a little over three days (Standard Webhooks)."""
MOST_LATE = 0.2
"""Pauses are longer by a random part of this, so that what failed together does not come back together."""
FAILING_FOR = timedelta(days=3)
"""An endpoint at which everything has failed for so long is disabled."""
OVERLAP = timedelta(hours=24)
"""How long a secret still signs after another has taken its place."""


class EndpointStatus(enum.StrEnum):
    """Whether an endpoint is sent anything."""

    ENABLED = "enabled"
    """It is told what it wants."""
    DISABLED = "disabled"
    """It is told nothing, until its client enables it."""


class DisabledReason(enum.StrEnum):
    """Why an endpoint is disabled."""

    BY_CLIENT = "by-client"
    """Its client disabled it."""
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """Everything sent to it failed for three days."""


class DeliveryStatus(enum.StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    """It waits for its first attempt, or for the next."""
    SENDING = "sending"
    """A worker is at it."""
    DELIVERED = "delivered"
    """The receiver answered 2xx."""
    DEAD = "dead"
    """It is not tried any more, unless the client asks for it."""


class Outcome(enum.StrEnum):
    """What became of an attempt."""

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
    """The host's address is one to which nothing is sent."""
    SECRET_UNREADABLE = "secret-unreadable"
    """The secret was kept under a key that the installation no longer has: it must be rotated."""
    ENDPOINT_DISABLED = "endpoint-disabled"
    """Nothing was sent: the endpoint is disabled or deleted."""
    RIGHT_REVOKED = "right-revoked"
    """Nothing was sent: the client's key, or its right to act for the provider, was revoked."""


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret as it is kept: encrypted, and until when it signs (None for the newest)."""

    sealed: str
    until: datetime | None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a client wants to be told of a provider's records, or a board's of its feed."""

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
    version: int
    created_at: datetime
    updated_at: datetime

    def wants(self, kind: str) -> bool:
        """Tell whether it is to be told of this kind of event."""
        return not self.event_types or kind in self.event_types


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
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
    outcome: Outcome | None
    answer: int | None
    created_at: datetime
    finished_at: datetime | None


class Leased(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that this worker holds, with its endpoint as it stands at this moment."""

    delivery: Delivery
    fence: int
    endpoint: Endpoint
    deleted: bool
    entitled: bool
    """Whether the client still has a key, and the right to act for the provider."""

    @property
    def hindrance(self) -> Outcome | None:
        """Why it is not to be sent at all."""
        if self.deleted or self.endpoint.status is EndpointStatus.DISABLED:
            return Outcome.ENDPOINT_DISABLED
        return None if self.entitled else Outcome.RIGHT_REVOKED


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attempt, with the receiver's answer if there was one."""

    outcome: Outcome
    answer: int | None = None
    retry_after: timedelta | None = None
    """How long the receiver asks to be left alone."""


def pause_after(attempts: int, retry_after: timedelta | None, chance: float) -> timedelta | None:
    """Return how long to wait after so many failed attempts, None when it was the last.

    `chance`, from 0 to 1, is the random part. What a receiver asks for is honoured up to the longest pause.
    """
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1]
    return max(pause, min(retry_after or pause, PAUSES[-1])) * (1 + MOST_LATE * chance)
