"""Events: thin, ids only; the receiver reads the rest with its own rights (Standard Webhooks)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from app.domain import events as domain
from app.domain.events import EventKind
from app.schemas.base import Example, Out

EventType = TypeAliasType(
    "EventType",
    Literal[
        EventKind.COMPLETION_REPORTED,
        EventKind.COMPLETION_MATCHED,
        EventKind.COMPLETION_UNMATCHED,
        EventKind.HELP_ANSWERED,
        EventKind.DISPUTE_OPENED,
        EventKind.DISPUTE_CLOSED,
        EventKind.CREDIT_DECIDED,
        EventKind.CREDIT_CORRECTED,
        EventKind.CREDIT_WITHDRAWN,
        EventKind.ACTIVITY_CLOSED,
        EventKind.BATCH_COMPLETED,
    ],
)
"""Kinds of events that providers can read; the others are not listed, or are for boards."""


def _is_absent(value: str | None) -> bool:
    return value is None


class CompletionIds(Out):
    """A completion, by its ids."""

    completion_id: str
    activity_id: str
    provider_id: str


class MatchedIds(CompletionIds):
    """A held record and the completion that it became, by their ids."""

    held_id: str


class HeldIds(Out):
    """A held record, by its ids."""

    held_id: str
    activity_id: str
    provider_id: str


class HelpIds(HeldIds):
    """A request for help with a held record, by its ids."""

    help_id: str


class DisputeIds(Out):
    """A physician's dispute, by its ids."""

    dispute_id: str
    provider_id: str
    completion_id: str | None = Field(
        None, exclude_if=_is_absent, description="Left out where permission was withdrawn for all that is reported."
    )
    activity_id: str | None = Field(None, exclude_if=_is_absent, description="The activity of the completion then.")


class CreditIds(CompletionIds):
    """A credit, by its ids."""

    credit_id: str


class ActivityIds(Out):
    """An activity, by its ids."""

    activity_id: str
    provider_id: str


class BatchIds(Out):
    """A batch, by its ids: those of its provider, or of its board."""

    batch_id: str
    provider_id: str | None = Field(None, exclude_if=_is_absent, description="For the batches of providers.")
    board: str | None = Field(None, exclude_if=_is_absent, description="For rosters, which are a board's.")


class FeedIds(Out):
    """A board's feed, by the board."""

    board: str


class EndpointIds(Out):
    """A webhook endpoint, by its id."""

    endpoint_id: str
    provider_id: str | None = Field(description="Null for an endpoint of a board, or for all providers of a client.")


class Event(Out):
    """Fields of every event."""

    timestamp: datetime = Field(description="When it happened.")


class CompletionReported(Event):
    """A completion was reported, or credit was joined to one."""

    type: Literal[EventKind.COMPLETION_REPORTED]
    data: CompletionIds


class CompletionMatched(Event):
    """A held record was accepted: its physician was found, and it has a completion. `completion.reported` tells too."""

    type: Literal[EventKind.COMPLETION_MATCHED]
    data: MatchedIds


class CompletionUnmatched(Event):
    """A held record was refused: nobody was found in 60 days, or another rule refuses it now. Nothing is credited."""

    type: Literal[EventKind.COMPLETION_UNMATCHED]
    data: HeldIds


class HelpAnswered(Event):
    """The operator answered a request for help; the answer stands in the held record."""

    type: Literal[EventKind.HELP_ANSWERED]
    data: HelpIds


class DisputeOpened(Event):
    """A physician says that a completion is wrong or another's, or withdraws permission; answer at /v1/disputes."""

    type: Literal[EventKind.DISPUTE_OPENED]
    data: DisputeIds


class DisputeClosed(Event):
    """A dispute has ended: agreed, refused, or taken back."""

    type: Literal[EventKind.DISPUTE_CLOSED]
    data: DisputeIds


class CreditDecided(Event):
    """A board accepted or rejected a credit."""

    type: Literal[EventKind.CREDIT_DECIDED]
    data: CreditIds


class CreditCorrected(Event):
    """A credit changed in a way that its board is sent: amount, types, day, activity, name, birth date or number."""

    type: Literal[EventKind.CREDIT_CORRECTED]
    data: CreditIds


class CreditWithdrawn(Event):
    """A credit was withdrawn by its provider."""

    type: Literal[EventKind.CREDIT_WITHDRAWN]
    data: CreditIds


class ActivityClosed(Event):
    """An activity was closed."""

    type: Literal[EventKind.ACTIVITY_CLOSED]
    data: ActivityIds


class BatchCompleted(Event):
    """A batch was completed, or has failed."""

    type: Literal[EventKind.BATCH_COMPLETED]
    data: BatchIds


class FeedAvailable(Event):
    """A board's feed has new events."""

    type: Literal[EventKind.FEED_AVAILABLE]
    data: FeedIds


class WebhookTest(Event):
    """A test that the client asked for. Sent whatever kinds the endpoint wants, and never again by itself."""

    type: Literal[EventKind.WEBHOOK_TEST]
    data: EndpointIds


class EventIdsOut(BaseModel):
    """Ids of what an event is about; a kind of event has its own, and leaves out the others."""

    model_config = ConfigDict(extra="forbid")
    example: ClassVar[Example] = {
        "completion_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be401",
        "activity_id": "201759558",
    }

    provider_id: str
    completion_id: str | None = Field(None, description="For completions and credits.")
    activity_id: str | None = Field(None, description="For activities, completions and credits.")
    credit_id: str | None = Field(None, description="For credits.")
    batch_id: str | None = Field(None, description="For batches.")
    held_id: str | None = Field(None, description="For held records, and for help with them.")
    help_id: str | None = Field(None, description="For answers to requests for help.")
    dispute_id: str | None = Field(None, description="For physicians' disputes.")


class ProviderEventOut(Out):
    """An event, as in the list of events."""

    event_id: str = Field(description="The same as the `webhook-id` of its deliveries.")
    type: EventType
    timestamp: datetime = Field(description="When it happened.")
    data: EventIdsOut = Field(description="Ids of what it is about.")

    @classmethod
    def of(cls, event: domain.Event) -> ProviderEventOut:
        """Show an event."""
        return cls(event_id=event.event_id, type=event.type, timestamp=event.at, data=EventIdsOut(**event.data))


class EventPage(Out):
    """Events, in order."""

    data: list[ProviderEventOut]
    next_cursor: str = Field(description="Send it as `after` to continue from here, now or later.")


EVENTS: tuple[type[Event], ...] = (
    CompletionReported,
    CompletionMatched,
    CompletionUnmatched,
    HelpAnswered,
    DisputeOpened,
    DisputeClosed,
    CreditDecided,
    CreditCorrected,
    CreditWithdrawn,
    ActivityClosed,
    BatchCompleted,
    FeedAvailable,
    WebhookTest,
)
"""Every kind of event."""


def kind_of(event: type[Event]) -> str:
    """Return the `type` of an event."""
    (kind,) = get_args(event.model_fields["type"].annotation)
    return str(kind)


_BY_KIND = {kind_of(event): event for event in EVENTS}


def body_of(kind: str, at: datetime, data: Mapping[str, str | None]) -> bytes:
    """Return the body of an event's deliveries: the same bytes on every attempt, and no field beyond its schema."""
    return _BY_KIND[kind].model_validate({"type": kind, "timestamp": at, "data": dict(data)}).model_dump_json().encode()
