"""Batches, and the records read from their files, stored in pieces."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.batches import Batch, BatchOwner, FileHead, RawRow
from app.models import batches as tables
from app.store.batch_mends import TO_MEND
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper, column
from app.store.sql.statements import execute, fetch, fetch_value, in_list, locking_clause, narrow_to

_BATCH = RowMapper(Batch, tables.batches, "b", head=column("head", FileHead.of_document))

# Providers and boards take turns, and so do the batches of one: the one served longest ago comes next.
_IN_TURN = (
    "CASE WHEN b.board IS NULL "
    "THEN (SELECT max(t.turn_at) FROM batches t WHERE t.provider_id = b.provider_id AND t.finished_at IS NULL) "
    "ELSE (SELECT max(t.turn_at) FROM batches t WHERE t.board = b.board AND t.finished_at IS NULL) END NULLS FIRST, "
    "b.turn_at NULLS FIRST"
)
FILES_TO_FIX = (
    "b.created_at >= :recent AND NOT b.dry_run AND (SELECT 1 FROM batch_rows r "
    f"WHERE r.batch_id = b.batch_id AND r.outcome = 'rejected' AND {TO_MEND} LIMIT 1) IS NOT NULL"
)
"""The condition that a file `b` has rows to fix."""


def _owned(owner: BatchOwner) -> tuple[str, dict[str, Any]]:
    """Return the condition that a batch is the owner's, with its parameters."""
    if owner.provider_id is not None:
        return "b.provider_id = :owner", {"owner": owner.provider_id}
    return ("b.board = :owner", {"owner": owner.board}) if owner.board is not None else ("b.board IS NOT NULL", {})


def add(connection: Connection, row: Mapping[str, Any]) -> None:
    """Insert a batch."""
    insert(connection, tables.batches, [row])


def one(connection: Connection, owner: BatchOwner, batch_id: str, *, for_update: bool = False) -> Batch | None:
    """Return a batch of an owner, None for any other."""
    owned, parameters = _owned(owner)
    rows = fetch(
        connection,
        f"SELECT {_BATCH.columns} FROM batches b WHERE b.batch_id = :id AND {owned}"
        + (locking_clause(connection) if for_update else ""),
        {"id": batch_id} | parameters,
    )
    return _BATCH.read_first(connection, rows)


def page(
    connection: Connection,
    owner: BatchOwner,
    *,
    before: str | None,
    limit: int,
    kinds: Sequence[str] = (),
    statuses: Sequence[str] = (),
    to_fix: tuple[bool, datetime] | None = None,
) -> list[Batch]:
    """Return batches of an owner before one of them, newest first.

    `to_fix` says whether they have rows to fix, and are of this moment or later.
    """
    owned, parameters = _owned(owner)
    narrowed, in_values = narrow_to("b", {"kind": kinds, "status": statuses})
    conditions = [owned, "b.batch_id < :before", *narrowed]
    if to_fix is not None:
        wanted, recent = to_fix
        conditions.append(FILES_TO_FIX if wanted else f"NOT ({FILES_TO_FIX})")
        in_values |= {"recent": recent}
    rows = fetch(
        connection,
        f"SELECT {_BATCH.columns} FROM batches b WHERE {' AND '.join(conditions)} "
        "ORDER BY b.batch_id DESC LIMIT :limit",
        parameters | in_values | {"limit": limit, "before": before or "~"},
    )
    return _BATCH.read(connection, rows)


def seen_before(connection: Connection, owner: BatchOwner, digest: str) -> str | None:
    """Return the owner's first batch of the same bytes that was no dry run and did not fail, None without one."""
    owned, parameters = _owned(owner)
    batch_id: str | None = fetch_value(
        connection,
        f"SELECT min(b.batch_id) FROM batches b WHERE {owned} AND b.digest = :digest "
        "AND NOT b.dry_run AND b.status <> 'failed'",
        {"digest": digest} | parameters,
    )
    return batch_id


def any_unfinished(connection: Connection) -> bool:
    """Return whether any batch is unfinished, so that idle workers need not write to find out."""
    return bool(fetch(connection, "SELECT 1 FROM batches WHERE finished_at IS NULL LIMIT 1"))


def claim_to_read(connection: Connection, now: datetime, until: datetime, batch_id: str | None = None) -> Batch | None:
    """Claim the next batch that waits to be read, or whose claim has run out, until a moment; None when there is none.

    Dry runs are done by the claim's holder from end to end: one whose worker is gone is claimed while it is applied.

    SQLite:

        UPDATE batches SET …, fence = fence + 1, … WHERE batch_id = (
            SELECT b.batch_id FROM batches b JOIN uploads u … ORDER BY … LIMIT 1) RETURNING …

    PostgreSQL, so that several workers claim different batches:

        … ORDER BY … LIMIT 1 FOR UPDATE OF b SKIP LOCKED) RETURNING …
    """
    this_batch = "AND b.batch_id = :batch " if batch_id is not None else ""
    lock = locking_clause(connection, "UPDATE OF b SKIP LOCKED")
    rows = fetch(
        connection,
        "UPDATE batches SET status = CASE WHEN status = 'applying' THEN status ELSE 'reading' END, fence = fence + 1, "
        "attempts = attempts + 1, claimed_until = :until, turn_at = :now, updated_at = :now, version = version + 1 "
        "WHERE batch_id = (SELECT b.batch_id FROM batches b JOIN uploads u ON u.upload_id = b.upload_id "
        "WHERE b.finished_at IS NULL AND (b.status IN ('queued', 'reading') OR b.status = 'applying' AND b.dry_run) "
        f"AND (b.claimed_until IS NULL OR b.claimed_until <= :now) {this_batch}"
        f"ORDER BY {_IN_TURN}, u.size, b.batch_id LIMIT 1{lock}) RETURNING {_BATCH.columns_of('batches')}",
        {"now": now, "until": until} | ({"batch": batch_id} if batch_id is not None else {}),
    )
    return _BATCH.read_first(connection, rows)


def lock_next(connection: Connection, batch_id: str | None = None) -> Batch | None:
    """Lock the batch served longest ago, until the transaction ends; None when none has records to apply.

    PostgreSQL appends `FOR UPDATE OF b SKIP LOCKED`.
    """
    this_batch = "AND b.batch_id = :batch " if batch_id is not None else ""
    rows = fetch(
        connection,
        f"SELECT {_BATCH.columns} FROM batches b "
        f"WHERE b.finished_at IS NULL AND b.status = 'applying' AND NOT b.dry_run {this_batch}"
        f"ORDER BY {_IN_TURN}, b.batch_id LIMIT 1{locking_clause(connection, 'UPDATE OF b SKIP LOCKED')}",
        {"batch": batch_id} if batch_id is not None else {},
    )
    return _BATCH.read_first(connection, rows)


def put_last(connection: Connection, *, batch_id: str, at: datetime) -> None:
    """Put a batch last in turn, though none of its records were applied."""
    execute(connection, "UPDATE batches SET turn_at = :at WHERE batch_id = :id", {"at": at, "id": batch_id})


def save(
    connection: Connection, batch: Batch, values: Mapping[str, Any], at: datetime, *, fence: int | None = None
) -> bool:
    """Write changed columns of a batch; with a fencing token, False and nothing written when the claim is another's."""
    where: dict[str, Any] = {"batch_id": batch.batch_id}
    if fence is not None:
        where["fence"] = fence
    changed = {**values, "version": batch.version + 1, "updated_at": at}
    return update(connection, tables.batches, changed, where) == 1


def keep_claim(connection: Connection, batch_id: str, fence: int, until: datetime) -> bool:
    """Extend a claim; False when another worker has claimed the batch, or it was cancelled."""
    changed = execute(
        connection,
        "UPDATE batches SET claimed_until = :until WHERE batch_id = :id AND fence = :fence AND finished_at IS NULL",
        {"until": until, "id": batch_id, "fence": fence},
    )
    return changed == 1


def drop_pieces(connection: Connection, batch_id: str) -> None:
    """Delete the pieces that an earlier reader of the batch has left."""
    execute(connection, "DELETE FROM batch_pieces WHERE batch_id = :id", {"id": batch_id})


def add_pieces(connection: Connection, batch_id: str, first: int, pieces: Sequence[bytes]) -> None:
    """Insert packed pieces of records as sent, numbered from `first` on."""
    insert(
        connection,
        tables.batch_pieces,
        [{"batch_id": batch_id, "piece": first + offset, "records": piece} for offset, piece in enumerate(pieces)],
    )


def pack(piece: Sequence[RawRow]) -> bytes:
    """Pack a piece of records as JSON, deflated."""
    return zlib.compress(json.dumps([(row.number, row.raw) for row in piece], ensure_ascii=False).encode(), 1)


def lock_one(connection: Connection, batch_id: str) -> Batch | None:
    """Return a batch of any owner, locked until the transaction ends."""
    sql = f"SELECT {_BATCH.columns} FROM batches b WHERE b.batch_id = :id{locking_clause(connection)}"
    return _BATCH.read_first(connection, fetch(connection, sql, {"id": batch_id}))


def with_records(connection: Connection, after: str, since: datetime | None, limit: int) -> list[Batch]:
    """Return the next batches whose records as sent are still there.

    Since a moment, those that have changed, and those of which a record was mended: that does not change the batch.
    """
    recent = "" if since is None else (
        " AND (b.updated_at >= :since OR EXISTS (SELECT 1 FROM batch_mends m WHERE m.batch_id = b.batch_id "
        "AND m.updated_at >= :since))"
    )  # fmt: skip
    rows = fetch(
        connection,
        f"SELECT {_BATCH.columns} FROM batches b WHERE b.batch_id > :after AND b.records > 0 "
        f"AND b.records_removed_at IS NULL{recent} ORDER BY b.batch_id LIMIT :limit",
        {"after": after, "limit": limit} | ({} if since is None else {"since": since}),
    )
    return _BATCH.read(connection, rows)


def records(connection: Connection, batch: Batch, first: int, count: int) -> list[tuple[int, RawRow]]:
    """Return (place, record as sent) of `count` records from a place on."""
    if count <= 0:
        return []
    size = batch.piece_rows
    return [
        (place, row)
        for place, row in of_pieces(connection, batch, range(first // size, (first + count - 1) // size + 1))
        if first <= place < first + count
    ]


def of_pieces(connection: Connection, batch: Batch, numbers: Iterable[int]) -> list[tuple[int, RawRow]]:
    """Return (place, record as sent) of the records of some pieces, in their order."""
    marks, in_pieces = in_list("piece", sorted(set(numbers)))
    rows = fetch(
        connection,
        f"SELECT piece, records FROM batch_pieces WHERE batch_id = :id AND piece IN ({marks}) ORDER BY piece",
        in_pieces | {"id": batch.batch_id},
    )
    return [
        (piece * batch.piece_rows + offset, RawRow(number=number, raw=raw))
        for piece, records in rows
        for offset, (number, raw) in enumerate(json.loads(zlib.decompress(records)))
    ]
