"""The few differences between SQLite and PostgreSQL, and the statements that run per record.

Statements are written once with `:name` parameters and run on the driver: SQLAlchemy's compilation
costs more than most of them. A set of keys is joined as one parameter list (`json_each`, `unnest`),
so that the text stays the same for one key or a thousand, and is planned once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Connection, Date, Dialect, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import JSON

from app.models.base import Instant, instant_text

COPY_FROM = 200
"""From so many rows on, PostgreSQL's COPY is quicker than inserting."""

_NAME = re.compile(r"(?<![:\w]):(\w+)")
Row = tuple[Any, ...]


def on_sqlite(connection: Connection) -> bool:
    """Tell whether the connection is to SQLite."""
    return connection.dialect.name == "sqlite"


@cache
def _for_psycopg(sql: str) -> str:
    return _NAME.sub(r"%(\1)s", sql.replace("%", "%%"))


BEFORE_STATEMENT: list[Callable[[str], None]] = []
"""Called with every statement before it runs: drills put their faults here."""


def _execute(
    connection: Connection, sql: str, given: Any, *, many: bool = False, fetch: bool = False
) -> tuple[list[Row], int]:
    """Run a statement on the driver; return its rows and how many it changed. Errors come as SQLAlchemy's."""
    if not connection.in_transaction():
        # The driver would not be told to begin, and what was written would be lost without a word.
        raise RuntimeError("a statement outside a transaction")
    for observer in BEFORE_STATEMENT:
        observer(sql)
    cursor: Any = connection.connection.cursor()
    try:
        if many:
            cursor.executemany(sql, given)
        else:
            cursor.execute(sql, given)
        return (cursor.fetchall() if fetch else []), cursor.rowcount
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told_by_sqlalchemy(connection, error) from error


def _told_by_sqlalchemy(connection: Connection, error: Any) -> Exception:
    """Return a driver's error as SQLAlchemy tells it, and let go of a connection that is lost."""
    driver: Any = connection.connection.driver_connection
    lost = connection.dialect.is_disconnect(error, driver, None)
    told = DBAPIError.instance(
        None, None, error, connection.dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=lost,
        dialect=connection.dialect,
    )  # fmt: skip
    if lost:
        connection.invalidate(error)
        # Those that rest in the pool were lost with it, or cost little to be made anew.
        connection.engine.dispose(close=False)
    assert isinstance(told, Exception)
    return told


def rows(connection: Connection, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
    """Run a query with `:name` parameters and return its rows as the driver gives them."""
    text = sql if on_sqlite(connection) else _for_psycopg(sql)
    return _execute(connection, text, parameters or {}, fetch=True)[0]


def run(connection: Connection, sql: str, many: Sequence[Mapping[str, Any]]) -> int:
    """Run a statement for each set of parameters and return how many rows it changed in all."""
    if not many:
        return 0
    text = sql if on_sqlite(connection) else _for_psycopg(sql)
    if len(many) == 1:
        return _execute(connection, text, many[0])[1]
    return _execute(connection, text, many, many=True)[1]


def joined(connection: Connection, columns: Sequence[str], keys: Iterable[Sequence[Any]]) -> tuple[str, dict[str, Any]]:
    """Return a FROM item `k` with the given columns of text, one row a key, and its parameters."""
    source, parameters = listed(connection, columns, keys)
    # SQLite is told to begin with the keys.
    return f"{source} CROSS" if on_sqlite(connection) else source, parameters


def listed(connection: Connection, columns: Sequence[str], keys: Iterable[Sequence[Any]]) -> tuple[str, dict[str, Any]]:
    """Return the same FROM item with nothing joined to it, for what is asked of each key by itself."""
    held = [tuple(each) for each in keys]
    if on_sqlite(connection):
        fields = ", ".join(f"value->>{place} AS {name}" for place, name in enumerate(columns))
        return f"(SELECT {fields} FROM json_each(:keys)) AS k", {"keys": json.dumps(held)}
    arrays = ", ".join(f"CAST(:k_{name} AS text[])" for name in columns)
    parameters = {f"k_{name}": array_text([each[place] for each in held]) for place, name in enumerate(columns)}
    return f"unnest({arrays}) AS k({', '.join(columns)}) ", parameters


def array_text(values: Iterable[str | int | None]) -> str:
    """Write an array of texts or whole numbers as PostgreSQL reads it: the driver takes four times as long for it."""
    held = list(values)
    with suppress(TypeError):
        text = '","'.join(held)  # type: ignore[arg-type]
        if held and "\\" not in text and text.count('"') == 2 * len(held) - 2:
            return f'{{"{text}"}}'
    return f"{{{','.join([_in_array(each) for each in held])}}}"


def _in_array(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def placed(connection: Connection, ids: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return a FROM item `k` of ids in their order, with the columns `place`, from 0, and `id`, and its parameters."""
    if on_sqlite(connection):
        return "(SELECT key AS place, value AS id FROM json_each(:keys)) AS k", {"keys": json.dumps(ids)}
    unnested = "unnest(CAST(:keys AS text[])) WITH ORDINALITY AS given(id, place)"
    return f"(SELECT CAST(place AS int) - 1 AS place, id FROM {unnested}) AS k", {"keys": array_text(ids)}


def joined_text(connection: Connection, column: str) -> str:
    """Return the expression that joins a column's values with spaces, NULL when there are none."""
    return f"{'group_concat' if on_sqlite(connection) else 'string_agg'}({column}, ' ')"


def by_keys(
    connection: Connection,
    select: str,
    columns: Sequence[str],
    keys: Iterable[Sequence[Any]],
    join: str,
    rest: str = "",
) -> list[Row]:
    """Return the rows that join a set of keys: SELECT … FROM keys JOIN …; nothing is asked for no keys."""
    held = sorted({tuple(each) for each in keys})
    if not held:
        return []
    source, parameters = joined(connection, columns, held)
    return rows(connection, f"SELECT {select} FROM {source} JOIN {join} {rest}", parameters)


def looked_up(connection: Connection, table: str, condition: str) -> str:
    """Return the join of a set of keys with a table, in which each key is looked up by itself.

    Where nothing is known of a table yet, PostgreSQL would rather read all of it for every key.
    """
    if on_sqlite(connection):
        return f"{table} ON {condition}"
    alias = table.rsplit(maxsplit=1)[-1]
    return f"LATERAL (SELECT {alias}.* FROM {table} WHERE {condition} OFFSET 0) AS {alias} ON true"


def everything(connection: Connection, sql: str, ids: Iterable[str]) -> list[Row]:
    """Return what a statement finds for some ids: `{keys}` stands for them wherever it asks, one parameter for all."""
    held = sorted(ids)
    if not held:
        return []
    source, parameters = joined(connection, ("id",), ((each,) for each in held))
    return rows(connection, sql.format(keys=source), parameters)


def document(value: Any) -> str | None:
    """Write a document column."""
    return None if value is None else to_json(value).decode()


@lru_cache(maxsize=1_024)
def _instant(value: datetime | None) -> str | None:
    return None if value is None else instant_text(value)


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


@cache
def _writers(table: Table, sqlite: bool) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """Return the columns of a table, each with what writes its values; None where the driver does."""
    found: list[tuple[str, Callable[[Any], Any] | None]] = []
    for column in table.columns:
        writer: Callable[[Any], Any] | None = None
        if isinstance(column.type, JSON):
            writer = document
        elif sqlite and isinstance(column.type, Instant):
            writer = _instant
        elif sqlite and isinstance(column.type, Date):
            writer = _iso
        found.append((column.name, writer))
    return tuple(found)


@cache
def _insert(table: Table, sqlite: bool, skip_known: bool) -> str:
    names = [column.name for column in table.columns]
    marks = ", ".join("?" if sqlite else "%s" for _ in names)
    tail = " ON CONFLICT DO NOTHING" if skip_known else ""
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks}){tail}"


@cache
def _insert_columns(table: Table, dialect: Dialect) -> str:
    """Return the statement that takes a list for each column and passes over keys that stand already."""
    names = ", ".join(column.name for column in table.columns)
    kinds = [column.type.compile(dialect).partition(" COLLATE")[0] for column in table.columns]
    lists = ", ".join(f"CAST(%s AS {kind}[])" for kind in kinds)
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({lists}) ON CONFLICT DO NOTHING"


def insert(
    connection: Connection, table: Table, given: Sequence[Mapping[str, Any]], *, skip_known: bool = False
) -> None:
    """Insert rows in their order; columns left out are NULL. `skip_known` passes over keys that stand already."""
    if not given:
        return
    sqlite = on_sqlite(connection)
    writers = _writers(table, sqlite)
    columns = [[each.get(name) for each in given] for name, _ in writers]
    written = [
        column if write is None else list(map(write, column))
        for column, (_, write) in zip(columns, writers, strict=True)
    ]
    if not sqlite and skip_known and len(given) > 1:
        lists = [array_text(each) if type(each[0]) is str else each for each in written]
        _execute(connection, _insert_columns(table, connection.dialect), lists)
        return
    values = list(zip(*written, strict=True))
    if not sqlite and len(values) >= COPY_FROM:
        _copy(connection, f"COPY {table.name} ({', '.join(name for name, _ in writers)}) FROM STDIN", values)
        return
    text = _insert(table, sqlite, skip_known)
    if len(values) == 1:
        _execute(connection, text, values[0])
    else:
        _execute(connection, text, values, many=True)


def update(connection: Connection, table: Table, values: Mapping[str, Any], where: Mapping[str, Any]) -> int:
    """Set columns of the rows with these keys; return how many rows that were."""
    writers = dict(_writers(table, on_sqlite(connection)))
    given = {name: value if (write := writers[name]) is None else write(value) for name, value in values.items()}
    marks = {
        name: f"CAST(:{name} AS jsonb)"
        if isinstance(table.columns[name].type, JSON) and not on_sqlite(connection)
        else f":{name}"
        for name in values
    }
    assigned = ", ".join(f"{name} = {mark}" for name, mark in marks.items())
    conditions = " AND ".join(f"{name} = :where_{name}" for name in where)
    keys = {f"where_{name}": value for name, value in where.items()}
    return run(connection, f"UPDATE {table.name} SET {assigned} WHERE {conditions}", [given | keys])


def _copy(connection: Connection, sql: str, values: Iterable[Sequence[Any]]) -> None:
    for observer in BEFORE_STATEMENT:
        observer(sql)
    cursor: Any = connection.connection.cursor()
    try:
        with cursor.copy(sql) as copy:
            for value in values:
                copy.write_row(value)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told_by_sqlalchemy(connection, error) from error


def as_date(value: Any) -> date:
    """Read a date column that is never null."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def as_date_or_none(value: Any) -> date | None:
    """Read a date column."""
    return None if value is None else as_date(value)


def as_instant(value: Any) -> datetime:
    """Read an instant column that is never null."""
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value)


def as_instant_or_none(value: Any) -> datetime | None:
    """Read an instant column."""
    return None if value is None else as_instant(value)


def as_document(value: Any) -> Any:
    """Read a document column."""
    return from_json(value, cache_strings="keys") if isinstance(value, str) else value


def bound(connection: Connection, value: Any) -> Any:
    """Write a date or an instant as a parameter of a driver statement."""
    if on_sqlite(connection):
        if isinstance(value, datetime):
            return instant_text(value)
        if isinstance(value, date):
            return value.isoformat()
    return value


def lock(connection: Connection, space: int, keys: Iterable[int]) -> None:
    """Hold locks until the transaction ends, taken in sorted order. SQLite has one writer and needs none."""
    held = sorted(set(keys))
    if held and not on_sqlite(connection):
        rows(
            connection,
            "SELECT pg_advisory_xact_lock(CAST(:space AS int), k) FROM unnest(CAST(:keys AS int[])) AS k",
            {"space": space, "keys": array_text(held)},
        )


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Undo what the block wrote when it raises, and nothing else of the transaction."""
    _execute(connection, "SAVEPOINT row", ())
    try:
        yield
    except Exception:
        if connection.in_transaction():
            _execute(connection, "ROLLBACK TO SAVEPOINT row", ())
            _execute(connection, "RELEASE SAVEPOINT row", ())
        raise
    _execute(connection, "RELEASE SAVEPOINT row", ())


def for_update(connection: Connection, strength: str = "UPDATE") -> str:
    """Return the clause that locks the rows read, where the database has row locks."""
    return "" if on_sqlite(connection) else f" FOR {strength}"
