"""Queries on uploaded files, kept in pieces: any worker on any machine reads them from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.models import batches as tables
from app.store import dialect


def begin(connection: Connection, upload_id: str, at: datetime) -> None:
    """Note that a file begins to arrive."""
    dialect.insert(connection, tables.uploads, [{"upload_id": upload_id, "created_at": at}])


def add_piece(connection: Connection, upload_id: str, piece: int, content: bytes) -> None:
    """Keep the next piece of a file."""
    dialect.insert(connection, tables.upload_pieces, [{"upload_id": upload_id, "piece": piece, "content": content}])


def finish(connection: Connection, upload_id: str, size: int, digest: str) -> None:
    """Note that a file has arrived whole."""
    dialect.run(
        connection,
        "UPDATE uploads SET size = :size, digest = :digest WHERE upload_id = :id",
        [{"id": upload_id, "size": size, "digest": digest}],
    )


def drop(connection: Connection, upload_ids: Sequence[str]) -> None:
    """Forget files, but for those of batches."""
    keys = [{"id": each} for each in upload_ids]
    free = "upload_id = :id AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.upload_id = :id)"
    dialect.run(connection, f"DELETE FROM upload_pieces WHERE {free}", keys)
    dialect.run(connection, f"DELETE FROM uploads WHERE {free}", keys)


def abandoned(connection: Connection, before: datetime, limit: int) -> list[str]:
    """Return files that began to arrive before an instant and never became a batch."""
    found = dialect.rows(
        connection,
        "SELECT u.upload_id FROM uploads u WHERE u.created_at < :before AND NOT EXISTS ("
        "SELECT 1 FROM batches b WHERE b.upload_id = u.upload_id) ORDER BY u.created_at LIMIT :limit",
        {"before": dialect.bound(connection, before), "limit": limit},
    )
    return [row[0] for row in found]


def piece(connection: Connection, upload_id: str, number: int) -> bytes | None:
    """Return a piece of a file, None after the last."""
    found = dialect.rows(
        connection,
        "SELECT content FROM upload_pieces WHERE upload_id = :id AND piece = :piece",
        {"id": upload_id, "piece": number},
    )
    return bytes(found[0][0]) if found else None
