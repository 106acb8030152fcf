"""Statements as they run on the driver of either database, and the few clauses in which the databases differ.

SQL is written once with `:name` parameters. SQLAlchemy holds connections and transactions; its compilation is left
out, for it costs more than most of these statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Row: TypeAlias = tuple[Any, ...]
"""A row as the driver returns it."""

BEFORE_STATEMENT: list[Callable[[str], None]] = []
"""Called with every statement before it runs: drills inject their faults here."""

_NAME = re.compile(r"(?<![:\w]):(\w+)")


def on_sqlite(connection: Connection) -> bool:
    """Return whether the connection is to SQLite."""
    return connection.dialect.name == "sqlite"


@cache
def _with_psycopg_marks(sql: str) -> str:
    return _NAME.sub(r"%(\1)s", sql.replace("%", "%%"))


def _text(connection: Connection, sql: str) -> str:
    return sql if on_sqlite(connection) else _with_psycopg_marks(sql)


def fetch(connection: Connection, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
    """Run a statement that returns rows (a query, or RETURNING), and return all of them."""
    return run_on_driver(connection, _text(connection, sql), parameters or {}, fetch=True)[0]


def fetch_column(connection: Connection, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Any]:
    """Run a query for one column and return its values."""
    return [value for (value,) in fetch(connection, sql, parameters)]


def fetch_value(connection: Connection, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """Run a query for one column and return the value of its first row, None without rows."""
    return next(iter(fetch_column(connection, sql, parameters)), None)


def execute(connection: Connection, sql: str, parameters: Mapping[str, Any] | None = None) -> int:
    """Run a statement and return how many rows it changed."""
    return run_on_driver(connection, _text(connection, sql), parameters or {})[1]


def execute_many(connection: Connection, sql: str, parameter_sets: Sequence[Mapping[str, Any]]) -> int:
    """Run a statement for each set of parameters, and return how many rows it changed in all."""
    if not parameter_sets:
        return 0
    if len(parameter_sets) == 1:
        return execute(connection, sql, parameter_sets[0])
    return run_on_driver(connection, _text(connection, sql), parameter_sets, many=True)[1]


def run_on_driver(
    connection: Connection, sql: str, parameters: Any, *, many: bool = False, fetch: bool = False
) -> tuple[list[Row], int]:
    """Run a statement with the driver's own parameter marks; return its rows and how many it changed.

    Raises the driver's errors as SQLAlchemy's.
    """
    if not connection.in_transaction():
        # The driver would not be told to begin, and the writes would be lost without a word.
        raise RuntimeError("a statement outside a transaction")
    for observe in BEFORE_STATEMENT:
        observe(sql)
    cursor = _cursor_of(connection)
    try:
        if many:
            cursor.executemany(sql, parameters)
        else:
            cursor.execute(sql, parameters)
        return (cursor.fetchall() if fetch else []), cursor.rowcount
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy_error(connection, error) from error


def _cursor_of(connection: Connection) -> Any:
    """Return a cursor: on PostgreSQL the same one as before, since making one takes a third as long as a statement."""
    if on_sqlite(connection):
        return connection.connection.cursor()
    kept = connection.info
    if _CURSOR not in kept:
        kept[_CURSOR] = connection.connection.cursor()
    return kept[_CURSOR]


_CURSOR = "cursor of statements"


def _as_sqlalchemy_error(connection: Connection, error: Any) -> Exception:
    """Wrap a driver's error as SQLAlchemy does, and discard the connection if it is lost."""
    driver: Any = connection.connection.driver_connection
    lost = connection.dialect.is_disconnect(error, driver, None)
    wrapped = DBAPIError.instance(
        None, None, error, connection.dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=lost,
        dialect=connection.dialect,
    )  # fmt: skip
    if lost:
        connection.invalidate(error)
        # The idle connections of the pool were lost with it, or cost little to make anew.
        connection.engine.dispose(close=False)
    assert isinstance(wrapped, Exception)
    return wrapped


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Undo what the block wrote when it raises, and nothing else of the transaction."""
    run_on_driver(connection, "SAVEPOINT row", ())
    try:
        yield
    except Exception:
        if connection.in_transaction():
            run_on_driver(connection, "ROLLBACK TO SAVEPOINT row", ())
            run_on_driver(connection, "RELEASE SAVEPOINT row", ())
        raise
    run_on_driver(connection, "RELEASE SAVEPOINT row", ())


def take_advisory_locks(
    connection: Connection, space: int, keys: Iterable[int], *, shared: bool = False, beside: int | None = None
) -> None:
    """Take advisory locks, in sorted order, until the transaction ends. SQLite has one writer and needs none.

    `shared`: others may take them in the same way. `beside` is a space of which the key 1 is taken before, shared.

    PostgreSQL:

        SELECT pg_advisory_xact_lock(CAST(:space AS int), k) FROM unnest(CAST(:keys AS int[])) AS k
    """
    if on_sqlite(connection):
        return
    ordered = sorted(set(keys))
    if ordered:
        first = "" if beside is None else "SELECT pg_advisory_xact_lock_shared(CAST(:beside AS int), 1) UNION ALL "
        fetch(
            connection,
            f"{first}SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(CAST(:space AS int), k) "
            "FROM unnest(CAST(:keys AS int[])) AS k",
            {"space": space, "keys": f"{{{','.join(map(str, ordered))}}}"}
            | ({} if beside is None else {"beside": beside}),
        )


def take_locks_alone_and_shared(connection: Connection, space: int, alone: set[int], shared: set[int]) -> None:
    """Take advisory locks, in one sorted order, until the transaction ends: some alone, the others shared.

    PostgreSQL:

        SELECT CASE WHEN s THEN pg_advisory_xact_lock_shared(CAST(:space AS int), k)
                    ELSE pg_advisory_xact_lock(CAST(:space AS int), k) END
        FROM unnest(CAST(:keys AS int[]), CAST(:shared AS bool[])) AS l(k, s)
    """
    ordered = sorted(alone | shared)
    if not ordered or on_sqlite(connection):
        return
    fetch(
        connection,
        "SELECT CASE WHEN s THEN pg_advisory_xact_lock_shared(CAST(:space AS int), k) "
        "ELSE pg_advisory_xact_lock(CAST(:space AS int), k) END "
        "FROM unnest(CAST(:keys AS int[]), CAST(:shared AS bool[])) AS l(k, s)",
        {
            "space": space,
            "keys": f"{{{','.join(map(str, ordered))}}}",
            "shared": f"{{{','.join('f' if key in alone else 't' for key in ordered)}}}",
        },
    )


def locking_clause(connection: Connection, strength: str = "UPDATE") -> str:
    """Return the clause that locks the rows read: ` FOR {strength}` on PostgreSQL; SQLite has no row locks.

    `strength` is for example `NO KEY UPDATE` or `UPDATE OF b SKIP LOCKED`.
    """
    return "" if on_sqlite(connection) else f" FOR {strength}"


def in_list(name: str, values: Iterable[Any]) -> tuple[str, dict[str, Any]]:
    """Return what stands within `IN (…)`, `:name0, :name1`, and its parameters; NULL for no values."""
    parameters = {f"{name}{number}": value for number, value in enumerate(values)}
    return ", ".join(f":{mark}" for mark in parameters) or "NULL", parameters


def narrow_to(alias: str, wanted: Mapping[str, Collection[Any]]) -> tuple[list[str], dict[str, Any]]:
    """Return the conditions that columns have one of the values wanted, and their parameters; no values, no condition.

    For `b` and `{"kind": [1, 2], "status": []}`: `b.kind IN (:kind0, :kind1)`.
    """
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    for column, values in wanted.items():
        if values:
            marks, in_values = in_list(column, values)
            conditions.append(f"{alias}.{column} IN ({marks})")
            parameters |= in_values
    return conditions, parameters


def string_agg(connection: Connection, expression: str) -> str:
    """Return the aggregate that joins texts with spaces, NULL without rows.

    SQLite: `group_concat(…, ' ')`. PostgreSQL: `string_agg(…, ' ')`.
    """
    return f"{'group_concat' if on_sqlite(connection) else 'string_agg'}({expression}, ' ')"
