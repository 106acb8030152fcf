"""Pages of lists: what every list does before it reads its rows and after, so that a route says only which rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from fastapi import Response

from app.core.http.pagination import PageQuery, Turned, next_cursor, next_link, page_of, turn
from app.services.context import Caller

Q = TypeVar("Q", bound=PageQuery)
R = TypeVar("R")


class Paged(msgspec.Struct, Generic[R], frozen=True):
    """A page as it is answered."""

    rows: Sequence[R]
    cursor: str | None
    """Of the next page; None on the last."""


class Asked(msgspec.Struct, Generic[Q], frozen=True):
    """A page that is asked for, its cursor opened."""

    caller: Caller
    path: str
    given: Q
    """The query as sent; with a cursor, it holds no filters."""
    turned: Turned[Q]

    @property
    def query(self) -> Q:
        """What the list is narrowed to and ordered by, as the first page was."""
        return self.turned.query

    @property
    def after(self) -> Any:
        """The key of the last row that was given; None on the first page."""
        return self.turned.after

    @property
    def limit(self) -> int:
        """Rows to read: one more than are given tells that there is another page."""
        return self.given.size + 1

    def page(self, found: Sequence[R], response: Response, key: Callable[[R], Any]) -> Paged[R]:
        """Return the rows to give with the next cursor, which the answer's `Link` names as well."""
        page = page_of(found, self.given.size, key)
        cursor = next_cursor(self.caller.service.keyring, self.turned, page, self.caller.bound_to(self.path))
        include = getattr(self.given, "include", ())
        response.headers.update(next_link(self.path, self.given.limit, cursor, include))
        return Paged(page.rows, cursor)


def open_page(caller: Caller, query: Q, path: str) -> Asked[Q]:
    """Open the cursor of a list at an address; raises `ParameterInvalid` for one that is not this list's."""
    return Asked(caller, path, query, turn(caller.service.keyring, query, caller.bound_to(path)))
