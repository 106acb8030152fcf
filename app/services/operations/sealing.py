"""The sealer: after the commit, one process at a time does what needs commit order or must be done by one.

It gives the events of boards and providers their positions, queues webhook deliveries, and adds to a hash chain a keyed
seal over the audit rows of the commits it found. What they changed in the totals of activities it adds up. A
transaction that commits late is simply found later: nothing is skipped, nobody waits.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection

from app.services.context import Service
from app.services.events.outbox import enqueue_deliveries
from app.services.events.provider_events import board_events, publish
from app.store import commits
from app.store.looking import totals

AT_ONCE = 500
"""Commits under one seal, at most."""
ROWS_AT_ONCE = 500
"""Audit rows and board events under one seal, at most, so that single reports need not wait for many."""
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class SealResult(enum.IntEnum):
    """The result of one call of the sealer."""

    NOTHING = 0
    """No commit was unsealed, and no total to be added up."""
    ALL = 1
    """Every unsealed commit was sealed."""
    A_PART = 2
    """More commits wait than one seal may hold, or more changes of totals than are added at once."""


def seal_next(connection: Connection, service: Service) -> SealResult:
    """Seal the next commits, up to `AT_ONCE`, and publish their events."""
    commits.lock_sealer(connection)
    more_totals = totals.fold_deltas(connection)
    found, more = commits.find_unsealed(connection, AT_ONCE, ROWS_AT_ONCE)
    if not found:
        return SealResult.A_PART if more_totals else SealResult.NOTHING
    rows = commits.audit_rows(connection, found)
    number, previous = commits.last_seal(connection)
    digest, at = digest_rows(rows), service.clock()
    row = {
        "number": number + 1,
        "at": at,
        "commits": len(found),
        "audit_rows": len(rows),
        "digest": digest,
        "seal": service.keyring.keyed_digest(
            "seal", seal_text(previous, number + 1, len(found), len(rows), digest, at)
        ),
    }
    events = publish(connection, found, rows)
    commits.seal(connection, row, found)
    enqueue_deliveries(connection, events, board_events(found, rows), found, service.clock())
    return SealResult.A_PART if more or more_totals else SealResult.ALL


def seal_text(
    previous: str, number: int, commit_count: int, row_count: int, digest: str, at: datetime | None = None
) -> str:
    """Return the text that a seal is made over: all that it vouches for, and the previous seal.

    Seals of earlier releases were made without their time.
    """
    text = f"{previous}|{number}|{commit_count}|{row_count}|{digest}"
    return text if at is None else f"{text}|{at.astimezone(UTC).isoformat()}"


def digest_rows(rows: Iterable[object]) -> str:
    """Return the digest of commits with their audit rows, each as a JSON array with sorted keys."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(_ENCODER.encode(row).encode() + b"\n")
    return digest.hexdigest()
