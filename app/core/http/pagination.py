"""Pages: cursors that nobody can read or carry over to another question, and the order that a caller asks for."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Sequence
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar
from urllib.parse import urlencode

import msgspec
from pydantic import BaseModel, Field, ValidationError

from app.core.errors import ParameterInvalid
from app.core.security import Keyring

DEFAULT_LIMIT = 50
MOST = 500
MOST_COUNTED = 10_000
"""A total is counted so far and no farther; the tests of the cap lower it."""

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page: its rows, and where the next one begins, as a value of JSON."""

    rows: Sequence[T]
    next_after: Any


def page_of(found: Sequence[T], limit: int, key: Any) -> Page[T]:
    """Cut a page out of rows that were read with one more than the limit."""
    rows = found[:limit]
    return Page(rows, key(rows[-1]) if len(found) > limit else None)


class SortKey(msgspec.Struct, frozen=True):
    """One key of an order."""

    name: str
    descending: bool = False


class Total(msgspec.Struct, frozen=True):
    """How many rows a list has in all; `capped` when there are more than are counted."""

    count: int
    capped: bool


class PageQuery(BaseModel):
    """The query of a list: its filters, and which page of it. Lists add their own filters."""

    page_fields: ClassVar[frozenset[str]] = frozenset({"limit", "cursor"})
    """What says which page, and how it is shown; all else is carried by the cursor."""

    limit: Annotated[int, Field(ge=1, description=f"Rows a page; more than {MOST} are lowered to that.")] = (
        DEFAULT_LIMIT
    )
    cursor: Annotated[
        str | None,
        Field(
            max_length=16_000,
            description="The `next_cursor` of the page before. It carries filters and order: they need not be sent "
            "again, and others than it was made for are refused.",
            json_schema_extra={"pattern": "^[A-Za-z0-9_-]*$"},
        ),
    ] = None

    @property
    def size(self) -> int:
        """How many rows the page may have."""
        return min(self.limit, MOST)

    def filters(self) -> dict[str, Any]:
        """Return what the list is narrowed to and how it is ordered, without the page."""
        return self.model_dump(mode="json", exclude=set(self.page_fields), exclude_defaults=True)


class SortedQuery(PageQuery):
    """The query of a list that can be ordered and counted. Lists say in `sort` which keys they have."""

    page_fields: ClassVar[frozenset[str]] = frozenset({"limit", "cursor", "include"})

    sort: Annotated[str | None, Field(max_length=200)] = None
    include: Annotated[
        list[Literal["total"]],
        Field(
            max_length=10,
            description=f"`total` counts the whole list, up to {MOST_COUNTED}: `total` and `total_capped` of the page.",
        ),
    ] = []


def sorting(keys: Collection[str], otherwise: str) -> str:
    """Describe the parameter `sort` of a list."""
    return (
        f"Keys, separated by commas, `-` before one that descends: {', '.join(f'`{key}`' for key in keys)}. "
        f"What is equal in all of them is ordered by id, in the direction of the last. Without it: {otherwise}."
    )


def sort_pattern(keys: Collection[str]) -> dict[str, str]:
    """Return the pattern of what `sort_keys` reads, but for keys that stand twice: no plain pattern says that."""
    key = f"-?(?:{'|'.join(keys)})"
    return {"pattern": f"^ *{key}(?: *, *{key})* *$"}


def sort_keys(given: str | None, known: Collection[str]) -> list[SortKey]:
    """Read `sort=-one,two`; raises `ParameterInvalid` for a key that is unknown or stands twice."""
    if given is None:
        return []
    keys = [
        SortKey(text.removeprefix("-"), text.startswith("-")) for text in (part.strip(" ") for part in given.split(","))
    ]
    if len({key.name for key in keys}) < len(keys) or not all(key.name in known for key in keys):
        detail = f"The order is a comma list of these keys, each at most once: {', '.join(known)}."
        raise ParameterInvalid.of("sort", detail)
    return keys


Q = TypeVar("Q", bound=PageQuery)


class Turned(msgspec.Struct, Generic[Q], frozen=True):
    """A list's query with its cursor opened."""

    query: Q
    after: Any


def turn(keyring: Keyring, query: Q, bound_to: str) -> Turned[Q]:
    """Open the cursor of a query. It carries the filters, so that no address we make needs to hold them.

    `bound_to` names client, provider and list. Raises `ParameterInvalid` when the cursor was made for others, or for
    other filters or another order than those sent.
    """
    if query.cursor is None:
        return Turned(query, None)
    opened = keyring.unseal("cursor", query.cursor, bound_to)
    held = json.loads(zlib.decompress(opened)) if opened is not None else None
    if held is None or (query.filters() and query.filters() != held["filters"]):
        raise _foreign_cursor()
    page = query.model_dump(include=set(query.page_fields) - {"cursor"})
    try:
        return Turned(type(query).model_validate(held["filters"] | page), held["after"])
    except ValidationError:
        # Made by an earlier release, whose filters were others.
        raise _foreign_cursor() from None


def _foreign_cursor() -> ParameterInvalid:
    return ParameterInvalid.of("cursor", "This cursor does not belong to this list with these filters in this order.")


def place_after(after: Any, length: int) -> list[Any] | None:
    """Return the values of a sorted list's cursor, one for each key and the id; raises `ParameterInvalid`."""
    if after is not None and not (isinstance(after, list) and len(after) == length):
        raise _foreign_cursor()
    return after


def next_cursor(keyring: Keyring, turned: Turned[Any], page: Page[Any], bound_to: str) -> str | None:
    """Return the cursor of the next page, None on the last."""
    if page.next_after is None:
        return None
    held = json.dumps({"after": page.next_after, "filters": turned.query.filters()})
    return keyring.seal("cursor", zlib.compress(held.encode()), bound_to)


def next_link(path: str, limit: int, cursor: str | None, include: Sequence[str] = ()) -> dict[str, str]:
    """Return the `Link` header (RFC 8288) to the next page, none on the last."""
    if cursor is None:
        return {}
    shown = {"limit": limit, "cursor": cursor} | ({"include": list(include)} if include else {})
    return {"Link": f'<{path}?{urlencode(shown, doseq=True)}>; rel="next"'}
