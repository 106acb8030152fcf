"""The key or token of a request, and what is wrong with one that opens nothing.

What is said follows from the form of what was sent; only whoever has a key that expired, or a token that was made here,
is told more. A key that was revoked, or belongs to another installation, answers as one that never was.
"""

from __future__ import annotations

import re

import msgspec

from app.core.errors import ErrorItem, Unauthenticated
from app.core.http.exchange import Exchange
from app.domain.access.credentials import KeyRefusal, RefusedKey

_KEY = re.compile(r"pars_(?:live|test)_[A-Za-z0-9_-]{43}")
_PREFIXES = ("pars_live_", "pars_test_")
_HINT = (
    "Send the header Authorization: Bearer KEY, where KEY begins with pars_live_ or pars_test_, or is a token of "
    "POST /oauth/token."
)
_OTHER_HEADERS = (b"x-api-key", b"api-key", b"x-auth-token", b"apikey")
_AROUND = "\"'`<>{}[]()\u201c\u201d"
_UNFILLED = re.compile(r"\$\{?\w+\}?|%\w+%|<[^>]*>|\{+\w+\}+|(?:YOUR_?|PARS_?|DEMO_?|API_?)*KEY", re.IGNORECASE)
"""What stands where a key was to be filled in."""


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """What a request presents to say who calls."""

    key: str
    user: str | None = None
    """Whose key it is said to be: a client's id, or that of a provider it acts for; None where nobody is named."""
    provider: str | None = None
    """The provider that is named beside it."""


async def present_bearer(exchange: Exchange) -> Presented:
    """Return the key of a request; raises `Unauthenticated`."""
    return Presented(key=bearer_key(exchange))


def bearer_key(exchange: Exchange) -> str:
    """Return the key of a request; raises `Unauthenticated` where there is none, or more than one."""
    if exchange.repeats_headers and sum(name == b"authorization" for name, _ in exchange.scope["headers"]) > 1:
        raise _refusal("The header Authorization stands twice.", "Send it once.")
    given = exchange.header(b"authorization")
    scheme, _, key = (given or "").partition(" ")
    # RFC 9110, 11.4: one blank or more.
    key = key.strip(" ")
    if scheme.lower() != "bearer" or not key:
        raise _refusal(_without_key(exchange, given, scheme.lower()))
    return key


def _without_key(exchange: Exchange, given: str | None, scheme: str) -> str:
    if given is None:
        other = next((name for name in _OTHER_HEADERS if name in exchange.headers), None)
        if other is not None:
            return f"The request has no header Authorization; {other.decode().title()} is not read."
        return "The request has no header Authorization."
    if not given.strip():
        return "The header Authorization is empty: the variable that was to hold the key may be unset."
    if scheme == "basic":
        return "The header Authorization has Basic credentials, as curl sends with -u: this API takes keys as Bearer."
    if given.lstrip(_AROUND).startswith(_PREFIXES):
        return "The header Authorization has a key without the word Bearer before it."
    if scheme.rstrip(":=") == "bearer":
        if scheme == "bearer":
            return "The header Authorization has no key after Bearer: the variable that was to hold it may be unset."
        return "The header Authorization has a sign after the word Bearer, where a blank belongs."
    return "The header Authorization does not begin with the word Bearer."


_EXPIRED = {
    KeyRefusal.KEY_EXPIRED: (
        "The key{at}.",
        "Use your client's newer key, or ask whoever manages your clients to make one.",
    ),
    KeyRefusal.CLIENT_EXPIRED: (
        "The client of this key{at}.",
        "Ask whoever manages your clients, or the operator, to change when it expires.",
    ),
    KeyRefusal.TOKEN_EXPIRED: ("The token{at}.", "Get another from POST /oauth/token with your client_secret."),
    KeyRefusal.TOKEN_ENDED: (
        "The token no longer works: its client was revoked, or the client_secret that it was made with was ended.",
        "Get another from POST /oauth/token with the client_secret that took its place.",
    ),
    KeyRefusal.NO_TOKEN: (
        "The token was not made by this installation, or is not whole.",
        "Send the access_token that POST /oauth/token of this installation has answered, as it came.",
    ),
}


def refused_key(key: str, refused: RefusedKey) -> Unauthenticated:
    """Return the problem of a key or token that opens nothing."""
    if refused.reason in _EXPIRED:
        detail, hint = _EXPIRED[refused.reason]
        at = f" expired at {refused.at:%Y-%m-%dT%H:%M:%SZ}" if refused.at is not None else " has expired"
        return _refusal(detail.format(at=at), hint, error="invalid_token")
    if _KEY.fullmatch(key):
        return _refusal(
            "No client has this key: it was replaced or revoked, or belongs to another installation.",
            "Check that key and address are of one installation; the operator gives you a new key.",
            error="invalid_token",
        )
    return _refusal(_malformed(key), error="invalid_token")


def _malformed(key: str) -> str:
    bare = key.strip(_AROUND)
    if bare != key and bare.startswith(_PREFIXES):
        return "The key has quotes or brackets around it: it is sent without any."
    if _UNFILLED.fullmatch(key):
        return "Where the key belongs, its placeholder or the name of a variable was sent."
    if key.lower().startswith("bearer"):
        return "The word Bearer stands twice before the key."
    if re.search(r"\s", key):
        return "The key has a blank or a line break in it: it was copied with something beside it."
    if not key.startswith(_PREFIXES):
        return "What follows Bearer is no key of this API, and no token: a client_secret is sent to POST /oauth/token."
    if re.search(r"[^A-Za-z0-9_-]", key):
        return "The key has a sign that none has: letters, digits, - and _ only."
    length = len(key) - len(_PREFIXES[0])
    return f"The key has {length} characters after its beginning, and keys have 43: it was cut off, or is two."


def _refusal(detail: str, hint: str = _HINT, *, error: str = "") -> Unauthenticated:
    challenge = f'Bearer error="{error}"' if error else "Bearer"
    item = ErrorItem(code=Unauthenticated.code, header="Authorization", detail=detail, hint=hint)
    return Unauthenticated(errors=[item], headers={"WWW-Authenticate": challenge})


def wrong_credentials() -> Unauthenticated:
    """Return the problem of credentials that open nothing: whatever of them is wrong, it is told alike."""
    return refuse_credentials(
        "These credentials open nothing.",
        "The password is the API key, pars_live_… or pars_test_…; the user is the id of its client, or of a provider "
        "that it acts for.",
    )


def refuse_credentials(detail: str, hint: str) -> Unauthenticated:
    """Return the problem of a request that may present credentials in several ways."""
    item = ErrorItem(code=Unauthenticated.code, detail=detail, hint=hint)
    return Unauthenticated(errors=[item], headers={"WWW-Authenticate": 'Bearer, Basic realm="PARS", charset="UTF-8"'})
