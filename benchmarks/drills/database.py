"""`make drill-database`: PostgreSQL ends under load as in a crash, again and again, and comes back at once or later.

The server lives on. While the database is away every answer is a success that stands or a refusal to try again (503);
once it is back reports are accepted again without a restart. `python -m benchmarks.drills.database 50` sets how often.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time

from app.core.logging import configure_logging
from benchmarks.drills.reporters import Records, Reporters, verify
from benchmarks.world.installation import ROOT, World, free_port, restart_postgres, wait_for, world

PHYSICIANS = 2_000
DAYS = 100
MOST_AWAY = 4
"""Seconds for which the database is away at most."""
RECOVERY_SECONDS = 60
AFTER = 50
"""Reports that are accepted before it ends again."""


def main() -> None:
    """End it twenty times by default."""
    configure_logging()
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with world("postgresql", PHYSICIANS) as installed:
        port = free_port()
        command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(command, env=installed.environment, cwd=ROOT, stdout=quiet, stderr=quiet)
        try:
            wait_for(port, server)
            _end_again_and_again(installed, port, times)
            assert server.poll() is None, "the server ended"
        finally:
            server.kill()
            server.wait()


def _end_again_and_again(installed: World, port: int, times: int) -> None:
    records = Records(iter(installed.bodies(PHYSICIANS * DAYS, "2026-01-01")))
    reporters = Reporters(installed, port, records, pause=0.02)
    try:
        for number in range(1, times + 1):
            _wait_for_reports(reporters)
            away = random.choice([0, random.uniform(0, MOST_AWAY)])
            restart_postgres(installed.postgres_folder, away)
            waited = _wait_for_reports(reporters)
            answered = len(reporters.answered)
            print(
                f"end {number}: away for {away:.1f} s, reports again after {waited:.1f} s, {answered} answered",
                flush=True,
            )
    finally:
        reporters.stop()
    assert reporters.statuses.keys() <= {200, 201, 503}, reporters.statuses
    verify(installed, reporters.answered)
    print(f"all {len(reporters.answered)} stand; answers by status: {dict(reporters.statuses)}", flush=True)


def _wait_for_reports(reporters: Reporters) -> float:
    """Wait until some more reports are accepted; return the seconds until the first of them."""
    before, begun, first = len(reporters.answered), time.monotonic(), 0.0
    while (more := len(reporters.answered) - before) < AFTER:
        if more and not first:
            first = time.monotonic() - begun
        assert time.monotonic() - begun < RECOVERY_SECONDS, f"nothing is accepted: {reporters.statuses}"
        time.sleep(0.02)
    return first


if __name__ == "__main__":
    main()
