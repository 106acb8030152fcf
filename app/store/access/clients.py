"""Clients as those who manage them see and change them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.clients import Client, ClientListing, Role
from app.domain.looking.attention import Waiting
from app.domain.sandbox import PROVIDER_ID
from app.models import organisations as tables
from app.store.access import keys
from app.store.clients import SYSTEMS, note_change
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_keys
from app.store.sql.rows import RowMapper, column, expression, looked_up_by
from app.store.sql.statements import Row, fetch, fetch_column, fetch_value, in_list, locking_clause
from app.store.sql.values import read_optional_instant
from app.store.webhooks import FAILED_AT, FAILS

_OF_CLIENT = "FROM client_secrets s WHERE s.client_id = c.client_id AND s.revoked_at IS NULL"
_WORKING_KEYS = f"{_OF_CLIENT} AND s.kind = 'api-key' AND (s.expires_at IS NULL OR s.expires_at > :now)"
_LISTING = RowMapper(
    ClientListing,
    tables.clients,
    "c",
    provider_ids=looked_up_by("client_id"),
    keys=expression(f"(SELECT count(*) {_WORKING_KEYS})"),
    newest_key_at=expression(f"(SELECT max(s.created_at) {_WORKING_KEYS})", read_optional_instant),
    last_used_at=expression(f"(SELECT max(s.last_used_at) {_OF_CLIENT})", read_optional_instant),
    version=column("version", null=1),
)
_NOT_REVOKED = "c.revoked_at IS NULL"


def list_clients(connection: Connection, now: datetime, *, revoked: bool) -> list[ClientListing]:
    """Return all clients, the oldest first, those that were revoked too if asked for; not the operator's commands."""
    rows = fetch(
        connection,
        f"SELECT {_LISTING.columns} FROM clients c WHERE c.client_id <> 'operator' AND {SYSTEMS}"
        f"{'' if revoked else f' AND {_NOT_REVOKED}'} ORDER BY c.created_at, c.client_id",
        {"now": now},
    )
    return _read(connection, rows)


def page(
    connection: Connection,
    manager: Client,
    now: datetime,
    *,
    revoked: bool,
    after: str | None,
    limit: int,
    provider_id: str | None = None,
) -> list[ClientListing]:
    """Return the clients that a client manages after an id, by id; revoked ones too if asked for.

    With `provider_id`, those of that provider only.
    """
    condition, parameters = _managed_by(manager, provider_id)
    rows = fetch(
        connection,
        f"SELECT {_LISTING.columns} FROM clients c WHERE {condition} AND c.client_id > :after"
        f"{'' if revoked else f' AND {_NOT_REVOKED}'} ORDER BY c.client_id LIMIT :limit",
        parameters | {"now": now, "after": after or "", "limit": limit},
    )
    return _read(connection, rows)


def one(
    connection: Connection, manager: Client, now: datetime, client_id: str, *, provider_id: str | None = None
) -> ClientListing | None:
    """Return a client that another manages, of one provider if that is given; None for any other."""
    condition, parameters = _managed_by(manager, provider_id)
    rows = fetch(
        connection,
        f"SELECT {_LISTING.columns} FROM clients c WHERE c.client_id = :id AND {condition}",
        parameters | {"now": now, "id": client_id},
    )
    return next(iter(_read(connection, rows)), None)


def one_of_all(connection: Connection, now: datetime, client_id: str) -> ClientListing | None:
    """Return a client, None for an id that there is not."""
    rows = fetch(
        connection,
        f"SELECT {_LISTING.columns} FROM clients c WHERE c.client_id = :id AND c.client_id <> 'operator'",
        {"now": now, "id": client_id},
    )
    return next(iter(_read(connection, rows)), None)


def count(connection: Connection, manager: Client, most: int) -> int:
    """Return how many clients another manages that were not revoked, `most` if there are more."""
    condition, parameters = _managed_by(manager)
    found = fetch_value(
        connection,
        f"SELECT count(*) FROM (SELECT 1 FROM clients c WHERE {condition} AND {_NOT_REVOKED} LIMIT :most) found",
        parameters | {"most": most},
    )
    return int(found)


def lock_accredited(connection: Connection, client: Client) -> list[str]:
    """Let nobody else make clients of a provider's client's providers until this transaction ends; return their ids.

    A sandbox counts with the provider that it was made for, the shared one with nobody. PostgreSQL appends `FOR NO KEY
    UPDATE`, beside which records of the provider are written; SQLite has one writer.
    """
    if client.role is not Role.PROVIDER:
        return []
    return fetch_column(
        connection,
        "SELECT h.provider_id FROM providers h WHERE h.provider_id IN ("
        "SELECT coalesce(p.sandbox_of, p.provider_id) FROM providers p JOIN grants g ON g.provider_id = p.provider_id "
        f"WHERE g.client_id = :client AND g.revoked_at IS NULL AND p.provider_id <> '{PROVIDER_ID}') "
        f"ORDER BY h.provider_id{locking_clause(connection, 'NO KEY UPDATE')}",
        {"client": client.client_id},
    )


def accredited_of(connection: Connection, provider_ids: Collection[str]) -> set[str]:
    """Return the accredited providers that some ids stand for, which may be sandboxes; the shared one is nobody's."""
    marks, parameters = in_list("of", sorted(provider_ids) or [""])
    found = fetch_column(
        connection,
        f"SELECT coalesce(p.sandbox_of, p.provider_id) FROM providers p WHERE p.provider_id IN ({marks}) "
        f"AND p.provider_id <> '{PROVIDER_ID}'",
        parameters,
    )
    return set(found)


def count_of_provider(connection: Connection, provider_id: str, most: int) -> int:
    """Return how many providers' clients that were not revoked act for a provider or its sandbox, `most` if more."""
    found = fetch_value(
        connection,
        "SELECT count(*) FROM (SELECT DISTINCT c.client_id FROM providers p JOIN grants g "
        "ON g.provider_id = p.provider_id AND g.revoked_at IS NULL JOIN clients c ON c.client_id = g.client_id "
        f"WHERE (p.provider_id = :id OR p.sandbox_of = :id) AND c.role = 'provider' AND {_NOT_REVOKED} AND {SYSTEMS} "
        "LIMIT :most) found",
        {"id": provider_id, "most": most},
    )
    return int(found)


def expiring(
    connection: Connection, client: Client, provider_id: str, now: datetime, until: datetime, *, managed: bool
) -> Waiting:
    """Return how many keys, client secrets and clients expire until a moment, and when the next does.

    They are the client's own; with `managed`, those of all clients that it manages and that act for a provider. A
    vendor's are its own whomever it acts for, and an operator sees those that the provider's own people manage.
    """
    looked_at = provider_id if client.role is Role.OPERATOR else None
    whose, parameters = (
        _managed_by(client, looked_at) if managed else ("c.client_id = :self", {"self": client.client_id})
    )
    if managed and client.role is not Role.VENDOR:
        whose += (
            " AND EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.client_id AND g.provider_id = :provider "
            "AND g.revoked_at IS NULL)"
        )
        parameters = parameters | {"provider": provider_id}
    ((count, first),) = fetch(
        connection,
        "SELECT count(*), min(at) FROM (SELECT c.expires_at AS at FROM clients c "
        f"WHERE {whose} AND {_NOT_REVOKED} AND c.expires_at > :now AND c.expires_at <= :until UNION ALL "
        "SELECT s.expires_at FROM clients c JOIN client_secrets s ON s.client_id = c.client_id "
        f"WHERE {whose} AND s.revoked_at IS NULL AND {_NOT_REVOKED} AND (c.expires_at IS NULL OR c.expires_at > :now) "
        "AND s.expires_at > :now AND s.expires_at <= :until) n",
        parameters | {"now": now, "until": until},
    )
    return Waiting(count=count, oldest_at=read_optional_instant(first))


def failing_endpoints(
    connection: Connection, manager: Client, provider_ids: Collection[str], *, provider_id: str | None = None
) -> dict[str, Waiting]:
    """Return how many webhook endpoints for each of some providers fail, and since when, where any does.

    They are those of clients that another manages and that were not revoked; with `provider_id`, of that provider's.
    """
    whose, parameters = _managed_by(manager, provider_id)
    marks, given = in_list("for", sorted(provider_ids))
    rows = fetch(
        connection,
        f"SELECT e.provider_id, count(*), min({FAILED_AT}) FROM webhook_endpoints e "
        f"JOIN clients c ON c.client_id = e.client_id WHERE e.provider_id IN ({marks}) AND e.deleted_at IS NULL "
        f"AND {FAILS} AND {whose} AND {_NOT_REVOKED} GROUP BY e.provider_id",
        parameters | given,
    )
    return {id: Waiting(count=count, oldest_at=read_optional_instant(first)) for id, count, first in rows}


def providers_beyond(connection: Connection, manager: Client, client_id: str) -> list[str]:
    """Return the providers of a client that another may not act for: neither they nor their live ones are its own."""
    ours, parameters = _own_providers(manager)
    return fetch_column(
        connection,
        f"SELECT provider_id FROM ({_foreign(ours)} AND g.client_id = :id AND p.provider_id <> '{PROVIDER_ID}') f "
        "ORDER BY provider_id",
        parameters | {"id": client_id},
    )


def _own_providers(manager: Client) -> tuple[str, dict[str, Any]]:
    """Return what stands within `IN (…)` for a client's providers, and its parameters."""
    # Beside NULL, nothing would be foreign to a client without providers.
    return in_list("ours", sorted(manager.provider_ids) or [""])


def _foreign(ours: str) -> str:
    """Return the query of grants for providers that are not among some, nor sandboxes of these."""
    return (
        "SELECT g.provider_id FROM grants g JOIN providers p ON p.provider_id = g.provider_id "
        f"WHERE g.revoked_at IS NULL AND p.provider_id NOT IN ({ours}) "
        f"AND (p.sandbox_of IS NULL OR p.sandbox_of NOT IN ({ours}))"
    )


_OF_PROVIDER = (
    "c.role = 'provider' AND EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.client_id "
    "AND g.provider_id = :of_provider AND g.revoked_at IS NULL)"
)


def _managed_by(manager: Client, provider_id: str | None = None) -> tuple[str, dict[str, Any]]:
    """Return the condition that a client `c` is another's to manage, and its parameters.

    The operator manages everybody, a vendor the clients of its organisation, a provider's client those that act for its
    providers and no others. The shared sandbox is everybody's: there, as at vendors, the organisation counts. A test
    client manages test clients only, and every client manages itself. Nobody manages a membership like this. With
    `provider_id` they are narrowed to clients of that provider.
    """
    if provider_id is not None:
        managed, given = _managed_by(manager)
        return f"({managed} AND {_OF_PROVIDER})", given | {"of_provider": provider_id}
    conditions, parameters = ["c.client_id <> 'operator'", SYSTEMS], {"self": manager.client_id}
    if manager.test:
        conditions.append("c.test")
    if manager.role is Role.OPERATOR:
        return " AND ".join(conditions), {}
    conditions.append("c.role = :role")
    parameters |= {"role": manager.role.value, "organisation": manager.organisation_id}
    family = "coalesce(c.organisation, c.client_id) = :organisation"
    if manager.role is Role.VENDOR:
        conditions.append(family)
    elif manager.role is Role.PROVIDER:
        ours, given = _own_providers(manager)
        parameters |= given
        granted = "EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.client_id AND g.revoked_at IS NULL{})"
        conditions += [
            granted.format(""),
            f"NOT EXISTS ({_foreign(ours)} AND g.client_id = c.client_id)",
            "({} OR NOT {})".format(family, granted.format(f" AND g.provider_id = '{PROVIDER_ID}'")),
        ]
    else:
        conditions.append("FALSE")
    return f"({SYSTEMS} AND c.client_id = :self OR ({' AND '.join(conditions)}))", parameters


def _read(connection: Connection, rows: Sequence[Row]) -> list[ClientListing]:
    granted: dict[str, list[str]] = {}
    for client_id, provider_id in select_by_keys(
        connection,
        "g.client_id, g.provider_id",
        ("id",),
        [(client_id,) for client_id in _LISTING.column(rows, "client_id")],
        "grants g ON g.client_id = k.id AND g.revoked_at IS NULL",
    ):
        granted.setdefault(client_id, []).append(provider_id)
    return _LISTING.read(connection, rows, provider_ids=lambda client_id: tuple(sorted(granted.get(client_id, ()))))


def add(
    connection: Connection,
    client: Mapping[str, Any],
    secrets: Sequence[Mapping[str, Any]],
    provider_ids: Sequence[str],
    at: datetime,
) -> None:
    """Insert a client with its hashed secrets and its grants."""
    insert(connection, tables.clients, [client])
    keys.add(connection, secrets)
    insert(
        connection,
        tables.grants,
        [{"client_id": client["client_id"], "provider_id": id, "granted_at": at} for id in provider_ids],
    )


def change(connection: Connection, client_id: str, version: int, values: Mapping[str, Any]) -> None:
    """Write the next version of a client."""
    update(connection, tables.clients, {**values, "version": version + 1}, {"client_id": client_id})


def revoke(connection: Connection, client_id: str, at: datetime) -> int:
    """Revoke a client, its keys and its secrets; return how many of these had worked until now."""
    update(connection, tables.clients, {"revoked_at": at}, {"client_id": client_id, "revoked_at": None})
    note_change(connection, client_id)
    return keys.end_all(connection, client_id, at)


def restore_membership(connection: Connection, client_id: str) -> None:
    """Let a person's membership that was ended hold again; it never had a key."""
    update(connection, tables.clients, {"revoked_at": None}, {"client_id": client_id})
    note_change(connection, client_id)


def of_organisation(connection: Connection, client_id: str) -> list[str]:
    """Return the ids of a client's organisation: its own, and those of the clients that belong to the same vendor."""
    return fetch_column(
        connection,
        "SELECT c.client_id FROM clients c JOIN clients o ON coalesce(o.organisation, o.client_id) = "
        "coalesce(c.organisation, c.client_id) WHERE o.client_id = :id ORDER BY c.client_id",
        {"id": client_id},
    )


def memberships_of_vendor(connection: Connection, client_id: str) -> list[str]:
    """Return the memberships of a vendor's client that were not ended: they act for whom it acts for."""
    return fetch_column(
        connection,
        "SELECT m.client_id FROM memberships m JOIN clients c ON c.client_id = m.client_id "
        f"WHERE m.vendor_client = :id AND {_NOT_REVOKED} ORDER BY m.client_id",
        {"id": client_id},
    )


def is_membership(connection: Connection, client_id: str) -> bool:
    """Whether a client is a person's."""
    return bool(fetch(connection, "SELECT 1 FROM clients WHERE client_id = :id AND kind = 'person'", {"id": client_id}))
