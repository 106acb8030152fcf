"""Reads on PostgreSQL from the event loop itself: while the server answers, the loop goes on with other requests.

A thread that waits for the server instead, and the way there and back, takes three times as long as a read by key. Each
verb runs in a greenlet, which SQLAlchemy suspends at each statement.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.core.database.engines import postgres_loop_engine
from app.core.database.failures import is_connection_lost, translate_error
from app.core.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

CONNECTIONS = 4
"""Connections that an event loop keeps for its reads: one does some five thousand reads a second."""
RECONNECTS = 3


class LoopReads:
    """The reads of one event loop, on connections of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, url: str, stall_limit: float) -> None:
        self.loop = loop
        self._engine = postgres_loop_engine(url, stall_limit)
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[AsyncConnection] = []
        self._closed = False

    async def read(self, verb: Callable[[Connection], T], *, one_statement: bool) -> T:
        """Run a verb that reads a few rows; a verb of one statement needs no transaction to see one snapshot."""
        run = verb if one_statement else partial(_in_snapshot, verb)
        async with self._free:
            for attempt in itertools.count(1):
                try:
                    return await self._run(run)
                except DBAPIError as error:
                    if not (is_connection_lost(error) and attempt < RECONNECTS):
                        raise translate_error(error) from error
                    # The others were lost with it, and each would take an attempt of its own.
                    self._cut_idle()
        raise AssertionError("counted to infinity")

    async def _run(self, run: Callable[[Connection], T]) -> T:
        if self._closed:
            raise Unavailable("The service is stopping.")
        connection = self._idle.pop() if self._idle else await self._connect()
        usable = False
        try:
            result = await connection.run_sync(run)
            usable = True
            return result
        except DBAPIError:
            raise
        except Exception:
            # The verb's own words: nothing is wrong with the connection.
            usable = True
            raise
        finally:
            if usable and not self._closed:
                self._idle.append(connection)
            else:
                _cut(connection)

    async def _connect(self) -> AsyncConnection:
        connection = await self._engine.connect()
        # Statements ask for a transaction: of this one the server is not told.
        await connection.begin()
        return connection

    def close(self) -> None:
        """Close the connections, those in use as their reads end; from any thread, whether the loop runs or not."""
        self._closed = True
        self._cut_idle()

    def _cut_idle(self) -> None:
        while self._idle:
            _cut(self._idle.pop())


def _in_snapshot(verb: Callable[[Connection], T], connection: Connection) -> T:
    """Run a verb whose statements all see the same state."""
    connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        return verb(connection)
    finally:
        if not connection.invalidated:
            connection.exec_driver_sql("ROLLBACK")


def _cut(connection: AsyncConnection) -> None:
    """End a connection at once, as the driver does: nothing that could still be waited for is worth it."""
    sync = connection.sync_connection
    if sync is None or sync.invalidated:
        return
    driver = sync.connection.driver_connection
    # Of the pool: it would ask a loop that may have ended.
    sync.detach()
    assert driver is not None
    driver.pgconn.finish()
