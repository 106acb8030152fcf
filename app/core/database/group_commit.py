"""Group commit: writes that wait at the same moment are done in one transaction, with one commit.

A group verb takes a connection and the items of several callers, and returns for each its result or the exception
that its caller gets. It costs a handful of statements for any number of items, so a group saves statements as well as
commits. If it fails as a whole, every item is tried by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from app.core.database.failures import is_rolled_back
from app.core.errors import Unavailable

T = TypeVar("T")
Verb = Callable[[Connection], T]
GroupVerb = Callable[[Connection, Sequence[Any]], Sequence[Any]]

MAX_GROUP = 64
"""Most writes of one group."""
RUNNERS = 2
"""Group transactions that PostgreSQL works on at once: one waits for its commit while the next is judged."""


@dataclass(slots=True, eq=False)
class QueuedWrite:
    """A write that waits for its turn: a verb of its own, or an item for a group verb."""

    verb: Verb[Any] | None = None
    group_verb: GroupVerb | None = None
    item: Any = None
    future: Future[Any] = field(default_factory=Future)

    def as_single(self) -> Verb[Any]:
        """Return a verb that does this write only, and raises where a group verb returns the exception."""
        if self.verb is not None:
            return self.verb
        assert self.group_verb is not None
        return partial(_run_single, self.group_verb, self.item)

    def resolve(self, result: Any) -> None:
        """Give the caller its result, or the exception it gets, unless it has one."""
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            # What ended a thread would end the caller's as well.
            result = Unavailable()
        with suppress(InvalidStateError):
            if isinstance(result, BaseException):
                self.future.set_exception(result)
            else:
                self.future.set_result(result)


def _run_single(group_verb: GroupVerb, item: Any, connection: Connection) -> Any:
    (result,) = group_verb(connection, [item])
    if isinstance(result, BaseException):
        raise result
    return result


def as_group(writes: Sequence[QueuedWrite]) -> Verb[Sequence[Any]]:
    """Return the verb that does the writes of one group verb in one call, with results in their order."""
    group_verb = writes[0].group_verb
    assert group_verb is not None
    return partial(_run_group, group_verb, [write.item for write in writes])


def _run_group(group_verb: GroupVerb, items: Sequence[Any], connection: Connection) -> Sequence[Any]:
    return group_verb(connection, items)


class GroupCommit:
    """The queue of a database with many writers: whatever waits for the same group verb is done as one group."""

    def __init__(
        self,
        write: Callable[[Verb[Any]], Any],
        threads: ThreadPoolExecutor,
        write_single: Callable[[Verb[Any]], Any] | None = None,
    ) -> None:
        self._write = write
        self._write_single = write_single or write
        self._threads = threads
        self._waiting: deque[QueuedWrite] = deque()
        self._running = 0
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, write: QueuedWrite) -> Future[Any]:
        """Queue a write; its result comes after the commit. Raises `Unavailable` once closed."""
        with self._lock:
            if self._closed:
                raise Unavailable("The service is stopping.")
            if self._running < RUNNERS:
                self._threads.submit(self._run)
                self._running += 1
            self._waiting.append(write)
        return write.future

    def close(self) -> None:
        """Accept no further writes; those that wait are still done."""
        with self._lock:
            self._closed = True

    def _run(self) -> None:
        try:
            while group := self._next_group():
                try:
                    self._execute(group)
                except BaseException as error:
                    # Whatever happens, every caller gets a result, and the next writes find a runner.
                    for write in group:
                        write.resolve(error)
        except BaseException as error:
            self._abandon(error)
            raise

    def _next_group(self) -> list[QueuedWrite]:
        """Take the writes of the next transaction; none when nothing waits, and this runner ends."""
        with self._lock:
            group_verb = self._waiting[0].group_verb if self._waiting else None
            group = [write for write in self._waiting if write.group_verb is group_verb][:MAX_GROUP]
            if not group:
                self._running -= 1
                return []
            taken = set(group)
            self._waiting = deque(write for write in self._waiting if write not in taken)
        return group

    def _abandon(self, error: BaseException) -> None:
        """Let the next write start a runner in place of one that failed, and answer what waits."""
        with self._lock:
            self._running -= 1
            waiting, self._waiting = self._waiting, deque()
        for write in waiting:
            write.resolve(error)

    def _execute(self, writes: Sequence[QueuedWrite]) -> None:
        try:
            results = self._write(as_group(writes))
        except Exception as error:
            if (len(writes) == 1 and not isinstance(error, Unavailable)) or not is_rolled_back(error):
                for write in writes:
                    write.resolve(error)
                return
            # One by one, beside the runners: a write that waits for a lock delays no group.
            for write in writes:
                self._threads.submit(self._execute_single, write)
            return
        for write, result in zip(writes, results, strict=True):
            write.resolve(result)

    def _execute_single(self, write: QueuedWrite) -> None:
        try:
            (result,) = self._write_single(as_group([write]))
        except BaseException as error:
            result = error
        write.resolve(result)
