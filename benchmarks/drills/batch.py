"""`make drill-batch`: workers are killed at random while they process files, which must end as without interruption.

A file in every format is processed by a server on SQLite, by two workers on PostgreSQL. They are killed and restarted,
on PostgreSQL sometimes stopped for longer than their lease or left without a database. At the end every record must
have the outcome, and every batch the rejected file, of an uninterrupted run on a copy.
`python -m benchmarks.drills.batch 100 postgresql` sets the number of kills and the database.
"""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.core.config import Settings
from app.core.logging import configure_logging
from app.domain.batches import Batch, BatchStatus, FileFormat
from app.files.parsing.parser_client import open_file
from app.services.batches import downloads, lookup
from app.services.batches.steps import read_one
from app.services.context import Service
from app.services.operations import checks
from app.services.operations.startup import open_service
from app.store import batch_rows
from app.worker import BatchApplier, seal
from benchmarks.floors import bulk_load
from benchmarks.world import completion_files
from benchmarks.world.installation import ROOT, SECRET, World, free_port, restart_postgres, world

RECORDS = 10_000
RESUMED = 180.0
"""Seconds within which work must resume."""
STOPPED = 60.0
"""Seconds for which a worker is stopped: longer than its lease."""
IN_READING = 2
"""Kills before the files are read: a file that is begun a fourth time counts as one that crashes its parser."""
EVERY = {"stop": 25, "restart": 20}


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """The result of a file."""

    counts: dict[str, int]
    warnings: dict[str, int]
    rows: list[tuple[Any, ...]]
    rejected: Any


def main() -> None:
    """Kill a hundred times by default, on each database."""
    configure_logging()
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for database in sys.argv[2:] or ["sqlite", "postgresql"]:
        with world(database, 2_500) as installed:
            done, slowest = 0, 0.0
            while done < kills:
                # Files may be finished before there were enough kills: then others follow.
                interruptions, longest = _files(installed, kills - done)
                done, slowest = done + interruptions, max(slowest, longest)
            print(f"{database}: {done} interruptions, slowest to go on {slowest:.0f} s", flush=True)


def _files(installed: World, kills: int) -> tuple[int, float]:
    """Process a file of every format with at most `kills` interruptions; return their number, and the longest pause."""
    sent = [_sent(installed, format) for format in completion_files.FORMATS]
    expected = _uninterrupted(installed, sent)
    interruptions, slowest = _interrupted(installed, sent, kills)
    while seal(installed.service):
        pass
    for batch, format in zip(sent, completion_files.FORMATS, strict=True):
        _compare(_result_of(installed.service, installed, batch), expected[batch.batch_id], format)
    faults = checks.find_faults(installed.service)
    assert not faults, faults
    print(f"  every file as uninterrupted after {interruptions} interruptions", flush=True)
    return interruptions, slowest


def _sent(installed: World, format: str) -> Batch:
    """Upload a file with some duplicate records, so that their order matters."""
    records = list(completion_files.records(installed, RECORDS - RECORDS // 50))
    return completion_files.upload(installed, completion_files.file_of(format, (records + records[::49])[:RECORDS]))


def _uninterrupted(installed: World, sent: list[Batch]) -> dict[str, BatchResult]:
    """Process the files on a copy of the database, and return their results."""
    copy = bulk_load.snapshot(installed)
    url = f"sqlite:///{copy}" if installed.service.database.on_sqlite else copy
    service = open_service(Settings(database_url=url, data_dir=installed.service.settings.data_dir, secret_key=SECRET))
    try:
        apply_some = BatchApplier(service)
        while read_one(service) or apply_some(service):
            pass
        return {batch.batch_id: _result_of(service, installed, batch) for batch in sent}
    finally:
        service.database.close()


def _result_of(service: Service, installed: World, batch: Batch) -> BatchResult:
    """Return the result of a file, without ids and times, which differ in every run."""
    caller = completion_files.reporter(installed)
    found = service.database.read(lambda connection: lookup.get(connection, caller, batch.batch_id))
    assert found.status is BatchStatus.COMPLETED, (found.status, found.file_error)
    rows = service.database.read(lambda connection: batch_rows.after(connection, batch.batch_id, -1, RECORDS + 1))
    assert found.head is not None
    return BatchResult(
        counts=dict(found.counts),
        warnings=dict(found.warnings),
        rows=[(row.place, row.number, row.outcome, row.findings) for row in rows],
        rejected=_rejected(service, installed, found),
    )


def _rejected(service: Service, installed: World, batch: Batch) -> Any:
    """Return the rejected file: its bytes, or for a workbook, which holds a timestamp, its rows."""
    from msgspec.structs import replace

    caller = replace(completion_files.reporter(installed), service=service)
    written = service.database.read(
        lambda connection: downloads.open_download(
            connection, caller, batch.batch_id, downloads.BatchFile.REJECTED, None
        )
    )
    pieces = b"".join(written.pieces)
    if batch.head is None or batch.head.format is not FileFormat.XLSX:
        return pieces
    with open_file([pieces], batch.kind) as file:
        return [row.raw for piece in file.pieces() for row in piece]


def _compare(found: BatchResult, expected: BatchResult, format: str) -> None:
    assert found.counts == expected.counts, (format, found.counts, expected.counts)
    assert found.warnings == expected.warnings, format
    assert len(found.rows) == RECORDS == len(expected.rows), (format, len(found.rows))
    for ours, theirs in zip(found.rows, expected.rows, strict=True):
        assert ours == theirs, (format, ours, theirs)
    assert found.rejected == expected.rejected, f"{format}: another rejected file"


def _interrupted(installed: World, sent: list[Batch], kills: int) -> tuple[int, float]:
    """Process the files with at most `kills` interruptions.

    Return their number, and the most seconds before work resumed.
    """
    slowest = 0.0
    for number in itertools.count(1):
        read, applied, unfinished = _progress(installed, sent)
        if not unfinished:
            return number - 1, slowest
        quiet = number > kills or (number > IN_READING and read < len(sent))
        with _run_processes(installed) as processes:
            begun = time.monotonic()
            while _progress(installed, sent) == (read, applied, unfinished):
                assert time.monotonic() - begun < RESUMED, f"nothing went on within {RESUMED:g} s, {applied} applied"
                time.sleep(0.05)
            slowest = max(slowest, time.monotonic() - begun)
            if quiet:
                _until(installed, sent, everything=number > kills)
                continue
            share = max(1, (RECORDS * len(sent) - applied) // max(1, kills - number))
            _wait_for(installed, sent, applied + random.randrange(share))
            if not installed.service.database.on_sqlite:
                _trouble(installed, sent, processes, number)
        if number % 20 == 0:
            print(f"  {number} interruptions, {applied} of {RECORDS * len(sent)} records", flush=True)
    raise AssertionError("counted to infinity")


def _progress(installed: World, sent: list[Batch]) -> tuple[int, int, int]:
    """Return how many files are read, how many records of all are applied, and how many files are not finished."""
    caller = completion_files.reporter(installed)
    found = [
        installed.service.database.read(lambda connection, batch=batch: lookup.get(connection, caller, batch.batch_id))
        for batch in sent
    ]
    read = sum(batch.records > 0 for batch in found)
    return read, sum(batch.applied for batch in found), sum(not batch.finished for batch in found)


def _until(installed: World, sent: list[Batch], *, everything: bool) -> None:
    """Wait until every file is read, or is finished with `everything`."""
    until = time.monotonic() + 600
    while time.monotonic() < until:
        read, _, unfinished = _progress(installed, sent)
        if not unfinished or (read == len(sent) and not everything):
            return
        time.sleep(0.2)
    raise AssertionError("the files are not finished")


def _wait_for(installed: World, sent: list[Batch], applied: int) -> None:
    """Wait until a number of records are applied, then for a random moment more; five seconds at most."""
    until = time.monotonic() + 5
    while time.monotonic() < until and _progress(installed, sent)[1] < applied:
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.2))


def _trouble(installed: World, sent: list[Batch], processes: list[subprocess.Popen[bytes]], number: int) -> None:
    """Sometimes stop a worker past its lease while another works, or restart their database."""
    if number % EVERY["stop"] == 20:
        before = _progress(installed, sent)
        processes[0].send_signal(signal.SIGSTOP)
        time.sleep(STOPPED)
        assert _progress(installed, sent) != before or not before[2], "nobody took over from a worker that was stopped"
        processes[0].send_signal(signal.SIGCONT)
        time.sleep(1)
    elif number % EVERY["restart"] == 10:
        restart_postgres(installed.postgres_folder)
        until = time.monotonic() + RESUMED
        before = _progress(installed, sent)
        while _progress(installed, sent) == before and before[2]:
            assert time.monotonic() < until, "nothing went on after the database came back"
            time.sleep(0.1)


@contextmanager
def _run_processes(installed: World) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start a server or two workers, and kill them at the end."""
    if installed.service.database.on_sqlite:
        commands = [["serve", "--port", str(free_port())]]
    else:
        commands = [["worker"], ["worker"]]
    quiet = subprocess.DEVNULL
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "app", *command], env=installed.environment, cwd=ROOT, stdout=quiet, stderr=quiet
        )
        for command in commands
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


if __name__ == "__main__":
    main()
