"""Sets of keys in a statement: one parameter however many keys there are.

The keys are a FROM item `k`, so the text stays the same for two keys or a thousand, and is planned once:

    SQLite        (SELECT value->>0 AS provider, value->>1 AS id FROM json_each(:keys)) AS k
    SQLite, one   (SELECT :k_provider AS provider, :k_id AS id) AS k
    PostgreSQL    unnest(CAST(:k_provider AS text[]), CAST(:k_id AS text[])) AS k(provider, id)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from app.store.sql.statements import Row, fetch, on_sqlite
from app.store.sql.values import array_literal, write_json


def from_keys(
    connection: Connection, columns: Sequence[str], keys: Iterable[Sequence[Any]]
) -> tuple[str, dict[str, Any]]:
    """Return the FROM item `k` with these columns of text, one row a key, and its parameters."""
    rows = [tuple(key) for key in keys]
    if on_sqlite(connection):
        if len(rows) == 1:
            # As a plain look-up: for one key, parsing JSON takes as long as finding it.
            fields = ", ".join(f":k_{name} AS {name}" for name in columns)
            return f"(SELECT {fields}) AS k", {f"k_{name}": key for name, key in zip(columns, rows[0], strict=True)}
        fields = ", ".join(f"value->>{place} AS {name}" for place, name in enumerate(columns))
        return f"(SELECT {fields} FROM json_each(:keys)) AS k", {"keys": write_json(rows).decode()}
    arrays = ", ".join(f"CAST(:k_{name} AS text[])" for name in columns)
    parameters = {f"k_{name}": array_literal([key[place] for key in rows]) for place, name in enumerate(columns)}
    return f"unnest({arrays}) AS k({', '.join(columns)}) ", parameters


def from_ordered_ids(connection: Connection, ids: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the FROM item `k` of ids in their order, with the columns `place`, from 0, and `id`, and its parameters.

    SQLite:

        (SELECT key AS place, value AS id FROM json_each(:keys)) AS k

    PostgreSQL:

        (SELECT CAST(place AS int) - 1 AS place, id
         FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS given(id, place)) AS k
    """
    if on_sqlite(connection):
        return "(SELECT key AS place, value AS id FROM json_each(:keys)) AS k", {"keys": write_json(ids).decode()}
    unnested = "unnest(CAST(:keys AS text[])) WITH ORDINALITY AS given(id, place)"
    return f"(SELECT CAST(place AS int) - 1 AS place, id FROM {unnested}) AS k", {"keys": array_literal(ids)}


def _from_keys_first(
    connection: Connection, columns: Sequence[str], keys: Iterable[Sequence[Any]]
) -> tuple[str, dict[str, Any]]:
    """Return what stands before JOIN: with CROSS, SQLite begins with the keys."""
    source, parameters = from_keys(connection, columns, keys)
    return f"{source} CROSS" if on_sqlite(connection) else source, parameters


def select_by_keys(
    connection: Connection,
    select: str,
    columns: Sequence[str],
    keys: Iterable[Sequence[Any]],
    join: str,
    rest: str = "",
) -> list[Row]:
    """Return the rows that join a set of keys; no keys, no statement.

    SQLite:

        SELECT {select} FROM (SELECT … FROM json_each(:keys)) AS k CROSS JOIN {join} {rest}

    PostgreSQL:

        SELECT {select} FROM unnest(…) AS k(…) JOIN {join} {rest}
    """
    ordered = sorted({tuple(key) for key in keys})
    if not ordered:
        return []
    source, parameters = _from_keys_first(connection, columns, ordered)
    return fetch(connection, f"SELECT {select} FROM {source} JOIN {join} {rest}", parameters)


def select_by_ids(connection: Connection, sql: str, ids: Iterable[str]) -> list[Row]:
    """Run a statement in which every `{keys} JOIN …` joins the same ids, `k.id`; no ids, no statement."""
    ordered = sorted(ids)
    if not ordered:
        return []
    source, parameters = _from_keys_first(connection, ("id",), ((id,) for id in ordered))
    return fetch(connection, sql.format(keys=source), parameters)


def join_per_key(connection: Connection, table: str, condition: str) -> str:
    """Return what follows JOIN so that each key is looked up by itself in a table.

    Without statistics, PostgreSQL would rather read the whole table for every key.

    SQLite:

        completions c ON c.activity_id = k.activity

    PostgreSQL:

        LATERAL (SELECT c.* FROM completions c WHERE c.activity_id = k.activity OFFSET 0) AS c ON true
    """
    if on_sqlite(connection):
        return f"{table} ON {condition}"
    alias = table.rsplit(maxsplit=1)[-1]
    return f"LATERAL (SELECT {alias}.* FROM {table} WHERE {condition} OFFSET 0) AS {alias} ON true"
