"""Access tokens: signed JWTs (RFC 9068) that a client gets for its secret, and bears in place of a key for a while.

A token holds ids and scopes, and no right: its client and client secret are looked up again, as a key is, so that it
ends with them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from app.core.clock import new_id
from app.domain.access.credentials import TOKEN_LIFETIME, KeyRefusal, RefusedKey
from app.services.context import Service

AUDIENCE = "urn:pars:api"
_ALGORITHM = "HS256"
_TYPE = "at+jwt"
_PURPOSE = "access-token"
LONGEST = 4_096
"""Characters: a token with every scope has about a quarter of that."""
CLOCKS_APART = 30
"""Seconds by which the clock of the process that signed may be ahead."""


class TokenClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What a genuine token says."""

    client_id: str
    key_id: str
    """The client secret that it was made with."""
    scopes: frozenset[str]
    expires_at: datetime


def is_like_a_token(bearer: str) -> bool:
    """Whether a text has the form of a JWT."""
    return bearer.count(".") == 2 and bearer.startswith("eyJ")


def sign(service: Service, *, client_id: str, key_id: str, scopes: Collection[str], expires_at: datetime) -> str:
    """Return a new token."""
    claims = {
        "iss": _issuer(service),
        "aud": AUDIENCE,
        "sub": client_id,
        "client_id": client_id,
        "key": key_id,
        "scope": " ".join(scopes),
        "jti": new_id(),
        "iat": int(service.clock().timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    first, *_ = service.keyring.secrets_for(_PURPOSE)
    return jwt.encode({"alg": _ALGORITHM, "typ": _TYPE}, claims, _key(first), algorithms=[_ALGORITHM])


def read(service: Service, token: str) -> TokenClaims | RefusedKey:
    """Return what a token says when it was signed here, is for here, and has not expired; else why it opens nothing."""
    decoded = _verified(service, token) if len(token) <= LONGEST and token.isascii() else None
    if decoded is None or decoded.header.get("typ") != _TYPE:
        return RefusedKey(KeyRefusal.NO_TOKEN)
    claims = decoded.claims
    now = int(service.clock().timestamp())
    try:
        _registry(_issuer(service), now).validate(claims)
        texts = [claims[name] for name in ("client_id", "key", "scope")]
        issued, expires = claims["iat"], claims["exp"]
        if not all(isinstance(text, str) for text in texts) or claims["client_id"] != claims["sub"]:
            return RefusedKey(KeyRefusal.NO_TOKEN)
        if expires - issued > TOKEN_LIFETIME.total_seconds():
            return RefusedKey(KeyRefusal.NO_TOKEN)
        expires_at = datetime.fromtimestamp(expires, UTC)
        if expires <= now:
            # Those who sign may be ahead, which is for `iat` alone.
            return RefusedKey(KeyRefusal.TOKEN_EXPIRED, expires_at)
    except ExpiredTokenError:
        return RefusedKey(KeyRefusal.TOKEN_EXPIRED)
    except (JoseError, KeyError, ValueError, TypeError, OverflowError):
        return RefusedKey(KeyRefusal.NO_TOKEN)
    client_id, key_id, scope = texts
    return TokenClaims(client_id=client_id, key_id=key_id, scopes=frozenset(scope.split()), expires_at=expires_at)


def _verified(service: Service, token: str) -> jwt.Token | None:
    """Return a token whose signature was made with one of the secrets; nothing of any other is looked at."""
    for secret in service.keyring.secrets_for(_PURPOSE):
        try:
            return jwt.decode(token, _key(secret), algorithms=[_ALGORITHM])
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            # The head of a token is parsed before its signature is verified, and may be anything.
            continue
    return None


@lru_cache(maxsize=64)
def _key(secret: bytes) -> OctKey:
    return OctKey.import_key(secret)


def _registry(issuer: str, now: int) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        now=now,
        leeway=CLOCKS_APART,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": AUDIENCE},
        sub={"essential": True},
        jti={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )


def _issuer(service: Service) -> str:
    return service.settings.public_url or "urn:pars"
