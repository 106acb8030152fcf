"""`make drill-kill`: a server under load is killed at random, again and again; what it answered must stand.

After each kill every completion that was answered exists and none exists twice; after some, and at the end, every
invariant holds. What was sent without an answer is sent again to the next server.
`python -m benchmarks.drills.kill 50 postgresql` sets the number of kills and the database. With `--full-log` the server
logs to a disk that is full (a small tmpfs, which needs root).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from app.core.logging import configure_logging
from benchmarks.drills.reporters import Records, Reporters, verify
from benchmarks.world.installation import ROOT, World, free_port, wait_for, world
from benchmarks.world.small_disk import fill, small_disk

PHYSICIANS = 2_000
DAYS = 200
WHOLE_EVERY = 20
"""Kills after which every invariant is checked: it takes longer the more there is."""


def main() -> None:
    """Kill twenty times by default, on each database."""
    configure_logging()
    full_log = "--full-log" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--full-log"]
    kills = int(arguments[0]) if arguments else 20
    for database in arguments[1:] or ["sqlite", "postgresql"]:
        with _log(full_log) as log, world(database, PHYSICIANS) as installed:
            records = Records(iter(installed.bodies(PHYSICIANS * DAYS, "2026-01-01")))
            answered: set[str] = set()
            for number in range(1, kills + 1):
                answered |= _serve_and_kill(installed, records, log)
                verify(installed, answered, whole=number % WHOLE_EVERY == 0 or number == kills)
                print(f"{database}: kill {number}, {len(answered)} answered, all of them stand", flush=True)


@contextmanager
def _log(full: bool) -> Iterator[IO[bytes]]:
    """Give what the server prints to: nothing, or a file on a full disk."""
    with ExitStack() as stack:
        path = Path(os.devnull)
        if full:
            disk = stack.enter_context(small_disk(1))
            path = disk / "log"
            path.touch()
            fill(disk)
        yield stack.enter_context(path.open("ab"))


def _serve_and_kill(installed: World, records: Records, log: IO[bytes]) -> set[str]:
    """Serve, report from several clients, kill after a random time; return the completion ids that were answered."""
    port = free_port()
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=installed.environment, cwd=ROOT, stdout=log, stderr=log)
    reporters: Reporters | None = None
    try:
        wait_for(port, server)
        reporters = Reporters(installed, port, records, until_lost=True)
        time.sleep(random.uniform(0.05, 1.5))
    finally:
        server.kill()
        server.wait()
        if reporters is not None:
            reporters.stop()
    assert reporters.statuses.keys() <= {200, 201}, reporters.statuses
    return reporters.answered


if __name__ == "__main__":
    main()
