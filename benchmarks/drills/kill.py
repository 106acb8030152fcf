"""`make drill-kill`: a server under load is killed at random, again and again; what it answered must stand.

After each kill every completion that was answered 201 exists, none exists twice, and every invariant holds.
`python -m benchmarks.drills.kill 50 postgresql` sets the number of kills and the database. With `--full-log` the server
logs to a disk that is full (a small tmpfs, which needs root).
"""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import text

from app.core.logging import configure_logging
from app.services.operations import checks
from benchmarks.world.installation import ROOT, World, free_port, wait_for, world
from benchmarks.world.small_disk import fill, small_disk

CLIENTS = 8


def main() -> None:
    """Kill twenty times by default, on each database."""
    configure_logging()
    full_log = "--full-log" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--full-log"]
    rounds = int(arguments[0]) if arguments else 20
    for database in arguments[1:] or ["sqlite", "postgresql"]:
        with _log(full_log) as log, world(database, 2_000) as installed:
            bodies = iter(installed.bodies(40_000))
            answered: set[str] = set()
            for number in range(1, rounds + 1):
                answered |= _round(installed, [next(bodies) for _ in range(2_000)], log)
                verify(installed, answered)
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


def _round(installed: World, bodies: list[bytes], log: IO[bytes]) -> set[str]:
    """Serve, report from several clients, kill after a random time; return the completion ids that were answered."""
    port = free_port()
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=installed.environment, cwd=ROOT, stdout=log, stderr=log)
    answered: set[str] = set()
    unsent = iter(bodies)
    lock = threading.Lock()

    def report() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        headers = {"Authorization": f"Bearer {installed.key}", "Content-Type": "application/json"}
        while True:
            with lock:
                body = next(unsent, None)
            if body is None:
                return
            try:
                connection.request("POST", "/v1/learner-completions", body, headers)
                response = connection.getresponse()
                answer = json.loads(response.read())
            except (OSError, http.client.HTTPException, ValueError):
                return
            assert response.status == 201, answer
            with lock:
                answered.add(answer["completion_id"])

    try:
        wait_for(port, server)
        clients = [threading.Thread(target=report) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(random.uniform(0.05, 1.5))
    finally:
        server.kill()
        server.wait()
    for client in clients:
        client.join()
    return answered


def verify(installed: World, answered: set[str]) -> None:
    """Assert that everything answered exists, nothing twice, and that every invariant holds."""
    faults = checks.find_faults(installed.service)
    assert not faults, faults
    query = text("SELECT completion_id, subject, completed_on FROM completions")
    rows = installed.service.database.read(lambda connection: connection.execute(query).all())
    assert answered <= {row[0] for row in rows}, "an answered completion is lost"
    assert len({(row[1], str(row[2])) for row in rows}) == len(rows), "a completion stands twice"


if __name__ == "__main__":
    main()
