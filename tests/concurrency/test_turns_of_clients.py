"""However much one client asks for at the same moment, the database answers the others meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection

from app.services.context import Service
from tests.harness.wire import SECONDS

NOISY = 40
Run = Callable[..., Awaitable[str]]


async def others_are_served(noisy_runs: Run, quiet_runs: Run) -> None:
    """Let one client ask for so much that never ends, and others beside it."""
    go_on = threading.Event()

    def never_ends(_: Connection) -> str:
        assert go_on.wait(SECONDS)
        return "at last"

    noisy = [asyncio.ensure_future(noisy_runs(never_ends, whose="noisy")) for _ in range(NOISY)]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(SECONDS):
            assert await quiet_runs(lambda _: "at once", whose="quiet") == "at once"
            assert await quiet_runs(lambda _: "at once") == "at once"
        assert not any(done.done() for done in noisy)
    finally:
        go_on.set()
    assert set(await asyncio.gather(*noisy)) == {"at last"}


def test_reads_of_one_client_leave_threads_for_the_others(service: Service) -> None:
    database = service.database
    asyncio.run(others_are_served(database.read_async, database.read_async))


def test_writes_of_one_client_leave_threads_for_those_who_read(service: Service) -> None:
    database = service.database
    asyncio.run(others_are_served(database.write_async, database.read_async))
