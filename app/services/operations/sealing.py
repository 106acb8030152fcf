"""The sealer: what needs commit order is done after the commit, by one at a time.

It gives events, for boards and for providers, their positions, puts in line what webhook endpoints are to be told, and
puts a keyed seal over the audit rows of the commits it found. A transaction that commits late is simply found later:
nothing is skipped, nobody waits.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable

from sqlalchemy import Connection

from app.services.context import Service
from app.services.events.deliveries import enqueue
from app.services.events.published import publish
from app.store import commits

AT_ONCE = 500
"""Commits under one seal, at most."""
ROWS_AT_ONCE = 500
"""Audit rows and board events under one seal, at most, so that single reports need not wait for many."""
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Sealed(enum.IntEnum):
    """How far a round of the sealer came."""

    NOTHING = 0
    """Nothing waited."""
    ALL = 1
    """What waited is sealed."""
    A_PART = 2
    """More waits than one seal may hold."""


def seal_next(connection: Connection, service: Service) -> Sealed:
    """Seal the commits that are not sealed yet, a bounded number of them."""
    commits.lock_sealer(connection)
    found, more = commits.unsealed(connection, AT_ONCE, ROWS_AT_ONCE)
    if not found:
        return Sealed.NOTHING
    rows = commits.audit_rows(connection, found)
    number, previous = commits.last_seal(connection)
    digest = digest_rows(rows)
    row = {
        "number": number + 1,
        "at": service.clock(),
        "commits": len(found),
        "audit_rows": len(rows),
        "digest": digest,
        "seal": service.keyring.keyed_digest("seal", seal_text(previous, number + 1, len(found), len(rows), digest)),
    }
    told = publish(connection, found, rows)
    commits.seal(connection, row, found)
    enqueue(connection, told, found, service.clock())
    return Sealed.A_PART if more else Sealed.ALL


def seal_text(previous: str, number: int, commit_count: int, row_count: int, digest: str) -> str:
    """Return what a seal is made over: everything it vouches for, and the seal before it."""
    return f"{previous}|{number}|{commit_count}|{row_count}|{digest}"


def digest_rows(rows: Iterable[object]) -> str:
    """Return the digest of commits with their audit rows."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(_ENCODER.encode(row).encode() + b"\n")
    return digest.hexdigest()
