"""Addresses that providers give: only those that surely lead to the web are shown as links."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

_PLAIN = re.compile(r"https?://[^\s\\<>\"'`{}|^\x00-\x20\x7f]+", re.IGNORECASE)


class WebLink(msgspec.Struct, frozen=True):
    """An address of the web, and the host that it leads to."""

    address: str
    host: str


def web_link(text: str | None) -> WebLink | None:
    """Return the link that a text is; None for any other scheme, and for what browsers may read otherwise than we do.

    A name before the host is refused: `https://known.example@other.example` leads to the other.
    """
    given = (text or "").strip()
    if _PLAIN.fullmatch(given) is None:
        return None
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return WebLink(given, host) if host and "@" not in parts.netloc else None
