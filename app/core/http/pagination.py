"""Keyset pages: sealed cursors that fit one client and one query only, and the order that a caller asks for."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from urllib.parse import urlencode

import msgspec
from pydantic import BaseModel, Field, ValidationError

from app.core.errors import ParameterInvalid
from app.core.security import Keyring
from app.core.whole_numbers import Whole

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
USE_NEXT_CURSOR = "Send the next_cursor of the answer before as it came, or leave it out to begin anew."
"""The hint for a cursor that does not fit."""
MOST_COUNTED = 10_000
"""A total is counted up to this number; the tests of the cap lower it."""


class SortKey(msgspec.Struct, frozen=True):
    """One key of an order."""

    name: str
    descending: bool = False


class Total(msgspec.Struct, frozen=True):
    """Number of rows of a list; `capped` when there are more than are counted."""

    count: int
    capped: bool


class FilterQuery(BaseModel):
    """What a list, or a report, is narrowed to."""

    page_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields that say which page, and how it is shown; the cursor carries all others."""

    def filters(self) -> dict[str, Any]:
        """Return filters and order as JSON, without the page."""
        return self.model_dump(mode="json", exclude=set(self.page_fields), exclude_defaults=True)


class PageQuery(FilterQuery):
    """The query of a list: which page. Lists add their own filters."""

    page_fields: ClassVar[frozenset[str]] = frozenset({"limit", "cursor"})

    limit: Annotated[
        int, Field(ge=1, description=f"Rows a page; more than {MAX_LIMIT} are lowered to that."), Whole
    ] = DEFAULT_LIMIT
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
        """The most rows that the page may have."""
        return min(self.limit, MAX_LIMIT)


class SortedQuery(PageQuery):
    """The query of a list that can be ordered. Lists name their keys in `sort_names` and in `sort`."""

    sort_names: ClassVar[tuple[str, ...]] = ()
    page_fields: ClassVar[frozenset[str]] = frozenset({"limit", "cursor", "include"})

    sort: Annotated[str | None, Field(max_length=200)] = None

    def order(self) -> list[SortKey]:
        """Return the keys of `sort`; raises `ParameterInvalid` for a key that is unknown or stands twice."""
        return read_sort(self.sort, self.sort_names)


_TOTAL = f"`total` counts the whole list, up to {MOST_COUNTED}: `total` and `total_capped` of the page."


class CountedQuery(SortedQuery):
    """The query of a list that can be counted as well."""

    include: Annotated[list[Literal["total"]], Field(max_length=10, description=_TOTAL)] = []

    @property
    def counted(self) -> bool:
        """Whether the total is asked for."""
        return "total" in self.include


class FacetedQuery(SortedQuery):
    """The query of a list that can be counted as a whole, and by the values of its filters."""

    include: Annotated[
        list[Literal["total", "facets"]],
        Field(
            max_length=10,
            description=f"{_TOTAL} `facets` counts, for each value of a filter, the rows that it would leave beside "
            "all other filters.",
        ),
    ] = []

    @property
    def counted(self) -> bool:
        """Whether the total is asked for."""
        return "total" in self.include

    @property
    def faceted(self) -> bool:
        """Whether facets are asked for."""
        return "facets" in self.include


def sort_field(keys: Collection[str], *, default: str, note: str = "") -> Any:
    """Describe the parameter `sort` of a list with these keys.

    The pattern is that of `read_sort`, but for keys that stand twice, which no plain pattern refuses.
    """
    key, named = f"-?(?:{'|'.join(keys)})", ", ".join(f"`{key}`" for key in keys)
    return Field(
        max_length=200,
        description=f"Keys, separated by commas, `-` before one that descends: {named}. "
        "Rows that are equal in all of them are ordered by id, in the direction of the last. "
        f"Without it: {default}.{note}",
        json_schema_extra={"pattern": f"^ *{key}(?: *, *{key})* *$"},
    )


def read_sort(given: str | None, known: Sequence[str]) -> list[SortKey]:
    """Read `sort=-one,two`; raises `ParameterInvalid` for a key that is unknown or stands twice."""
    if given is None:
        return []
    keys = [
        SortKey(text.removeprefix("-"), text.startswith("-")) for text in (part.strip(" ") for part in given.split(","))
    ]
    if len({key.name for key in keys}) < len(keys) or not all(key.name in known for key in keys):
        detail = f"Sort keys are separated by commas, each at most once, and are of these: {', '.join(known)}."
        raise ParameterInvalid.of("sort", detail, f"As in sort=-{known[0]}.")
    return keys


Q = TypeVar("Q", bound=PageQuery)


def open_cursor(keyring: Keyring, query: Q, bound_to: str) -> tuple[Q, Any]:
    """Open the cursor of a query; return the query with its filters, and the key after which the page begins.

    The cursor carries the filters, so that no address that we make needs to hold them. `bound_to` names client,
    provider and list. Raises `ParameterInvalid` when the cursor was made for others, or for other filters or another
    order than those sent.
    """
    if query.cursor is None:
        return query, None
    opened = keyring.unseal("cursor", query.cursor, bound_to)
    held = json.loads(zlib.decompress(opened)) if opened is not None else None
    if held is None or (query.filters() and query.filters() != held["filters"]):
        raise _foreign_cursor()
    page = query.model_dump(include=set(query.page_fields) - {"cursor"})
    try:
        return type(query).model_validate(held["filters"] | page), held["after"]
    except ValidationError:
        # Made by an earlier release, with other filters.
        raise _foreign_cursor() from None


def _foreign_cursor() -> ParameterInvalid:
    detail = "This cursor does not belong to this list with these filters in this order."
    return ParameterInvalid.of("cursor", detail, USE_NEXT_CURSOR)


def place_after(after: Any, length: int) -> list[Any] | None:
    """Return the values of a sorted list's cursor, one for each key and the id; raises `ParameterInvalid`."""
    if after is not None and not (isinstance(after, list) and len(after) == length):
        raise _foreign_cursor()
    return after


def seal_cursor(keyring: Keyring, query: PageQuery, after: Any, bound_to: str) -> str:
    """Return the cursor of the page of a query that begins after a key, given as a value of JSON."""
    held = json.dumps({"after": after, "filters": query.filters()})
    return keyring.seal("cursor", zlib.compress(held.encode()), bound_to)


def next_link(path: str, query: PageQuery, cursor: str) -> str:
    """Return the value of the `Link` header (RFC 8288) that leads to the page of a cursor."""
    include = getattr(query, "include", ())
    parameters = {"limit": query.limit, "cursor": cursor} | ({"include": list(include)} if include else {})
    return f'<{path}?{urlencode(parameters, doseq=True)}>; rel="next"'
