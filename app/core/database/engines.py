"""Engines: how connections to SQLite and PostgreSQL are set up."""

from __future__ import annotations

import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pydantic_core import from_json
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool
from sqlalchemy.util import asbool

from app.core.database.failures import is_locked
from app.core.private_files import make_file

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

BUSY_SECONDS = 15
"""Seconds that SQLite's writer waits for another process's lock."""
LOCK_SECONDS = 5
"""Seconds that a PostgreSQL transaction waits for another's lock, an idempotency key's included."""


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite database, links resolved; None for one in memory."""
    given = make_url(url)
    name = given.database
    if name and name.startswith("file:") and asbool(given.query.get("uri", False)):
        name = unquote(urlsplit(name).path) if given.query.get("mode") != "memory" else None
    return Path(name).resolve() if name and name != ":memory:" else None


def sqlite_engine(url: str, *, writes: bool) -> Engine:
    """Return an engine for the one writer, or for readers that cannot write."""
    path = file_of(url)
    if path is not None:
        # SQLite gives the files it makes beside this one the same mode.
        make_file(path)
    engine = create_engine(
        url, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": 5, "cached_statements": 512}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # Transactions begin and end here: the driver would begin one too late, without the write lock.
        connection.isolation_level = None
        if writes:
            _switch_to_wal(connection)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-65536",
            "temp_store=MEMORY",
            "mmap_size=268435456",
            *(() if writes else ("query_only=ON",)),
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if writes:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            # Takes no lock and reads no page, so only a broken connection fails; the library's own way takes as long
            # as a read by key.
            connection.connection.cursor().execute("BEGIN")

    return engine


def find_damage(engine: Engine, seconds: float) -> str | None:
    """Return what SQLite finds wrong with its file within some seconds, None for nothing so far or PostgreSQL.

    A gigabyte takes about four seconds to look through; a larger file is looked through in part.
    """
    if engine.dialect.name != "sqlite":
        return None
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        until = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > until, 10_000)
        try:
            (found,) = driver.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        finally:
            driver.set_progress_handler(None, 0)
    return None if found == "ok" else str(found).strip().splitlines()[-1]


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Let readers and the writer work side by side. The busy timeout does not cover the switch: it is retried."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not is_locked(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def postgres_engine(url: str, pool_size: int, stall_limit: float = 0) -> Engine:
    """Return an engine with a bounded pool. No transaction idles longer than the stall limit in seconds; 0 for none."""
    engine = create_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=30, **_POSTGRES)
    _prepare_connections(engine, stall_limit)
    return engine


def postgres_loop_engine(url: str, stall_limit: float = 0) -> AsyncEngine:
    """Return an engine for an event loop, whose connections are kept by who made them and begin no transaction."""
    # Brings the object mapper with it, which takes a quarter of the start of a command that only prints a list.
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", **_POSTGRES)
    _prepare_connections(engine.sync_engine, stall_limit)
    return engine


_POSTGRES: dict[str, Any] = {
    "hide_parameters": True,
    "json_deserializer": partial(from_json, cache_strings="keys"),
    "connect_args": {"connect_timeout": 5, "application_name": "pars"},
}


def _prepare_connections(engine: Engine, stall_limit: float) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        settings = (
            # No transaction waits for ever behind one whose process is gone.
            f"lock_timeout = '{LOCK_SECONDS}s'",
            # A stopped process keeps its connection, and with it its locks; the server ends such a transaction.
            f"idle_in_transaction_session_timeout = '{stall_limit * 1_000:.0f}ms'",
            # Statements join a set of keys: the plan for one key serves a thousand, so it is made once.
            "plan_cache_mode = force_generic_plan",
            # A plan made while a table was small would scan it, and be kept. Every key has an index.
            *(f"enable_{scan} = off" for scan in ("seqscan", "hashjoin", "mergejoin")),
        )
        cursor = connection.cursor()
        cursor.execute("; ".join(f"SET {setting}" for setting in settings))
        cursor.close()
        connection.commit()
