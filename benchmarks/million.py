"""The memory of a worker over a file of a million rows of text, read and applied, above what it holds idle.

They are validations, which cost least to apply. `PARS_BENCH_MILLION` says how many; 1,000,000 unless told otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from app.domain.batches import BatchKind
from benchmarks import batch_files, batch_worker, validation_files
from benchmarks.table import Row, at_most
from benchmarks.world import world

ROWS = int(os.environ.get("PARS_BENCH_MILLION", "1000000"))
LEARNERS = 20_000
MOST = 200
"""MB above idle."""


def rows(database: str) -> Iterator[Row]:
    """Let a worker of its own work through one file."""
    with world(database, LEARNERS) as installed:
        content = validation_files.written(installed.learners, ROWS, "licence")
        batch = batch_files.sent(installed, content, kind=BatchKind.LEARNER_VALIDATIONS)
        del content
        idle, most = batch_worker.peaks(installed)
        validation_files.answered(installed, batch)
        yield at_most(
            f"memory of a worker above idle, {ROWS} from tab, {database}", f"{MOST} MB", most - idle, MOST, 1, "MB"
        )
