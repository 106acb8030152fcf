"""Providers, boards, clients with their keys and grants, and idempotency keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.clients import Attestation, Client, ProviderActedFor, ProviderListing, Role
from app.models import organisations as tables
from app.store.access.providers import former_ids_by_root
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper, expression, looked_up_by
from app.store.sql.statements import Row, execute, fetch, fetch_column, fetch_value
from app.store.sql.values import read_document, read_instant, read_optional_instant

_WORLD = {False: "p.sandbox_of IS NULL AND p.merged_into IS NULL", True: "p.sandbox_of IS NOT NULL"}
"""The providers a client may act for at all: a test client for those of the sandbox, any other for live ones."""
SYSTEMS = "c.kind IS NULL"
"""The condition that a client is a system's: memberships are managed with the people whose they are."""
CLIENT = RowMapper(
    Client, tables.clients, "c", provider_ids=looked_up_by("client_id"), merging=looked_up_by("client_id")
)
_ATTESTATION = RowMapper(Attestation, tables.clients, "c")

_PROVIDER_LISTING = RowMapper(
    ProviderListing,
    tables.providers,
    "p",
    clients=expression(
        "(SELECT count(*) FROM grants g JOIN clients c ON c.client_id = g.client_id "
        f"WHERE g.provider_id = p.provider_id AND g.revoked_at IS NULL AND c.revoked_at IS NULL AND {SYSTEMS})"
    ),
)
_PROVIDER = RowMapper(
    ProviderActedFor,
    tables.providers,
    "p",
    granted_at=expression("g.granted_at", read_optional_instant),
    former_ids=looked_up_by("provider_id"),
)


def by_id(connection: Connection, client_id: str) -> Client | None:
    """Return a client that has not been revoked."""
    rows = fetch(
        connection,
        f"SELECT {CLIENT.columns} FROM clients c WHERE c.client_id = :id AND c.revoked_at IS NULL",
        {"id": client_id},
    )
    return read_client(connection, rows)


def attests_permission(connection: Connection, client_id: str) -> bool:
    """Whether it stands of a client who attests that learners permit what it reports."""
    query = "SELECT permission_withdrawn_at IS NULL FROM clients WHERE client_id = :id"
    return bool(fetch_value(connection, query, {"id": client_id}))


def attestation_of(connection: Connection, client_id: str) -> Attestation | None:
    """Return the attestation that stands, or stood, of a client; None for an id that there is not."""
    query = f"SELECT {_ATTESTATION.columns} FROM clients c WHERE c.client_id = :id"
    return _ATTESTATION.read_first(connection, fetch(connection, query, {"id": client_id}))


def read_client(connection: Connection, rows: Sequence[Row]) -> Client | None:
    """Return the client of the first of some rows of `CLIENT`, with its providers."""
    granted = [grant for client_id in CLIENT.column(rows[:1], "client_id") for grant in _grants(connection, client_id)]
    return CLIENT.read_first(
        connection,
        rows,
        provider_ids=lambda _: frozenset(provider_id for provider_id, of_its_world, _ in granted if of_its_world),
        merging=lambda _: frozenset(provider_id for provider_id, _, merging in granted if merging),
    )


def _grants(connection: Connection, client_id: str) -> list[Row]:
    """Return whom a client may act for: each provider, whether it is of the client's world, and about to be merged."""
    return fetch(
        connection,
        "SELECT g.provider_id, c.test = (p.sandbox_of IS NOT NULL), p.merging_into IS NOT NULL "
        "FROM grants g JOIN clients c ON c.client_id = g.client_id JOIN providers p ON p.provider_id = g.provider_id "
        "WHERE g.client_id = :client AND g.revoked_at IS NULL",
        {"client": client_id},
    )


def list_providers(connection: Connection, *, sandboxes: bool) -> list[ProviderListing]:
    """Return all providers by their ids, the sandboxes too if asked for."""
    rows = fetch(
        connection,
        f"SELECT {_PROVIDER_LISTING.columns} FROM providers p"
        f"{'' if sandboxes else ' WHERE p.sandbox_of IS NULL'} ORDER BY p.provider_id",
    )
    return _PROVIDER_LISTING.read(connection, rows)


def granted_providers(connection: Connection, client_id: str) -> frozenset[str]:
    """Return the providers a client may act for, those of its own world."""
    return frozenset(provider_id for provider_id, of_its_world, _ in _grants(connection, client_id) if of_its_world)


def grant(connection: Connection, client_id: str, provider_id: str, at: datetime) -> None:
    """Grant a client the right to act for a provider; one that was revoked begins anew."""
    execute(
        connection,
        "INSERT INTO grants (client_id, provider_id, granted_at) VALUES (:client, :provider, :at) "
        "ON CONFLICT (client_id, provider_id) DO UPDATE SET revoked_at = NULL, "
        "granted_at = CASE WHEN grants.revoked_at IS NULL THEN grants.granted_at ELSE excluded.granted_at END",
        {"client": client_id, "provider": provider_id, "at": at},
    )
    note_change(connection, client_id)


def revoke_grant(connection: Connection, client_id: str, provider_id: str, at: datetime) -> bool:
    """Revoke the right to act for a provider; False when there was none."""
    granted = {"client_id": client_id, "provider_id": provider_id, "revoked_at": None}
    revoked = update(connection, tables.grants, {"revoked_at": at}, granted) == 1
    if revoked:
        note_change(connection, client_id)
    return revoked


def note_change(connection: Connection, client_id: str) -> None:
    """Count a change of a client that is not in its own row, such as a grant, as a version of it."""
    execute(
        connection,
        "UPDATE clients SET version = coalesce(version, 1) + 1 WHERE client_id = :id",
        {"id": client_id},
    )


def provider_acted_for(connection: Connection, client: Client, provider_id: str) -> str | None:
    """Return the id of the provider that a client acts for when it names an id, None without the right to.

    When a test client names a live provider, it acts for that provider's sandbox. An operator needs no grant. The id of
    a provider that was merged means the one that it was merged into; for a test client, its own sandbox comes first.
    """
    root = "(SELECT m.merged_into FROM providers m WHERE m.provider_id = :provider)"
    named, order = f"p.provider_id = coalesce({root}, :provider)", ""
    if client.test:
        named = f"(p.provider_id = :provider OR p.sandbox_of = :provider OR p.sandbox_of = {root})"
        order = " ORDER BY CASE WHEN :provider IN (p.provider_id, p.sandbox_of) THEN 0 ELSE 1 END"
    granted = ""
    if client.role is not Role.OPERATOR:
        granted = (
            " AND EXISTS (SELECT 1 FROM grants g WHERE g.client_id = :client AND g.provider_id = p.provider_id "
            "AND g.revoked_at IS NULL)"
        )
    acted_for: str | None = fetch_value(
        connection,
        f"SELECT p.provider_id FROM providers p WHERE {named} AND {_WORLD[client.test]}{granted}{order}",
        {"client": client.client_id, "provider": provider_id},
    )
    return acted_for


def _acted_for(client: Client) -> str:
    """Return the FROM and WHERE of the providers `p` that a client may act for, with its grants `g`."""
    join = "LEFT JOIN" if client.role is Role.OPERATOR else "JOIN"
    return (
        f"providers p {join} grants g ON g.provider_id = p.provider_id AND g.client_id = :client "
        f"AND g.revoked_at IS NULL WHERE {_WORLD[client.test]}"
    )


def providers_acted_for(
    connection: Connection, client: Client, after: str | None, limit: int
) -> list[ProviderActedFor]:
    """Return the providers that a client may act for after an id, by id; an operator may for all of its world."""
    rows = fetch(
        connection,
        f"SELECT {_PROVIDER.columns} FROM {_acted_for(client)} AND p.provider_id > :after "
        "ORDER BY p.provider_id LIMIT :limit",
        {"client": client.client_id, "after": after or "", "limit": limit},
    )
    former = former_ids_by_root(connection, _PROVIDER.column(rows, "provider_id"))
    return _PROVIDER.read(connection, rows, former_ids=lambda provider_id: tuple(former.get(provider_id, ())))


def count_providers_acted_for(connection: Connection, client: Client) -> int:
    """Return the number of providers that a client may act for."""
    count: int = fetch_value(connection, f"SELECT count(*) FROM {_acted_for(client)}", {"client": client.client_id})
    return count


def provider_exists(connection: Connection, provider_id: str) -> bool:
    """Return whether there is a provider with this id."""
    return bool(fetch(connection, "SELECT 1 FROM providers WHERE provider_id = :id", {"id": provider_id}))


def sandbox_ids(connection: Connection) -> frozenset[str]:
    """Return the ids of all sandboxes."""
    return frozenset(fetch_column(connection, "SELECT provider_id FROM providers WHERE sandbox_of IS NOT NULL"))


def add_providers(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert providers; those that exist stay as they are."""
    insert(connection, tables.providers, rows, skip_known=True)


def rename_provider(connection: Connection, row: Mapping[str, Any]) -> None:
    """Update the name and place of a provider."""
    changed = {name: row[name] for name in ("name", "joint", "city", "state")}
    update(connection, tables.providers, changed, {"provider_id": row["provider_id"]})


def add_boards(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the codes of boards; those that exist stay."""
    insert(connection, tables.boards, rows, skip_known=True)


def keep_catalogue(connection: Connection, digest: str, files: Mapping[str, str], at: datetime) -> None:
    """Insert the files of a state of the board facts; those of a known digest stay."""
    row = {"digest": digest, "files": dict(files), "first_used_at": at}
    insert(connection, tables.catalogues, [row], skip_known=True)


def catalogue_files(connection: Connection, digest: str) -> dict[str, str] | None:
    """Return the files of a state of the board facts, by name in alphabetical order."""
    files = fetch_value(connection, "SELECT files FROM catalogues WHERE digest = :digest", {"digest": digest})
    return dict(sorted(read_document(files).items())) if files is not None else None


def catalogue_digests(connection: Connection) -> list[str]:
    """Return the digests of all states of the board facts."""
    return fetch_column(connection, "SELECT digest FROM catalogues ORDER BY digest")


def board_codes(connection: Connection) -> set[str]:
    """Return the codes that records may refer to."""
    return set(fetch_column(connection, "SELECT code FROM boards"))


def name_and_revocation(connection: Connection, client_id: str) -> tuple[str, datetime | None] | None:
    """Return the name of a client and when it was revoked, None for one that never was."""
    rows = fetch(connection, "SELECT name, revoked_at FROM clients WHERE client_id = :id", {"id": client_id})
    return next(((name, None if at is None else read_instant(at)) for name, at in rows), None)


def clients_named(connection: Connection, name: str) -> list[tuple[str, bool]]:
    """Return the ids of the clients of a name, the oldest first, and whether each was revoked."""
    rows = fetch(
        connection,
        f"SELECT c.client_id, c.revoked_at IS NOT NULL FROM clients c WHERE c.name = :name AND {SYSTEMS} ORDER BY 1",
        {"name": name},
    )
    return [(client_id, bool(revoked)) for client_id, revoked in rows]


def count_dependants(connection: Connection, client_id: str) -> tuple[int, int]:
    """Return how many webhook endpoints a client has, and how many unfinished batches."""
    ((endpoints, under_way),) = fetch(
        connection,
        "SELECT (SELECT count(*) FROM webhook_endpoints WHERE client_id = :id AND deleted_at IS NULL), "
        "(SELECT count(*) FROM batches WHERE client_id = :id AND finished_at IS NULL)",
        {"id": client_id},
    )
    return endpoints, under_way


def client_named(connection: Connection, name: str) -> str | None:
    """Return the id of the client of this name that has not been revoked, the oldest of several."""
    client_id: str | None = fetch_value(
        connection,
        "SELECT client_id FROM clients WHERE name = :name AND revoked_at IS NULL ORDER BY client_id LIMIT 1",
        {"name": name},
    )
    return client_id


def claim_key(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Claim an idempotency key for this transaction; False when it was answered before.

    Waits while another transaction holds the key, on PostgreSQL for its lock timeout at most.
    """
    claimed = fetch(
        connection,
        "INSERT INTO idempotency_keys (client_id, provider_id, key, fingerprint, answer, created_at) "
        "VALUES (:client_id, :provider_id, :key, :fingerprint, '{}', :at) ON CONFLICT DO NOTHING RETURNING 1",
        dict(row) | {"at": row["at"]},
    )
    return bool(claimed)


def release_key(connection: Connection, row: Mapping[str, Any]) -> None:
    """Give an idempotency key back that was claimed in this transaction."""
    execute(
        connection,
        "DELETE FROM idempotency_keys WHERE client_id = :client_id AND provider_id = :provider_id AND key = :key",
        {name: row[name] for name in ("client_id", "provider_id", "key")},
    )


def keep_answer(connection: Connection, row: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Keep the answer of a request under its idempotency key."""
    key = {name: row[name] for name in ("client_id", "provider_id", "key")}
    update(connection, tables.idempotency_keys, {"answer": answer}, key)


def find_answer(
    connection: Connection, client_id: str, provider_id: str, key: str
) -> tuple[str, dict[str, Any]] | None:
    """Return the fingerprint and answer stored under an idempotency key."""
    rows = fetch(
        connection,
        "SELECT fingerprint, answer FROM idempotency_keys WHERE client_id = :client AND provider_id = :provider "
        "AND key = :key",
        {"client": client_id, "provider": provider_id, "key": key},
    )
    return next(((fingerprint, read_document(answer)) for fingerprint, answer in rows), None)


def ensure_operator(connection: Connection, at: datetime) -> bool:
    """Insert the client of the operator's own commands, to which their writes refer; False when it exists."""
    if fetch(connection, "SELECT 1 FROM clients WHERE client_id = 'operator'"):
        return False
    insert(
        connection,
        tables.clients,
        [
            {
                "client_id": "operator",
                "name": "operator's commands",
                "role": Role.OPERATOR,
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
    return True
