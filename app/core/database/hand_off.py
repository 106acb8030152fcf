"""Writes on their way to those who write, and their results on the way back.

Each crossing between threads costs more than much of the work. So what one turn of an event loop submits goes over
together, and the results of one commit come back together.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection

from app.core.errors import Unavailable

T = TypeVar("T")
Verb = Callable[[Connection], T]
GroupVerb = Callable[[Connection, Sequence[Any]], Sequence[Any]]


@dataclass(slots=True, eq=False)
class QueuedWrite:
    """A write that waits for its turn: a verb of its own, or an item for a group verb."""

    verb: Verb[Any] | None = None
    group_verb: GroupVerb | None = None
    item: Any = None
    future: Future[Any] | LoopFuture | None = None
    """Where its caller waits, once there is one."""

    def as_single(self) -> Verb[Any]:
        """Return a verb that does this write only.

        Where a group verb returns an exception for its item, so does this, and what the verb wrote is committed.
        """
        if self.verb is not None:
            return self.verb
        assert self.group_verb is not None
        return partial(_run_single, self.group_verb, self.item)


def resolve_all(answers: Iterable[tuple[QueuedWrite, Any]]) -> None:
    """Give callers of writes their results, or the exceptions they get, unless they have one; wake each loop once."""
    woken: dict[HandOff, None] = {}
    for write, result in answers:
        # What ended a thread would end the caller's as well.
        ends = isinstance(result, BaseException) and not isinstance(result, Exception)
        given = Unavailable() if ends else result
        if isinstance(write.future, LoopFuture):
            write.future.hand_off.put(write.future.future, given)
            woken[write.future.hand_off] = None
            continue
        if write.future is None:
            continue
        with suppress(InvalidStateError):
            if isinstance(given, BaseException):
                write.future.set_exception(given)
            else:
                write.future.set_result(given)
    for hand_off in woken:
        hand_off.notify()


def _run_single(group_verb: GroupVerb, item: Any, connection: Connection) -> Any:
    (result,) = group_verb(connection, [item])
    return result


def as_group(writes: Sequence[QueuedWrite]) -> Verb[Sequence[Any]]:
    """Return the verb that does the writes of one group verb in one call, with results in their order."""
    group_verb = writes[0].group_verb
    assert group_verb is not None
    return partial(_run_group, group_verb, [write.item for write in writes])


def _run_group(group_verb: GroupVerb, items: Sequence[Any], connection: Connection) -> Sequence[Any]:
    return group_verb(connection, items)


class HandOff:
    """The way of one event loop to one queue, and back."""

    def __init__(self, loop: asyncio.AbstractEventLoop, submit: Callable[[Sequence[QueuedWrite]], None]) -> None:
        """Hand writes to `submit`, which raises when the queue takes none."""
        self.loop = loop
        self._submit = submit
        self._leaving: list[QueuedWrite] = []
        self._arrived: deque[tuple[asyncio.Future[Any], Any]] = deque()

    async def write(self, write: QueuedWrite) -> Any:
        """Have a write done; return or raise its result. Once called it is done, even if its caller no longer waits."""
        future: asyncio.Future[Any] = self.loop.create_future()
        write.future = LoopFuture(self, future)
        if not self._leaving:
            self.loop.call_soon(self._send)
        self._leaving.append(write)
        return await future

    def _send(self) -> None:
        writes, self._leaving = self._leaving, []
        try:
            self._submit(writes)
        except Exception as error:
            resolve_all((write, error) for write in writes)

    def put(self, future: asyncio.Future[Any], result: Any) -> None:
        """Take a result, which is delivered with the next notice."""
        self._arrived.append((future, result))

    def notify(self) -> None:
        """Have the loop deliver what has arrived."""
        # A loop that has ended has nobody who waits.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        while self._arrived:
            future, result = self._arrived.popleft()
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)


class LoopFuture(NamedTuple):
    """Where an event loop waits for a result."""

    hand_off: HandOff
    future: asyncio.Future[Any]
