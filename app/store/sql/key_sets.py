"""Sets of keys in a statement: one parameter however many keys there are.

The keys are a FROM item `k`, so the text stays the same for two keys or a thousand, and is planned once:

    SQLite        (SELECT value->>0 AS provider, value->>1 AS id FROM json_each(:k_keys)) AS k
    SQLite, one   (SELECT :k_provider AS provider, :k_id AS id) AS k
    PostgreSQL    unnest(CAST(:k_provider AS text[]), CAST(:k_id AS text[])) AS k(provider, id)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.store.sql.statements import Row, fetch, on_sqlite
from app.store.sql.values import array_literal, write_json


def from_keys(
    connection: Connection, columns: Sequence[str], keys: Iterable[Sequence[Any]], mark: str = "k"
) -> tuple[str, dict[str, Any]]:
    """Return the FROM item `k` with these columns of text, one row a key, and its parameters under a mark."""
    rows = [tuple(key) for key in keys]
    if not on_sqlite(connection):
        arrays = ", ".join(f"CAST(:{mark}_{name} AS text[])" for name in columns)
        parameters = {
            f"{mark}_{name}": array_literal([key[place] for key in rows]) for place, name in enumerate(columns)
        }
        return f"unnest({arrays}) AS k({', '.join(columns)}) ", parameters
    if len(rows) == 1:
        # As a plain look-up: for one key, parsing JSON takes as long as finding it.
        fields = ", ".join(f":{mark}_{name} AS {name}" for name in columns)
        return f"(SELECT {fields}) AS k", {f"{mark}_{name}": rows[0][place] for place, name in enumerate(columns)}
    fields = ", ".join(f"value->>{place} AS {name}" for place, name in enumerate(columns))
    return f"(SELECT {fields} FROM json_each(:{mark}_keys)) AS k", {f"{mark}_keys": write_json(rows).decode()}


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
    connection: Connection, columns: Sequence[str], keys: Iterable[Sequence[Any]], mark: str = "k"
) -> tuple[str, dict[str, Any]]:
    """Return what stands before JOIN: with CROSS, SQLite begins with the keys."""
    source, parameters = from_keys(connection, columns, keys, mark)
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

        SELECT {select} FROM (SELECT … FROM json_each(:k_keys)) AS k CROSS JOIN {join} {rest}

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


class Way(NamedTuple):
    """A way to find ids: keys, and what `{keys} JOIN …` selects by them."""

    columns: Sequence[str]
    keys: Iterable[Sequence[Any]]
    sql: str


def select_by_found_ids(connection: Connection, sql: str, ways: Iterable[Way]) -> list[Row]:
    """Run a statement in which every `{keys} JOIN …` joins the ids found in any way, `k.id`; no keys, no statement.

    Both databases:

        WITH found(id) AS MATERIALIZED (SELECT … UNION SELECT …) SELECT … FROM found AS k JOIN …
    """
    selects: list[str] = []
    parameters: dict[str, Any] = {}
    for place, way in enumerate(ways):
        ordered = sorted({tuple(key) for key in way.keys})
        if ordered:
            source, of_way = _from_keys_first(connection, way.columns, ordered, f"k{place}")
            selects.append(way.sql.format(keys=source))
            parameters |= of_way
    if not selects:
        return []
    found = "found AS k CROSS" if on_sqlite(connection) else "found AS k"
    within = f"WITH found(id) AS MATERIALIZED ({' UNION '.join(selects)}) "
    return fetch(connection, within + sql.format(keys=found), parameters)


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
