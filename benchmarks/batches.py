"""Files of completions, from the upload to the last outcome, against reading them and loading every row in bulk.

`PARS_BENCH_ROWS` says how many records a file has; 20,000 unless told otherwise.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from app.core.collecting import collect_rarely
from app.domain.batches import Batch, BatchStatus
from app.services import batches
from app.services.batch_work import read_one
from app.worker import Applier
from benchmarks import batch_files, batch_floor
from benchmarks.table import Row, at_most, middle
from benchmarks.world import World, world

ROWS = int(os.environ.get("PARS_BENCH_ROWS", "20000"))
ROUNDS = 3
LEARNERS = 20_000
FLOOR = 2.5


def rows(database: str) -> Iterator[Row]:
    """Measure files in every format against their floor."""
    collect_rarely()
    with world(database, LEARNERS) as installed:
        for format in batch_files.FORMATS:
            yield _against_floor(installed, database, format)


def _against_floor(installed: World, database: str, format: str) -> Row:
    ours, floor = [], []
    for _ in range(ROUNDS):
        batch = batch_files.sent(installed, batch_files.written(format, list(batch_files.records(installed, ROWS))))
        copy = batch_floor.snapshot(installed)
        begun = time.perf_counter()
        work_through(installed)
        ours.append(time.perf_counter() - begun)
        tables = batch_floor.written(installed, _done(installed, batch))
        floor.append(batch_floor.loaded(installed, batch, copy, tables))
    return at_most(
        f"{ROWS} completions from {format}, {database}", "read, and every row loaded in bulk", middle(ours),
        middle(floor), FLOOR, "s",
    )  # fmt: skip


def work_through(installed: World) -> None:
    """Read and apply every file that waits, as one worker does."""
    apply_some = Applier(installed.service)
    while read_one(installed.service) or apply_some(installed.service):
        pass


def _done(installed: World, batch: Batch) -> Batch:
    caller = batch_files.reporter(installed)
    found = installed.service.database.read(lambda connection: batches.get(connection, caller, batch.batch_id))
    assert found.status is BatchStatus.COMPLETED, found.file_error
    assert abs(found.counts["rejected"] - 0.07 * found.records) <= 0.001 * found.records + 7, found.counts
    return found
