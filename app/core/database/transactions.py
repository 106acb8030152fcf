"""The database: the only place that begins and commits.

A verb is a function that takes a connection. `read` runs one beside others; `write` runs one in a
transaction of its own, done again when it lost a race; `join_async` does what many callers want at the
same moment for all of them at once. On SQLite every write goes through one thread, and writers that wait
at the same moment share one commit.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app.core.database.engines import postgres_engine, sqlite_engine
from app.core.database.failures import PoolTimeout, connection_lost, lost_a_race, unavailable
from app.core.database.group_commit import Job, Joiner, Joint, T, Verb
from app.core.database.sqlite_writer import Writer
from app.core.errors import Contended, Unavailable

ATTEMPTS = 12
"""How often a transaction that lost a race is done again before the caller is told to come back."""
RECONNECTS = 3
READERS = 8


class Database:
    """One database, SQLite or PostgreSQL, with the threads that talk to it."""

    def __init__(self, url: str, *, pool_size: int = 10, stall_limit: float = 0) -> None:
        self.url = make_url(url)
        self.on_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = (
            sqlite_engine(url, writes=True) if self.on_sqlite else postgres_engine(url, pool_size, stall_limit)
        )
        # A reader sees one moment, however many statements it needs.
        self.reading = (
            sqlite_engine(url, writes=False)
            if self.on_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._threads = ThreadPoolExecutor(READERS if self.on_sqlite else pool_size, thread_name_prefix="database")
        self._writer = Writer(self.engine) if self.on_sqlite else None
        self._asked_at = -math.inf
        self._joiner = Joiner(partial(self._write, patient=False), self._threads, self._write)

    def read(self, verb: Verb[T]) -> T:
        """Run a verb that only reads."""
        for attempt in itertools.count(1):
            try:
                with self.reading.connect() as connection, connection.begin():
                    return verb(connection)
            except (DBAPIError, PoolTimeout) as error:
                if not (connection_lost(error) and attempt < RECONNECTS):
                    raise unavailable(error) from error
        raise AssertionError("counted to infinity")

    def write(self, verb: Verb[T], *, aside: bool = False) -> T:
        """Run a verb in a transaction; when it returns, its work is durable.

        A piece of long work stands `aside`: where there is one writer, others go first.
        """
        if self._writer is None:
            return self._write(verb)
        result: T = self._writer.submit(Job(verb=verb), aside=aside).result()
        return result

    def waited_for(self) -> bool:
        """Tell whether anybody here waits for the one writer; where there are many, nobody has to."""
        return self._writer is not None and self._writer.waited_for

    def asked_within(self, seconds: float) -> bool:
        """Tell whether a request has come to write lately, here: long work is then done in shorter pieces."""
        return time.monotonic() - self._asked_at < seconds

    async def read_async(self, verb: Verb[T]) -> T:
        """Run a reading verb from the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.read, verb)

    async def write_async(self, verb: Verb[T]) -> T:
        """Run a writing verb from the event loop. Once begun it is finished, even if nobody waits any more."""
        self._asked_at = time.monotonic()
        if self._writer is None:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._write, verb)
        result: T = await asyncio.shield(asyncio.wrap_future(self._writer.submit(Job(verb=verb))))
        return result

    async def join_async(self, joint: Joint, item: Any) -> Any:
        """Do one caller's item together with those of others that wait; when this returns, its work is durable."""
        self._asked_at = time.monotonic()
        queue = self._writer or self._joiner
        return await asyncio.shield(asyncio.wrap_future(queue.submit(Job(joint=joint, item=item))))

    def close(self) -> None:
        """Finish what was begun and let go of every connection."""
        self._joiner.close()
        self._threads.shutdown()
        if self._writer:
            self._writer.close()
        self.engine.dispose()
        self.reading.dispose()

    def _write(self, verb: Verb[T], *, patient: bool = True) -> T:
        for attempt in itertools.count(1):
            committing = False
            try:
                with self.engine.connect() as connection, connection.begin() as transaction:
                    result = verb(connection)
                    committing = True
                    transaction.commit()
                    return result
            except (Contended, DBAPIError, PoolTimeout) as error:
                again = lost_a_race(error, attempt, patient=patient) or (
                    connection_lost(error) and not committing and attempt < RECONNECTS
                )
                if not again or attempt >= ATTEMPTS:
                    raise unavailable(error) from error
            except Exception as error:
                if committing:
                    # It may stand: nobody may do it again.
                    raise Unavailable(headers={"Retry-After": "2"}) from error
                raise
            time.sleep(random.uniform(0, 0.004 * 2 ** min(attempt, 6)))
        raise AssertionError("counted to infinity")
