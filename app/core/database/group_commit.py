"""Joining: what many callers want at the same moment, done for all of them at once.

A joint function takes a connection and the items of several callers, and returns for each its result or
the exception it shall see. It costs a handful of statements for any number of items, so joining saves
statements as well as commits. If it fails as a whole, every item is tried alone.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from app.core.database.failures import surely_undone
from app.core.errors import Unavailable

T = TypeVar("T")
Verb = Callable[[Connection], T]
Joint = Callable[[Connection, Sequence[Any]], Sequence[Any]]

AT_ONCE = 64
"""How many callers' work is joined at most."""
RUNNERS = 2
"""How many joint transactions PostgreSQL works on at once: one waits for its commit while the next is judged."""


@dataclass(slots=True, eq=False)
class Job:
    """What one caller wants: a verb of its own, or an item for a joint function."""

    verb: Verb[Any] | None = None
    joint: Joint | None = None
    item: Any = None
    future: Future[Any] = field(default_factory=Future)

    def alone(self) -> Verb[Any]:
        """Return a verb that does this job only, and raises where a joint function returns the exception."""
        if self.verb is not None:
            return self.verb
        assert self.joint is not None
        return partial(_alone, self.joint, self.item)

    def answer(self, result: Any) -> None:
        """Give the caller its result, or the exception it shall see."""
        if isinstance(result, BaseException):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


def _alone(joint: Joint, item: Any, connection: Connection) -> Any:
    (result,) = joint(connection, [item])
    if isinstance(result, BaseException):
        raise result
    return result


def together(jobs: Sequence[Job]) -> Verb[Sequence[Any]]:
    """Return the verb that does the jobs of one joint function at once, with results in their order."""
    joint = jobs[0].joint
    assert joint is not None
    return partial(_joined, joint, [job.item for job in jobs])


def _joined(joint: Joint, items: Sequence[Any], connection: Connection) -> Sequence[Any]:
    return joint(connection, items)


class Joiner:
    """Joins what waits, on a database with many writers."""

    def __init__(
        self,
        write: Callable[[Verb[Any]], Any],
        threads: ThreadPoolExecutor,
        write_aside: Callable[[Verb[Any]], Any] | None = None,
    ) -> None:
        self._write = write
        self._write_aside = write_aside or write
        self._threads = threads
        self._waiting: deque[Job] = deque()
        self._running = 0
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, job: Job) -> Future[Any]:
        """Put a job in the queue; its result comes after the commit."""
        with self._lock:
            if self._closed:
                raise Unavailable("The service is stopping.")
            if self._running < RUNNERS:
                self._threads.submit(self._run)
                self._running += 1
            self._waiting.append(job)
        return job.future

    def close(self) -> None:
        """Take nothing more; what waits is still done."""
        with self._lock:
            self._closed = True

    def _run(self) -> None:
        while True:
            with self._lock:
                joint = self._waiting[0].joint if self._waiting else None
                taken = [job for job in self._waiting if job.joint is joint][:AT_ONCE]
                if not taken:
                    self._running -= 1
                    return
                chosen = set(taken)
                self._waiting = deque(job for job in self._waiting if job not in chosen)
            try:
                self._do(taken)
            except BaseException as error:
                # Whatever happens, everybody is answered, and the next ones find a runner.
                for job in taken:
                    if not job.future.done():
                        job.answer(error)

    def _do(self, jobs: Sequence[Job], *, aside: bool = False) -> None:
        try:
            results = (self._write_aside if aside else self._write)(together(jobs))
        except Exception as error:
            hopeless = aside or (len(jobs) == 1 and not isinstance(error, Unavailable))
            if hopeless or not surely_undone(error):
                for job in jobs:
                    job.answer(error)
                return
            # Each for itself, beside the runners: one that waits for a lock keeps nobody else waiting.
            for job in jobs:
                self._threads.submit(partial(self._do, [job], aside=True))
            return
        for job, result in zip(jobs, results, strict=True):
            job.answer(result)
