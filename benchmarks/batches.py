"""Files of completions, from the upload to the last outcome, against reading them and loading every row in bulk.

Times are of the processor, of this process, its parsers and the database, for other programs may run beside; of several
turns the quickest counts. `PARS_BENCH_ROWS` is the number of records of a file; 20,000 by default.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from app.core.errors import CompletionRejected
from app.core.gc_tuning import tune_garbage_collector
from app.domain.batches import Batch, BatchStatus, EntryMethod
from app.schemas.completions import CompletionIn
from app.services.batches import downloads, lookup
from app.services.batches.steps import read_one
from app.services.context import transact
from app.services.reporting import pipeline
from app.worker import BatchApplier
from benchmarks.floors import bulk_load
from benchmarks.probes import load, processor_time, worker_memory
from benchmarks.table import Row, at_least, at_most, middle
from benchmarks.world import completion_files
from benchmarks.world.installation import PROVIDER, ROOT, World, served, world

ROWS = int(os.environ.get("PARS_BENCH_ROWS", "20000"))
ROUNDS = 3
LEARNERS = 20_000
FLOOR = 2.5
NAIVE = 2_000
ONE_BY_ONE = {"sqlite": 8, "postgresql": 20}
REJECTED = 0.10
FEW = 10_000
MEMORY = 1.2
TWO = 1.7
REQUESTS = 1_000
CONNECTIONS = 8
BESIDE = 5


def rows(database: str) -> Iterator[Row]:
    """Measure files of every format against their floor, then a worker's memory, and single requests beside it."""
    tune_garbage_collector()
    with world(database, LEARNERS) as installed:
        for format in completion_files.FORMATS:
            seconds, floor = _timed(installed, format)
            yield at_most(
                f"{ROWS} completions from {format}, {database}", "read, and every row loaded in bulk", seconds, floor,
                FLOOR, "s",
            )  # fmt: skip
            if format == "tab":
                yield at_least(
                    f"  against a row at a time, {database}", f"{NAIVE} reported one by one", ROWS / seconds,
                    _one_by_one(installed), ONE_BY_ONE[database],
                )  # fmt: skip
            yield at_most(
                f"  its rejected file, {database}", "its batch", _rejected_file(installed), seconds, REJECTED, "s"
            )
        for format in completion_files.FORMATS:
            yield _memory(installed, database, format)
        if database == "postgresql":
            yield _two_workers(installed)
        yield _beside(installed, database)


def _timed(installed: World, format: str) -> tuple[float, float]:
    """Return the seconds of a file, and those of its floor."""
    ours, floor = [], []
    for _ in range(ROUNDS):
        batch = _sent(installed, format, ROWS)
        copy = bulk_load.snapshot(installed)
        begun = processor_time.seconds(installed)
        work_through(installed)
        ours.append(processor_time.seconds(installed) - begun)
        tables = bulk_load.rows_of(installed, _done(installed, batch))
        begun = processor_time.seconds(installed)
        bulk_load.load(installed, batch, copy, tables)
        floor.append(processor_time.seconds(installed) - begun)
    return min(ours), min(floor)


def _sent(installed: World, format: str, count: int) -> Batch:
    return completion_files.upload(
        installed, completion_files.file_of(format, list(completion_files.records(installed, count)))
    )


def _one_by_one(installed: World) -> float:
    """Report records as single requests do, each in a transaction of its own; return records a second."""
    bodies = [json.dumps(completion_files.body(record)) for record in completion_files.records(installed, NAIVE)]
    caller = completion_files.reporter(installed)
    begun = processor_time.seconds(installed)
    for body_text in bodies:
        body = CompletionIn.model_validate_json(body_text)
        report = body.as_report(PROVIDER, installed.service.clock(), EntryMethod.API)
        with suppress(CompletionRejected):
            transact(caller, pipeline.report, report)
    return NAIVE / (processor_time.seconds(installed) - begun)


def _rejected_file(installed: World) -> float:
    """Return the seconds that writing the rejected file of the newest batch takes."""
    caller, database = completion_files.reporter(installed), installed.service.database
    (newest,) = database.read(
        lambda connection: lookup.page(connection, caller, before=None, limit=1, kinds=(), statuses=())
    )
    begun = processor_time.seconds(installed)
    file = database.read(
        lambda connection: downloads.open_download(
            connection, caller, newest.batch_id, downloads.BatchFile.REJECTED, None
        )
    )
    assert sum(map(len, file.pieces))
    return processor_time.seconds(installed) - begun


def _memory(installed: World, database: str, format: str) -> Row:
    most = []
    for count in (FEW, max(ROWS, 2 * FEW)):
        _sent(installed, format, count)
        most.append(worker_memory.peaks(installed)[1])
    return at_most(
        f"memory of a worker, {max(ROWS, 2 * FEW)} from {format}, {database}", f"{FEW} of them", most[1], most[0],
        MEMORY, "MB",
    )  # fmt: skip


def _two_workers(installed: World) -> Row:
    """Let one worker process, then two, apply four files that are read already."""
    rates = []
    for count in (1, 2):
        sent = [_sent(installed, "tab", ROWS // 4) for _ in range(4)]
        while read_one(installed.service):
            pass
        with ExitStack() as stack:
            for _ in range(count):
                stack.enter_context(_worker(installed))
            begun = time.perf_counter()
            while any(not seen(installed, batch).finished for batch in sent):
                time.sleep(0.02)
            rates.append(ROWS / (time.perf_counter() - begun))
    return at_least("four files by two worker processes, postgresql", "by one", rates[1], rates[0], TWO)


@contextmanager
def _worker(installed: World) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "worker"], env=installed.environment, cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        # It prints a line when it begins.
        assert process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.wait(20)


def _beside(installed: World, database: str) -> Row:
    """Report single completions while no file is applied, then while one is."""
    bodies = iter(installed.bodies(2 * ROUNDS * REQUESTS))
    alone, beside = [], []
    with served("app.server:process", installed.environment) as port:
        for _ in range(ROUNDS):
            piece = [next(bodies) for _ in range(REQUESTS)]
            alone.append(load.run(port, "/v1/learner-completions", installed.key, piece, CONNECTIONS).p99)
            batch = _sent(installed, "tab", ROWS)
            while not seen(installed, batch).applied:
                time.sleep(0.02)
            piece = [next(bodies) for _ in range(REQUESTS)]
            beside.append(load.run(port, "/v1/learner-completions", installed.key, piece, CONNECTIONS).p99)
            while not seen(installed, batch).finished:
                time.sleep(0.1)
    return at_most(
        f"single completions, p99 beside a file, {database}", "p99 without it", middle(beside), middle(alone), BESIDE
    )


def work_through(installed: World) -> None:
    """Read and apply every waiting file, as one worker does."""
    apply_some = BatchApplier(installed.service)
    while read_one(installed.service) or apply_some(installed.service):
        pass


def _done(installed: World, batch: Batch) -> Batch:
    found = seen(installed, batch)
    assert found.status is BatchStatus.COMPLETED, found.file_error
    assert abs(found.counts["rejected"] - 0.07 * found.records) <= 0.001 * found.records + 7, found.counts
    return found


def seen(installed: World, batch: Batch) -> Batch:
    """Return the present state of a batch."""
    caller = completion_files.reporter(installed)
    return installed.service.database.read(lambda connection: lookup.get(connection, caller, batch.batch_id))
