"""The keys and secrets of clients as they are shown and told apart, and why one of them opens nothing."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import msgspec

MOST_ACTIVE = 2
"""Keys, and as many client secrets, that work at the same time: the one in use, and the one that takes its place."""
TOKEN_LIFETIME = timedelta(minutes=15)
_SHOWN_OF_DIGEST = 20
_SHOWN_OF_KEY = 4


class KeyKind(enum.StrEnum):
    """What a key is used for."""

    API_KEY = "api-key"
    """Sent as it is, as `Authorization: Bearer`."""
    CLIENT_SECRET = "client-secret"
    """Exchanged for tokens at `POST /oauth/token`."""


class CredentialKind(enum.StrEnum):
    """What a request was made with."""

    API_KEY = "api-key"
    """A key."""
    TOKEN = "token"
    """A token, made with a client secret."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What a request was made with."""

    kind: CredentialKind
    key_id: str
    """The key; of a token, the client secret that it was made with."""
    expires_at: datetime | None
    """When the key or token expires."""


class ClientKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key or client secret that has not been ended, as it is listed: never the key itself."""

    key_id: str
    kind: KeyKind
    ending: str | None
    """The last characters, to know it by; None for keys of earlier releases."""
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """To the minute; None before its first use."""


class KeyRefusal(enum.StrEnum):
    """Why a key or token opens nothing."""

    UNKNOWN = "unknown"
    """No client has it, or none any more."""
    KEY_EXPIRED = "key-expired"
    CLIENT_EXPIRED = "client-expired"
    TOKEN_EXPIRED = "token-expired"
    TOKEN_ENDED = "token-ended"
    """The token is genuine; its client was revoked, or the client secret that it was made with was ended."""
    NO_TOKEN = "no-token"
    """It looks like a token, and is none of this installation."""


class RefusedKey(msgspec.Struct, frozen=True):
    """A key or token that opens nothing."""

    reason: KeyRefusal
    at: datetime | None = None
    """When it expired."""


def key_id_of(digest: str) -> str:
    """Return the id of a key: part of its digest, from which nobody gets back to 256 random bits."""
    return f"key_{digest[:_SHOWN_OF_DIGEST]}"


def digests_of(key_id: str) -> tuple[str, str] | None:
    """Return the range of digests, its end excluded, that the key of an id can have; None for what is no id."""
    shown = key_id.removeprefix("key_")
    if shown == key_id or len(shown) != _SHOWN_OF_DIGEST or not set(shown) <= set("0123456789abcdef"):
        return None
    return shown, f"{shown}g"


def ending_of(secret: str) -> str:
    """Return the last characters of a key, which tell it from others and help nobody to guess it."""
    return secret[-_SHOWN_OF_KEY:]
