"""Grants of vendors: who may act for whom, since when. Providers' own clients have rows in the same table."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Connection

from app.domain.clients import Client, Grant, VendorListing
from app.models import organisations as tables
from app.store.clients import SYSTEMS
from app.store.sql.rows import RowMapper, expression
from app.store.sql.statements import fetch, fetch_column, locking_clause, narrow_to
from app.store.sql.values import read_optional_instant

_NEWEST = 1_000
"""How many of a provider's newest records the last one of a vendor is looked for among."""
_LAST_REPORT = (
    "(SELECT max(n.submitted_at) FROM (SELECT r.client_id, r.submitted_at FROM completions r "
    f"WHERE r.provider_id = g.provider_id ORDER BY r.submitted_at DESC LIMIT {_NEWEST}) n "
    "WHERE n.client_id = g.client_id)"
)
_GRANT = RowMapper(
    Grant,
    tables.grants,
    "g",
    client_name=expression("c.name"),
    provider_name=expression("p.name"),
    last_reported_at=expression(_LAST_REPORT, read_optional_instant),
    attests_permission=expression("c.permission_withdrawn_at IS NULL", bool),
)
_OF_VENDORS = (
    "grants g JOIN clients c ON c.client_id = g.client_id AND c.role = 'vendor' AND c.revoked_at IS NULL "
    f"AND {SYSTEMS} "
    "JOIN providers p ON p.provider_id = g.provider_id WHERE g.revoked_at IS NULL"
)
_VENDOR = RowMapper(VendorListing, tables.clients, "c", granted_at=expression("g.granted_at", read_optional_instant))


class GrantFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Whose grants are wanted; None for anybody's."""

    provider_ids: Collection[str] | None = None
    """Providers that gave them."""
    client_ids: Collection[str] | None = None
    """Vendors that have them."""
    test: bool | None = None
    """Of test clients, for sandboxes; None for these and live ones."""


def page(connection: Connection, wanted: GrantFilter, after: tuple[str, str] | None, limit: int) -> list[Grant]:
    """Return the grants of vendors that stand, by provider and client, after (provider, client)."""
    if wanted.provider_ids == () or wanted.client_ids == ():
        return []
    narrowed, parameters = narrow_to(
        "g", {"provider_id": list(wanted.provider_ids or ()), "client_id": list(wanted.client_ids or ())}
    )
    conditions = ["", *narrowed]
    if wanted.test is not None:
        conditions.append("c.test" if wanted.test else "NOT c.test")
    if after is not None:
        conditions.append("(g.provider_id > :provider OR (g.provider_id = :provider AND g.client_id > :client))")
        parameters["provider"], parameters["client"] = after
    rows = fetch(
        connection,
        f"SELECT {_GRANT.columns} FROM {_OF_VENDORS}{' AND '.join(conditions)} "
        "ORDER BY g.provider_id, g.client_id LIMIT :limit",
        parameters | {"limit": limit},
    )
    return _GRANT.read(connection, rows)


def find_vendor(
    connection: Connection, client_id: str, provider_id: str, *, test: bool, revoked: bool = False
) -> VendorListing | None:
    """Return a vendor of the world given, and whether it may act for a provider; one that was revoked if so asked."""
    standing = "" if revoked else "AND c.revoked_at IS NULL "
    rows = fetch(
        connection,
        f"SELECT {_VENDOR.columns} FROM clients c LEFT JOIN grants g ON g.client_id = c.client_id "
        "AND g.provider_id = :provider AND g.revoked_at IS NULL "
        f"WHERE c.client_id = :id AND c.role = 'vendor' AND {SYSTEMS} {standing}AND c.test = :test",
        {"id": client_id, "provider": provider_id, "test": test},
    )
    return _VENDOR.read_first(connection, rows)


def hold(connection: Connection, client: Client, provider_id: str) -> bool:
    """Return whether a client's grant for a provider stands; it does until this transaction ends.

    PostgreSQL appends `FOR SHARE`: revoking it waits for the transaction. SQLite has one writer.
    """
    rows: Sequence[object] = fetch_column(
        connection,
        "SELECT g.client_id FROM grants g WHERE g.client_id = :client AND g.provider_id = :provider "
        f"AND g.revoked_at IS NULL{locking_clause(connection, 'SHARE')}",
        {"client": client.client_id, "provider": provider_id},
    )
    return bool(rows)
