"""Uploaded files, stored in pieces, so that any worker on any machine can read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.domain.batches import BatchOwner
from app.models import batches as tables
from app.store.sql.bulk import insert
from app.store.sql.statements import execute, execute_many, fetch, fetch_column, fetch_value

_TABLES = {"upload_totals": tables.upload_totals, "board_upload_totals": tables.board_upload_totals}


def _totals(owner: BatchOwner) -> tuple[str, str, str]:
    """Return the table of totals, the column of its owners, and the owner."""
    if owner.board is not None:
        return "board_upload_totals", "board", owner.board
    assert owner.provider_id is not None
    return "upload_totals", "provider_id", owner.provider_id


def begin(connection: Connection, upload_id: str, owner: BatchOwner, at: datetime) -> None:
    """Insert a file that begins to arrive."""
    table, column, owner_id = _totals(owner)
    row = {"upload_id": upload_id, column: owner_id, "stored": 0, "created_at": at}
    insert(connection, tables.uploads, [row])
    insert(connection, _TABLES[table], [{column: owner_id, "bytes": 0}], skip_known=True)


def add_piece(
    connection: Connection, upload_id: str, owner: BatchOwner, piece: int, content: bytes, most: int | None
) -> bool:
    """Insert the next piece of a file; False when the owner's uploads would exceed `most` bytes."""
    # The upload's row is locked before the total, as in `drop`: it may run meanwhile, when the sender goes away.
    _grow(connection, upload_id, len(content))
    table, column, owner_id = _totals(owner)
    within = " AND bytes + :more <= :most" if most is not None else ""
    sql = f"UPDATE {table} SET bytes = bytes + :more WHERE {column} = :id{within}"
    if not execute(connection, sql, {"id": owner_id, "more": len(content), "most": most}):
        _grow(connection, upload_id, -len(content))
        return False
    insert(connection, tables.upload_pieces, [{"upload_id": upload_id, "piece": piece, "content": content}])
    return True


def _grow(connection: Connection, upload_id: str, more: int) -> None:
    sql = "UPDATE uploads SET stored = stored + :more WHERE upload_id = :id"
    execute(connection, sql, {"id": upload_id, "more": more})


def finish(connection: Connection, upload_id: str, size: int, digest: str) -> None:
    """Record the size and digest of a file that has arrived completely."""
    execute(
        connection,
        "UPDATE uploads SET size = :size, digest = :digest WHERE upload_id = :id",
        {"id": upload_id, "size": size, "digest": digest},
    )


def drop(connection: Connection, upload_ids: Sequence[str]) -> None:
    """Delete files, except those of batches, and subtract their bytes from their owners' totals."""
    keys = [{"id": upload_id} for upload_id in upload_ids]
    free = "upload_id = :id AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.upload_id = :id)"
    execute_many(connection, f"DELETE FROM upload_pieces WHERE {free}", keys)
    freed = Counter[tuple[str, str, str]]()
    for key in keys:
        for provider_id, board, stored in fetch(
            connection, f"DELETE FROM uploads WHERE {free} RETURNING provider_id, board, stored", key
        ):
            # Uploads from before totals were kept have no owner.
            if provider_id is not None or board is not None:
                freed[_totals(BatchOwner(provider_id=provider_id, board=board))] += stored
    for (table, column, owner_id), stored in sorted(freed.items()):
        sql = f"UPDATE {table} SET bytes = bytes - :less WHERE {column} = :id"
        execute(connection, sql, {"id": owner_id, "less": stored})


def empty(connection: Connection, upload_id: str) -> None:
    """Remove the content of a batch's file, and subtract its bytes from its owner's total; size and digest stay."""
    execute(connection, "DELETE FROM upload_pieces WHERE upload_id = :id", {"id": upload_id})
    found = fetch(connection, "SELECT provider_id, board, stored FROM uploads WHERE upload_id = :id", {"id": upload_id})
    for provider_id, board, stored in found:
        execute(connection, "UPDATE uploads SET stored = 0 WHERE upload_id = :id", {"id": upload_id})
        if provider_id is not None or board is not None:
            table, column, owner_id = _totals(BatchOwner(provider_id=provider_id, board=board))
            sql = f"UPDATE {table} SET bytes = bytes - :less WHERE {column} = :id"
            execute(connection, sql, {"id": owner_id, "less": stored})


def find_abandoned(connection: Connection, before: datetime, limit: int) -> list[str]:
    """Return the ids of files that began to arrive before a moment and have no batch, oldest first."""
    return fetch_column(
        connection,
        "SELECT u.upload_id FROM uploads u WHERE u.created_at < :before AND NOT EXISTS ("
        "SELECT 1 FROM batches b WHERE b.upload_id = u.upload_id) ORDER BY u.created_at LIMIT :limit",
        {"before": before, "limit": limit},
    )


def piece(connection: Connection, upload_id: str, number: int) -> bytes | None:
    """Return a piece of a file, None after the last."""
    content = fetch_value(
        connection,
        "SELECT content FROM upload_pieces WHERE upload_id = :id AND piece = :piece",
        {"id": upload_id, "piece": number},
    )
    return bytes(content) if content is not None else None
