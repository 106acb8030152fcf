"""Runs the work there is, each kind in a loop of its own, so that none of them waits for another.

What is due stands in the rows: whatever is not done now is found again in the next round, by this process or another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.core.errors import Problem
from app.core.logging import log, where
from app.services import batch_work, feeds, idempotency, uploads
from app.services.batch_work import Pace
from app.services.context import Service
from app.services.sealing import Sealed, seal_next
from app.store import clients, commits

PAUSE_SECONDS = 0.25
HOUR_SECONDS = 3_600
READERS = 2
"""Files read at once, each in a child process: a small file need not wait for a large one."""

Work = Callable[[Service], bool]
"""Does the next piece; tells whether there may be more at once."""


class Loop:
    """A thread that does one kind of work for as long as there is any, and looks again after a pause."""

    def __init__(self, service: Service, name: str, work: Work, pause: float = PAUSE_SECONDS) -> None:
        self._service = service
        self._name = name
        self._work = work
        self._pause = pause
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin no further piece."""
        self._stopping.set()

    def wait(self) -> None:
        """Wait until the piece at hand is finished."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            more = False
            try:
                more = self._work(self._service)
            except Exception as error:
                level = log.warning if isinstance(error, Problem) else log.error
                level("work failed", work=self._name, **where(error))
            if not more:
                self._stopping.wait(self._pause)


class Worker:
    """What works beside the server, or by itself."""

    def __init__(self, service: Service, *, appliers: int = 1) -> None:
        self._loops = [
            Loop(service, "sealing", seal),
            Loop(service, "settling", settle),
            Loop(service, "forgetting", forget, HOUR_SECONDS),
            *(Loop(service, "reading files", batch_work.read_one) for _ in range(READERS)),
            *(Loop(service, "applying files", Applier(service)) for _ in range(appliers)),
        ]

    def stop(self) -> None:
        """Finish the pieces at hand, then stop."""
        for loop in self._loops:
            loop.ask_to_stop()
        for loop in self._loops:
            loop.wait()


def seal(service: Service) -> bool:
    """Seal what was committed, and put its events before boards and providers."""
    if not service.database.read(commits.any_unsealed):
        return False
    return service.database.write(lambda connection: seal_next(connection, service)) is Sealed.A_PART


def settle(service: Service) -> bool:
    """Accept credit that has reached a board which does not decide."""
    return feeds.settle_next(service) > 0


def forget(service: Service) -> bool:
    """Forget idempotency keys that are older than promised, and uploads that never became a batch."""
    before = service.clock() - idempotency.KEPT
    service.database.write(lambda connection: clients.forget_keys(connection, before))
    return uploads.forget_abandoned(service) > 0


class Applier:
    """Lets the next records of files take effect, as many at once as one transaction may last."""

    def __init__(self, service: Service) -> None:
        self._pace = Pace(on_sqlite=service.database.on_sqlite)

    def __call__(self, service: Service) -> bool:
        """Do the next piece."""
        return batch_work.apply_some(service, self._pace)
