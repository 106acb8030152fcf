"""Deprecation of routes and parameters, told in the headers of every answer and in the API's description.

    router.get("/old", dependencies=[Depends(Deprecated(date(2026, 1, 1), sunset=date(2027, 1, 1), link="/docs"))])
    async def old(colour: Annotated[str | None, Query(), Deprecated(date(2026, 1, 1))] = None) -> …

Answers carry `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link` headers, problems included; the description of
the API says `deprecated: true`. Only callers that send a deprecated parameter are told of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

import msgspec
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Headers = list[tuple[bytes, bytes]]


class Deprecated(msgspec.Struct, frozen=True):
    """Since when something is deprecated, from when on it may be gone, and where to read about it."""

    since: date
    sunset: date | None = None
    link: str | None = None

    def __post_init__(self) -> None:
        """Refuse a sunset before the deprecation (RFC 9745, section 4)."""
        if self.sunset is not None and self.sunset < self.since:
            raise ValueError("the sunset is before the deprecation")

    async def __call__(self) -> None:
        """Mark a route as a dependency does, and do nothing."""

    def headers(self) -> Headers:
        """Return the headers of answers."""
        headers = [(b"deprecation", f"@{_midnight(self.since).timestamp():.0f}".encode())]
        if self.sunset is not None:
            headers.append((b"sunset", format_datetime(_midnight(self.sunset), usegmt=True).encode()))
        if self.link is not None:
            headers.append((b"link", f'<{self.link}>; rel="deprecation"; type="text/html"'.encode()))
        return headers

    def sentence(self) -> str:
        """Return the sentence of the API's description."""
        until = f", and may be gone from {self.sunset} on" if self.sunset else ""
        return f"Deprecated since {self.since}{until}." + (f" See {self.link}." if self.link else "")


def deprecation_of(route: APIRoute) -> Deprecated | None:
    """Return the deprecation that a route declares, or None."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Deprecated):
            return dependant.call
        waiting.extend(dependant.dependencies)
    return None


def deprecated_parameters(route: APIRoute) -> dict[str, Deprecated]:
    """Return the deprecated query parameters of a route by their names."""
    return _parameters(route.dependant)


def _parameters(dependant: Any) -> dict[str, Deprecated]:
    found: dict[str, Deprecated] = {}
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name, inner in model.model_fields.items():
                if marks := _marks(inner):
                    found[inner.alias or name] = marks[0]
        elif marks := _marks(field.field_info):
            found[field.alias] = marks[0]
    for inner in dependant.dependencies:
        found |= _parameters(inner)
    return found


def _marks(field: FieldInfo) -> list[Deprecated]:
    return [mark for mark in field.metadata if isinstance(mark, Deprecated)]


def headers_for(sent: Iterable[str], route: Deprecated | None, parameters: dict[str, Deprecated]) -> Headers:
    """Return the headers of an answer: those of a deprecated route, else those of the parameters that were sent."""
    if route is not None:
        return route.headers()
    used = [parameters[name] for name in sent if name in parameters]
    # An answer has each header once: that of the parameter deprecated first.
    return min(used, key=lambda deprecated: deprecated.since).headers() if used else []


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
