"""Queries on uploaded files, kept in pieces: any worker on any machine reads them from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.models import batches as tables
from app.store.sql.bulk import insert
from app.store.sql.statements import execute, execute_many, fetch


def begin(connection: Connection, upload_id: str, provider_id: str, at: datetime) -> None:
    """Note that a file begins to arrive."""
    row = {"upload_id": upload_id, "provider_id": provider_id, "stored": 0, "created_at": at}
    insert(connection, tables.uploads, [row])
    insert(connection, tables.upload_totals, [{"provider_id": provider_id, "bytes": 0}], skip_known=True)


def add_piece(
    connection: Connection, upload_id: str, provider_id: str, piece: int, content: bytes, most: int | None
) -> bool:
    """Keep the next piece of a file; False when the provider's uploads would take more bytes than they may."""
    # The upload before the total, as `drop` has them: it may run beside this when the sender goes away.
    _grow(connection, upload_id, len(content))
    bound = " AND bytes + :more <= :most" if most is not None else ""
    counted = {"id": provider_id, "more": len(content), "most": most}
    sql = f"UPDATE upload_totals SET bytes = bytes + :more WHERE provider_id = :id{bound}"
    if not execute_many(connection, sql, [counted]):
        _grow(connection, upload_id, -len(content))
        return False
    insert(connection, tables.upload_pieces, [{"upload_id": upload_id, "piece": piece, "content": content}])
    return True


def _grow(connection: Connection, upload_id: str, more: int) -> None:
    of_file = {"id": upload_id, "more": more}
    execute_many(connection, "UPDATE uploads SET stored = stored + :more WHERE upload_id = :id", [of_file])


def finish(connection: Connection, upload_id: str, size: int, digest: str) -> None:
    """Note that a file has arrived whole."""
    execute(
        connection,
        "UPDATE uploads SET size = :size, digest = :digest WHERE upload_id = :id",
        {"id": upload_id, "size": size, "digest": digest},
    )


def drop(connection: Connection, upload_ids: Sequence[str]) -> None:
    """Forget files, but for those of batches."""
    keys = [{"id": each} for each in upload_ids]
    free = "upload_id = :id AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.upload_id = :id)"
    execute_many(connection, f"DELETE FROM upload_pieces WHERE {free}", keys)
    freed = Counter[str]()
    for each in keys:
        for provider_id, stored in fetch(
            connection, f"DELETE FROM uploads WHERE {free} RETURNING provider_id, stored", each
        ):
            # Those of before there was a count belong to nobody.
            freed.update({provider_id: stored} if provider_id is not None else {})
    less = [{"id": provider_id, "less": stored} for provider_id, stored in sorted(freed.items())]
    execute_many(connection, "UPDATE upload_totals SET bytes = bytes - :less WHERE provider_id = :id", less)


def abandoned(connection: Connection, before: datetime, limit: int) -> list[str]:
    """Return files that began to arrive before an instant and never became a batch."""
    found = fetch(
        connection,
        "SELECT u.upload_id FROM uploads u WHERE u.created_at < :before AND NOT EXISTS ("
        "SELECT 1 FROM batches b WHERE b.upload_id = u.upload_id) ORDER BY u.created_at LIMIT :limit",
        {"before": before, "limit": limit},
    )
    return [row[0] for row in found]


def piece(connection: Connection, upload_id: str, number: int) -> bytes | None:
    """Return a piece of a file, None after the last."""
    found = fetch(
        connection,
        "SELECT content FROM upload_pieces WHERE upload_id = :id AND piece = :piece",
        {"id": upload_id, "piece": number},
    )
    return bytes(found[0][0]) if found else None
