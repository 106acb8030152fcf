"""Claims on batches: leases with a fencing token, for work that lasts longer than a transaction.

The holder renews its claim while it works, and writes only under its token: one that was taken for dead and comes back
writes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from app.core.logging import error_fields, log
from app.core.threads import WatchedThread
from app.domain.batches import Batch
from app.services.context import Service
from app.store import batches

CLAIM = timedelta(seconds=45)
"""How long a claim lasts unless it is renewed."""
RENEWED_EVERY = CLAIM.total_seconds() / 4
"""Seconds between renewals: a large file has to arrive at its parser before there is anything to store."""
RENEWED_FOR = 2 * 3_600
"""Seconds after which a claim is no longer renewed, so that a worker that hangs is followed by another."""

T = TypeVar("T")


class ClaimLost(Exception):
    """Another worker has the claim by now, or the batch was cancelled; what was to be written is not."""


def claim_next(service: Service, batch_id: str | None) -> Batch | None:
    """Claim the next batch to be read, or a certain one; None when there is none."""
    # The time is taken first: while this waits for the write lock, no holder may be able to renew its claim.
    asked_at = service.clock()

    def write(connection: Connection) -> Batch | None:
        return batches.claim_to_read(connection, asked_at, service.clock() + CLAIM, batch_id)

    return service.database.write(write)


@contextmanager
def renewing_claim(service: Service, batch: Batch) -> Iterator[None]:
    """Renew the claim on a batch, from a thread, for as long as the block lasts."""
    done = threading.Event()

    def renew() -> None:
        until = time.monotonic() + RENEWED_FOR
        while not done.wait(RENEWED_EVERY) and time.monotonic() < until:
            try:
                if not service.database.write(partial(_renew, service, batch)):
                    return
            except Exception as error:
                # The database is away for a moment; the claim may last until it is back.
                log.warning("a claim could not be renewed", batch_id=batch.batch_id, **error_fields(error))

    thread = WatchedThread("claim", renew)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.wait()


def _renew(service: Service, batch: Batch, connection: Connection) -> bool:
    return batches.keep_claim(connection, batch.batch_id, batch.fence, service.clock() + CLAIM)


def write_under_claim(service: Service, batch: Batch, write: Callable[[Connection], T]) -> T:
    """Renew the claim and write, in one transaction; raises `ClaimLost`, and writes nothing, when it is lost."""

    def renew_and_write(connection: Connection) -> T:
        if not _renew(service, batch, connection):
            raise ClaimLost
        return write(connection)

    return service.database.write(renew_and_write)
