"""Rows written by their table's columns: many inserted at once, some updated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.types import JSON

from app.store.sql.statements import copy_in, execute, on_sqlite, run_on_driver
from app.store.sql.values import array_literal, column_writers

COPY_FROM = 200
"""From this many rows on, PostgreSQL's COPY is faster than INSERT."""


def insert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, skip_known: bool = False
) -> None:
    """Insert rows in their order; columns left out are NULL. `skip_known` leaves rows alone whose keys exist.

    SQLite, for each row:

        INSERT INTO feed (board, position, event_id) VALUES (?, ?, ?)

    PostgreSQL, the same with %s; from 200 rows on, and with `skip_known` from two:

        COPY feed (board, position, event_id) FROM STDIN
        INSERT INTO boards (code, name, …) SELECT * FROM unnest(CAST(%s AS TEXT[]), …) ON CONFLICT DO NOTHING
    """
    if not rows:
        return
    sqlite = on_sqlite(connection)
    writers = column_writers(table, sqlite=sqlite)
    columns: list[list[Any]] = []
    for name, write in writers.items():
        column = [row.get(name) for row in rows]
        columns.append(column if write is None else list(map(write, column)))
    if not sqlite and skip_known and len(rows) > 1:
        arrays = [array_literal(column) if type(column[0]) is str else column for column in columns]
        run_on_driver(connection, _insert_arrays(table, connection.dialect), arrays)
        return
    written = list(zip(*columns, strict=True))
    if not sqlite and len(written) >= COPY_FROM:
        copy_in(connection, f"COPY {table.name} ({', '.join(writers)}) FROM STDIN", written)
        return
    text = _insert_row(table, sqlite=sqlite, skip_known=skip_known)
    if len(written) == 1:
        run_on_driver(connection, text, written[0])
    else:
        run_on_driver(connection, text, written, many=True)


@cache
def _insert_row(table: Table, *, sqlite: bool, skip_known: bool) -> str:
    names = [column.name for column in table.columns]
    marks = ", ".join("?" if sqlite else "%s" for _ in names)
    tail = " ON CONFLICT DO NOTHING" if skip_known else ""
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks}){tail}"


@cache
def _insert_arrays(table: Table, dialect: Dialect) -> str:
    """Return the statement that takes an array for each column."""
    names = ", ".join(column.name for column in table.columns)
    types = [column.type.compile(dialect).partition(" COLLATE")[0] for column in table.columns]
    arrays = ", ".join(f"CAST(%s AS {type}[])" for type in types)
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"


def update(connection: Connection, table: Table, values: Mapping[str, Any], where: Mapping[str, Any]) -> int:
    """Set columns of the rows that have these values, None for NULL; return how many rows there were.

    Documents are `:name` on SQLite, `CAST(:name AS jsonb)` on PostgreSQL.
    """
    sqlite = on_sqlite(connection)
    writers = column_writers(table, sqlite=sqlite)
    written = {name: value if (write := writers[name]) is None else write(value) for name, value in values.items()}
    assigned = ", ".join(
        f"{name} = CAST(:{name} AS jsonb)"
        if isinstance(table.columns[name].type, JSON) and not sqlite
        else f"{name} = :{name}"
        for name in values
    )
    conditions = " AND ".join(
        f"{name} IS NULL" if value is None else f"{name} = :where_{name}" for name, value in where.items()
    )
    keys = {f"where_{name}": value for name, value in where.items() if value is not None}
    return execute(connection, f"UPDATE {table.name} SET {assigned} WHERE {conditions}", written | keys)
