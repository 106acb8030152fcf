"""The database: the only place that begins and commits.

A verb is a function that takes a connection. `read` runs one beside others; `write` runs one in a
transaction of its own, done again when it lost a race. On SQLite every write goes through one thread:
writers waiting at the same moment share one commit, each behind a savepoint, so that one that fails
takes nothing of the others with it.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.errors import Contended, Unavailable
from app.core.logging import log, where

T = TypeVar("T")
Verb = Callable[[Connection], T]

ATTEMPTS = 12
"""How often a transaction that lost a race is done again before the caller is told to come back."""
GROUP = 64
"""How many waiting writers share one commit on SQLite."""
BUSY_SECONDS = 15
UNIQUE_VIOLATION = "23505"
UNIQUE_ATTEMPTS = 5
_RETRIED_STATES = frozenset({"40001", "40P01"})


class Database:
    """One database, SQLite or PostgreSQL, with the threads that talk to it."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = make_url(url)
        self.on_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url, writes=True) if self.on_sqlite else _postgres_engine(url, pool_size)
        # A reader sees one moment, however many statements it needs.
        self.reading = (
            _sqlite_engine(url, writes=False)
            if self.on_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._threads = ThreadPoolExecutor(8 if self.on_sqlite else pool_size, thread_name_prefix="database")
        self._writer = _Writer(self.engine) if self.on_sqlite else None

    def read(self, verb: Verb[T]) -> T:
        """Run a verb that only reads."""
        for attempt in itertools.count(1):
            try:
                with self.reading.connect() as connection, connection.begin():
                    return verb(connection)
            except (DBAPIError, PoolTimeout) as error:
                lost = isinstance(error, DBAPIError) and error.connection_invalidated
                if not (lost and attempt < 3):
                    raise _unavailable(error) from error
        raise AssertionError("counted to infinity")

    def write(self, verb: Verb[T]) -> T:
        """Run a verb in a transaction; when it returns, its work is durable."""
        return self._writer.submit(verb).result() if self._writer else self._write(verb)

    async def read_async(self, verb: Verb[T]) -> T:
        """Run a reading verb from the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.read, verb)

    async def write_async(self, verb: Verb[T]) -> T:
        """Run a writing verb from the event loop. Once begun it is finished, even if nobody waits any more."""
        if self._writer:
            return await asyncio.shield(asyncio.wrap_future(self._writer.submit(verb)))
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._write, verb)

    def close(self) -> None:
        """Finish what was begun and let go of every connection."""
        self._threads.shutdown()
        if self._writer:
            self._writer.close()
        self.engine.dispose()
        self.reading.dispose()

    def _write(self, verb: Verb[T]) -> T:
        for attempt in itertools.count(1):
            committing = False
            try:
                with self.engine.connect() as connection, connection.begin() as transaction:
                    result = verb(connection)
                    committing = True
                    transaction.commit()
                    return result
            except (Contended, DBAPIError, PoolTimeout) as error:
                lost = isinstance(error, DBAPIError) and error.connection_invalidated
                again = _lost_a_race(error, attempt) or (lost and not committing and attempt < 3)
                if not again or attempt >= ATTEMPTS:
                    raise _unavailable(error) from error
            time.sleep(random.uniform(0, 0.004 * 2 ** min(attempt, 6)))
        raise AssertionError("counted to infinity")


def _lost_a_race(error: Exception, attempt: int) -> bool:
    """Tell whether doing the transaction again can help: it then sees what the winner wrote."""
    if isinstance(error, Contended):
        return True
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        if state == UNIQUE_VIOLATION:
            # The winner is seen by the next attempt; a violation that stays is a fault of ours.
            return attempt < UNIQUE_ATTEMPTS
        return state in _RETRIED_STATES
    return False


def _unavailable(error: Exception) -> Exception:
    """Return what to raise: what we did wrong stays our fault, everything else is the database's state."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if not (lost or isinstance(error, OperationalError | InterfaceError | PoolTimeout | Contended)):
        return error
    log.error("database unavailable", **where(getattr(error, "orig", None) or error))
    return Unavailable(headers={"Retry-After": "2"})


Job = tuple[Verb[Any], Future[Any]]


class _Writer:
    """The one thread through which SQLite is written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closed = False
        # The first connection is made here: it switches the file to WAL before anybody reads.
        self._connection: Connection | None = engine.connect()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, verb: Verb[T]) -> Future[T]:
        """Put a verb in the queue; its result comes after the commit."""
        if self._closed:
            raise Unavailable("The service is stopping.")
        future: Future[T] = Future()
        self._waiting.put((verb, future))
        return future

    def close(self) -> None:
        """Finish what is waiting, then stop."""
        self._closed = True
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = [first]
            stop = False
            while len(group) < GROUP and not stop:
                try:
                    job = self._waiting.get_nowait()
                except queue.Empty:
                    break
                stop = job is None
                if job is not None:
                    group.append(job)
            self._commit_together(group)
            if stop:
                break
        if self._connection is not None:
            self._connection.close()

    def _commit_together(self, group: list[Job]) -> None:
        """Run a group in one transaction, and answer everybody after the commit. Whatever happens, all are answered."""
        answers: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            connection = self._connected()
            _begin(connection)
            for verb, future in group:
                result, error = self._one(connection, verb, alone=len(group) == 1)
                answers.append((future, result, error))
            if len(group) == 1 and answers[0][2] is not None:
                connection.rollback()
            else:
                connection.commit()
        except Exception as error:
            # The commit itself failed (a full disk, a lock held too long): nobody's work is durable.
            self._let_go()
            failure = _unavailable(error)
            for _, future in group:
                future.set_exception(failure)
            return
        for future, result, failed in answers:
            if failed is not None:
                future.set_exception(failed)
            else:
                future.set_result(result)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _let_go(self) -> None:
        """Drop the connection, whatever state it is in; the next group opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.invalidate()
            finally:
                connection.close()

    @staticmethod
    def _one(connection: Connection, verb: Verb[Any], *, alone: bool) -> tuple[Any, BaseException | None]:
        if not alone:
            connection.exec_driver_sql("SAVEPOINT one")
        try:
            result = verb(connection)
        except Exception as error:
            if isinstance(error, OperationalError):
                raise
            if not alone:
                connection.exec_driver_sql("ROLLBACK TO one")
                connection.exec_driver_sql("RELEASE one")
            return None, _unavailable(error)
        if not alone:
            connection.exec_driver_sql("RELEASE one")
        return result, None


def _begin(connection: Connection) -> None:
    """Take SQLite's write lock, waiting for a command that holds it."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.begin()
            return
        except OperationalError:
            connection.rollback()
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _sqlite_engine(url: str, *, writes: bool) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        from pathlib import Path

        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": 5, "cached_statements": 512}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # We begin and commit ourselves: the driver would begin too late, without the write lock.
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
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Let readers and the writer work side by side; the switch itself does not wait for others by itself."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _postgres_engine(url: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        connect_args={"connect_timeout": 5, "application_name": "pars"},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Nobody waits for ever behind a transaction whose process is gone.
        connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
        # Statements join a set of keys; the plan for one key is the plan for a thousand, and is made once.
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.commit()

    return engine
