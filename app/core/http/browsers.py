"""What a browser says of a request: the cookie of its session, and whether a page of ours has sent it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from app.core.errors import Forbidden
from app.core.http.exchange import Exchange

COOKIE = "__Host-pars"
DEMO_COOKIE = "pars-demo"
"""Where not every browser keeps a cookie that is for TLS only."""
READING = frozenset({"GET", "HEAD"})
"""Methods that change nothing."""


def cookie_name(state: Any) -> str:
    """Return the name of the session's cookie, by the state of the application."""
    return DEMO_COOKIE if state.demo else COOKIE


def session_token(state: Any, headers: Mapping[bytes, bytes]) -> str | None:
    """Return what the session's cookie of a request holds."""
    name = cookie_name(state)
    for part in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        given, _, held = part.strip().partition("=")
        if given == name and held:
            return held
    return None


def refuse_foreign(exchange: Exchange) -> None:
    """Raise `Forbidden` for what writes and was not sent from a page of ours.

    A browser says so in `Sec-Fetch-Site`, an older one in `Origin`; who says neither is no browser.
    """
    if exchange.scope["method"] in READING:
        return
    site, origin = exchange.header(b"sec-fetch-site"), exchange.header(b"origin")
    told = site == "same-origin" if site is not None else origin is not None and _is_our_origin(exchange, origin)
    if not told:
        raise Forbidden("This was not sent from a page of this installation. Open the page, and send it from there.")


def _is_our_origin(exchange: Exchange, origin: str) -> bool:
    public = urlsplit(exchange.scope["app"].state.service.settings.public_url)
    given = urlsplit(origin)
    if public.netloc:
        return (given.scheme, given.netloc) == (public.scheme, public.netloc)
    return bool(given.netloc) and given.netloc == exchange.header(b"host")
