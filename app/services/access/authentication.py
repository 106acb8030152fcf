"""Authentication: which client a key names, and for which provider it acts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import Connection

from app.core.errors import ErrorItem, Forbidden, Problem, ProviderRequired
from app.core.security import digest_of
from app.domain.clients import Client, Role
from app.services.access.scopes import effective_scopes
from app.store import clients

__all__ = ["Client", "ClientCache", "choose_provider", "is_own_provider", "means_all_providers", "resolve_provider"]

FRESH_SECONDS = 0.1
"""How long a client that was read counts as it was: nobody notices that a revoked key works for so long."""
CACHE_SECONDS = 1.0
"""How long it is answered for at most, while one request of its own reads it again."""
CACHE_SIZE = 10_000
_MOST_NAMED = 10
"""Providers that are named to a client that must name one."""
_PREFIXES = ("pars_live_", "pars_test_")


@dataclass(slots=True)
class _Cached:
    client: Client
    fresh_until: float
    valid_until: float


class ClientCache:
    """Clients by their keys, cached for a moment: a key that any process has revoked works no longer than that.

    One request at a time reads a client again; the others of that client go on with what is cached meanwhile.
    """

    def __init__(self) -> None:
        self._clients: dict[str, _Cached] = {}
        self._lock = Lock()

    def get(self, api_key: str) -> Client | None:
        """Return the client of a key; None when it is not cached, or is this request's to look up again."""
        cached, now = self._clients.get(digest_of(api_key)), time.monotonic()
        if cached is None or cached.valid_until <= now:
            return None
        if cached.fresh_until <= now:
            cached.fresh_until = cached.valid_until
            return None
        return cached.client

    def look_up(self, connection: Connection, api_key: str) -> Client | None:
        """Read the client of a key from the database and cache it; None for a key that is unknown or revoked."""
        if not api_key.startswith(_PREFIXES):
            return None
        digest = digest_of(api_key)
        # Before it is read: a revocation that this does not see yet is seen when it is read again.
        now = time.monotonic()
        client = clients.by_key(connection, digest)
        if client is None:
            self._clients.pop(digest, None)
            return None
        client = effective_scopes(client)
        with self._lock:
            if len(self._clients) >= CACHE_SIZE:
                self._clients.clear()
            self._clients[digest] = _Cached(client, now + FRESH_SECONDS, now + CACHE_SECONDS)
        return client


def choose_provider(client: Client, named: str | None) -> str:
    """Return the provider named, else the only one of a provider's client; raises `ProviderRequired`.

    A header without a value names nobody, and means nobody else: it is never taken for one that is absent.
    """
    # RFC 9110, 5.5: blanks around a value are none of it, and the server leaves those behind it.
    if named is not None and (provider_id := named.strip(" \t")):
        return provider_id
    if named is None and client.role is Role.PROVIDER and len(client.provider_ids) == 1:
        return next(iter(client.provider_ids))
    said = "The request names no provider."
    if named is not None:
        said = "The header is empty: the variable that was to hold the id may be unset."
    detail = f"{said} {_who_it_acts_for(client)}"
    raise ProviderRequired(errors=[_provider_item(ProviderRequired, detail, "Name one, as in PARS-Provider: 0008001.")])


def _who_it_acts_for(client: Client) -> str:
    """Return the sentence that says whom a client may act for: it is told to that client only."""
    if client.role is Role.OPERATOR:
        return "An operator acts for every provider."
    ids = sorted(client.provider_ids)
    if not ids:
        return "None has granted this client the right to act for it: the operator enters grants."
    more = f" and {len(ids) - _MOST_NAMED} more, which GET /v1/providers lists" if len(ids) > _MOST_NAMED else ""
    return f"This client acts for {', '.join(ids[:_MOST_NAMED])}{more}."


def _provider_item(kind: type[Problem], detail: str, hint: str) -> ErrorItem:
    return ErrorItem(code=kind.code, header="PARS-Provider", detail=detail, hint=hint)


def means_all_providers(client: Client, named: str | None) -> bool:
    """Whether a client that names no provider may act for several: a vendor, or a client of several providers."""
    return named is None and (
        client.role is Role.VENDOR or (client.role is Role.PROVIDER and len(client.provider_ids) > 1)
    )


def is_own_provider(client: Client, provider_id: str) -> bool:
    """Whether the client is the provider's own, so that no grant needs to be looked up."""
    return client.role is Role.PROVIDER and provider_id in client.provider_ids


def resolve_provider(connection: Connection, client: Client, provider_id: str) -> str:
    """Return the provider acted for, by the grants that stand now; raises `Forbidden`.

    A provider that does not exist answers like one that has granted nothing. For a test client, a live provider's id
    means the sandbox of that provider; for any other client, sandboxes do not exist.
    """
    acted_for = clients.provider_acted_for(connection, client, provider_id)
    if acted_for is None:
        world = "A test key acts in the sandbox only. " if client.test else ""
        hint = f"{world}{_who_it_acts_for(client)} Ids have their leading zeros."
        raise Forbidden(errors=[_provider_item(Forbidden, "The client may not act for this provider.", hint)])
    return acted_for
