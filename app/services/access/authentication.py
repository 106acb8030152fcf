"""Authentication: which client a key or token names, and for which provider it acts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import ErrorItem, Forbidden, Problem, ProviderRequired
from app.core.security import digest_of
from app.domain.access.credentials import Credential, CredentialKind, KeyKind, KeyRefusal, RefusedKey
from app.domain.clients import Client, Role
from app.services.access import tokens
from app.services.access.key_uses import KeyUses
from app.services.access.scopes import effective_scopes
from app.services.access.tokens import TokenClaims
from app.services.context import Service
from app.store import clients
from app.store.access import keys
from app.store.access.keys import OwnedKey

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
    """Clients by their keys and tokens, cached for a moment: what any process has revoked works no longer than that.

    One request at a time reads a client again; the others of that client go on with what is cached meanwhile.
    """

    def __init__(self) -> None:
        self.uses = KeyUses()
        self._clients: dict[str, _Cached] = {}
        self._lock = Lock()

    def get(self, bearer: str) -> Client | None:
        """Return the client of a key or token; None when it is not cached, or is this request's to look up again."""
        cached, now = self._clients.get(digest_of(bearer)), time.monotonic()
        if cached is None or cached.valid_until <= now:
            return None
        if cached.fresh_until <= now:
            cached.fresh_until = cached.valid_until
            return None
        return cached.client

    def look_up(self, connection: Connection, service: Service, bearer: str) -> Client | RefusedKey:
        """Read the client of a key or token from the database and cache it, or return why it opens nothing."""
        digest = digest_of(bearer)
        # Before it is read: a revocation that this does not see yet is seen when it is read again.
        now, at = time.monotonic(), service.clock()
        found = _find(connection, service, bearer, digest, at)
        if isinstance(found, RefusedKey):
            self._clients.pop(digest, None)
            return found
        client, key_digest = found
        self.uses.note(key_digest, at)
        ends = [when for when in (client.expires_at, client.credential and client.credential.expires_at) if when]
        left = min(((when - at).total_seconds() for when in ends), default=CACHE_SECONDS)
        with self._lock:
            if len(self._clients) >= CACHE_SIZE:
                self._make_room(now)
            self._clients[digest] = _Cached(client, now + min(FRESH_SECONDS, left), now + min(CACHE_SECONDS, left))
        return client

    def _make_room(self, now: float) -> None:
        self._clients = {digest: cached for digest, cached in self._clients.items() if cached.valid_until > now}
        if len(self._clients) >= CACHE_SIZE:
            self._clients.clear()


def _find(
    connection: Connection, service: Service, bearer: str, digest: str, at: datetime
) -> tuple[Client, str] | RefusedKey:
    """Return the client of a key or token, with the digest of its key; else why it opens nothing."""
    if bearer.startswith(_PREFIXES):
        key = keys.find(connection, digest, KeyKind.API_KEY)
        refused = refusal_of(key, at)
        if key is None or refused is not None:
            return refused or RefusedKey(KeyRefusal.UNKNOWN)
        credential = Credential(kind=CredentialKind.API_KEY, key_id=key.key_id, expires_at=key.expires_at)
        return replace(effective_scopes(key.client), credential=credential), digest
    if not tokens.is_like_a_token(bearer):
        return RefusedKey(KeyRefusal.UNKNOWN)
    claims = tokens.read(service, bearer)
    return claims if isinstance(claims, RefusedKey) else _client_of_token(connection, claims, at)


def _client_of_token(connection: Connection, claims: TokenClaims, at: datetime) -> tuple[Client, str] | RefusedKey:
    key = keys.find_by_id(connection, claims.client_id, claims.key_id)
    if key is None:
        return RefusedKey(KeyRefusal.TOKEN_ENDED)
    refused = refusal_of(key, at)
    if refused is not None:
        return refused
    client = effective_scopes(key.client)
    credential = Credential(kind=CredentialKind.TOKEN, key_id=key.key_id, expires_at=claims.expires_at)
    return replace(client, scopes=client.scopes & claims.scopes, credential=credential), key.digest


def refusal_of(key: OwnedKey | None, at: datetime) -> RefusedKey | None:
    """Return why a key, or client secret, that was found or not opens nothing; None where it works."""
    if key is None:
        return RefusedKey(KeyRefusal.UNKNOWN)
    if key.client.expired_at(at):
        return RefusedKey(KeyRefusal.CLIENT_EXPIRED, key.client.expires_at)
    if key.expires_at is not None and key.expires_at <= at:
        return RefusedKey(KeyRefusal.KEY_EXPIRED, key.expires_at)
    return None


def standing_client(connection: Connection, client_id: str, key_id: str | None, at: datetime) -> Client | None:
    """Return a client as it stands now, unless it, or the key or client secret it came with, works no longer."""
    if key_id is not None:
        key = keys.find_by_id(connection, client_id, key_id)
        if key is None or refusal_of(key, at) is not None:
            return None
        credential = Credential(kind=CredentialKind.API_KEY, key_id=key_id, expires_at=key.expires_at)
        return replace(effective_scopes(key.client), credential=credential)
    client = clients.by_id(connection, client_id)
    return standing(client, at) if client is not None else None


def standing(client: Client, at: datetime) -> Client | None:
    """Return a client that was just read, with the scopes that it has; None when it has expired."""
    return effective_scopes(client) if not client.expired_at(at) else None


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
        return (
            "None has granted this client the right to act for it: a provider does so with PUT "
            f"/v1/grants/{client.client_id}, or the operator with `pars grant`."
        )
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
    """Whether the client is the provider's own, so that no grant needs to be looked up, and will be for a while."""
    return client.role is Role.PROVIDER and provider_id in client.provider_ids and provider_id not in client.merging


def may_act_for(connection: Connection, client: Client, provider_id: str) -> bool:
    """Whether a client may act for a provider, by the grants that stand now."""
    return clients.provider_acted_for(connection, client, provider_id) is not None


def resolve_provider(connection: Connection, client: Client, provider_id: str) -> str:
    """Return the provider acted for, by the grants that stand now; raises `Forbidden`.

    A provider that does not exist answers like one that has granted nothing. For a test client, a live provider's id
    means the sandbox of that provider; for any other client, sandboxes do not exist.
    """
    acted_for = clients.provider_acted_for(connection, client, provider_id)
    if acted_for is None:
        world = "A test key acts in the sandbox only. " if client.test else ""
        # Read anew: a right that was taken a moment ago is not named as one that the client has.
        standing = clients.by_id(connection, client.client_id) or client
        hint = f"{world}{_who_it_acts_for(standing)} Ids have their leading zeros."
        raise Forbidden(errors=[_provider_item(Forbidden, "The client may not act for this provider.", hint)])
    return acted_for
