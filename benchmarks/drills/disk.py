"""`make drill-disk`: the disk of the data folder and the log is full under load, again and again, and freed.

While it is full every answer is a success that stands or a refusal; once there is room the server answers again without
a restart, what is queued is worked on, and a signal ends it. Every second round ends with a kill instead. It mounts a
small tmpfs, so it needs root. `python -m benchmarks.drills.disk 10 postgresql` sets the number of rounds and the
database; PostgreSQL's own files lie elsewhere.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from app.core.logging import configure_logging
from app.store import commits
from benchmarks.drills.reporters import Records, Reporters, verify
from benchmarks.world.installation import ROOT, World, free_port, wait_for, world
from benchmarks.world.small_disk import fill, small_disk

MEGABYTES = 48
FULL_SECONDS = 3
RECOVERY_SECONDS = 60
END_SECONDS = 60


def main() -> None:
    """Fill the disk six times by default, on each database."""
    configure_logging()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    for database in sys.argv[2:] or ["sqlite", "postgresql"]:
        with small_disk(MEGABYTES) as disk, world(database, 500, disk) as installed:
            records = Records(iter(installed.bodies(14_000)))
            answered: set[str] = set()
            for number in range(1, rounds + 1):
                _round(installed, disk, records, answered, kill=number % 2 == 0)
                print(f"{database}: round {number}, {len(answered)} answered, all of them stand", flush=True)


def _round(installed: World, disk: Path, records: Records, answered: set[str], *, kill: bool) -> None:
    port = free_port()
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    log = disk / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=installed.environment, cwd=ROOT, stdout=out, stderr=out)
    load: Reporters | None = None
    try:
        wait_for(port, server)
        load = Reporters(installed, port, records, until_lost=kill, pause=0.02)
        time.sleep(1)
        filler = fill(disk)
        time.sleep(FULL_SECONDS)
        if not kill:
            filler.unlink()
            _recovers(installed, load)
            load.stop()
            _worked_off(installed, port)
            server.send_signal(signal.SIGTERM)
            server.wait(END_SECONDS)
    finally:
        if load is not None:
            load.stopping.set()
        server.kill()
        server.wait()
        if load is not None:
            load.stop()
        (disk / "filler").unlink(missing_ok=True)
        log.unlink(missing_ok=True)
    assert set(load.statuses) <= {200, 201, 503}, load.statuses
    answered |= load.answered
    verify(installed, answered)


def _recovers(installed: World, load: Reporters) -> None:
    """Assert that reports are accepted again soon after there is room, by the same process."""
    before, until = load.statuses[201], time.monotonic() + RECOVERY_SECONDS
    while load.statuses[201] < before + 20:
        assert time.monotonic() < until, f"nothing is accepted though there is room: {load.statuses}"
        time.sleep(0.1)


def _worked_off(installed: World, port: int) -> None:
    """Assert that the server is ready, its worker has sealed all commits, and its metrics tell of lost lines."""
    until = time.monotonic() + RECOVERY_SECONDS
    while installed.service.database.read(commits.any_unsealed):
        assert time.monotonic() < until, "commits stay unsealed"
        time.sleep(0.1)
    address = f"http://127.0.0.1:{port}"
    assert httpx.get(f"{address}/readyz", trust_env=False).status_code == 200
    metrics = httpx.get(f"{address}/metrics", trust_env=False).text
    (lost,) = (line for line in metrics.splitlines() if line.startswith('pars_log_lines_lost_total{stream="stderr"}'))
    assert float(lost.split()[-1]) > 0, "no line was lost: was the disk full?"


if __name__ == "__main__":
    main()
