"""Runs the next piece of work there is. So far: sealing, credit carried to boards, old idempotency keys."""

from __future__ import annotations

import threading

from app.core.errors import Problem
from app.core.logging import log, where
from app.services import feeds, idempotency
from app.services.context import Service
from app.services.sealing import AT_ONCE, seal_next
from app.store import clients, commits

PAUSE_SECONDS = 0.25
FORGET_EVERY = 14_400
"""Rounds between two clearings of old idempotency keys: about an hour of idle rounds."""


class Worker:
    """A thread beside the server that does what is due."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the piece at hand, then stop."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        rounds = 0
        while not self._stopping.is_set():
            sealed = 0
            try:
                sealed = work_once(self._service)
                if rounds % FORGET_EVERY == 0:
                    forget(self._service)
            except Exception as error:
                # Whatever is not done now is found again in the next round: the rows say what is due.
                level = log.warning if isinstance(error, Problem) else log.error
                level("work failed", **where(error))
            rounds += 1
            if sealed < AT_ONCE:
                self._stopping.wait(PAUSE_SECONDS)


def work_once(service: Service) -> int:
    """Do the next piece of work; return how many commits were sealed."""
    sealed = 0
    if service.database.read(lambda connection: commits.unsealed(connection, 1)):
        sealed = service.database.write(lambda connection: seal_next(connection, service))
    feeds.settle_next(service)
    return sealed


def forget(service: Service) -> None:
    """Forget idempotency keys that are older than promised."""
    before = service.clock() - idempotency.KEPT
    service.database.write(lambda connection: clients.forget_keys(connection, before))
