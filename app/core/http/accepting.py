"""What a caller accepts (RFC 9110, 12.5): media types and codings, with their qualities.

A header that cannot be read, or only in part, is taken as far as it can be; nothing is refused for its form.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

from app.core.errors import ErrorItem, NotAcceptable

HTML, JSON = "text/html", "application/json"
PROBLEM = "application/problem+json"
_KEPT = 512
"""Headers whose reading is kept: clients of one kind send the same."""
_LONGEST = 1_000
"""Characters of a header that are read."""


def _read_list(header: bytes) -> dict[str, float]:
    """Return the quality of each element of a list, the first where one stands twice; parameters are passed over."""
    found: dict[str, float] = {}
    for element in header[:_LONGEST].decode("latin-1").lower().split(","):
        name, *parameters = (part.strip() for part in element.split(";"))
        if name:
            found.setdefault(name, _quality(parameters))
    return found


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 1.0
            return quality if 0.0 <= quality <= 1.0 else 1.0
    return 1.0


def _quality_of(media_type: str, ranges: dict[str, float]) -> float:
    """Return the quality of a media type by the most specific range that has it, 0 where none has."""
    kind = media_type.partition("/")[0]
    return next((ranges[name] for name in (media_type, f"{kind}/*", "*/*", "*") if name in ranges), 0.0)


@lru_cache(_KEPT)
def accepts_any(accept: bytes, offered: frozenset[str]) -> bool:
    """Whether an `Accept` header leaves any of the media types that are offered, or problems at least."""
    ranges = _read_list(accept)
    return not ranges or any(_quality_of(media_type, ranges) > 0 for media_type in (*offered, PROBLEM))


@lru_cache(_KEPT)
def best_of(accept: bytes | None, offered: tuple[str, ...]) -> str:
    """Return the media type that an `Accept` header likes most of those offered; of several, the one offered first."""
    ranges = _read_list(accept or b"")
    return max(offered, key=lambda media_type: _quality_of(media_type, ranges)) if ranges else offered[0]


@lru_cache(_KEPT)
def prefers_html(accept: bytes | None) -> bool:
    """Whether an `Accept` header asks for a page rather than for JSON, as those of browsers do."""
    ranges = _read_list(accept or b"")
    return _quality_of(HTML, ranges) > _quality_of(JSON, ranges)


@lru_cache(_KEPT)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether an `Accept-Encoding` header takes gzip, and likes it no less than no coding at all."""
    codings = _read_list(accept_encoding)
    gzip = next((codings[name] for name in ("gzip", "x-gzip", "*") if name in codings), 0.0)
    return gzip > 0 and gzip >= codings.get("identity", 0.0)


def not_acceptable(offered: Collection[str]) -> NotAcceptable:
    """Return the problem of a request whose `Accept` leaves none of the media types that are offered."""
    named = " or ".join(sorted(offered, key=lambda media_type: (media_type != JSON, media_type)))
    item = ErrorItem(
        code=NotAcceptable.code,
        header="Accept",
        detail=f"The answer is {named}, and Accept leaves none of it.",
        hint=f"Send Accept: {JSON if JSON in offered else '*/*'}, or leave the header out.",
    )
    return NotAcceptable(errors=[item])
