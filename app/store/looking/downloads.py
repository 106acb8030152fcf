"""One-time links to exports: inserted, found by the digest of their token, marked as used."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.domain.looking.downloads import DownloadLink
from app.models import downloads as tables
from app.store.sql.bulk import insert
from app.store.sql.rows import RowMapper
from app.store.sql.statements import execute, fetch

_LINK = RowMapper(DownloadLink, tables.downloads, "d")


def add(connection: Connection, link: DownloadLink, digest: str, at: datetime) -> None:
    """Insert a link under the digest of its token."""
    insert(connection, tables.downloads, [_LINK.values_of(link) | {"digest": digest, "created_at": at}])


def find(connection: Connection, digest: str) -> DownloadLink | None:
    """Return the link of a digest, used or not."""
    rows = fetch(connection, f"SELECT {_LINK.columns} FROM downloads d WHERE d.digest = :digest", {"digest": digest})
    return _LINK.read_first(connection, rows)


def use(connection: Connection, download_id: str, at: datetime) -> bool:
    """Mark a link as used, and forget what it asked for; False where another request was first, or it is too late."""
    used = execute(
        connection,
        "UPDATE downloads SET used_at = :at, query = '' "
        "WHERE download_id = :id AND used_at IS NULL AND expires_at > :at",
        {"id": download_id, "at": at},
    )
    return used == 1


def end_all(connection: Connection, at: datetime) -> None:
    """End all links that were not used, and forget what they asked for: encrypted, nobody can search it for a name."""
    execute(
        connection,
        "UPDATE downloads SET query = '', expires_at = CASE WHEN expires_at < :at THEN expires_at ELSE :at END "
        "WHERE query <> ''",
        {"at": at},
    )
