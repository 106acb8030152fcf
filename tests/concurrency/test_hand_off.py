"""Writes and results cross between an event loop and those who write together, and each reaches its caller."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

import pytest

from app.core.database.hand_off import HandOff, QueuedWrite, resolve_all
from app.core.errors import Unavailable


def on_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test on an event loop of its own."""

    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


class Loop:
    """A loop that counts how often other threads wake it."""

    def __init__(self) -> None:
        self.own = asyncio.get_running_loop()
        self.woken = 0

    def __getattr__(self, name: str) -> Any:
        if name == "call_soon_threadsafe":
            self.woken += 1
        return getattr(self.own, name)


def do(item: int) -> QueuedWrite:
    return QueuedWrite(item=item)


@on_a_loop
async def test_what_is_submitted_in_one_turn_goes_over_together_and_comes_back_together() -> None:
    submitted: list[list[int]] = []
    loop: Any = Loop()

    def submit(writes: Sequence[QueuedWrite]) -> None:
        submitted.append([write.item for write in writes])
        answers = [(write, ValueError(write.item) if write.item == 2 else -write.item) for write in writes]
        threading.Thread(target=resolve_all, args=(answers,)).start()

    hand_off = HandOff(loop, submit)
    results = await asyncio.gather(*(hand_off.write(do(item)) for item in (1, 2, 3)), return_exceptions=True)
    assert (results[0], type(results[1]), results[2]) == (-1, ValueError, -3)
    assert (submitted, loop.woken) == ([[1, 2, 3]], 1)
    assert await hand_off.write(do(4)) == -4
    assert submitted[1:] == [[4]]


@on_a_loop
async def test_a_queue_that_takes_nothing_is_told_to_every_caller() -> None:
    def refuse(_: Sequence[QueuedWrite]) -> None:
        raise Unavailable("The service is stopping.")

    hand_off = HandOff(asyncio.get_running_loop(), refuse)
    results = await asyncio.gather(*(hand_off.write(do(item)) for item in (1, 2)), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]


@on_a_loop
async def test_a_write_is_done_though_its_caller_no_longer_waits() -> None:
    submitted: list[QueuedWrite] = []
    hand_off = HandOff(asyncio.get_running_loop(), submitted.extend)
    gone, waiting = (asyncio.create_task(hand_off.write(do(item))) for item in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    assert [write.item for write in submitted] == [1, 2]
    resolve_all([(write, write.item) for write in submitted])
    assert await waiting == 2
    with pytest.raises(asyncio.CancelledError):
        await gone


@on_a_loop
async def test_what_ends_a_thread_does_not_end_its_caller() -> None:
    hand_off = HandOff(asyncio.get_running_loop(), lambda writes: resolve_all([(writes[0], SystemExit())]))
    with pytest.raises(Unavailable):
        await hand_off.write(do(1))


def test_a_result_for_a_loop_that_has_ended_is_nobodys() -> None:
    submitted: list[QueuedWrite] = []

    async def leave() -> None:
        task = asyncio.create_task(HandOff(asyncio.get_running_loop(), submitted.extend).write(do(1)))
        while not submitted:
            await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave())
    resolve_all([(submitted[0], "late")])
