"""Preferences of a caller (RFC 7240). Those that are not understood are ignored, as the RFC asks."""

from __future__ import annotations

import re

import msgspec

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PREFERENCE = re.compile(rf'\s*({_WORD})(?:\s*=\s*(?:"([^"]*)"|({_WORD})))?(?:\s*;[^,]*)?\s*(?:,|$)')
MAX_WAIT = 60
"""Seconds; a caller that asks for more waits that long."""


class Preferences(msgspec.Struct, frozen=True):
    """The preferences of a request that this service knows."""

    minimal: bool = False
    """Whether the caller wants an answer without the changed resource."""
    wait: int = 0
    """Seconds that the caller is willing to wait for work to be done."""


NONE = Preferences()


def read_preferences(header: str | None) -> Preferences:
    """Read a `Prefer` header; the first counts of a preference that is given twice."""
    if not header:
        return NONE
    given: dict[str, str] = {}
    for name, quoted, plain in _PREFERENCE.findall(header):
        given.setdefault(name.lower(), quoted or plain)
    wait = given.get("wait", "")
    return Preferences(
        minimal=given.get("return", "").lower() == "minimal",
        wait=min(int(wait), MAX_WAIT) if wait.isascii() and wait.isdigit() and len(wait) < 10 else 0,
    )
