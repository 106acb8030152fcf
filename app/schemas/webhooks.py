"""Webhook endpoints, and the state of every delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from app.domain import webhooks as domain
from app.domain.events import EventKind
from app.domain.webhooks import AttemptOutcome, DeliveryStatus, DisabledReason, EndpointStatus
from app.schemas.base import Description, Example, OneOf, Out, Requests, Strict, Url, hide_null
from app.schemas.only_answered import OF_ENDPOINT, OnlyAnswered
from app.schemas.queries import read_moment

_Url = Annotated[
    Url,
    Field(
        description="`https://` and a host on the public internet; any port, no credentials, no fragment. An "
        "installation may allow private hosts, and `http://` with them.",
        examples=["https://lms.example.org/pars"],
    ),
]
_Kinds = Annotated[
    list[OneOf[EventKind]],
    Field(max_length=50, description="Kinds of events to send; empty for all that the client can receive."),
]


Moment = Annotated[datetime, BeforeValidator(read_moment), WithJsonSchema({"type": "string", "format": "date-time"})]


class _Sent(Strict):
    only_answered: ClassVar[OnlyAnswered] = OF_ENDPOINT

    def fields_sent(self) -> dict[str, Any]:
        """Return the fields that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class WebhookEndpointIn(_Sent):
    """An address, and the events to send to it."""

    requests: ClassVar[Requests] = {
        "all": ("Everything that happens", {"url": "https://lms.example.org/pars"}),
        "some": (
            "What boards decide, and what is withdrawn",
            {"url": "https://lms.example.org/pars", "event_types": ["credit.decided", "credit.withdrawn"]},
        ),
    }

    url: _Url
    event_types: _Kinds = []
    description: Description | None = None


class WebhookEndpointPatch(_Sent):
    """Fields to change: a field left out stays as it is, null clears it; URL and status cannot be cleared."""

    requests: ClassVar[Requests] = {
        "enabled": ("An endpoint that was disabled is enabled again", {"status": "enabled"}),
        "narrowed": ("Fewer events", {"event_types": ["credit.decided"]}),
    }

    # Null is read here and refused later, with a better sentence than one on its type.
    url: _Url | None = Field(None, json_schema_extra=hide_null)
    event_types: _Kinds | None = None
    description: Description | None = None
    status: OneOf[EndpointStatus] | None = Field(None, json_schema_extra=hide_null)


class WebhookRecoveryIn(Strict):
    """From when on events are sent again."""

    requests: ClassVar[Requests] = {"since": ("Everything since the evening before", {"since": "2021-12-19T18:00:00Z"})}

    since: Moment = Field(description="Events that happened then or later are sent again. RFC 3339, in UTC.")


class WebhookEndpointOut(Out):
    """A webhook endpoint, in its current state."""

    example: ClassVar[Example] = {
        "url": "https://lms.example.org/pars", "event_types": ["credit.decided", "credit.withdrawn"], "board": None,
        "description": None, "disabled_reason": None, "disabled_at": None, "failing_since": None,
        "recovers_since": None,
    }  # fmt: skip

    endpoint_id: str
    provider_id: str | None = Field(
        description="The provider whose events it receives. Null for a board, and for an endpoint that receives those "
        "of every provider that the client acts for."
    )
    board: str | None = Field(description="The board about whose feed it is notified.")
    url: str
    event_types: list[EventKind] = Field(description="Empty for all.")
    description: str | None
    status: EndpointStatus
    disabled_reason: DisabledReason | None = Field(
        description="`gone`: it answered 410. `failing`: everything sent to it failed for three days."
    )
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="The first failure since the last success.")
    recovers_since: datetime | None = Field(
        description="While earlier events are queued again: since when. Null once all of them are."
    )
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, endpoint: domain.Endpoint) -> WebhookEndpointOut:
        """Show an endpoint, without its secret."""
        return cls.model_validate(_shown(endpoint))


class WebhookSecretOut(WebhookEndpointOut):
    """An endpoint with its new secret."""

    secret: str = Field(description="Shown only once: `whsec_` and the Base64 of the signing key.")

    @classmethod
    def with_secret(cls, endpoint: domain.Endpoint, secret: str) -> WebhookSecretOut:
        """Show an endpoint with its new secret."""
        return cls.model_validate(_shown(endpoint) | {"secret": secret})


def _shown(endpoint: domain.Endpoint) -> dict[str, object]:
    names = WebhookEndpointOut.model_fields
    return {name: getattr(endpoint, name) for name in names} | {
        "event_types": list(endpoint.event_types),
    }


class WebhookEndpointPage(Out):
    """Endpoints, in the order of their creation."""

    data: list[WebhookEndpointOut]
    next_cursor: str | None


class WebhookDeliveryOut(Out):
    """The delivery of one event to one endpoint."""

    example: ClassVar[Example] = {
        "event_type": "credit.decided", "status": "delivered", "next_attempt_at": None, "last_status": 204,
    }  # fmt: skip

    delivery_id: str
    endpoint_id: str
    event_id: str = Field(description="The `webhook-id` of every attempt.")
    event_type: EventKind
    provider_id: str | None = Field(description="The provider of the event; null for those that have none.")
    status: DeliveryStatus
    attempts: int = Field(description="Attempts since it was last queued.")
    next_attempt_at: datetime | None = Field(description="Null once it is delivered or dead.")
    last_attempt_at: datetime | None
    last_outcome: AttemptOutcome | None
    last_status: int | None = Field(description="The HTTP status of the receiver's answer.")
    created_at: datetime
    finished_at: datetime | None = Field(description="When it was delivered or given up.")

    @classmethod
    def of(cls, delivery: domain.WebhookDelivery) -> WebhookDeliveryOut:
        """Show a delivery."""
        return cls.model_validate(
            {
                "delivery_id": delivery.delivery_id,
                "endpoint_id": delivery.endpoint_id,
                "event_id": delivery.event_id,
                "event_type": delivery.type,
                "provider_id": delivery.provider_id,
                "status": delivery.status,
                "attempts": delivery.attempts,
                "next_attempt_at": delivery.due_at if delivery.finished_at is None else None,
                "last_attempt_at": delivery.tried_at,
                "last_outcome": delivery.outcome,
                "last_status": delivery.answer,
                "created_at": delivery.created_at,
                "finished_at": delivery.finished_at,
            }
        )


class WebhookDeliveryPage(Out):
    """Deliveries, the newest first."""

    data: list[WebhookDeliveryOut]
    next_cursor: str | None
