"""Cursors of a board's feed, sealed for the client that reads it.

A cursor holds a position, the event at it, and the board's last decision at that moment. Where another event stands at
the position, or the decision is not on record, the database was restored to an earlier state: the board reads and
decides again from the start.
"""

from __future__ import annotations

import json

import msgspec
from sqlalchemy import Connection

from app.core.errors import CursorDiverged, ParameterInvalid
from app.core.http.pagination import USE_NEXT_CURSOR
from app.services.context import Caller
from app.store import feed

_PATH = "/v1/board-feed"


class FeedCursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far a board has read, and its last decision then: "" where there was none."""

    position: int = 0
    event_id: str = ""
    decision_id: str = ""


def seal_cursor(caller: Caller, cursor: FeedCursor) -> str:
    """Return a cursor as text that only its client can use."""
    values = [cursor.position, cursor.event_id, cursor.decision_id]
    return caller.service.keyring.seal("cursor", json.dumps(values).encode(), caller.bound_to(_PATH))


def open_cursor(caller: Caller, sealed: str) -> FeedCursor:
    """Read a cursor from its text; raises `ParameterInvalid` for one that is not the caller's."""
    opened = caller.service.keyring.unseal("cursor", sealed, caller.bound_to(_PATH))
    if opened is None:
        raise ParameterInvalid.of("after", "This cursor does not belong to this feed.", USE_NEXT_CURSOR)
    # Cursors made before they held a decision have two values.
    position, event_id, *decision = json.loads(opened)
    return FeedCursor(position=position, event_id=event_id, decision_id=decision[0] if decision else "")


def refuse_diverged(connection: Connection, board: str, cursor: FeedCursor) -> None:
    """Raise `CursorDiverged` unless the event and the decision of a cursor still stand."""
    if cursor.position and feed.at(connection, board, cursor.position) != cursor.event_id:
        raise CursorDiverged
    if cursor.decision_id and not feed.has_decided(connection, board, cursor.decision_id):
        raise CursorDiverged
