"""Grants: a provider gives a vendor the right to act for it, and takes it back, by its own client.

A vendor is found by its client id only, which it tells the provider: no list has those that a provider has not granted
anything. A vendor may give a grant up; the operator may do all of it for anybody.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from app.core.errors import NotFound
from app.domain.clients import Grant, Role, VendorListing
from app.services.access.clients import give_grant, take_grant
from app.services.context import Caller, Work
from app.store.access import grants, providers
from app.store.access.grants import GrantFilter
from app.store.people.persons import vendor_of

_NO_VENDOR = "No vendor has this client id."


def page(
    connection: Connection,
    caller: Caller,
    *,
    provider_ids: Collection[str],
    client_ids: Collection[str],
    after: tuple[str, str] | None,
    limit: int,
) -> list[Grant]:
    """Return the grants that the client sees, by provider and vendor, after (provider, vendor).

    A provider's client sees those that its providers gave, a vendor those that it has, an operator all. They are
    narrowed to some providers, under any id they ever had, and vendors, unless none are given.
    """
    client = caller.client
    roots = providers.roots_of(connection, provider_ids)
    wanted: set[str] | None = {roots.get(id, id) for id in provider_ids} or None
    vendors: set[str] | None = set(client_ids) or None
    if client.role is Role.PROVIDER:
        wanted = set(client.provider_ids) if wanted is None else wanted & client.provider_ids
    elif client.role is Role.VENDOR:
        own = vendor_of(connection, client.client_id) or client.client_id
        vendors = {own} if vendors is None else vendors & {own}
    elif client.role is not Role.OPERATOR:
        return []
    # An operator who looks at one provider sees what its people see.
    sees_all = client.role is Role.OPERATOR and not client.test and caller.provider is None
    test = None if sees_all else client.test
    sought = GrantFilter(
        provider_ids=None if wanted is None else tuple(wanted),
        client_ids=None if vendors is None else tuple(vendors),
        test=test,
    )
    return grants.page(connection, sought, after, limit)


def look_up(connection: Connection, caller: Caller, client_id: str, *, revoked: bool = False) -> VendorListing:
    """Return a vendor by its client id, and whether it may act for the provider; raises `NotFound`.

    A vendor finds itself only. A client that was revoked is found with `revoked` alone.
    """
    client, found = caller.client, None
    own = vendor_of(connection, client.client_id) or client.client_id
    if client.role is not Role.VENDOR or own == client_id:
        found = grants.find_vendor(connection, client_id, caller.provider_id, test=client.test, revoked=revoked)
    if found is None:
        raise NotFound(_NO_VENDOR)
    return found


def give(work: Work, client_id: str) -> tuple[VendorListing, bool]:
    """Let a vendor act for the provider; return it, and whether it could not before.

    Raises `NotFound` for an id that no vendor has. A vendor that may act for the provider finds itself only, so it can
    let nobody else in.
    """
    caller = work.caller
    before = look_up(work.connection, caller, client_id)
    if before.granted_at is not None:
        return before, False
    give_grant(work, client_id, caller.provider_id)
    return look_up(work.connection, caller, client_id), True


def take(work: Work, client_id: str) -> None:
    """Take a provider's grant back from all clients of a vendor, at once; raises `NotFound` where there is none.

    The one that is named may have been revoked: the others of its vendor act on.
    """
    caller = work.caller
    look_up(work.connection, caller, client_id, revoked=True)
    if not take_grant(work, client_id, caller.provider_id):
        look_up(work.connection, caller, client_id)
        raise NotFound("This vendor has no grant of the provider.")
