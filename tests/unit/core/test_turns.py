"""Turns: so many pieces of one at once, in their order, and never in the way of another's."""

from __future__ import annotations

import asyncio
import threading

from app.core.turns import Turns


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_pieces_of_one_wait_in_their_order_and_those_of_others_do_not() -> None:
    async def run() -> None:
        turns, begun = Turns(2), list[str]()

        async def piece(of: str, name: str) -> None:
            await turns.take(of)
            begun.append(name)

        tasks = [asyncio.ensure_future(piece("noisy", f"noisy {number}")) for number in range(5)]
        await settled()
        tasks.append(asyncio.ensure_future(piece("quiet", "quiet")))
        await settled()
        assert begun == ["noisy 0", "noisy 1", "quiet"]
        for expected in ("noisy 2", "noisy 3", "noisy 4"):
            turns.give("noisy")
            await settled()
            assert begun[-1] == expected
        assert all(task.done() for task in tasks)
        for key in ("noisy", "noisy", "quiet"):
            turns.give(key)
        assert len(turns) == 0

    asyncio.run(run())


def test_who_no_longer_waits_holds_up_nobody() -> None:
    async def run() -> None:
        turns = Turns(1)
        await turns.take("a")
        first, second, third = (asyncio.ensure_future(turns.take("a")) for _ in range(3))
        await settled()
        first.cancel()
        await settled()
        turns.give("a")
        # Called up, and gone before it heard of it.
        second.cancel()
        await settled()
        assert third.done() and not third.cancelled()
        turns.give("a")
        assert len(turns) == 0

    asyncio.run(run())


def test_loops_of_several_threads_share_turns() -> None:
    turns, done = Turns(3), list[int]()

    async def pieces() -> None:
        async def piece() -> None:
            await turns.take("a")
            await asyncio.sleep(0)
            done.append(1)
            turns.give("a")

        await asyncio.gather(*(piece() for _ in range(200)))

    threads = [threading.Thread(target=asyncio.run, args=[pieces()]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert (len(done), len(turns)) == (600, 0)


def test_a_loop_that_ended_with_waiters_holds_up_nobody() -> None:
    turns = Turns(1)

    async def leave_waiting() -> None:
        await turns.take("a")

    ended = asyncio.new_event_loop()
    ended.run_until_complete(turns.take("a"))
    waiting = ended.create_task(leave_waiting())
    ended.run_until_complete(settled())
    assert not waiting.done()
    waiting._log_destroy_pending = False
    ended.close()
    turns.give("a")
    assert len(turns) == 0
