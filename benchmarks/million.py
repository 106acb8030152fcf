"""Memory that a worker takes for a text file of a million rows, read and applied, above what it holds when idle.

The rows are validations, which cost least to apply. `PARS_BENCH_MILLION` is their number; 1,000,000 by default.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from app.domain.batches import BatchKind
from benchmarks import validation_files
from benchmarks.probes import worker_memory
from benchmarks.table import Row, at_most
from benchmarks.world import completion_files
from benchmarks.world.installation import world

ROWS = int(os.environ.get("PARS_BENCH_MILLION", "1000000"))
LEARNERS = 20_000
MOST = 200
"""MB above idle."""


def rows(database: str) -> Iterator[Row]:
    """Let a worker process read and apply one file."""
    with world(database, LEARNERS) as installed:
        content = validation_files.written(installed.learners, ROWS, "licence")
        batch = completion_files.upload(installed, content, kind=BatchKind.LEARNER_VALIDATIONS)
        del content
        idle, most = worker_memory.peaks(installed)
        validation_files.answered(installed, batch)
        yield at_most(
            f"memory of a worker above idle, {ROWS} from tab, {database}", f"{MOST} MB", most - idle, MOST, 1, "MB"
        )
