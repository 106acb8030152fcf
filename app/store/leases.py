"""Leases on rows that are work: many workers look for what is due, one at a time holds a row.

A table of work has a `status`, a moment `due_at`, and a number `fence`. Whoever takes a row sets its status to one that
says so, moves `due_at` to the end of the lease, and raises the fence. A worker that dies leaves a row which is due
again; one that comes back late finds another fence, and its word counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table

from app.store.sql.bulk import update
from app.store.sql.key_sets import from_keys
from app.store.sql.statements import fetch


def take(
    connection: Connection, table: Table, ids: Iterable[str], *, waiting: str, held: str, now: datetime, until: datetime
) -> dict[str, int]:
    """Take those of some rows that are still due, until a moment; return the fence under which each is held.

    `waiting` and `held` are the two states in which a row can be due. Whoever took one meanwhile keeps it.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    (key,) = (column.name for column in table.primary_key)
    source, parameters = from_keys(connection, ("id",), ((each,) for each in wanted))
    found = fetch(
        connection,
        f"UPDATE {table.name} SET status = '{held}', due_at = :until, fence = fence + 1 FROM {source} "
        f"WHERE {key} = k.id AND status IN ('{waiting}', '{held}') AND due_at <= :now RETURNING {key}, fence",
        parameters | {"now": now, "until": until},
    )
    return {row[0]: row[1] for row in found}


def give_back(
    connection: Connection, table: Table, id: str, fence: int, values: Mapping[str, Any], *, held: str
) -> bool:
    """Write what became of a row that is held; False, and nothing is written, when somebody else holds it by now."""
    (key,) = (column.name for column in table.primary_key)
    return update(connection, table, values, {key: id, "fence": fence, "status": held}) == 1
