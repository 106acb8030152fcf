"""What providers are told as it happens: thin events, made of what the audit log notes anyway. Ids only."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec


class EventKind(enum.StrEnum):
    """What has happened."""

    COMPLETION_REPORTED = "completion.reported"
    """A completion was reported, or credit was added to one."""
    COMPLETION_MATCHED = "completion.matched"
    """A completion that waited for its physician has found them. It does not happen yet."""
    CREDIT_DECIDED = "credit.decided"
    """A board accepted or rejected a credit, or was sent it and does not decide."""
    CREDIT_CORRECTED = "credit.corrected"
    """What a board is told of a credit has changed."""
    CREDIT_WITHDRAWN = "credit.withdrawn"
    """A credit was taken back."""
    ACTIVITY_CLOSED = "activity.closed"
    """An activity was closed."""
    BATCH_COMPLETED = "batch.completed"
    """A file was worked through, or refused as a whole."""
    FEED_AVAILABLE = "feed.available"
    """A board's feed has something new. The one kind for boards; all others are for providers."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, in its place among all that a provider is told."""

    event_id: str
    position: int
    """From 1 for each provider, without gaps, in the order in which transactions ended."""
    type: EventKind
    at: datetime
    data: Mapping[str, str]


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the audit log, as far as events are made of it."""

    provider_id: str | None
    verb: str
    noun: str
    subject_id: str
    fields: Mapping[str, Any]
    at: datetime


def told_of(noted: Noted) -> Iterator[tuple[EventKind, dict[str, str]]]:
    """Yield what a row of the audit log tells its provider, in order: nothing, one thing or several."""
    if noted.provider_id is None:
        return
    if noted.noun == "activity" and noted.verb == "close":
        yield EventKind.ACTIVITY_CLOSED, {"activity_id": noted.subject_id, "provider_id": noted.provider_id}
    if noted.noun == "batch" and noted.verb == "end":
        yield EventKind.BATCH_COMPLETED, {"batch_id": noted.subject_id, "provider_id": noted.provider_id}
    if noted.noun != "completion":
        return
    ids = {
        "completion_id": noted.subject_id,
        "activity_id": str(noted.fields["activity_id"]),
        "provider_id": noted.provider_id,
    }
    # What was taken back stood in the activity that the completion has left.
    stood = {"activity_id": str(noted.fields.get("moved_from", noted.fields["activity_id"]))}
    for credit_id in noted.fields["withdrawn"]:
        yield EventKind.CREDIT_WITHDRAWN, ids | stood | {"credit_id": str(credit_id)}
    for credit_id in noted.fields["corrected"]:
        yield EventKind.CREDIT_CORRECTED, ids | {"credit_id": str(credit_id)}
    for credit_id in noted.fields["decided"]:
        yield EventKind.CREDIT_DECIDED, ids | {"credit_id": str(credit_id)}
    if noted.fields["reported"] or noted.verb == "report":
        yield EventKind.COMPLETION_REPORTED, ids
