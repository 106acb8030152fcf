"""Work on batches, for whoever has hands free: reading the next file, or letting the next records take effect."""

from __future__ import annotations

import time
from dataclasses import dataclass

from app.domain.batches import BatchStatus
from app.services.batches import applying, dry_runs
from app.services.batches.reading import read_next
from app.services.context import Service
from app.store import batches

MOST_RECORDS = {True: 250, False: 5_000}
"""Records in one transaction at most, on SQLite and on PostgreSQL."""
SECONDS = {True: 0.04, False: 0.2}
"""What one transaction is to take: single reports wait, on SQLite for its lock, on PostgreSQL for a processor."""
FEWEST = 10
LONGER = 6
"""How many times as many records are taken at once on SQLite while no request comes that would have to wait."""
GOING_ON = {True: 0.5, False: 0}
"""Seconds for which a transaction goes on, piece by piece, while nobody waits: fewer commits wait for the disk."""
ALONE_AFTER = 2.0
"""Seconds without a request that writes, after which none is expected."""


@dataclass(slots=True)
class Pace:
    """How many records are taken at once, as many as take effect in the time that one transaction may last."""

    on_sqlite: bool
    at_once: int = 50

    @property
    def longest(self) -> int:
        """How many records are taken while nobody waits."""
        return min(MOST_RECORDS[self.on_sqlite], self.at_once * LONGER) if self.on_sqlite else self.at_once

    def learn(self, records: int, seconds: float) -> None:
        """Take note of how long some records took."""
        fitting = int(records * SECONDS[self.on_sqlite] / max(seconds, 0.001))
        # Half the way at most: one slow moment is no reason to crawl.
        self.at_once = min(MOST_RECORDS[self.on_sqlite], max(FEWEST, self.at_once // 2, min(fitting, self.at_once * 2)))


def read_one(service: Service, batch_id: str | None = None) -> bool:
    """Read the next file that waits, and rehearse it where that is all that was asked; tell whether there was one."""
    batch = read_next(service, batch_id)
    if batch is not None and batch.dry_run and batch.status is BatchStatus.APPLYING:
        dry_runs.rehearse(service, batch)
    return batch is not None


def apply_some(service: Service, pace: Pace, batch_id: str | None = None, *, alone: bool = False) -> bool:
    """Let the next records take effect, more of them at once while nobody would wait; tell whether there were any."""
    if not service.database.read(batches.any_unfinished):
        return False
    begun = time.perf_counter()
    most, seconds = (pace.longest, GOING_ON[service.database.on_sqlite]) if alone else (pace.at_once, 0)
    turn = applying.take(service, most, batch_id, seconds=seconds)
    if turn is None:
        return False
    if turn.records >= pace.at_once:
        pace.learn(turn.records, time.perf_counter() - begun)
    return True
