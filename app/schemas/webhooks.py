"""Webhook endpoints in and out, and what became of each delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from app.domain import webhooks as domain
from app.domain.events import EventKind
from app.domain.webhooks import AttemptOutcome, DeliveryStatus, DisabledReason, EndpointStatus
from app.schemas.base import Description, Example, OneOf, Out, Requests, Strict, Url

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
    Field(max_length=50, description="Kinds of events to be told of; empty for all that the client can be told of."),
]


class _Sent(Strict):
    def wishes(self) -> dict[str, Any]:
        """Return what was sent, by its fields."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class WebhookEndpointIn(_Sent):
    """Where to be told, and of what."""

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
    """What to change; what is not sent stays. Null clears, which URL and status cannot be."""

    requests: ClassVar[Requests] = {
        "enabled": ("An endpoint that was disabled is enabled again", {"status": "enabled"}),
        "narrowed": ("Fewer events", {"event_types": ["credit.decided"]}),
    }

    # Null is read, so that its refusal says more than that it is of the wrong type.
    url: _Url | SkipJsonSchema[None] = None
    event_types: _Kinds | None = None
    description: Description | None = None
    status: OneOf[EndpointStatus] | SkipJsonSchema[None] = None


class WebhookEndpointOut(Out):
    """An endpoint as it stands."""

    example: ClassVar[Example] = {
        "url": "https://lms.example.org/pars", "event_types": ["credit.decided", "credit.withdrawn"], "board": None,
        "description": None, "disabled_reason": None, "disabled_at": None, "failing_since": None,
    }  # fmt: skip

    endpoint_id: str
    provider_id: str | None = Field(description="Whose records it is told of.")
    board: str | None = Field(description="Whose feed it is told of.")
    url: str
    event_types: list[EventKind] = Field(description="Empty for all.")
    description: str | None
    status: EndpointStatus
    disabled_reason: DisabledReason | None = Field(
        description="`gone`: it answered 410. `failing`: everything sent to it failed for three days."
    )
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="The first failure since the last success.")
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, endpoint: domain.Endpoint) -> WebhookEndpointOut:
        """Show an endpoint, without its secret."""
        return cls.model_validate(_shown(endpoint))


class WebhookSecretOut(WebhookEndpointOut):
    """An endpoint with its new secret."""

    secret: str = Field(description="Shown this once: `whsec_` and the Base64 of the key that signs.")

    @classmethod
    def with_secret(cls, endpoint: domain.Endpoint, secret: str) -> WebhookSecretOut:
        """Show an endpoint with the secret it has been given."""
        return cls.model_validate(_shown(endpoint) | {"secret": secret})


def _shown(endpoint: domain.Endpoint) -> dict[str, object]:
    names = WebhookEndpointOut.model_fields
    return {name: getattr(endpoint, name) for name in names} | {
        "event_types": list(endpoint.event_types),
    }


class WebhookEndpointPage(Out):
    """Endpoints, in the order in which they were made."""

    data: list[WebhookEndpointOut]
    next_cursor: str | None


class WebhookDeliveryOut(Out):
    """One event for one endpoint, and how far it has come."""

    example: ClassVar[Example] = {
        "event_type": "credit.decided", "status": "delivered", "next_attempt_at": None, "last_status": 204,
    }  # fmt: skip

    delivery_id: str
    endpoint_id: str
    event_id: str = Field(description="The `webhook-id` of every attempt.")
    event_type: EventKind
    status: DeliveryStatus
    attempts: int = Field(description="Since it was last put in line.")
    next_attempt_at: datetime | None = Field(description="Null once it is delivered or dead.")
    last_attempt_at: datetime | None
    last_outcome: AttemptOutcome | None
    last_status: int | None = Field(description="The HTTP status that the receiver answered.")
    created_at: datetime
    finished_at: datetime | None = Field(description="When it was delivered, or given up.")

    @classmethod
    def of(cls, delivery: domain.WebhookDelivery) -> WebhookDeliveryOut:
        """Show a delivery."""
        return cls.model_validate(
            {
                "delivery_id": delivery.delivery_id,
                "endpoint_id": delivery.endpoint_id,
                "event_id": delivery.event_id,
                "event_type": delivery.type,
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
