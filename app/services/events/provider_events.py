"""Providers' events at positions without gaps: published by the sealer, read by cursor.

A cursor holds a position and the event at it. Where another event stands at the position, the database was restored to
an earlier state: going on would miss events, so the reader has to begin again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import CursorDiverged, ParameterInvalid
from app.domain.audit import AuditEntry
from app.domain.events import Event, EventKind, events_of
from app.services.context import Caller
from app.store import events
from app.store.commits import AuditLogRow, audit_rows
from app.store.states import canonical

_START = (0, "")


class EventSlice(msgspec.Struct, frozen=True, kw_only=True):
    """Events after a cursor, and the cursor after them."""

    events: list[Event]
    cursor: str


def publish(connection: Connection, commit_ids: Sequence[str], audit: Sequence[AuditLogRow]) -> list[dict[str, Any]]:
    """Store the events of commits, at the next positions of their providers in the order of the commits; return them.

    `audit` is the audit log of these commits.
    """
    found = list(_events_in(commit_ids, audit))
    last: dict[str, int] = defaultdict(int)
    last |= events.last_positions(connection, {entry.provider_id for _, entry, _, _ in found if entry.provider_id})
    rows = []
    for commit_id, entry, type, data in found:
        provider_id = str(entry.provider_id)
        last[provider_id] += 1
        rows.append(
            {
                "provider_id": provider_id,
                "position": last[provider_id],
                "event_id": f"evt_{new_id()}",
                "type": type,
                "at": entry.at,
                "data": data,
                "commit_id": commit_id,
            }
        )
    events.add(connection, rows)
    return rows


def _events_in(
    commit_ids: Sequence[str], audit: Sequence[AuditLogRow]
) -> Iterator[tuple[str, AuditEntry, EventKind, dict[str, str]]]:
    """Yield (commit, entry, type, data) of every event, in the order of the commits and of their entries."""
    places = {commit_id: place for place, commit_id in enumerate(commit_ids)}
    entries = [(places[row.commit_id], row.item, row) for row in audit if row.item is not None]
    for _, _, row in sorted(entries, key=lambda entry: entry[:2]):
        entry = _entry(row)
        for type, data in events_of(entry):
            yield row.commit_id, entry, type, data


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
    """Return the provider's events after a cursor, or from the beginning without one.

    Raises `ParameterInvalid` for a cursor that is not the caller's, `CursorDiverged` for one that no longer fits.
    """
    keyring, bound_to = caller.service.keyring, caller.bound_to("/v1/events")
    position, event_id = _START
    if after is not None:
        opened = keyring.unseal("cursor", after, bound_to)
        if opened is None:
            raise ParameterInvalid.of("after", "This cursor does not belong to these events.")
        position, event_id = json.loads(opened)
    if position and events.at(connection, caller.provider_id, position) != event_id:
        raise CursorDiverged
    found = events.after(connection, caller.provider_id, position, limit)
    if found:
        position, event_id = found[-1].position, found[-1].event_id
    return EventSlice(events=found, cursor=keyring.seal("cursor", json.dumps([position, event_id]).encode(), bound_to))
