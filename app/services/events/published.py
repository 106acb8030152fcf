"""What a provider is told, in the order in which it happened: published by the sealer, read by whoever asks.

The cursor is position and event together. Where another event stands at the position, the database was put back to an
earlier state: silence would lose events, so the reader is told to begin anew.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import CursorDiverged, ParameterInvalid
from app.domain.events import Event, Noted, told_of
from app.services.context import Caller
from app.store import events
from app.store.commits import AuditRow

_START = (0, "")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of what a provider is told, and where the next one begins."""

    events: list[Event]
    cursor: str


def publish(connection: Connection, commit_ids: Sequence[str], audit: Sequence[AuditRow]) -> list[dict[str, Any]]:
    """Give what these commits tell their providers its positions, in the order of the commits; return all of it.

    `audit` holds all that the audit log has of them.
    """
    places = {commit_id: place for place, commit_id in enumerate(commit_ids)}
    told = [
        (row[0], each, *event)
        for row in sorted((row for row in audit if row[5] is not None), key=lambda row: (places[row[0]], row[5]))
        for each in (_noted(row),)
        for event in told_of(each)
    ]
    last: dict[str, int] = defaultdict(int)
    last |= events.last_positions(connection, {each.provider_id for _, each, *_ in told if each.provider_id})
    rows = []
    for commit_id, each, type, data in told:
        provider_id = str(each.provider_id)
        last[provider_id] += 1
        rows.append(
            {
                "provider_id": provider_id,
                "position": last[provider_id],
                "event_id": f"evt_{new_id()}",
                "type": type,
                "at": each.at,
                "data": data,
                "commit_id": commit_id,
            }
        )
    events.add(connection, rows)
    return rows


def _noted(row: AuditRow) -> Noted:
    return Noted(
        # What a board or the operator does is told to the provider of the record.
        provider_id=row[9].get("provider_id", row[3]),
        verb=row[6],
        noun=row[7],
        subject_id=row[8],
        fields=row[9],
        at=datetime.fromisoformat(row[1]),
    )


def read(connection: Connection, caller: Caller, *, after: str | None, limit: int) -> Told:
    """Return what the provider was told after a cursor, from the beginning without one.

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
    return Told(events=found, cursor=keyring.seal("cursor", json.dumps([position, event_id]).encode(), bound_to))
