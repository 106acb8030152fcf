"""Rows written by their table's columns: many inserted at once, some updated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, LargeBinary, Table
from sqlalchemy.types import JSON

from app.store.sql.statements import execute, on_sqlite, run_on_driver
from app.store.sql.values import column_writers, write_json

Rows: TypeAlias = Sequence[Mapping[str, Any]]


def insert(connection: Connection, table: Table, rows: Rows, *, skip_known: bool = False) -> None:
    """Insert rows in their order; columns left out are NULL. `skip_known` leaves rows alone whose keys exist.

    SQLite, for each row, and PostgreSQL where a column holds bytes, with %s:

        INSERT INTO feed (board, position, event_id) VALUES (?, ?, ?)

    PostgreSQL, all rows as one parameter, which costs a fifth of theirs one by one, and less than COPY:

        INSERT INTO feed (board, …) SELECT board, … FROM json_populate_recordset(CAST(NULL AS feed), CAST(%s AS json))
    """
    if not rows:
        return
    sqlite = on_sqlite(connection)
    if not sqlite and not _holds_bytes(table):
        text = _insert_documents((table,), (table,) if skip_known else ())
        run_on_driver(connection, text, (write_json(rows).decode(),))
        return
    writers = column_writers(table, sqlite=sqlite)
    converted = [(place, write) for place, write in enumerate(writers.values()) if write is not None]
    written = []
    for row in rows:
        values = list(map(row.get, writers))
        for place, write in converted:
            if values[place] is not None:
                values[place] = write(values[place])
        written.append(values)
    text = _insert_row(table, sqlite=sqlite, skip_known=skip_known)
    if len(written) == 1:
        run_on_driver(connection, text, written[0])
    else:
        run_on_driver(connection, text, written, many=True)


def insert_all(connection: Connection, *given: tuple[Table, Rows], skip_known: Sequence[Table] = ()) -> None:
    """Insert rows of several tables, none of which holds bytes; a table comes after those it refers to.

    Of the tables in `skip_known` rows are left alone whose keys exist.

    PostgreSQL in one statement, which writes the tables in the order given, and then looks for what they refer to:

        WITH new_audit AS (INSERT INTO audit …) INSERT INTO commits …
    """
    some = [(table, rows) for table, rows in given if rows]
    if on_sqlite(connection):
        for table, rows in some:
            insert(connection, table, rows, skip_known=table in skip_known)
    elif some:
        text = _insert_documents(tuple(table for table, _ in some), tuple(skip_known))
        run_on_driver(connection, text, [write_json(rows).decode() for _, rows in reversed(some)])


@cache
def _holds_bytes(table: Table) -> bool:
    return any(isinstance(column.type, LargeBinary) for column in table.columns)


@cache
def _insert_row(table: Table, *, sqlite: bool, skip_known: bool) -> str:
    names = column_writers(table, sqlite=sqlite)
    marks = ", ".join("?" if sqlite else "%s" for _ in names)
    tail = " ON CONFLICT DO NOTHING" if skip_known else ""
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks}){tail}"


@cache
def _insert_documents(tables: tuple[Table, ...], skip_known: tuple[Table, ...]) -> str:
    """Return the statement that takes the rows of each table as a JSON array, those of the last table first.

    PostgreSQL runs what is not asked for by the rest after it, the last one first.
    """
    first, *others = (
        f"INSERT INTO {table.name} ({names}) "
        f"SELECT {names} FROM json_populate_recordset(CAST(NULL AS {table.name}), CAST(%s AS json))"
        f"{' ON CONFLICT DO NOTHING' if table in skip_known else ''}"
        for table in tables
        for names in (", ".join(column_writers(table, sqlite=False)),)
    )
    named = [f"new_{table.name} AS ({text})" for table, text in zip(tables[1:], others, strict=True)]
    return f"WITH {', '.join(reversed(named))} {first}" if named else first


def update(connection: Connection, table: Table, values: Mapping[str, Any], where: Mapping[str, Any]) -> int:
    """Set columns of the rows that have these values, None for NULL; return how many rows there were.

    Documents are `:name` on SQLite, `CAST(:name AS jsonb)` on PostgreSQL.
    """
    sqlite = on_sqlite(connection)
    writers = column_writers(table, sqlite=sqlite)
    written = {
        name: value if value is None or (write := writers[name]) is None else write(value)
        for name, value in values.items()
    }
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
