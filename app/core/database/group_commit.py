"""Group commit: writes that wait at the same moment are done in one transaction, with one commit.

A group verb takes a connection and the items of several callers, and returns for each its result or the exception
that its caller gets. It costs a handful of statements for any number of items, so a group saves statements as well as
commits. If it fails as a whole, every item is tried by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.core.database.failures import is_rolled_back
from app.core.database.hand_off import QueuedWrite, Verb, as_group, resolve_all
from app.core.errors import Unavailable

MAX_GROUP = 64
"""Most writes of one group."""
RUNNERS = 2
"""Group transactions that PostgreSQL works on at once: one waits for its commit while the next is judged."""


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

    def submit(self, writes: Sequence[QueuedWrite]) -> None:
        """Queue writes; their results come after the commit. Raises `Unavailable` once closed."""
        with self._lock:
            if self._closed:
                raise Unavailable("The service is stopping.")
            if self._running < RUNNERS:
                self._threads.submit(self._run)
                self._running += 1
            self._waiting.extend(writes)

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
                    resolve_all((write, error) for write in group)
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
        resolve_all((write, error) for write in waiting)

    def _execute(self, writes: Sequence[QueuedWrite]) -> None:
        try:
            results = self._write(as_group(writes))
        except Exception as error:
            if (len(writes) == 1 and not isinstance(error, Unavailable)) or not is_rolled_back(error):
                resolve_all((write, error) for write in writes)
                return
            # One by one, beside the runners: a write that waits for a lock delays no group.
            for write in writes:
                self._threads.submit(self._execute_single, write)
            return
        resolve_all(zip(writes, results, strict=True))

    def _execute_single(self, write: QueuedWrite) -> None:
        try:
            (result,) = self._write_single(as_group([write]))
        except BaseException as error:
            result = error
        resolve_all([(write, result)])
