"""Pages: cursors that nobody can read or carry over to another question."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from app.core.errors import ParameterInvalid
from app.core.security import Keyring

DEFAULT_LIMIT = 50
MOST = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page: its rows, and where the next one begins."""

    rows: Sequence[T]
    next_after: str | None


def page_of(found: Sequence[T], limit: int, key: Any) -> Page[T]:
    """Cut a page out of rows that were read with one more than the limit."""
    rows = found[:limit]
    return Page(rows, key(rows[-1]) if len(found) > limit else None)


class PageQuery(BaseModel):
    """The query of a list: its filters, and which page of it. Lists add their own filters."""

    limit: Annotated[int, Field(ge=1, description=f"Rows a page; more than {MOST} are lowered to that.")] = (
        DEFAULT_LIMIT
    )
    cursor: Annotated[
        str | None,
        Field(
            max_length=16_000,
            description="The `next_cursor` of the page before.",
            json_schema_extra={"pattern": "^[A-Za-z0-9_-]*$"},
        ),
    ] = None

    @property
    def size(self) -> int:
        """How many rows the page may have."""
        return min(self.limit, MOST)

    def filters(self) -> dict[str, Any]:
        """Return what the list is narrowed to, without the page."""
        return self.model_dump(mode="json", exclude={"limit", "cursor"}, exclude_defaults=True)


Q = TypeVar("Q", bound=PageQuery)


@dataclass(frozen=True, slots=True)
class Turned(Generic[Q]):
    """A list's query with its cursor opened."""

    query: Q
    after: str | None


def turn(keyring: Keyring, query: Q, bound_to: str) -> Turned[Q]:
    """Open the cursor of a query. It carries the filters, so that no address we make needs to hold them.

    `bound_to` names client, provider and list. Raises `ParameterInvalid` when the cursor was made for others, or for
    other filters than those sent.
    """
    if query.cursor is None:
        return Turned(query, None)
    opened = keyring.unseal("cursor", query.cursor, bound_to)
    held = json.loads(zlib.decompress(opened)) if opened is not None else None
    if held is None or (query.filters() and query.filters() != held["filters"]):
        detail = "This cursor does not belong to this list with these filters."
        raise ParameterInvalid(detail, errors=[{"code": "parameter-invalid", "parameter": "cursor", "detail": detail}])
    return Turned(type(query).model_validate(held["filters"] | {"limit": query.limit}), held["after"])


def next_cursor(keyring: Keyring, turned: Turned[Any], page: Page[Any], bound_to: str) -> str | None:
    """Return the cursor of the next page, None on the last."""
    if page.next_after is None:
        return None
    held = json.dumps({"after": page.next_after, "filters": turned.query.filters()})
    return keyring.seal("cursor", zlib.compress(held.encode()), bound_to)


def next_link(path: str, limit: int, cursor: str | None) -> dict[str, str]:
    """Return the `Link` header (RFC 8288) to the next page, none on the last."""
    if cursor is None:
        return {}
    return {"Link": f'<{path}?{urlencode({"limit": limit, "cursor": cursor})}>; rel="next"'}
