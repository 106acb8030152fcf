"""Deprecation: a route or parameter says since when it is discouraged, and every answer to its users tells them.

    router.get("/old", dependencies=[Depends(Deprecated(date(2026, 1, 1), sunset=date(2027, 1, 1), link="/docs"))])
    async def old(colour: Annotated[str | None, Query(), Deprecated(date(2026, 1, 1))] = None) -> …

Answers carry `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link` headers, problems included; the description of
the API says `deprecated: true`. A parameter is only spoken of to those who send it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Deprecated:
    """Since when something is deprecated; from when on it may be gone; where to read about it."""

    since: date
    sunset: date | None = None
    link: str | None = None

    def __post_init__(self) -> None:
        """Refuse an end before the beginning (RFC 9745, section 4)."""
        if self.sunset is not None and self.sunset < self.since:
            raise ValueError("nothing goes before it is deprecated")

    async def __call__(self) -> None:
        """Mark a route, as a dependency; nothing is done."""

    def headers(self) -> Headers:
        """Return what answers say of it."""
        said = [(b"deprecation", f"@{_midnight(self.since).timestamp():.0f}".encode())]
        if self.sunset is not None:
            said.append((b"sunset", format_datetime(_midnight(self.sunset), usegmt=True).encode()))
        if self.link is not None:
            said.append((b"link", f'<{self.link}>; rel="deprecation"; type="text/html"'.encode()))
        return said

    def sentence(self) -> str:
        """Return what the description says of it."""
        until = f", and may be gone from {self.sunset} on" if self.sunset else ""
        return f"Deprecated since {self.since}{until}." + (f" See {self.link}." if self.link else "")


def deprecation_of(route: APIRoute) -> Deprecated | None:
    """Return what a route says of itself, or None."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Deprecated):
            return dependant.call
        waiting.extend(dependant.dependencies)
    return None


def deprecated_parameters(route: APIRoute) -> dict[str, Deprecated]:
    """Return the deprecated query parameters of a route, by the names they are sent with."""
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
    return [each for each in field.metadata if isinstance(each, Deprecated)]


def headers_for(sent: Iterable[str], route: Deprecated | None, parameters: dict[str, Deprecated]) -> Headers:
    """Return what an answer says: of the route or, when that stands, of the parameters that were sent."""
    if route is not None:
        return route.headers()
    used = [parameters[name] for name in sent if name in parameters]
    # A field may stand in an answer once: the one deprecated first speaks.
    return min(used, key=lambda each: each.since).headers() if used else []


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
