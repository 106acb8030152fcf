"""Queries on batches, and on the records read from their files, kept in pieces."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.batches import Batch, BatchKind, BatchStatus, Head, RawRow
from app.models import batches as tables
from app.store import dialect

_COLUMNS = Batch.__struct_fields__
"""A batch has its columns' names."""
_READ: dict[str, Callable[[Any], Any]] = {
    "kind": BatchKind,
    "permission_attested": bool,
    "dry_run": bool,
    "status": BatchStatus,
    "created_at": dialect.as_instant,
    "updated_at": dialect.as_instant,
    "finished_at": dialect.as_instant_or_none,
    "head": lambda value: None if value is None else Head.of_document(dialect.as_document(value)),
    "file_error": dialect.as_document,
    "counts": dialect.as_document,
    "warnings": dialect.as_document,
}
"""How columns are read; those not named are as the driver gives them."""
_SELECTED = ", ".join(_COLUMNS)
_OF_B = ", ".join(f"b.{name}" for name in _COLUMNS)

# Providers take turns, and so do the batches of one provider: whoever was served longest ago comes next.
_IN_TURN = (
    "(SELECT max(t.turn_at) FROM batches t WHERE t.provider_id = b.provider_id AND t.finished_at IS NULL) NULLS FIRST, "
    "b.turn_at NULLS FIRST"
)


def _batch(row: dialect.Row) -> Batch:
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    for name, read in _READ.items():
        values[name] = read(values[name])
    return Batch(**values)


def add(connection: Connection, row: Mapping[str, Any]) -> None:
    """Insert a batch."""
    dialect.insert(connection, tables.batches, [row])


def one(connection: Connection, provider_id: str, batch_id: str, *, for_update: bool = False) -> Batch | None:
    """Return a batch of the provider."""
    lock = dialect.for_update(connection) if for_update else ""
    found = dialect.rows(
        connection,
        f"SELECT {_SELECTED} FROM batches WHERE batch_id = :id AND provider_id = :provider{lock}",
        {"id": batch_id, "provider": provider_id},
    )
    return _batch(found[0]) if found else None


def page(
    connection: Connection,
    provider_id: str,
    *,
    before: str | None,
    limit: int,
    kinds: Sequence[str] = (),
    statuses: Sequence[str] = (),
) -> list[Batch]:
    """Return batches of the provider before one of them, newest first."""
    given: dict[str, Any] = {"provider": provider_id, "limit": limit, "before": before or "~"}
    conditions = ["provider_id = :provider", "batch_id < :before"]
    for column, values in (("kind", kinds), ("status", statuses)):
        if values:
            marks = {f"{column}{place}": value for place, value in enumerate(values)}
            conditions.append(f"{column} IN ({', '.join(f':{name}' for name in marks)})")
            given |= marks
    found = dialect.rows(
        connection,
        f"SELECT {_SELECTED} FROM batches WHERE {' AND '.join(conditions)} ORDER BY batch_id DESC LIMIT :limit",
        given,
    )
    return [_batch(row) for row in found]


def seen_before(connection: Connection, provider_id: str, digest: str) -> str | None:
    """Return the provider's first batch of the same bytes that was not only a rehearsal, None when there is none."""
    found = dialect.rows(
        connection,
        "SELECT min(batch_id) FROM batches WHERE provider_id = :provider AND digest = :digest "
        "AND NOT dry_run AND status <> 'failed'",
        {"provider": provider_id, "digest": digest},
    )
    return found[0][0] if found else None


def any_unfinished(connection: Connection) -> bool:
    """Tell whether there is any batch to work on, so that idle workers need not write to find out."""
    return bool(dialect.rows(connection, "SELECT 1 FROM batches WHERE finished_at IS NULL LIMIT 1"))


def claim_to_read(connection: Connection, now: datetime, until: datetime, batch_id: str | None = None) -> Batch | None:
    """Take the next batch that waits to be read, or whose reader is gone; nobody else gets it until then.

    Rehearsals are worked by one as well: one whose worker is gone is taken up as it stands.
    """
    named = "AND b.batch_id = :batch " if batch_id is not None else ""
    lock = dialect.for_update(connection, "UPDATE OF b SKIP LOCKED")
    found = dialect.rows(
        connection,
        "UPDATE batches SET status = CASE WHEN status = 'applying' THEN status ELSE 'reading' END, fence = fence + 1, "
        "attempts = attempts + 1, claimed_until = :until, turn_at = :now, updated_at = :now, version = version + 1 "
        "WHERE batch_id = (SELECT b.batch_id FROM batches b JOIN uploads u ON u.upload_id = b.upload_id "
        "WHERE b.finished_at IS NULL AND (b.status IN ('queued', 'reading') OR b.status = 'applying' AND b.dry_run) "
        f"AND (b.claimed_until IS NULL OR b.claimed_until <= :now) {named}"
        f"ORDER BY {_IN_TURN}, u.size, b.batch_id LIMIT 1{lock}) RETURNING {_SELECTED}",
        {"now": dialect.bound(connection, now), "until": dialect.bound(connection, until)}
        | ({"batch": batch_id} if batch_id is not None else {}),
    )
    return _batch(found[0]) if found else None


def take_turn(connection: Connection, batch_id: str | None = None) -> Batch | None:
    """Lock the batch whose turn it is to have records applied, until the transaction ends; None when all rest."""
    named = "AND b.batch_id = :batch " if batch_id is not None else ""
    found = dialect.rows(
        connection,
        f"SELECT {_OF_B} FROM batches b WHERE b.finished_at IS NULL AND b.status = 'applying' AND NOT b.dry_run {named}"
        f"ORDER BY {_IN_TURN}, b.batch_id LIMIT 1{dialect.for_update(connection, 'UPDATE OF b SKIP LOCKED')}",
        {"batch": batch_id} if batch_id is not None else {},
    )
    return _batch(found[0]) if found else None


def put_last(connection: Connection, *, batch_id: str, at: datetime) -> None:
    """Count a batch as served, though nothing of it was done."""
    at_bound = dialect.bound(connection, at)
    dialect.run(connection, "UPDATE batches SET turn_at = :at WHERE batch_id = :id", [{"at": at_bound, "id": batch_id}])


def save(
    connection: Connection, batch: Batch, values: Mapping[str, Any], at: datetime, *, fence: int | None = None
) -> bool:
    """Write what has changed of a batch; with a fence, only for whoever holds that claim. Tell whether it was so."""
    where: dict[str, Any] = {"batch_id": batch.batch_id}
    if fence is not None:
        where["fence"] = fence
    given = {**values, "version": batch.version + 1, "updated_at": at}
    return dialect.update(connection, tables.batches, given, where) == 1


def keep_claim(connection: Connection, batch_id: str, fence: int, until: datetime) -> bool:
    """Hold a claim for longer; False when another has it by now, or the batch was cancelled."""
    changed = dialect.run(
        connection,
        "UPDATE batches SET claimed_until = :until WHERE batch_id = :id AND fence = :fence AND finished_at IS NULL",
        [{"until": dialect.bound(connection, until), "id": batch_id, "fence": fence}],
    )
    return changed == 1


def drop_pieces(connection: Connection, batch_id: str) -> None:
    """Forget what a reader that is gone had read."""
    dialect.run(connection, "DELETE FROM batch_pieces WHERE batch_id = :id", [{"id": batch_id}])


def add_pieces(connection: Connection, batch_id: str, first: int, pieces: Sequence[bytes]) -> None:
    """Keep pieces of records as sent, packed."""
    dialect.insert(
        connection,
        tables.batch_pieces,
        [{"batch_id": batch_id, "piece": first + offset, "records": piece} for offset, piece in enumerate(pieces)],
    )


def packed(piece: Sequence[RawRow]) -> bytes:
    """Return a piece of records as it is kept."""
    return zlib.compress(json.dumps([(each.number, each.raw) for each in piece], ensure_ascii=False).encode(), 1)


def records(connection: Connection, batch: Batch, first: int, count: int) -> list[tuple[int, RawRow]]:
    """Return records as sent with their places, from a place on."""
    if count <= 0:
        return []
    size = batch.piece_rows
    return [
        each
        for each in of_pieces(connection, batch, range(first // size, (first + count - 1) // size + 1))
        if first <= each[0] < first + count
    ]


def of_pieces(connection: Connection, batch: Batch, numbers: Iterable[int]) -> list[tuple[int, RawRow]]:
    """Return the records of some pieces with their places, in their order."""
    wanted = sorted(set(numbers))
    marks = {f"piece{place}": number for place, number in enumerate(wanted)}
    found = dialect.rows(
        connection,
        "SELECT piece, records FROM batch_pieces WHERE batch_id = :id "
        f"AND piece IN ({', '.join(f':{name}' for name in marks)}) ORDER BY piece",
        marks | {"id": batch.batch_id},
    )
    return [
        (piece * batch.piece_rows + offset, RawRow(number=number, raw=raw))
        for piece, packed in found
        for offset, (number, raw) in enumerate(json.loads(zlib.decompress(packed)))
    ]
