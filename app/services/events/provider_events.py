"""Providers' events at positions without gaps: published by the sealer, read by cursor.

All providers' events are in one order, that in which their transactions ended: an event that is committed late comes
later in it, and no cursor has passed it. A cursor names an event. Where that is gone, the database was restored to an
earlier state: going on would miss events, so the reader has to begin again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import CursorDiverged, ParameterInvalid
from app.core.http.pagination import USE_NEXT_CURSOR
from app.domain.audit import AuditEntry
from app.domain.events import BoardEvent, Event, EventKind, board_event_of, events_of
from app.services.access.providers import former_callers
from app.services.context import Caller
from app.store import events
from app.store.access import providers
from app.store.commits import AuditLogRow, audit_rows
from app.store.states import canonical

NOW = "now"
"""The cursor of those who want only what happens from now on."""
_START = (0, "")
_PATH = "/v1/events"


class EventSlice(msgspec.Struct, frozen=True, kw_only=True):
    """Events after a cursor, and the cursor after them."""

    events: list[Event]
    cursor: str


def publish(connection: Connection, commit_ids: Sequence[str], audit: Sequence[AuditLogRow]) -> list[dict[str, Any]]:
    """Store the events of commits at the next positions, in the order of the commits; return them.

    `audit` is the audit log of these commits.
    """
    found = list(_events_in(commit_ids, audit))
    if not found:
        return []
    last, _ = events.last(connection)
    rows = [
        {
            "provider_id": entry.provider_id,
            "position": position,
            "event_id": f"evt_{new_id()}",
            "type": type,
            "at": entry.at,
            "data": data,
            "commit_id": commit_id,
        }
        for position, (commit_id, entry, type, data) in enumerate(found, last + 1)
    ]
    events.add(connection, rows)
    return rows


def _events_in(
    commit_ids: Sequence[str], audit: Sequence[AuditLogRow]
) -> Iterator[tuple[str, AuditEntry, EventKind, dict[str, str]]]:
    """Yield (commit, entry, type, data) of every event, in the order of the commits and of their entries."""
    for commit_id, entry in _entries_in(commit_ids, audit):
        for type, data in events_of(entry):
            yield commit_id, entry, type, data


def _entries_in(commit_ids: Sequence[str], audit: Sequence[AuditLogRow]) -> Iterator[tuple[str, AuditEntry]]:
    """Yield (commit, entry) of the audit log, in the order of the commits and of their entries."""
    places = {commit_id: place for place, commit_id in enumerate(commit_ids)}
    entries = [(places[row.commit_id], row.item, row) for row in audit if row.item is not None]
    for _, _, row in sorted(entries, key=lambda entry: entry[:2]):
        yield row.commit_id, _entry(row)


def board_events(commit_ids: Sequence[str], audit: Sequence[AuditLogRow]) -> list[BoardEvent]:
    """Return the events of commits for boards' endpoints, in the order of the commits and of their entries."""
    return [event for _, entry in _entries_in(commit_ids, audit) if (event := board_event_of(entry)) is not None]


def told_by(connection: Connection, commit_ids: Iterable[str]) -> set[tuple[str, str | None, datetime, str, bytes]]:
    """Return (commit, provider, moment, type, data as canonical JSON) of every event of commits by the audit log."""
    ids = sorted(commit_ids)
    return {
        (commit_id, entry.provider_id, entry.at, type, canonical(data))
        for commit_id, entry, type, data in _events_in(ids, audit_rows(connection, ids))
    }


def _entry(row: AuditLogRow) -> AuditEntry:
    return AuditEntry(
        # An event about what a board or the operator did goes to the provider of the record.
        provider_id=row.fields.get("provider_id", row.provider_id),
        verb=row.verb,
        noun=row.noun,
        subject_id=row.subject_id,
        fields=row.fields,
        at=datetime.fromisoformat(row.at),
    )


def read(connection: Connection, caller: Caller, *, after: str | None, limit: int) -> EventSlice:
    """Return the events after a cursor, or from the beginning without one; after `NOW`, none and the cursor at the end.

    They are those of the provider acted for, or, when none is named, of every provider that the client may act for at
    this moment: a grant that was revoked meanwhile has ended its events, and a new one begins them after the cursor.

    Raises `ParameterInvalid` for a cursor that is not the caller's, `CursorDiverged` for one that no longer fits.
    """
    if after == NOW:
        return EventSlice(events=[], cursor=_seal(caller, *events.last(connection)))
    position, event_id = _open(connection, caller, after)
    if caller.provider is not None:
        found = events.after(connection, _ids_of(connection, caller.provider), position, limit)
        everything = False
        end = (position, event_id)
    else:
        # Read first: events published meanwhile come after it.
        end = events.last(connection)
        found, everything = events.after_granted(connection, caller.client.client_id, position, end[0], limit)
    if found and not everything:
        end = found[-1].position, found[-1].event_id
    return EventSlice(events=found, cursor=_seal(caller, *end))


def _open(connection: Connection, caller: Caller, cursor: str | None) -> tuple[int, str]:
    """Return the position and the id of the event that a cursor names, where that stands now."""
    if cursor is None:
        return _START
    opened = caller.service.keyring.unseal("cursor", cursor, caller.bound_to(_PATH))
    if opened is None:
        opened = _open_of_former(connection, caller, cursor)
    if opened is None:
        raise ParameterInvalid.of("after", "This cursor does not belong to these events.", USE_NEXT_CURSOR)
    _, event_id = json.loads(opened)
    if not event_id:
        return _START
    # By its id: positions were numbered anew when all providers' events were put into one order.
    position = events.position_of(connection, event_id)
    if position is None:
        raise CursorDiverged
    return position, event_id


def _ids_of(connection: Connection, provider_id: str) -> list[str]:
    """Return the ids under which a provider's events stand: those from before a merger have the former one."""
    return [provider_id, *providers.former_ids(connection, provider_id)]


def _open_of_former(connection: Connection, caller: Caller, cursor: str) -> bytes | None:
    """Open a cursor that was sealed for a provider which has been merged since: it means the same place."""
    for former in former_callers(connection, caller):
        if (opened := caller.service.keyring.unseal("cursor", cursor, former.bound_to(_PATH))) is not None:
            return opened
    return None


def _seal(caller: Caller, position: int, event_id: str) -> str:
    held = json.dumps([position, event_id]).encode()
    return caller.service.keyring.seal("cursor", held, caller.bound_to(_PATH))
