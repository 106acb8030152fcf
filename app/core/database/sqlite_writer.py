"""The one thread that writes to SQLite.

Should it die, every write that has no answer yet fails at once, and so do those that come before it runs again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from app.core.database.engines import BUSY_SECONDS
from app.core.database.failures import is_locked, is_transaction_open, translate_error
from app.core.database.group_commit import MAX_GROUP
from app.core.database.hand_off import GroupVerb, QueuedWrite, Verb, as_group, resolve_all
from app.core.errors import Unavailable
from app.core.logging import error_fields, log
from app.core.threads import WatchedThread

Answer: TypeAlias = tuple[QueuedWrite, Any]
"""A write with its result, or the exception that its caller gets."""
GATHER_SECONDS = 0.001
"""How long those who wait give those just answered to write again with them, at most."""
BACKGROUND_WAIT = 0.5
"""Seconds after which a background write goes before the requests that wait."""


class SqliteWriter:
    """Commits the writes that wait in one transaction, and answers them after the commit.

    Each unit of them is behind a savepoint, unless it is alone.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[QueuedWrite] = deque()
        self._background: deque[tuple[float, QueuedWrite]] = deque()
        """Pieces of long work, each with the moment from which it no longer gives way."""
        self._unanswered: set[QueuedWrite] = set()
        """Every write that was taken and has no answer, wherever it is."""
        self._returning = 0
        """How many callers the transaction under way will answer, who may write again; none for long work."""
        self._expected = 0
        """How many writes the next group may hold, if all who were just answered write again."""
        self._closed = False
        self._running = True
        self._changed = threading.Condition()
        # The first connection is made here: it switches the file to WAL before anybody reads.
        self._connection: Connection | None = engine.connect()
        self._thread = WatchedThread("writer", self._run, on_death=self._fail_all)
        self._thread.start()

    def submit(self, writes: Sequence[QueuedWrite], *, background: bool = False) -> None:
        """Queue writes; their results come after the commit. Background writes give way to others.

        Raises `Unavailable` once closed, and while its thread is being started again.
        """
        with self._changed:
            if self._closed:
                raise Unavailable("The service is stopping.")
            if not self._running or self._thread.is_dead:
                raise Unavailable("The writer is being started again.", headers={"Retry-After": "2"})
            self._unanswered.update(writes)
            if background:
                self._background.extend((time.monotonic() + BACKGROUND_WAIT, write) for write in writes)
            else:
                self._waiting.extend(writes)
            self._changed.notify()

    @property
    def has_waiting(self) -> bool:
        """Whether any write waits for the present transaction to be committed."""
        return bool(self._waiting or self._background)

    def close(self) -> None:
        """Finish the writes that wait, then stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.wait()

    def _run(self) -> None:
        self._running = True
        while group := self._next_group():
            self._commit_group(group)
        if self._connection is not None:
            self._connection.close()

    def _fail_all(self) -> None:
        """Answer every write after the death of the thread: nobody knows how far it came with those it had begun."""
        with self._changed:
            self._running = False
            unanswered, self._unanswered = self._unanswered, set()
            self._waiting.clear()
            self._background.clear()
        try:
            self._drop_connection()
        finally:
            stopped = Unavailable("The writer stopped.", headers={"Retry-After": "2"})
            resolve_all((write, stopped) for write in unanswered)

    def _answer(self, answers: Sequence[Answer]) -> None:
        resolve_all(answers)
        self._unanswered.difference_update(write for write, _ in answers)
        self._expected = min(MAX_GROUP, self._returning + len(self._waiting))

    def _next_group(self) -> list[QueuedWrite]:
        """Return the writes of the next transaction; none when the writer is closed and all is done."""
        with self._changed:
            while not (self._waiting or self._background or self._closed):
                self._changed.wait()
            self._gather()
            overdue = bool(self._background) and self._background[0][0] < time.monotonic()
            if self._background and (overdue or not self._waiting):
                # By itself: no request waits for a piece of long work to be committed with it.
                self._returning = 0
                return [self._background.popleft()[1]]
            self._returning = min(MAX_GROUP, len(self._waiting))
            return [self._waiting.popleft() for _ in range(self._returning)]

    def _gather(self) -> None:
        """Wait a moment for those just answered: with the ones who wait, they make one group instead of two."""
        until = time.monotonic() + GATHER_SECONDS
        while len(self._waiting) < self._expected and not (self._closed or self._background):
            left = until - time.monotonic()
            if left <= 0 or not self._changed.wait(left):
                break

    def _commit_group(self, group: Sequence[QueuedWrite]) -> None:
        """Run a group in one transaction, and answer its writes after the commit; all are answered, come what may."""
        try:
            connection = self._connect()
            answers = _run_units(connection, _units(group))
            connection.commit()
        except BaseException as error:
            # The commit itself failed (a full disk, a lock held too long): no write of the group is durable.
            self._drop_connection()
            failure = translate_error(error) if isinstance(error, Exception) else error
            self._answer([(write, failure) for write in group])
            return
        self._answer(answers)

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _drop_connection(self) -> None:
        """Drop the connection, whatever state it is in; the next group opens another."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.invalidate()
            connection.close()
        except Exception as error:
            log.warning("a connection could not be closed", **error_fields(error))


def _units(group: Sequence[QueuedWrite]) -> list[list[QueuedWrite]]:
    """Put the writes of one group verb together; every other write is a unit by itself."""
    units: list[list[QueuedWrite]] = []
    by_verb: dict[GroupVerb, list[QueuedWrite]] = {}
    for write in group:
        unit = by_verb.get(write.group_verb) if write.group_verb is not None else None
        if unit is not None:
            unit.append(write)
            continue
        units.append([write])
        if write.group_verb is not None:
            by_verb[write.group_verb] = units[-1]
    return units


def _run_units(connection: Connection, units: Sequence[Sequence[QueuedWrite]]) -> list[Answer]:
    """Run units in a transaction, which is left to be committed; one unit alone needs no savepoint."""
    _begin(connection)
    if len(units) == 1:
        (unit,) = units
        try:
            if len(unit) == 1:
                return [(unit[0], unit[0].as_single()(connection))]
            return list(zip(unit, as_group(unit)(connection), strict=True))
        except Exception as error:
            if not is_transaction_open(connection):
                raise
            connection.rollback()
            if len(unit) == 1:
                return [(unit[0], translate_error(error))]
        _begin(connection)
        units = [[write] for write in unit]
    return [answer for unit in units for answer in _run_unit(connection, unit)]


def _run_unit(connection: Connection, unit: Sequence[QueuedWrite]) -> list[Answer]:
    """Run a unit as a group; if that fails, each of its writes by itself."""
    if len(unit) == 1:
        return [(unit[0], _run_behind_savepoint(connection, unit[0].as_single()))]
    results = _run_behind_savepoint(connection, as_group(unit))
    if isinstance(results, BaseException):
        return [(write, _run_behind_savepoint(connection, write.as_single())) for write in unit]
    return list(zip(unit, results, strict=True))


def _run_behind_savepoint(connection: Connection, verb: Verb[Any]) -> Any:
    """Return a verb's result, or its exception with nothing of its work left."""
    connection.exec_driver_sql("SAVEPOINT one")
    try:
        result = verb(connection)
    except Exception as error:
        if not is_transaction_open(connection):
            # The transaction itself is gone, and with it the work of the whole group.
            raise
        connection.exec_driver_sql("ROLLBACK TO one")
        connection.exec_driver_sql("RELEASE one")
        return translate_error(error)
    connection.exec_driver_sql("RELEASE one")
    return result


def _begin(connection: Connection) -> None:
    """Take SQLite's write lock, waiting for another process that holds it."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.begin()
            return
        except OperationalError as error:
            connection.rollback()
            if not is_locked(error.orig) or time.monotonic() > until:
                raise
            time.sleep(0.02)
