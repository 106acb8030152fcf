"""The floor of batches: every row that a file led to, loaded in bulk into a copy of the database from before it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection

from app.domain.batches import Batch
from app.files.parsing.parser_client import open_file
from app.services.batches.uploads import read_upload
from app.store.sql import statements
from app.store.sql.values import to_document
from benchmarks.world.installation import World

_OF_BATCH = "WHERE {}completion_id IN (SELECT completion_id FROM completions WHERE batch_id = :batch)"
WRITTEN = {
    "batch_pieces": "WHERE batch_id = :batch",
    "learner_links": "WHERE created_at >= (SELECT created_at FROM batches WHERE batch_id = :batch)",
    "completions": "WHERE batch_id = :batch",
    "credits": _OF_BATCH.format(""),
    "credit_types": "JOIN credits x ON x.credit_id = t.credit_id " + _OF_BATCH.format("x."),
    "ledger": "WHERE activity_id IN (SELECT activity_id FROM completions WHERE batch_id = :batch)",
    "commits": "WHERE commit_id > :batch",
    "completion_versions": _OF_BATCH.format(""),
    "audit": "WHERE commit_id > :batch",
    "board_events": "WHERE commit_id > :batch",
    "batch_rows": "WHERE batch_id = :batch",
}
"""The tables that a file adds rows to, in an order that their references allow, and the condition for its rows.

Ids rise with time, so that what was committed after the batch was made is what has a higher one.
"""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of one table."""

    name: str
    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]


def snapshot(world: World) -> str:
    """Copy the database; return the address of the copy."""
    database = world.service.database
    if database.on_sqlite:
        path = Path(world.service.settings.data_dir) / "floor.db"
        for stale in path.parent.glob("floor.db*"):
            stale.unlink()
        with sqlite3.connect(str(database.url.database)) as source:
            source.execute("VACUUM INTO ?", [str(path)])
        return str(path)
    database.engine.dispose()
    named = database.url.set(drivername="postgresql")
    with psycopg.connect(
        named.set(database="postgres").render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute("DROP DATABASE IF EXISTS floor")
        connection.execute("CREATE DATABASE floor TEMPLATE bench")
    return named.set(database="floor").render_as_string(hide_password=False)


def rows_of(world: World, batch: Batch) -> list[Table]:
    """Return every row that a batch led to, in the driver's own types."""
    return rows_where(world, WRITTEN, {"batch": batch.batch_id})


def rows_where(world: World, written: Mapping[str, str], parameters: Mapping[str, Any]) -> list[Table]:
    """Return the rows of tables that fulfil the condition of each, in the driver's own types."""

    def read(connection: Connection) -> list[Table]:
        found = []
        for name, rest in written.items():
            columns = _columns(connection, name)
            taken = statements.fetch(
                connection,
                f"SELECT {', '.join(f't.{column}' for column in columns)} FROM {name} t {rest}",
                dict(parameters),
            )
            if not statements.on_sqlite(connection):
                taken = [tuple(map(_as_text, row)) for row in taken]
            found.append(Table(name=name, columns=columns, rows=taken))
        return found

    return world.service.database.read(read)


def _as_text(value: Any) -> Any:
    return to_document(value) if isinstance(value, dict | list) else value


def _columns(connection: Connection, table: str) -> list[str]:
    if statements.on_sqlite(connection):
        return [row[1] for row in statements.fetch(connection, f"PRAGMA table_info({table})")]
    query = (
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = :table "
        "AND is_generated = 'NEVER' AND is_identity = 'NO' ORDER BY ordinal_position"
    )
    return [row[0] for row in statements.fetch(connection, query, {"table": table})]


def load(world: World, batch: Batch, copy: str, tables: Sequence[Table]) -> None:
    """Read the file and load the rows into a copy of the database in one transaction."""
    with open_file(read_upload(world.service, batch.upload_id), batch.kind, piece_rows=batch.piece_rows) as file:
        for _ in file.pieces():
            pass
    _load(world, copy, tables)


def load_rows(world: World, copy: str, tables: Sequence[Table]) -> float:
    """Load rows into a copy of the database in one transaction; return the seconds, by `clock_of`."""
    clock = clock_of(world)
    begun = clock()
    _load(world, copy, tables)
    return clock() - begun


def clock_of(world: World) -> Callable[[], float]:
    """Return what counts seconds of the processor where the database is part of this process, else of the wall's."""
    return time.process_time if world.service.database.on_sqlite else time.perf_counter


def _load(world: World, copy: str, tables: Sequence[Table]) -> None:
    if world.service.database.on_sqlite:
        _load_sqlite(copy, tables)
    else:
        _load_postgres(copy, tables)


def _load_sqlite(copy: str, tables: Sequence[Table]) -> None:
    connection = sqlite3.connect(copy, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN IMMEDIATE")
    for table in tables:
        marks = ", ".join("?" for _ in table.columns)
        connection.executemany(f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})", table.rows)
    connection.execute("COMMIT")
    connection.close()


def _load_postgres(copy: str, tables: Sequence[Table]) -> None:
    with psycopg.connect(copy) as connection, connection.cursor() as cursor:
        for table in tables:
            with cursor.copy(f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN") as into:
                for row in table.rows:
                    into.write_row(row)
