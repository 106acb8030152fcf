"""Pages of lists: a route says which rows, everything else about cursors and links is here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

import msgspec
from fastapi import Response

from app.core.errors import ParameterInvalid
from app.core.http.pagination import PageQuery, SortedQuery, next_link, open_cursor, seal_cursor
from app.services.access import providers
from app.services.context import ROWS_AS_ONE, Caller, read_by_key_async

Q = TypeVar("Q", bound=PageQuery)
R = TypeVar("R")


class Page(msgspec.Struct, Generic[R], frozen=True):
    """A page as it is answered."""

    rows: Sequence[R]
    cursor: str | None
    """The cursor of the next page; None on the last."""


class PageRequest(msgspec.Struct, Generic[Q], frozen=True):
    """A page that is asked for, its cursor opened."""

    caller: Caller
    path: str
    query: Q
    """The query with filters and order, sent or taken from the cursor."""
    after: Any
    """The key of the last row of the page before; None on the first page."""

    @property
    def limit(self) -> int:
        """Number of rows to read: one more than are answered, which shows whether there is another page."""
        return self.query.size + 1

    def page(self, found: Sequence[R], response: Response, key: Callable[[R], Any]) -> Page[R]:
        """Return the rows to answer and the next cursor, which the answer's `Link` names as well.

        `key` gives the key of a row, as a value of JSON.
        """
        rows = found[: self.query.size]
        if len(found) == len(rows):
            return Page(rows, None)
        cursor = seal_cursor(self.caller.service.keyring, self.query, key(rows[-1]), self.caller.bound_to(self.path))
        response.headers["Link"] = next_link(self.path, self.query, cursor)
        return Page(rows, cursor)


async def open_page(caller: Caller, query: Q, path: str) -> PageRequest[Q]:
    """Open the cursor of a list at an address, and count a page that is longer than usual.

    Raises `ParameterInvalid` for a foreign cursor or an unknown order, `RateLimited`.
    """
    opened, after = await _open_cursor(caller, query, path)
    if isinstance(opened, SortedQuery):
        opened.order()  # an unknown order is refused before anything is read
    caller.charge(query.size, ROWS_AS_ONE, parameter="limit")
    return PageRequest(caller, path, opened, after)


async def _open_cursor(caller: Caller, query: Q, path: str) -> tuple[Q, Any]:
    """Open a cursor, also one that was made for a provider which has been merged into the caller's since."""
    keyring = caller.service.keyring
    try:
        return open_cursor(keyring, query, caller.bound_to(path))
    except ParameterInvalid:
        for former in await read_by_key_async(caller, providers.former_callers):
            with suppress(ParameterInvalid):
                return open_cursor(keyring, query, former.bound_to(path))
        raise
