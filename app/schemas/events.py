"""Events out: thin, ids only. Whoever is told asks for the rest, with its own rights (Standard Webhooks)."""

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
        EventKind.CREDIT_DECIDED,
        EventKind.CREDIT_CORRECTED,
        EventKind.CREDIT_WITHDRAWN,
        EventKind.ACTIVITY_CLOSED,
        EventKind.BATCH_COMPLETED,
    ],
)


class CompletionIds(Out):
    """A completion, by its ids."""

    completion_id: str
    activity_id: str
    provider_id: str


class CreditIds(CompletionIds):
    """A credit, by its ids."""

    credit_id: str


class ActivityIds(Out):
    """An activity, by its ids."""

    activity_id: str
    provider_id: str


class BatchIds(Out):
    """A batch, by its ids."""

    batch_id: str
    provider_id: str


class FeedIds(Out):
    """A board's feed, by the board."""

    board: str


class Event(Out):
    """What all events have in common."""

    timestamp: datetime = Field(description="When it happened.")


class CompletionReported(Event):
    """A completion was reported, or credit was joined to one."""

    type: Literal[EventKind.COMPLETION_REPORTED]
    data: CompletionIds


class CompletionMatched(Event):
    """A completion that waited for its physician has found them."""

    type: Literal[EventKind.COMPLETION_MATCHED]
    data: CompletionIds


class CreditDecided(Event):
    """A board accepted or rejected a credit."""

    type: Literal[EventKind.CREDIT_DECIDED]
    data: CreditIds


class CreditCorrected(Event):
    """A credit that had been reported has other amounts or types now."""

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
    """A file has been worked through, or has failed."""

    type: Literal[EventKind.BATCH_COMPLETED]
    data: BatchIds


class FeedAvailable(Event):
    """A board's feed has something new."""

    type: Literal[EventKind.FEED_AVAILABLE]
    data: FeedIds


class EventIdsOut(BaseModel):
    """What an event is about: the ids that its kind has, and no others."""

    model_config = ConfigDict(extra="forbid")
    example: ClassVar[Example] = {
        "completion_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be401",
        "activity_id": "201759558",
    }

    provider_id: str
    completion_id: str | None = Field(None, description="Of completions and of credits.")
    activity_id: str | None = Field(None, description="Of activities, completions and credits.")
    credit_id: str | None = Field(None, description="Of credits.")
    batch_id: str | None = Field(None, description="Of batches.")


class EventOut(Out):
    """An event, as it is read."""

    event_id: str = Field(description="The same as the `webhook-id` under which it is pushed.")
    type: EventType
    timestamp: datetime = Field(description="When it happened.")
    data: EventIdsOut = Field(description="Ids of what it is about.")

    @classmethod
    def of(cls, event: domain.Event) -> EventOut:
        """Show an event."""
        return cls(event_id=event.event_id, type=event.type, timestamp=event.at, data=EventIdsOut(**event.data))


class EventPage(Out):
    """Events in their order."""

    data: list[EventOut]
    next_cursor: str = Field(description="Give it as `after` to go on from here, now or later.")


EVENTS: tuple[type[Event], ...] = (
    CompletionReported,
    CompletionMatched,
    CreditDecided,
    CreditCorrected,
    CreditWithdrawn,
    ActivityClosed,
    BatchCompleted,
    FeedAvailable,
)
"""Every kind of event."""
_BY_KIND = {str(get_args(each.model_fields["type"].annotation)[0]): each for each in EVENTS}


def body_of(kind: str, at: datetime, data: Mapping[str, str]) -> bytes:
    """Return what is sent of an event: the same bytes each time, and nothing but what its schema names."""
    return _BY_KIND[kind].model_validate({"type": kind, "timestamp": at, "data": dict(data)}).model_dump_json().encode()
