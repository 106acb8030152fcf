"""Providers and clients: added and granted by the operator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.clock import new_id
from app.core.security import digest_of, new_api_key, new_secret
from app.services.access import ROLE_SCOPES, SCOPES
from app.services.context import Work
from app.store import clients

_PROVIDER_ID = re.compile(r"\A\d{7}\Z", re.ASCII)


class Refused(Exception):
    """An operator's command that cannot be carried out, with the sentence to print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A new client with its secrets, which are shown this once."""

    client_id: str
    api_key: str
    client_secret: str


def add_provider(
    work: Work, provider_id: str, name: str, *, joint: bool = False, city: str | None = None, state: str | None = None
) -> None:
    """Add an accredited provider, or rename one that stands already."""
    if not _PROVIDER_ID.match(provider_id):
        raise Refused("A provider id has seven digits, leading zeros included.")
    if not name.strip():
        raise Refused("A provider has a name.")
    row = {
        "provider_id": provider_id,
        "name": name.strip(),
        "joint": joint,
        "city": city,
        "state": state,
        "created_at": work.now,
    }
    if clients.provider_exists(work.connection, provider_id):
        clients.rename_provider(work.connection, row)
    else:
        clients.add_providers(work.connection, [row])
    work.audit("add", "provider", provider_id)


def create(
    work: Work,
    name: str,
    *,
    role: str,
    provider_ids: Sequence[str] = (),
    board: str | None = None,
    scopes: Sequence[str] = (),
    test: bool = False,
) -> Created:
    """Create a client; raises `Refused`. Its making attests, by name and date, the permission of what it reports."""
    if not name.strip():
        raise Refused("A client has a name.")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise Refused(f"Unknown scope {unknown[0]}; known: {', '.join(SCOPES)}.")
    beyond = [scope for scope in scopes if scope not in ROLE_SCOPES[role]]
    if beyond:
        raise Refused(f"A {role} client cannot have the scope {beyond[0]}.")
    known = work.service.catalogue.board(board) if board is not None else None
    if board is not None and known is None:
        raise Refused(f"There is no board {board}.")
    for provider_id in dict.fromkeys(provider_ids):
        if not clients.provider_exists(work.connection, provider_id):
            add_provider(work, provider_id, name)
    created = Created(client_id=f"cli_{new_id()}", api_key=new_api_key(test=test), client_secret=new_secret())
    client = {
        "client_id": created.client_id,
        "name": name.strip(),
        "role": role,
        "board": known.code if known else None,
        "test": test,
        "scopes": list(scopes or ROLE_SCOPES[role]),
        "permission_attested_by": name.strip(),
        "permission_attested_at": work.now,
        "created_at": work.now,
    }
    secrets = [
        {"digest": digest_of(secret), "client_id": created.client_id, "kind": kind, "created_at": work.now}
        for secret, kind in ((created.api_key, "api-key"), (created.client_secret, "client-secret"))
    ]
    clients.add_client(work.connection, client, secrets, list(dict.fromkeys(provider_ids)), work.now)
    work.audit("create", "client", created.client_id, role=role, providers=list(provider_ids))
    return created


def renew_key(work: Work, client_id: str) -> str:
    """Give a client a new API key in place of every older one."""
    client = clients.by_id(work.connection, client_id)
    if client is None:
        raise Refused("There is no such client.")
    api_key = new_api_key(test=client.test)
    clients.revoke_secrets(work.connection, client_id, work.now)
    row = {"digest": digest_of(api_key), "client_id": client_id, "kind": "api-key", "created_at": work.now}
    clients.add_secrets(work.connection, [row])
    work.audit("renew-key", "client", client_id)
    return api_key


def grant(work: Work, client_id: str, provider_id: str) -> None:
    """Let a vendor act for a provider; raises `Refused`."""
    client = clients.by_id(work.connection, client_id)
    if client is None or client.role != "vendor":
        raise Refused("There is no vendor client with this id.")
    if not clients.provider_exists(work.connection, provider_id):
        raise Refused("There is no such provider.")
    clients.grant(work.connection, client_id, provider_id, work.now)
    work.audit("grant", "client", client_id, provider_id=provider_id)


def revoke(work: Work, client_id: str, provider_id: str) -> None:
    """Take back a vendor's right to act for a provider; raises `Refused`."""
    if not clients.revoke_grant(work.connection, client_id, provider_id, work.now):
        raise Refused("The client has no such right.")
    work.audit("revoke", "client", client_id, provider_id=provider_id)
