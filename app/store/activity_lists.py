"""Lists of activities. A provider has thousands, not millions: its own are read by one index and sorted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.http.pagination import SortKey, Total
from app.domain.activities import RegisteredActivity
from app.store.activities import ACTIVITY, read
from app.store.keyset_pages import Column, ListConditions, Place, count_total, find_places, order_of
from app.store.sql.key_sets import select_by_keys

SORTS = {
    "title": Column("lower(a.title)"),
    "start_date": Column("a.start_date", date),
    "end_date": Column("a.end_date", date),
    "updated_at": Column("a.updated_at", datetime),
    "created_at": Column("a.created_at", datetime),
    "activity_id": Column("a.activity_id"),
}
_BY_ID = SortKey("activity_id")
_CAPITALS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
"""Both databases fold these alone where text is compared by its bytes."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What activities must have, in the words that are stored. An empty sequence or None asks for nothing."""

    provider_id: str
    q: str | None = None
    internal_ids: Sequence[str] = ()
    formats: Sequence[str] | None = None
    boards: Sequence[str] | None = None
    providerships: Sequence[str] = ()
    starts: tuple[date | None, date | None] = (None, None)
    ends: tuple[date | None, date | None] = (None, None)
    mips: bool | None = None
    rems: bool | None = None
    updated_from: date | datetime | None = None


def page(
    connection: Connection, wanted: Wanted, sort: Sequence[SortKey], after: Any, limit: int
) -> list[tuple[Place, RegisteredActivity]]:
    """Return activities after a place of the order, by id unless told otherwise."""
    order = order_of(sort, SORTS, Column("a.activity_id"), _BY_ID)
    found = find_places(connection, conditions_of(wanted), order, after, limit)
    rows = select_by_keys(
        connection, ACTIVITY.columns, ("id",), ((place[-1],) for place in found), "activities a ON a.activity_id = k.id"
    )
    held = {each.activity.activity_id: each for each in read(connection, rows)}
    return [(place, held[place[-1]]) for place in found]


def count(connection: Connection, wanted: Wanted) -> Total:
    """Count the activities, up to the most that is counted."""
    return count_total(connection, conditions_of(wanted))


def conditions_of(wanted: Wanted) -> ListConditions:
    """Return the conditions of a list."""
    own = ["a.provider_id = :provider AND a.deleted_at IS NULL"]
    conditions = ListConditions("activities a", own, "activity_id", {"provider": wanted.provider_id})
    words = [f"({_word(conditions, place, word)})" for place, word in enumerate((wanted.q or "").split())]
    if words:
        conditions.add(f"({' AND '.join(words)} OR a.internal_id = :q)", q=(wanted.q or "").strip())
    for column, name, values in (
        ("a.internal_id", "internal", wanted.internal_ids or None),
        ("a.format", "format", wanted.formats),
        ("a.providership", "providership", wanted.providerships or None),
    ):
        if values is not None:
            conditions.add(f"{column} IN ({conditions.in_list(name, values)})", column)
    if wanted.internal_ids:
        internal = conditions.in_list("internal", wanted.internal_ids)
        conditions.sources.append(
            f"SELECT a.activity_id FROM activities a WHERE {own[0]} AND a.internal_id IN ({internal})"
        )
    if wanted.boards is not None:
        registered = (
            "SELECT 1 FROM activity_boards b WHERE b.activity_id = a.activity_id "
            f"AND b.board IN ({conditions.in_list('board', wanted.boards)}) LIMIT 1"
        )
        conditions.add(f"({registered}) = 1")
    conditions.between_days("a.start_date", "starts", *wanted.starts)
    conditions.between_days("a.end_date", "ends", *wanted.ends)
    if wanted.mips is not None:
        conditions.add(f"coalesce(a.mips, false) = {str(wanted.mips).lower()}", "a.mips")
    if wanted.rems is not None:
        conditions.add(f"a.rems IS {'NOT ' if wanted.rems else ''}NULL", "a.rems")
    conditions.between_instants("a.updated_at", "updated", wanted.updated_from, None)
    return conditions


def _word(conditions: ListConditions, place: int, word: str) -> str:
    """Return the condition that a word stands in the title, or is an id."""
    escaped = word.translate(_CAPITALS).replace("!", "!!").replace("%", "!%").replace("_", "!_")
    conditions.parameters |= {f"word{place}": word, f"like{place}": f"%{escaped}%"}
    return (
        f"lower(a.title) LIKE :like{place} ESCAPE '!' OR a.internal_id = :word{place} OR a.activity_id = :word{place}"
    )
