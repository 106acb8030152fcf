"""Keys and client secrets: found by what a request bears, listed, added, ended, and when each was last used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.domain.access.credentials import ClientKey, KeyKind, digests_of, ending_of, key_id_of
from app.domain.clients import Client
from app.models import organisations as tables
from app.store.clients import CLIENT, read_client
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper, column
from app.store.sql.statements import Row, execute, execute_many, fetch, fetch_value, locking_clause
from app.store.sql.values import read_optional_instant

_KEY = RowMapper(ClientKey, tables.client_secrets, "s", key_id=column("digest", key_id_of))
_STANDING = "s.revoked_at IS NULL AND c.revoked_at IS NULL"
NOT_ENDED = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)"
"""The condition that a key, or client, works at a moment."""


class OwnedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was not ended, with its client, which was not revoked; both may have expired."""

    client: Client
    digest: str
    expires_at: datetime | None

    @property
    def key_id(self) -> str:
        """The id of the key."""
        return key_id_of(self.digest)


def find(connection: Connection, digest: str, kind: KeyKind) -> OwnedKey | None:
    """Return the key of a digest, unless key or client were revoked."""
    return _find_one(connection, "s.digest = :digest", {"digest": digest, "kind": kind.value})


def find_by_id(connection: Connection, client_id: str, key_id: str) -> OwnedKey | None:
    """Return a client's key or client secret by its id, unless it or the client were revoked."""
    digests = digests_of(key_id)
    if digests is None:
        return None
    low, high = digests
    return _find_one(
        connection,
        "s.digest >= :low AND s.digest < :high AND s.client_id = :client",
        {"low": low, "high": high, "client": client_id},
    )


def _find_one(connection: Connection, condition: str, parameters: Mapping[str, Any]) -> OwnedKey | None:
    kind = " AND s.kind = :kind" if "kind" in parameters else ""
    rows = fetch(
        connection,
        f"SELECT s.digest, s.expires_at, {CLIENT.columns} FROM client_secrets s "
        f"JOIN clients c ON c.client_id = s.client_id WHERE {condition}{kind} AND {_STANDING}",
        parameters,
    )
    return next((_read(connection, row) for row in rows), None)


def _read(connection: Connection, row: Row) -> OwnedKey:
    digest, expires_at, *of_client = row
    client = read_client(connection, [tuple(of_client)])
    assert client is not None
    return OwnedKey(client=client, digest=digest, expires_at=read_optional_instant(expires_at))


def lock_client(connection: Connection, client_id: str) -> bool:
    """Keep others from changing a client or its keys for this transaction; False where there is no such client.

    On PostgreSQL with FOR NO KEY UPDATE, beside which records that refer to the client are written.
    """
    lock = locking_clause(connection, "NO KEY UPDATE")
    return bool(fetch(connection, f"SELECT 1 FROM clients WHERE client_id = :id{lock}", {"id": client_id}))


def list_keys(connection: Connection, client_id: str) -> list[ClientKey]:
    """Return the keys and client secrets of a client that were not ended, the newest first; expired ones as well."""
    rows = fetch(
        connection,
        f"SELECT {_KEY.columns} FROM client_secrets s WHERE s.client_id = :id AND s.revoked_at IS NULL "
        "ORDER BY s.created_at DESC, s.digest",
        {"id": client_id},
    )
    return _KEY.read(connection, rows)


def working_digests(connection: Connection, client_id: str, now: datetime) -> list[tuple[str, KeyKind]]:
    """Return digest and kind of every key and client secret of a client that works, the newest first."""
    rows = fetch(
        connection,
        f"SELECT digest, kind FROM client_secrets WHERE client_id = :id AND {NOT_ENDED} "
        "ORDER BY created_at DESC, digest",
        {"id": client_id, "now": now},
    )
    return [(digest, KeyKind(kind)) for digest, kind in rows]


def row_of(
    client_id: str, kind: KeyKind, digest: str, secret: str, at: datetime, expires_at: datetime | None
) -> dict[str, Any]:
    """Return the row of a new key."""
    return {
        "digest": digest,
        "client_id": client_id,
        "kind": kind.value,
        "ending": ending_of(secret),
        "created_at": at,
        "expires_at": expires_at,
    }


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert keys."""
    insert(connection, tables.client_secrets, rows)


def end(connection: Connection, digest: str, at: datetime) -> bool:
    """End one key; False where it was ended before."""
    return update(connection, tables.client_secrets, {"revoked_at": at}, {"digest": digest, "revoked_at": None}) == 1


def end_between(connection: Connection, client_id: str, low: str, high: str, at: datetime) -> int:
    """End the keys of a client whose digests are in a range; return how many."""
    return execute(
        connection,
        "UPDATE client_secrets SET revoked_at = :at WHERE client_id = :client AND digest >= :low AND digest < :high "
        "AND revoked_at IS NULL",
        {"client": client_id, "low": low, "high": high, "at": at},
    )


def end_all(connection: Connection, client_id: str, at: datetime) -> int:
    """End every key and client secret of a client; return how many had worked until now."""
    working = fetch_value(
        connection,
        f"SELECT count(*) FROM client_secrets WHERE client_id = :id AND {NOT_ENDED}",
        {"id": client_id, "now": at},
    )
    update(connection, tables.client_secrets, {"revoked_at": at}, {"client_id": client_id, "revoked_at": None})
    return int(working)


def note_uses(connection: Connection, uses: Mapping[str, datetime]) -> None:
    """Note when keys were last used, by their digests; a later moment that is known already stays."""
    execute_many(
        connection,
        "UPDATE client_secrets SET last_used_at = :at WHERE digest = :digest "
        "AND (last_used_at IS NULL OR last_used_at < :at)",
        [{"digest": digest, "at": at} for digest, at in sorted(uses.items())],
    )
