"""Providers' events: thin, ids only, derived from the entries of the audit log."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec
from msgspec import UNSET

from app.domain.audit import IMPORT, ActivityAudit, AuditEntry, BatchAudit, CompletionAudit, HeldAudit, HelpAudit
from app.domain.passport.audit import DisputeAudit


class EventKind(enum.StrEnum):
    """Kinds of events."""

    COMPLETION_REPORTED = "completion.reported"
    """A completion was reported, or credit was added to one."""
    COMPLETION_MATCHED = "completion.matched"
    """A held record was accepted: it has a completion."""
    COMPLETION_UNMATCHED = "completion.unmatched"
    """A held record was refused: nobody was matched in its time, or another rule refuses it."""
    HELP_ANSWERED = "help.answered"
    """The operator answered a request for help."""
    DISPUTE_OPENED = "dispute.opened"
    """A physician says that a record is wrong, or withdraws permission."""
    DISPUTE_CLOSED = "dispute.closed"
    """A dispute has ended: the record was changed, it was refused, or taken back."""
    CREDIT_DECIDED = "credit.decided"
    """A board accepted or rejected a credit, or was sent it and does not decide."""
    CREDIT_CORRECTED = "credit.corrected"
    """A credit changed in a way that its board is sent."""
    CREDIT_WITHDRAWN = "credit.withdrawn"
    """A credit was withdrawn."""
    ACTIVITY_CLOSED = "activity.closed"
    """An activity was closed."""
    BATCH_COMPLETED = "batch.completed"
    """A file was processed, or refused as a whole."""
    FEED_AVAILABLE = "feed.available"
    """A board's feed has new events. Only boards are sent it."""
    WEBHOOK_TEST = "webhook.test"
    """The client asked for a test of an endpoint. Sent whatever kinds the endpoint wants."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a provider, at its position."""

    event_id: str
    position: int
    """From 1, without gaps, in commit order: one order for the events of all providers."""
    type: EventKind
    at: datetime
    data: Mapping[str, str]


class BoardEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event for a board's endpoints, beside news of its feed; it has no position."""

    board: str
    type: EventKind
    at: datetime
    data: Mapping[str, str]


def board_event_of(entry: AuditEntry) -> BoardEvent | None:
    """Return the event for a board of an entry of the audit log: the end of one of its rosters."""
    if entry.noun != BatchAudit.noun or entry.verb != "end":
        return None
    board = msgspec.convert(entry.fields, BatchAudit).board
    if board is UNSET:
        return None
    data = {"batch_id": entry.subject_id, "board": board}
    return BoardEvent(board=board, type=EventKind.BATCH_COMPLETED, at=entry.at, data=data)


def events_of(entry: AuditEntry) -> Iterator[tuple[EventKind, dict[str, str]]]:
    """Yield the events of an entry of the audit log, in order: none, one or several."""
    if entry.provider_id is None:
        return
    if entry.noun == ActivityAudit.noun and entry.verb == "close":
        yield EventKind.ACTIVITY_CLOSED, {"activity_id": entry.subject_id, "provider_id": entry.provider_id}
    if entry.noun == BatchAudit.noun and entry.verb == "end":
        yield EventKind.BATCH_COMPLETED, {"batch_id": entry.subject_id, "provider_id": entry.provider_id}
    if entry.noun in (HeldAudit.noun, HelpAudit.noun):
        yield from _events_of_held(entry, entry.provider_id)
    if entry.noun == DisputeAudit.noun and entry.verb in _OF_DISPUTES:
        about = {name: entry.fields[name] for name in ("completion_id", "activity_id") if name in entry.fields}
        yield _OF_DISPUTES[entry.verb], {"dispute_id": entry.subject_id, "provider_id": entry.provider_id} | about
    if entry.noun != CompletionAudit.noun:
        return
    fields = msgspec.convert(entry.fields, CompletionAudit)
    ids = {
        "completion_id": entry.subject_id,
        "activity_id": fields.activity_id,
        "provider_id": entry.provider_id,
    }
    # Withdrawn credit was in the activity that the completion has left.
    left = {"activity_id": fields.activity_id if fields.moved_from is UNSET else fields.moved_from}
    for credit_id in fields.withdrawn:
        yield EventKind.CREDIT_WITHDRAWN, ids | left | {"credit_id": credit_id}
    for credit_id in fields.corrected:
        yield EventKind.CREDIT_CORRECTED, ids | {"credit_id": credit_id}
    for credit_id in fields.decided:
        yield EventKind.CREDIT_DECIDED, ids | {"credit_id": credit_id}
    # What was taken over from another system is no news to its provider, whatever its board is told.
    if entry.verb != IMPORT and (fields.reported or entry.verb == "report"):
        yield EventKind.COMPLETION_REPORTED, ids


_OF_DISPUTES = {
    "open": EventKind.DISPUTE_OPENED,
    "agree": EventKind.DISPUTE_CLOSED,
    "refuse": EventKind.DISPUTE_CLOSED,
    "take-back": EventKind.DISPUTE_CLOSED,
}
"""By the verbs of disputes."""


def _events_of_held(entry: AuditEntry, provider_id: str) -> Iterator[tuple[EventKind, dict[str, str]]]:
    """Yield the event of the end of a held record, or of an answer to a request for help."""
    ids = {"activity_id": entry.fields["activity_id"], "provider_id": provider_id}
    match entry.noun, entry.verb:
        case HeldAudit.noun, "match":
            completion_id = entry.fields["completion_id"]
            yield EventKind.COMPLETION_MATCHED, {"held_id": entry.subject_id, "completion_id": completion_id} | ids
        case HeldAudit.noun, "refuse":
            yield EventKind.COMPLETION_UNMATCHED, {"held_id": entry.subject_id} | ids
        case HelpAudit.noun, "answer":
            held_id = entry.fields["held_id"]
            yield EventKind.HELP_ANSWERED, {"help_id": entry.subject_id, "held_id": held_id} | ids
