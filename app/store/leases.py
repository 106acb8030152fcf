"""Leases with fencing tokens on rows that are jobs: many workers look for due rows, one at a time holds a row.

A table of jobs has a `status`, a moment `due_at` and a number `fence`. A worker that leases a row sets its status,
moves `due_at` to the end of the lease and increments `fence`, its fencing token. The row of a worker that died becomes
due again; a worker that comes back late finds another fence, and its write changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table

from app.store.sql.bulk import update
from app.store.sql.key_sets import from_keys
from app.store.sql.statements import fetch


def lease(
    connection: Connection,
    table: Table,
    ids: Iterable[str],
    *,
    pending: str,
    leased: str,
    now: datetime,
    until: datetime,
) -> dict[str, int]:
    """Lease those of some rows that are still due, until a moment; return the fencing token of each.

    `pending` and `leased` are the two statuses in which a row can be due. A row leased meanwhile is left out.

    SQLite:

        UPDATE webhook_deliveries SET … FROM (SELECT … FROM json_each(:k_keys)) AS k WHERE … RETURNING …

    PostgreSQL:

        UPDATE webhook_deliveries SET … FROM unnest(…) AS k(id) WHERE … RETURNING …
    """
    keys = [(id,) for id in sorted(set(ids))]
    if not keys:
        return {}
    (key,) = (column.name for column in table.primary_key)
    source, parameters = from_keys(connection, ("id",), keys)
    rows = fetch(
        connection,
        f"UPDATE {table.name} SET status = '{leased}', due_at = :until, fence = fence + 1 FROM {source} "
        f"WHERE {key} = k.id AND status IN ('{pending}', '{leased}') AND due_at <= :now RETURNING {key}, fence",
        parameters | {"now": now, "until": until},
    )
    return dict(rows)


def release(
    connection: Connection, table: Table, id: str, fence: int, values: Mapping[str, Any], *, leased: str
) -> bool:
    """Write the result of a leased row; False, and nothing written, when another worker holds it by now."""
    (key,) = (column.name for column in table.primary_key)
    return update(connection, table, values, {key: id, "fence": fence, "status": leased}) == 1
