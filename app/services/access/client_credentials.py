"""OAuth 2 client credentials (RFC 6749, 4.4): a client gets a token for its id and its secret."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from app.core.security import digest_of
from app.domain.access.credentials import TOKEN_LIFETIME, KeyKind, KeyRefusal
from app.services.access import tokens
from app.services.access.authentication import refusal_of
from app.services.access.key_uses import KeyUses
from app.services.access.scopes import SCOPES, effective_scopes
from app.services.context import Service
from app.store.access import keys
from app.store.access.keys import OwnedKey

GRANT_TYPE = "client_credentials"


class TokenRefused(Exception):
    """No token is given; `error` is the code of RFC 6749, and the message says what is wrong and what to do."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token."""

    token: str
    seconds: int
    """How long it works."""
    scopes: Sequence[str]


async def make_token(service: Service, uses: KeyUses, *, client_id: str, client_secret: str, scope: str) -> AccessToken:
    """Return a token with the scopes asked for, all of the client's where none is; raises `TokenRefused`."""
    key = await service.database.read_by_key_async(
        lambda connection: _find(connection, client_id, client_secret), one_statement=False
    )
    now = service.clock()
    if key is None:
        raise TokenRefused("invalid_client", _why_unknown(client_secret))
    refused = refusal_of(key, now)
    if refused is not None:
        what = "The client" if refused.reason is KeyRefusal.CLIENT_EXPIRED else "The client_secret"
        raise TokenRefused(
            "invalid_client",
            f"{what} expired at {refused.at:%Y-%m-%dT%H:%M:%SZ}. Ask whoever manages your clients for another.",
        )
    scopes = _narrowed(effective_scopes(key.client).scopes, scope)
    expires_at = min(filter(None, (now + TOKEN_LIFETIME, key.expires_at, key.client.expires_at)))
    token = tokens.sign(
        service, client_id=key.client.client_id, key_id=key.key_id, scopes=scopes, expires_at=expires_at
    )
    uses.note(key.digest, now)
    return AccessToken(token=token, seconds=int(expires_at.timestamp()) - int(now.timestamp()), scopes=scopes)


def _find(connection: Connection, client_id: str, client_secret: str) -> OwnedKey | None:
    key = keys.find(connection, digest_of(client_secret), KeyKind.CLIENT_SECRET)
    return key if key is not None and key.client.client_id == client_id else None


def _why_unknown(client_secret: str) -> str:
    if client_secret.startswith(("pars_live_", "pars_test_")):
        return (
            "That is an API key, not a client_secret. Send it as Authorization: Bearer, without a token, or send the "
            "client_secret that was shown beside it."
        )
    return (
        "No client has this client_id with this client_secret: one of them is mistyped, or the secret was ended. "
        "Whoever manages your clients makes another."
    )


def _narrowed(possible: frozenset[str], scope: str) -> list[str]:
    """Return the scopes asked for, in our order; raises `TokenRefused` for one that the client does not have."""
    asked = scope.split()
    lacking = [name for name in SCOPES if name in asked and name not in possible]
    if lacking:
        raise TokenRefused("invalid_scope", f"The client does not have the scope {', '.join(lacking)}.")
    if not set(asked) <= set(SCOPES):
        raise TokenRefused("invalid_scope", f"A scope is not known. The client has {' '.join(sorted(possible))}.")
    return [name for name in SCOPES if name in (asked or possible)]
