"""The steps of batch work, called by workers, the command and tests: read one file, apply some records."""

from __future__ import annotations

import time
from dataclasses import dataclass

from app.domain.batches import BatchStatus
from app.services.batches import applying, dry_runs
from app.services.batches.reading import read_next
from app.services.context import Service
from app.store import batches

MOST_RECORDS = {True: 250, False: 5_000}
"""Records in one transaction at most, on SQLite (True) and on PostgreSQL."""
SECONDS = {True: 0.04, False: 0.2}
"""How long one transaction should take: single reports wait, on SQLite for its lock, on PostgreSQL for a processor."""
FEWEST = 10
LONGER = 6
"""How many times as many records are applied at once on SQLite while no request would have to wait."""
GO_ON_SECONDS = {True: 0.5, False: 0}
"""Seconds for which a transaction goes on while nobody waits for it: fewer commits wait for the disk."""
ALONE_AFTER = 2.0
"""Seconds without a request that writes, after which none is expected soon."""


@dataclass(slots=True)
class Pace:
    """How many records are applied at once: as many as fit in the time that one transaction should take."""

    on_sqlite: bool
    at_once: int = 50

    @property
    def at_once_alone(self) -> int:
        """How many records are applied at once while nobody waits."""
        return min(MOST_RECORDS[self.on_sqlite], self.at_once * LONGER) if self.on_sqlite else self.at_once

    def learn(self, records: int, seconds: float) -> None:
        """Adapt to how long some records took."""
        fitting = int(records * SECONDS[self.on_sqlite] / max(seconds, 0.001))
        # At most halved or doubled: one slow moment is no reason to crawl.
        self.at_once = min(MOST_RECORDS[self.on_sqlite], max(FEWEST, self.at_once // 2, min(fitting, self.at_once * 2)))


def read_one(service: Service, batch_id: str | None = None) -> bool:
    """Read the next queued file, and dry-run it if that was asked for; return whether there was one."""
    batch = read_next(service, batch_id)
    if batch is not None and batch.dry_run and batch.status is BatchStatus.APPLYING:
        dry_runs.dry_run(service, batch)
    return batch is not None


def apply_some(service: Service, pace: Pace, batch_id: str | None = None, *, alone: bool = False) -> bool:
    """Apply the next records, more of them at once when `alone`; return whether there were any."""
    if not service.database.read(batches.any_unfinished):
        return False
    begun = time.perf_counter()
    most, seconds = (pace.at_once_alone, GO_ON_SECONDS[service.database.on_sqlite]) if alone else (pace.at_once, 0)
    applied = applying.apply_next(service, most, batch_id, seconds=seconds)
    if applied is None:
        return False
    if applied.records >= pace.at_once:
        pace.learn(applied.records, time.perf_counter() - begun)
    return True
