"""Routes of pages: who may see one stands in its signature, its forms are read strictly, its problems are pages.

@router.get("/p/{provider_id}")
async def show_home(request: Request, visitor: Reader, provider_id: str) -> Response: …
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias
from urllib.parse import parse_qsl

from fastapi import Body, Depends, FastAPI

from app.core.errors import Unreadable, UnsupportedMediaType
from app.core.http.application import routes_of
from app.core.http.form_bodies import FORM
from app.core.http.request_heads import UTF_8, charset_of
from app.core.http.routing import ReadBody, StrictRoute

MOST_FIELDS = 20_000
"""Fields of one form: a session sheet has at most 500 learners, a page of rows to fix 50 with all their cells."""
SentFields: TypeAlias = dict[str, list[str]]
"""The fields of a form by name, in their order, each with every value it was sent with."""
Sent = Annotated[SentFields, Body()]
"""The fields of the form that was sent to a route."""
OWN_FIELDS = frozenset({"token", "key"})
"""The fields that the frame puts into every form."""


class RoleDependency:
    """Says in a route's signature which role a person needs to see the page; what finds out who it is builds on it."""

    def __init__(self, role: str) -> None:
        self.role = role

    async def __call__(self) -> None:
        """Do nothing: the declaration is read with `role_of`."""


ANYBODY: Any = Depends(RoleDependency("anybody"))
"""Marks a page that needs no session."""


class PageRoute(StrictRoute):
    """A route that shows a page, or takes a form."""

    media_types = (FORM,)
    shows_pages = True

    def reader_of(self, content_type: str) -> ReadBody | None:
        """Return what reads a body of a media type."""
        return read_fields if content_type.partition(";")[0].strip().lower() == FORM else None


def read_fields(body: bytes, content_type: str) -> SentFields:
    """Return the fields of a form as they were typed; lines end with a line feed.

    Raises `UnsupportedMediaType` for a charset other than UTF-8, `Unreadable` for what is no form, and for a NUL, which
    PostgreSQL takes into no text.
    """
    if charset_of(content_type) not in UTF_8:
        raise UnsupportedMediaType("The form is not in UTF-8.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise Unreadable("The form is not in UTF-8.") from None
    except ValueError:
        raise Unreadable(f"The form has more than {MOST_FIELDS} fields.") from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise Unreadable("The form has a character that cannot be stored: leave NUL characters out.")
    fields: SentFields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return fields


def value_of(sent: SentFields, name: str) -> str:
    """Return what stands in a field, without the blanks around it; empty without the field."""
    return next(iter(sent.get(name, ())), "").strip()


def role_of(route: StrictRoute) -> str | None:
    """Return the role that the route of a page names, None when it names none."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, RoleDependency):
            return dependant.call.role
        waiting.extend(dependant.dependencies)
    return None


def page_routes(app: FastAPI) -> list[PageRoute]:
    """Return the routes of all pages."""
    return [route for route in routes_of(app) if isinstance(route, PageRoute)]


def refuse_roleless(app: FastAPI) -> None:
    """Stop the start when a page does not say who may see it."""
    roleless = [route.path for route in page_routes(app) if role_of(route) is None]
    if roleless:
        raise RuntimeError(f"pages without a role: {', '.join(roleless)}")
