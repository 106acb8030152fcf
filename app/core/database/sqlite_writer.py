"""The one thread through which SQLite is written."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from app.core.database.engines import BUSY_SECONDS
from app.core.database.failures import stands, unavailable
from app.core.database.group_commit import AT_ONCE, Job, Verb, together
from app.core.errors import Unavailable

PATIENCE = 0.5
"""Seconds after which a piece of long work goes before those who came by themselves."""


class Writer:
    """Runs what waits in one transaction, each behind a savepoint, and answers everybody after the commit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[Job] = deque()
        self._aside: deque[tuple[float, Job]] = deque()
        """Pieces of long work, each with the moment from which it no longer steps back."""
        self._closed = False
        self._changed = threading.Condition()
        # The first connection is made here: it switches the file to WAL before anybody reads.
        self._connection: Connection | None = engine.connect()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job, *, aside: bool = False) -> Future[Any]:
        """Put a job in the queue; its result comes after the commit. What is aside lets others go first."""
        with self._changed:
            if self._closed:
                raise Unavailable("The service is stopping.")
            if aside:
                self._aside.append((time.monotonic() + PATIENCE, job))
            else:
                self._waiting.append(job)
            self._changed.notify()
        return job.future

    @property
    def waited_for(self) -> bool:
        """Whether anybody waits for what is being written to be committed."""
        return bool(self._waiting or self._aside)

    def close(self) -> None:
        """Finish what is waiting, then stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next():
            self._commit_together(group)
        if self._connection is not None:
            self._connection.close()

    def _next(self) -> list[Job]:
        """Return what is to be done together next; nothing when the writer is closed and all is done."""
        with self._changed:
            while not (self._waiting or self._aside or self._closed):
                self._changed.wait()
            overdue = bool(self._aside) and self._aside[0][0] < time.monotonic()
            if self._aside and (overdue or not self._waiting):
                # Alone: nobody who came by itself waits for a piece to be committed with it.
                return [self._aside.popleft()[1]]
            return [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]

    def _commit_together(self, group: Sequence[Job]) -> None:
        """Run a group in one transaction, and answer everybody after the commit. Whatever happens, all are answered."""
        answers: list[tuple[Job, Any]] = []
        try:
            connection = self._connected()
            _begin(connection)
            for unit in _units(group):
                answers.extend(_done(connection, unit))
            connection.commit()
        except BaseException as error:
            # The commit itself failed (a full disk, a lock held too long): nobody's work is durable.
            self._let_go()
            failure = unavailable(error) if isinstance(error, Exception) else error
            for job in group:
                job.answer(failure)
            return
        for job, result in answers:
            job.answer(result)

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


def _units(group: Sequence[Job]) -> list[list[Job]]:
    """Bring the jobs of one joint function together; every other job is a unit by itself."""
    units: list[list[Job]] = []
    joined: dict[Any, list[Job]] = {}
    for job in group:
        unit = joined.get(job.joint) if job.joint is not None else None
        if unit is not None:
            unit.append(job)
            continue
        units.append([job])
        if job.joint is not None:
            joined[job.joint] = units[-1]
    return units


def _done(connection: Connection, unit: Sequence[Job]) -> list[tuple[Job, Any]]:
    """Do a unit at once; if that fails, each of its jobs alone."""
    if len(unit) == 1:
        return [(unit[0], _behind_savepoint(connection, unit[0].alone()))]
    results = _behind_savepoint(connection, together(unit))
    if isinstance(results, BaseException):
        return [(job, _behind_savepoint(connection, job.alone())) for job in unit]
    return list(zip(unit, results, strict=True))


def _behind_savepoint(connection: Connection, verb: Verb[Any]) -> Any:
    """Return a verb's result, or its exception with nothing of its work left."""
    connection.exec_driver_sql("SAVEPOINT one")
    try:
        result = verb(connection)
    except Exception as error:
        if not stands(connection):
            # The transaction itself is gone: nobody of the group can be answered.
            raise
        connection.exec_driver_sql("ROLLBACK TO one")
        connection.exec_driver_sql("RELEASE one")
        return unavailable(error)
    connection.exec_driver_sql("RELEASE one")
    return result


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
