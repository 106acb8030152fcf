"""Providers and clients: the operator adds them, grants and revokes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import OperatorFault
from app.core.security import digest_of, new_api_key, new_secret
from app.domain.access.credentials import KeyKind
from app.domain.audit import ClientAudit, ProviderAudit
from app.domain.clients import Role
from app.domain.sandbox import PROVIDER_ID
from app.services.access.scopes import ROLE_SCOPES, SCOPES, TEST_SCOPES
from app.services.context import OPERATOR, Work
from app.services.sandbox import providers
from app.store import clients
from app.store.access import clients as stored
from app.store.access import keys
from app.store.access.providers import root_of
from app.store.sandbox import id_of_sandbox, is_sandbox

_PROVIDER_ID = re.compile(r"\A\d{7}\Z", re.ASCII)


class CreatedClient(msgspec.Struct, frozen=True, kw_only=True):
    """A new client with its secrets, which are shown only once."""

    client_id: str
    api_key: str
    client_secret: str
    former: frozenset[str] = frozenset()
    """Digests of the keys and secrets that worked beside these when they were made."""

    @property
    def made(self) -> tuple[tuple[KeyKind, str], tuple[KeyKind, str]]:
        """The key and the secret, each with its kind."""
        return (KeyKind.API_KEY, self.api_key), (KeyKind.CLIENT_SECRET, self.client_secret)


def add_provider(
    work: Work, provider_id: str, name: str, *, joint: bool = False, city: str | None = None, state: str | None = None
) -> None:
    """Add an accredited provider, or rename it when it exists; raises `OperatorFault`."""
    if not _PROVIDER_ID.match(provider_id):
        raise OperatorFault("A provider id has seven digits, leading zeros included.")
    if not name.strip():
        raise OperatorFault("A provider has a name.")
    row = {
        "provider_id": provider_id,
        "name": name.strip(),
        "joint": joint,
        "city": city,
        "state": state,
        "created_at": work.now,
    }
    if provider_id == PROVIDER_ID or is_sandbox(work.connection, provider_id):
        raise OperatorFault(f"{provider_id} is the id of a sandbox.")
    root = root_of(work.connection, provider_id)
    if root not in (None, provider_id):
        raise OperatorFault(f"{provider_id} was merged into {root}, which it means since then.")
    if root is not None:
        clients.rename_provider(work.connection, row)
    else:
        clients.add_providers(work.connection, [row])
    work.audit("add", provider_id, ProviderAudit())


def create(
    work: Work,
    name: str,
    *,
    role: Role,
    provider_ids: Sequence[str] = (),
    board: str | None = None,
    scopes: Sequence[str] = (),
    test: bool = False,
    expires_at: datetime | None = None,
    organisation: str | None = None,
    beside: str | None = None,
) -> CreatedClient:
    """Create a client; raises `OperatorFault`.

    Its name and the date are kept as the attestation that learners permit what it reports. A test client acts for the
    sandboxes of its providers, and for the shared sandbox when a provider's or vendor's client names none. It belongs
    to the `organisation` of that id, or to that of the client that it is named `beside`.
    """
    if expires_at is not None and expires_at <= work.now:
        raise OperatorFault("The client would have expired already.")
    if not name.strip():
        raise OperatorFault("A client has a name.")
    if beside is not None:
        organisation = _vendor_of(work, beside, role)
    possible = possible_scopes(role, scopes, test=test)
    known = work.service.catalogue.board(board) if board is not None else None
    if board is not None and known is None:
        raise OperatorFault(f"There is no board {board}.")
    acts_for = _prepare_providers(work, name, role, provider_ids, test=test)
    created = CreatedClient(client_id=f"cli_{new_id()}", api_key=new_api_key(test=test), client_secret=new_secret())
    client = {
        "client_id": created.client_id,
        "name": name.strip(),
        "role": role,
        "board": known.code if known else None,
        "test": test,
        "scopes": list(scopes or possible),
        "permission_attested_by": name.strip(),
        "permission_attested_at": work.now,
        "created_at": work.now,
        "expires_at": expires_at,
        "organisation": organisation,
    }
    _store(work, client, created, acts_for)
    return created


def _store(work: Work, client: dict[str, Any], created: CreatedClient, acts_for: Sequence[str]) -> None:
    secrets = [
        keys.row_of(created.client_id, kind, digest_of(secret), secret, work.now, None) for kind, secret in created.made
    ]
    stored.add(work.connection, client, secrets, acts_for, work.now)
    expires_at = client["expires_at"]
    audited = ClientAudit(
        role=client["role"],
        providers=acts_for,
        test=client["test"],
        board=client["board"] or UNSET,
        scopes=client["scopes"],
        expires_at=expires_at.isoformat() if expires_at is not None else UNSET,
        permission_attested=True,
    )
    work.audit("create", created.client_id, audited)


def _vendor_of(work: Work, named: str, role: Role) -> str:
    """Return the organisation of a vendor's client, for another of the same vendor; raises `OperatorFault`."""
    client = clients.by_id(work.connection, find_client(work.connection, named))
    if client is None:
        raise OperatorFault("The client was revoked.")
    if Role.VENDOR not in (role, client.role) or role is not client.role:
        raise OperatorFault("Only clients of a vendor belong together: both are made with --vendor.")
    return client.organisation_id


def possible_scopes(role: Role, asked: Sequence[str], *, test: bool) -> list[str]:
    """Return the scopes that a client of a role can have; raises `OperatorFault` when others are asked for."""
    unknown = [scope for scope in asked if scope not in SCOPES]
    if unknown:
        raise OperatorFault(f"Unknown scope {unknown[0]}; known: {', '.join(SCOPES)}.")
    if test and role == Role.BOARD:
        raise OperatorFault(
            "A board has no test client: its feed holds live credit only, and credit of the sandbox goes nowhere."
        )
    possible = [scope for scope in ROLE_SCOPES[role] if not test or scope in TEST_SCOPES]
    beyond = [scope for scope in asked if scope not in possible]
    if beyond:
        raise OperatorFault(f"A {'test' if test else role} client cannot have the scope {beyond[0]}.")
    return possible


def _prepare_providers(work: Work, name: str, role: Role, provider_ids: Sequence[str], *, test: bool) -> list[str]:
    """Return the providers that a new client acts for; add unknown providers, and sandboxes that do not exist yet."""
    roots = list(dict.fromkeys(root_of(work.connection, id) or id for id in provider_ids))
    for provider_id in roots:
        if test and (provider_id == PROVIDER_ID or is_sandbox(work.connection, provider_id)):
            continue
        if not clients.provider_exists(work.connection, provider_id):
            add_provider(work, provider_id, name)
        elif is_sandbox(work.connection, provider_id):
            raise OperatorFault(f"{provider_id} is a sandbox: only test clients act for it.")
    if not test:
        return roots
    if not roots:
        return [providers.shared(work)] if role in (Role.PROVIDER, Role.VENDOR) else []
    return list(dict.fromkeys(providers.of_provider(work, provider_id) for provider_id in roots))


def renew_key(work: Work, client_id: str) -> str:
    """Give a client a new API key, and revoke every older one; raises `OperatorFault`."""
    client = clients.by_id(work.connection, client_id)
    if client is None:
        raise OperatorFault("There is no such client.")
    api_key = new_api_key(test=client.test)
    keys.lock_client(work.connection, client_id)
    keys.end_all(work.connection, client_id, work.now)
    keys.add(
        work.connection,
        [keys.row_of(client_id, KeyKind.API_KEY, digest_of(api_key), api_key, work.now, None)],
    )
    work.audit("renew-key", client_id, ClientAudit())
    return api_key


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """What the revocation of a client has ended."""

    client_id: str
    name: str
    revoked_before: bool
    """Whether nothing was left to be done."""
    secrets: int = 0
    """Keys and secrets that worked until now."""
    endpoints: int = 0
    """Its webhook endpoints: nothing more is sent to them."""
    batches: int = 0
    """Its batches under way: records that were not reached are rejected."""


def revoke_client(work: Work, named: str) -> Revocation:
    """Revoke a client with all its keys and secrets, for good; raises `OperatorFault`.

    It is named by its id, or by its name when no other client that works has the name. Repeated, nothing happens.
    """
    return end_client(work, find_client(work.connection, named))


def end_client(work: Work, client_id: str) -> Revocation:
    """Revoke a client that there is, by its id; of a vendor's, the memberships of its people end with it."""
    keys.lock_client(work.connection, client_id)
    found = clients.name_and_revocation(work.connection, client_id)
    assert found is not None
    name, revoked_at = found
    if revoked_at is not None:
        return Revocation(client_id=client_id, name=name, revoked_before=True)
    ended = stored.revoke(work.connection, client_id, work.now)
    work.audit("revoke-client", client_id, ClientAudit())
    for membership in stored.memberships_of_vendor(work.connection, client_id):
        end_client(work, membership)
    endpoints, under_way = clients.count_dependants(work.connection, client_id)
    return Revocation(
        client_id=client_id, name=name, revoked_before=False, secrets=ended, endpoints=endpoints, batches=under_way
    )


def find_client(connection: Connection, named: str) -> str:
    """Return the id of the client of an id or a name; raises `OperatorFault`."""
    if named == OPERATOR.client_id:
        raise OperatorFault("The operator's own commands are no client whose keys there are, or that can be revoked.")
    if clients.name_and_revocation(connection, named) is not None:
        if stored.is_membership(connection, named):
            raise OperatorFault("This client is a person's membership, and has no key: see pars person.")
        return named
    known = clients.clients_named(connection, named)
    if not known:
        raise OperatorFault("There is no client with this id or name.")
    working = [client_id for client_id, revoked in known if not revoked]
    if len(working) > 1:
        raise OperatorFault(f"Several clients have this name; say which: {', '.join(working)}.")
    return working[0] if working else known[-1][0]


def grant(work: Work, named: str, provider_id: str) -> None:
    """Let a vendor act for a provider, a vendor's test client for the provider's sandbox; raises `OperatorFault`."""
    client_id = find_client(work.connection, named)
    client = clients.by_id(work.connection, client_id)
    if client is None:
        raise OperatorFault("The client was revoked.")
    if client.role is not Role.VENDOR:
        raise OperatorFault("The client is no vendor: pars client create NAME --vendor makes one.")
    provider_id = root_of(work.connection, provider_id) or provider_id
    if not clients.provider_exists(work.connection, provider_id) and not (client.test and provider_id == PROVIDER_ID):
        raise OperatorFault("There is no such provider.")
    if client.test:
        provider_id = providers.of_provider(work, provider_id)
    elif is_sandbox(work.connection, provider_id):
        raise OperatorFault(f"{provider_id} is a sandbox: only test clients act for it.")
    give_grant(work, client_id, provider_id)


def give_grant(work: Work, client_id: str, provider_id: str) -> None:
    """Give a provider to a client of a vendor and to those who are members of it, each with its audit entry."""
    # Locked first: whoever becomes a member meanwhile copies the grants before or after this one.
    keys.lock_client(work.connection, client_id)
    for receiver in (client_id, *stored.memberships_of_vendor(work.connection, client_id)):
        clients.grant(work.connection, receiver, provider_id, work.now)
        work.audit("grant", receiver, ClientAudit(provider_id=provider_id))


def revoke(work: Work, named: str, provider_id: str) -> None:
    """Revoke a vendor's grant to act for a provider, from all clients of the vendor; raises `OperatorFault`.

    The client that is named may have been revoked: the others of its vendor act on. For a test client, the id means
    what it means in `PARS-Provider`: its own sandbox, else that of the provider it was merged into.
    """
    connection = work.connection
    client = stored.one_of_all(connection, work.now, find_client(connection, named))
    assert client is not None
    root = root_of(connection, provider_id) or provider_id
    meant = [id_of_sandbox(connection, id) or id for id in (provider_id, root)] if client.test else [root]
    if not any(take_grant(work, client.client_id, id) for id in dict.fromkeys(meant)):
        raise OperatorFault("The client has no such right.")


def take_grant(work: Work, client_id: str, provider_id: str) -> bool:
    """Take a provider from all clients of a vendor, each with its audit entry; return False when none acted for it.

    A vendor that could go on with another of its clients would not have lost the right.
    """
    for member in stored.of_organisation(work.connection, client_id):
        keys.lock_client(work.connection, member)
    # Read again: somebody may have become a member with the grants of one of them.
    family = stored.of_organisation(work.connection, client_id)
    lost = [member for member in family if clients.revoke_grant(work.connection, member, provider_id, work.now)]
    for member in lost:
        work.audit("revoke", member, ClientAudit(provider_id=provider_id))
    return bool(lost)
