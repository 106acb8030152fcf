"""The database: the only place that begins and commits transactions.

A verb is a function that takes a connection. `read` runs one beside others; `write` runs one in a transaction of its
own, repeated when it lost a race; `write_grouped_async` runs a group verb for all callers that wait at the same moment.
On SQLite every write goes through one thread, and writes that wait at the same moment share one commit.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import sqlite3
import threading
import time
from concurrent.futures import Future
from functools import partial
from typing import Any

from sqlalchemy import Connection, RootTransaction
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app.core.database.engines import postgres_engine, sqlite_engine
from app.core.database.failures import (
    PoolTimeout,
    is_connection_lost,
    is_retryable,
    raise_interrupt_behind,
    translate_error,
)
from app.core.database.group_commit import GroupCommit
from app.core.database.hand_off import GroupVerb, HandOff, QueuedWrite, T, Verb
from app.core.database.loop_reads import LoopReads
from app.core.database.sqlite_writer import SqliteWriter
from app.core.errors import Contended, Unavailable
from app.core.threads import WatchedPool
from app.core.turns import Turns

ATTEMPTS = 12
"""How often a transaction that loses races is run in all, before the caller is told to come back."""
RECONNECTS = 3
READERS = 8
WRITES_OF_ONE = 16
"""Writes of one client that wait for SQLite's writer; they may share a commit."""


class Database:
    """One database, SQLite or PostgreSQL, with the threads that talk to it."""

    def __init__(self, url: str, *, pool_size: int = 10, stall_limit: float = 0) -> None:
        self.url = make_url(url)
        self.on_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = (
            sqlite_engine(url, writes=True) if self.on_sqlite else postgres_engine(url, pool_size, stall_limit)
        )
        # A reader sees one snapshot, however many statements it needs.
        self.read_engine = (
            sqlite_engine(url, writes=False)
            if self.on_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._stall_limit = stall_limit
        threads = READERS if self.on_sqlite else pool_size
        self._threads = WatchedPool(threads, "database")
        # However much one client asks for at once, half of the threads are left for the others.
        self._turns = Turns(max(1, threads // 2))
        self._write_turns = Turns(WRITES_OF_ONE) if self.on_sqlite else self._turns
        self._writer = SqliteWriter(self.engine) if self.on_sqlite else None
        self._group_commit = GroupCommit(partial(self._write, patient=False), self._threads, self._write)
        self._hand_off: HandOff | None = None
        self._loop_reads: LoopReads | None = None
        self._near: Connection | None = None
        """The connection of reads by key on SQLite."""
        self._near_lock = threading.Lock()
        self._closed = False
        self._last_request_at = -math.inf

    def read(self, verb: Verb[T]) -> T:
        """Run a verb that only reads, in one snapshot."""
        for attempt in itertools.count(1):
            try:
                with self.read_engine.connect() as connection, connection.begin():
                    return verb(connection)
            except (DBAPIError, PoolTimeout) as error:
                raise_interrupt_behind(error)
                if not (is_connection_lost(error) and attempt < RECONNECTS):
                    raise translate_error(error) from error
        raise AssertionError("counted to infinity")

    def write(self, verb: Verb[T], *, background: bool = False) -> T:
        """Run a verb in a transaction; when it returns, its work is durable.

        A piece of long work is a `background` write: where there is one writer, others go first.
        """
        if self._writer is None:
            return self._write(verb)
        result: Future[T] = Future()
        self._writer.submit([QueuedWrite(verb=verb, future=result)], background=background)
        return result.result()

    def has_waiting_writes(self) -> bool:
        """Whether any write here waits for the one writer; where there are many writers, none has to."""
        return self._writer is not None and self._writer.has_waiting

    def had_request_within(self, seconds: float) -> bool:
        """Whether a request came to write here in the last seconds: long work is then done in shorter pieces."""
        return time.monotonic() - self._last_request_at < seconds

    async def read_async(self, verb: Verb[T], *, whose: str | None = None) -> T:
        """Run a reading verb from the event loop; those of one client, `whose` id is given, wait for each other."""
        if whose is None:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self.read, verb)
        await self._turns.take(whose)
        try:
            return await self.read_async(verb)
        finally:
            self._turns.give(whose)

    async def read_by_key_async(self, verb: Verb[T], *, one_statement: bool = False) -> T:
        """Run a verb that reads a few rows by their keys, from the event loop.

        It runs on the loop's own thread, for the way to another and back takes longer than such a read: on SQLite at
        once, on PostgreSQL while the loop goes on, and a verb of `one_statement` without a transaction around it.
        """
        if self.on_sqlite:
            return self._read_near(verb)
        return await self._loop_reads_of(asyncio.get_running_loop()).read(verb, one_statement=one_statement)

    def _loop_reads_of(self, loop: asyncio.AbstractEventLoop) -> LoopReads:
        if self._closed:
            raise Unavailable("The service is stopping.")
        if self._loop_reads is None or self._loop_reads.loop is not loop:
            if self._loop_reads is not None:
                self._loop_reads.close()
            url = self.url.render_as_string(hide_password=False)
            self._loop_reads = LoopReads(loop, url, self._stall_limit)
        return self._loop_reads

    def _read_near(self, verb: Verb[T]) -> T:
        with self._near_lock:
            if self._closed:
                raise Unavailable("The service is stopping.")
            try:
                if self._near is None:
                    self._near = self.read_engine.connect()
                with self._near.begin():
                    return verb(self._near)
            except (DBAPIError, sqlite3.Error) as error:
                self._drop_near()
                raise translate_error(error) from error

    def _drop_near(self) -> None:
        near, self._near = self._near, None
        if near is not None:
            near.invalidate()
            near.close()

    async def write_async(self, verb: Verb[T], *, whose: str | None = None) -> T:
        """Run a writing verb from the event loop; those of one client, `whose` id is given, wait for each other.

        Once begun it is finished, even if its caller no longer waits.
        """
        if whose is not None:
            await self._write_turns.take(whose)
            try:
                return await self.write_async(verb)
            finally:
                self._write_turns.give(whose)
        self._last_request_at = time.monotonic()
        if self._writer is None:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._write, verb)
        result: T = await self._hand_off_of(asyncio.get_running_loop()).write(QueuedWrite(verb=verb))
        return result

    async def write_grouped_async(self, group_verb: GroupVerb, item: Any) -> Any:
        """Write one caller's item in a group with others that wait; when this returns, its work is durable."""
        self._last_request_at = time.monotonic()
        return await self._hand_off_of(asyncio.get_running_loop()).write(QueuedWrite(group_verb=group_verb, item=item))

    def _hand_off_of(self, loop: asyncio.AbstractEventLoop) -> HandOff:
        if self._hand_off is None or self._hand_off.loop is not loop:
            self._hand_off = HandOff(loop, (self._writer or self._group_commit).submit)
        return self._hand_off

    def close(self) -> None:
        """Finish what was begun and close every connection."""
        self._group_commit.close()
        self._threads.shutdown()
        if self._writer:
            self._writer.close()
        with self._near_lock:
            self._closed = True
            self._drop_near()
        if self._loop_reads is not None:
            self._loop_reads.close()
        self.engine.dispose()
        self.read_engine.dispose()

    def _write(self, verb: Verb[T], *, patient: bool = True) -> T:
        for attempt in itertools.count(1):
            committing = False
            try:
                with self.engine.connect() as connection, connection.begin() as transaction:
                    result = verb(connection)
                    committing = True
                    _commit(connection, transaction)
                    return result
            except (Contended, DBAPIError, PoolTimeout) as error:
                raise_interrupt_behind(error)
                retry = is_retryable(error, attempt, patient=patient) or (
                    is_connection_lost(error) and not committing and attempt < RECONNECTS
                )
                if not retry or attempt >= ATTEMPTS:
                    raise translate_error(error) from error
            except Exception as error:
                if committing:
                    # It may have been committed, so it must not be repeated.
                    raise Unavailable(headers={"Retry-After": "2"}) from error
                raise
            time.sleep(random.uniform(0, 0.004 * 2 ** min(attempt, 6)))
        raise AssertionError("counted to infinity")


def _commit(connection: Connection, transaction: RootTransaction) -> None:
    """Commit; when that fails, the next to use the connection must not find what may be an open transaction."""
    try:
        transaction.commit()
    except BaseException:
        connection.invalidate()
        raise
