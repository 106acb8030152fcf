"""Queries on providers, clients, grants and idempotency keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.clients import Client
from app.models import organisations as tables
from app.store.sql.bulk import insert, update
from app.store.sql.statements import Row, execute, fetch
from app.store.sql.values import read_document

_CLIENT = "c.client_id, c.role, c.board, c.test, c.scopes"
_WORLD = {False: "p.sandbox_of IS NULL", True: "p.sandbox_of IS NOT NULL"}
"""For which providers a client may act at all: a test client for those of the sandbox, any other for live ones."""


def by_key(connection: Connection, digest: str) -> Client | None:
    """Return the client whose key has this digest, unless key or client were revoked."""
    found = fetch(
        connection,
        f"SELECT {_CLIENT} FROM client_secrets s JOIN clients c ON c.client_id = s.client_id WHERE s.digest = :digest "
        "AND s.kind = 'api-key' AND s.revoked_at IS NULL AND c.revoked_at IS NULL",
        {"digest": digest},
    )
    return _client(connection, found[0]) if found else None


def by_id(connection: Connection, client_id: str) -> Client | None:
    """Return a client that has not been revoked."""
    found = fetch(
        connection,
        f"SELECT {_CLIENT} FROM clients c WHERE c.client_id = :id AND c.revoked_at IS NULL",
        {"id": client_id},
    )
    return _client(connection, found[0]) if found else None


def _client(connection: Connection, row: Row) -> Client:
    granted = fetch(
        connection,
        "SELECT g.provider_id FROM grants g JOIN providers p ON p.provider_id = g.provider_id "
        f"WHERE g.client_id = :client AND g.revoked_at IS NULL AND {_WORLD[bool(row[3])]}",
        {"client": row[0]},
    )
    return Client(
        client_id=row[0],
        role=row[1],
        board=row[2],
        test=bool(row[3]),
        scopes=frozenset(read_document(row[4])),
        provider_ids=frozenset(each[0] for each in granted),
    )


def grant(connection: Connection, client_id: str, provider_id: str, at: datetime) -> None:
    """Let a client act for a provider, again if it could once."""
    execute(
        connection,
        "INSERT INTO grants (client_id, provider_id, granted_at) VALUES (:client, :provider, :at) "
        "ON CONFLICT (client_id, provider_id) DO UPDATE SET revoked_at = NULL",
        {"client": client_id, "provider": provider_id, "at": at},
    )


def revoke_grant(connection: Connection, client_id: str, provider_id: str, at: datetime) -> bool:
    """Take back the right to act for a provider; False when there was none."""
    changed = execute(
        connection,
        "UPDATE grants SET revoked_at = :at WHERE client_id = :client AND provider_id = :provider "
        "AND revoked_at IS NULL",
        {"client": client_id, "provider": provider_id, "at": at},
    )
    return changed == 1


def acted_for(connection: Connection, client: Client, provider_id: str) -> str | None:
    """Return the provider that a client may act for at this moment under the id it names, None when it has no right.

    Of a test client, the id of a live provider means the sandbox of that provider. An operator needs no grant.
    """
    meant = "p.provider_id = :provider"
    if client.test:
        meant = f"({meant} OR p.sandbox_of = :provider)"
    granted = ""
    if client.role != "operator":
        granted = (
            " AND EXISTS (SELECT 1 FROM grants g WHERE g.client_id = :client AND g.provider_id = p.provider_id "
            "AND g.revoked_at IS NULL)"
        )
    found = fetch(
        connection,
        f"SELECT p.provider_id FROM providers p WHERE {meant} AND {_WORLD[client.test]}{granted}",
        {"client": client.client_id, "provider": provider_id},
    )
    return str(found[0][0]) if found else None


def provider_exists(connection: Connection, provider_id: str) -> bool:
    """Tell whether there is such a provider."""
    return bool(fetch(connection, "SELECT 1 FROM providers WHERE provider_id = :id", {"id": provider_id}))


def add_providers(connection: Connection, given: Sequence[Mapping[str, Any]]) -> None:
    """Insert providers; one that stands already stays as it is."""
    insert(connection, tables.providers, given, skip_known=True)


def rename_provider(connection: Connection, row: Mapping[str, Any]) -> None:
    """Give a provider that stands already another name or place."""
    execute(
        connection,
        "UPDATE providers SET name = :name, joint = :joint, city = :city, state = :state "
        "WHERE provider_id = :provider_id",
        {name: row[name] for name in ("name", "joint", "city", "state", "provider_id")},
    )


def add_boards(connection: Connection, given: Sequence[Mapping[str, Any]]) -> None:
    """Insert the codes of boards; those that stand already stay."""
    insert(connection, tables.boards, given, skip_known=True)


def keep_catalogue(connection: Connection, digest: str, files: Mapping[str, str], at: datetime) -> None:
    """Keep the files of a state of the board facts; one that is kept stays."""
    row = {"digest": digest, "files": dict(files), "first_used_at": at}
    insert(connection, tables.catalogues, [row], skip_known=True)


def catalogue_files(connection: Connection, digest: str) -> dict[str, str] | None:
    """Return the files of a state of the board facts, in their order."""
    found = fetch(connection, "SELECT files FROM catalogues WHERE digest = :digest", {"digest": digest})
    return dict(sorted(read_document(found[0][0]).items())) if found else None


def board_codes(connection: Connection) -> set[str]:
    """Return the codes that records may refer to."""
    return {row[0] for row in fetch(connection, "SELECT code FROM boards")}


def add_client(
    connection: Connection,
    client: Mapping[str, Any],
    secrets: Sequence[Mapping[str, Any]],
    provider_ids: Sequence[str],
    at: datetime,
) -> None:
    """Insert a client with its hashed secrets and its grants."""
    insert(connection, tables.clients, [client])
    insert(connection, tables.client_secrets, secrets)
    insert(
        connection,
        tables.grants,
        [{"client_id": client["client_id"], "provider_id": each, "granted_at": at} for each in provider_ids],
    )


def client_named(connection: Connection, name: str) -> str | None:
    """Return the id of a client of this name, the oldest of several."""
    found = fetch(
        connection,
        "SELECT client_id FROM clients WHERE name = :name AND revoked_at IS NULL ORDER BY client_id LIMIT 1",
        {"name": name},
    )
    return found[0][0] if found else None


def revoke_secrets(connection: Connection, client_id: str, at: datetime) -> None:
    """Revoke every key and secret of a client."""
    execute(
        connection,
        "UPDATE client_secrets SET revoked_at = :at WHERE client_id = :client AND revoked_at IS NULL",
        {"client": client_id, "at": at},
    )


def add_secrets(connection: Connection, secrets: Sequence[Mapping[str, Any]]) -> None:
    """Insert hashed secrets of a client."""
    insert(connection, tables.client_secrets, secrets)


def claim_key(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Take an idempotency key for this transaction; False when it was answered before.

    While another transaction holds it, this waits; PostgreSQL raises its lock timeout after the wait.
    """
    found = fetch(
        connection,
        "INSERT INTO idempotency_keys (client_id, provider_id, key, fingerprint, answer, created_at) "
        "VALUES (:client_id, :provider_id, :key, :fingerprint, '{}', :at) ON CONFLICT DO NOTHING RETURNING 1",
        dict(row) | {"at": row["at"]},
    )
    return bool(found)


def keep_answer(connection: Connection, row: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Keep the answer of a request under its idempotency key."""
    key = {name: row[name] for name in ("client_id", "provider_id", "key")}
    update(connection, tables.idempotency_keys, {"answer": answer}, key)


def kept_answer(
    connection: Connection, client_id: str, provider_id: str, key: str
) -> tuple[str, dict[str, Any]] | None:
    """Return the fingerprint and answer kept under an idempotency key."""
    found = fetch(
        connection,
        "SELECT fingerprint, answer FROM idempotency_keys WHERE client_id = :client AND provider_id = :provider "
        "AND key = :key",
        {"client": client_id, "provider": provider_id, "key": key},
    )
    return (found[0][0], read_document(found[0][1])) if found else None


def forget_keys(connection: Connection, before: datetime) -> None:
    """Remove answers kept longer than promised."""
    execute(
        connection,
        "DELETE FROM idempotency_keys WHERE created_at < :before",
        {"before": before},
    )


def ensure_operator(connection: Connection, at: datetime) -> None:
    """Keep the client that stands for the operator's own commands, so that what they write can refer to it."""
    insert(
        connection,
        tables.clients,
        [
            {
                "client_id": "operator",
                "name": "operator's commands",
                "role": "operator",
                "board": None,
                "test": False,
                "scopes": [],
                "permission_attested_by": "operator",
                "permission_attested_at": at,
                "created_at": at,
            }
        ],
        skip_known=True,
    )
