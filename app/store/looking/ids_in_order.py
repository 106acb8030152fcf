"""The ids of a list in its order, found many at a time and given out some at a time.

A filter may have to gather all of its rows to find the next few: an export that did so for each of its pieces would
take the square of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection

from app.store.lists.keyset_pages import ListConditions, find_ids
from app.store.lists.orders import Order, Place

FOUND_AT_ONCE = 50_000


class Reached(msgspec.Struct, frozen=True):
    """How far a list was read."""

    waiting: Sequence[str] = ()
    """Ids that were found, and whose rows were not read."""
    after: Place | None = None
    """The place of the last that was found."""
    ended: bool = False
    """Whether all were found."""

    @property
    def at_end(self) -> bool:
        """Whether nothing is left to read."""
        return self.ended and not self.waiting


BEGINNING = Reached()


FindIds = Callable[[Place | None, int], tuple[Sequence[str], Place | None]]
"""Returns up to so many ids after a place of a list, and the place of the last of them."""


def next_ids(find: FindIds, reached: Reached, limit: int) -> tuple[Sequence[str], Reached]:
    """Return the next ids of a list, none at its end, and how far it is read with them."""
    waiting = reached.waiting
    if not waiting and not reached.ended:
        waiting, last = find(reached.after, FOUND_AT_ONCE)
        reached = Reached(waiting, last or reached.after, len(waiting) < FOUND_AT_ONCE)
    return waiting[:limit], Reached(waiting[limit:], reached.after, reached.ended)


def along(connection: Connection, conditions: ListConditions, order: Order) -> FindIds:
    """Return how the ids of a list are found along its order."""
    return lambda after, most: find_ids(connection, conditions, order, after, most)
