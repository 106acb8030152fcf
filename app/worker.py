"""The background worker: each kind of work in a loop of its own, so that none waits for another.

All work is found in rows of the database: what is not done now is found again in the next round, by this process or
another.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection

from app.core.errors import Problem
from app.core.logging import error_fields, log
from app.core.threads import WatchedThread
from app.domain.webhooks import LeasedDelivery
from app.services.access import identity_budgets
from app.services.access.retention import DailyRetention
from app.services.batches import steps, uploads
from app.services.batches.steps import Pace
from app.services.boards.decisions import settle_next
from app.services.context import Service
from app.services.events import sender
from app.services.events.deliveries import remove_deleted_endpoints
from app.services.events.recovery import recover_next
from app.services.events.sender import WebhookSender
from app.services.held.judging import HeldJudge
from app.services.operations.sealing import SealResult, seal_next
from app.services.passport import accounts, address_changes, answering, forgetting, one_account, telling
from app.services.people import mail, staff_mails
from app.store import commits, stalled_connections
from app.store.looking import totals

PAUSE_SECONDS = 0.25
HOUR_SECONDS = 3_600
STALL_SECONDS = 5
DISPUTE_SECONDS = 5
ACCOUNT_SECONDS = 5
MAIL_SECONDS = 1
STAFF_MAIL_SECONDS = 600
TELL_SECONDS = 5
CONFIRM_SECONDS = 60
READERS = 2
"""Files read at once, each in a child process: a small file need not wait for a large one."""
LEAVE_SECONDS = 2
"""How long a stopping worker waits for attempts under way; later ones are repeated by the next worker."""
STOP_SECONDS = 30
"""How long a stopping worker waits for all pieces under way; what is cut off is done again by the next worker."""

Work = Callable[[Service], bool]
"""Does the next piece of work; returns whether there may be more right now."""


class Loop:
    """A thread that does one kind of work for as long as there is any, and looks again after a pause."""

    def __init__(self, service: Service, name: str, work: Work, pause: float = PAUSE_SECONDS) -> None:
        self.name = name
        self._service = service
        self._work = work
        self._pause = pause
        self._stopping = threading.Event()
        self._thread = WatchedThread(name, self._run, pause=pause)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin no further piece."""
        self._stopping.set()

    def wait(self, seconds: float) -> bool:
        """Wait until the piece under way is finished, for some seconds at most; return whether it is."""
        return self._thread.wait(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            more = False
            try:
                more = self._work(self._service)
            except Exception as error:
                _log_failure(self.name, error)
            self._thread.beat()
            if not more:
                self._stopping.wait(self._pause)


class DeliveryLoop:
    """A thread that sends webhooks, many at a time, so that a slow receiver delays no other."""

    name = "sending"

    def __init__(self, service: Service) -> None:
        self._sender = WebhookSender.of(service)
        self._stopping = threading.Event()
        self._thread = WatchedThread(self.name, lambda: asyncio.run(self._run()), pause=PAUSE_SECONDS)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Take no further deliveries."""
        self._stopping.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the attempts under way, for `LEAVE_SECONDS` at most; return whether it has stopped."""
        return self._thread.wait(seconds)

    async def _run(self) -> None:
        # Names are resolved in threads, which a slow name server may block: there is one for every attempt.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(sender.AT_ONCE, "resolver"))
        under_way: set[asyncio.Task[None]] = set()
        while not self._stopping.is_set():
            taken = await self._take(sender.AT_ONCE - len(under_way))
            self._thread.beat()
            under_way |= {asyncio.create_task(self._deliver(leased)) for leased in taken}
            if not taken and under_way:
                await asyncio.wait(under_way, timeout=PAUSE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            elif not taken:
                await asyncio.sleep(PAUSE_SECONDS)
            under_way = {attempt for attempt in under_way if not attempt.done()}
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=LEAVE_SECONDS)
            for attempt in late:
                attempt.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _take(self, most: int) -> list[LeasedDelivery]:
        try:
            return await self._sender.lease_due(most) if most > 0 else []
        except Exception as error:
            _log_failure("sending", error)
            return []

    async def _deliver(self, leased: LeasedDelivery) -> None:
        try:
            await self._sender.deliver(leased)
        except Exception as error:
            # Its lease ends, and it is sent again.
            _log_failure("sending", error)


def _log_failure(work: str, error: Exception) -> None:
    level = log.warning if isinstance(error, Problem) else log.error
    level("work failed", work=work, **error_fields(error))


class Worker:
    """All loops, beside the server or in a process of their own."""

    def __init__(self, service: Service, *, appliers: int = 1) -> None:
        self._loops: list[Loop | DeliveryLoop] = [
            DeliveryLoop(service),
            Loop(service, "sealing", seal),
            Loop(service, "settling", settle),
            Loop(service, "recovering webhooks", recover_next),
            Loop(service, "judging held records", HeldJudge()),
            Loop(service, "forgetting", delete_expired, HOUR_SECONDS),
            Loop(service, "removing", DailyRetention(), HOUR_SECONDS),
            Loop(service, "settling disputes", answering.pass_time, DISPUTE_SECONDS),
            Loop(service, "settling accounts", one_account.settle, ACCOUNT_SECONDS),
            Loop(service, "sending mails", mail.send_next, MAIL_SECONDS),
            Loop(service, "writing staff mails", staff_mails.write_due, STAFF_MAIL_SECONDS),
            Loop(service, "confirming accounts", accounts.confirm_by_rosters, CONFIRM_SECONDS),
            Loop(service, "changing addresses", address_changes.pass_time, CONFIRM_SECONDS),
            Loop(service, "telling physicians", telling.tell, TELL_SECONDS),
            Loop(service, "ending stalls", end_stalls, STALL_SECONDS),
            *(Loop(service, "reading files", steps.read_one) for _ in range(READERS)),
            *(Loop(service, "applying files", BatchApplier(service)) for _ in range(appliers)),
        ]

    def stop(self) -> None:
        """Finish the pieces under way, for `STOP_SECONDS` at most, then stop."""
        for loop in self._loops:
            loop.ask_to_stop()
        until = time.monotonic() + STOP_SECONDS
        late = [loop.name for loop in self._loops if not loop.wait(max(until - time.monotonic(), 0.1))]
        if late:
            log.warning("the worker stops before its work is finished; it is done again", loops=late)


def seal(service: Service) -> bool:
    """Seal what was committed, and publish its events to boards and providers."""
    if not service.database.read(_has_work_for_sealer):
        return False
    return service.database.write(lambda connection: seal_next(connection, service)) is SealResult.A_PART


def _has_work_for_sealer(connection: Connection) -> bool:
    return commits.any_unsealed(connection) or totals.any_deltas(connection)


def settle(service: Service) -> bool:
    """Accept credit that has reached a board which does not decide."""
    return settle_next(service) > 0


def delete_expired(service: Service) -> bool:
    """Delete what no setting keeps: endpoints deleted long ago, birth dates tried long ago, and abandoned uploads."""
    remove_deleted_endpoints(service)
    identity_budgets.delete_expired(service)
    forgetting.forget(service)
    return uploads.remove_abandoned(service) > 0


def end_stalls(service: Service) -> bool:
    """Close connections of processes that stopped while they sent rows to PostgreSQL: their locks are freed."""
    limit = service.settings.stall_limit
    if service.database.on_sqlite or not limit:
        return False
    ended = service.database.read(lambda connection: stalled_connections.end_stalled(connection, limit))
    if ended:
        log.warning("connections that had stalled were ended", connections=ended)
    return False


class BatchApplier:
    """Applies the next records of batches, as many at once as fit the time that one transaction may last."""

    def __init__(self, service: Service) -> None:
        self._pace = Pace(on_sqlite=service.database.on_sqlite)

    def __call__(self, service: Service) -> bool:
        """Apply the next piece."""
        alone = not service.database.had_request_within(steps.ALONE_AFTER)
        return steps.apply_some(service, self._pace, alone=alone)
