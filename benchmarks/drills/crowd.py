"""`make drill-crowd`: 200 idempotency keys, each sent fifty times at once, make 200 records, killed in between or not.

In the first round nothing goes wrong: every send is answered 201, those under one key with the same bytes. In the
second the server is killed at random and started again; who has no answer sends the request again until it has one.
In the third the client has its usual rate, and the senders wait as they are told. After each there is one record for
each key, and every invariant holds.

`python -m benchmarks.drills.crowd 20 sqlite` sets the number of keys and the database.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import text

from app.core.logging import configure_logging
from app.services.operations import checks
from benchmarks.world.installation import RATES, ROOT, World, free_port, wait_for, world

SENDERS = 50
SECONDS = 600
"""How long a round may take on a slow machine."""
MOST_KILLS = 10
"""Kills of one round: a server on a busy machine takes longer to start than to be killed."""
UNDER_WAY = {409, 503}
"""Statuses that say: send it again."""


def main() -> None:
    """Send 200 keys by default, on each database."""
    configure_logging()
    keys = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for database in sys.argv[2:] or ["sqlite", "postgresql"]:
        with world(database, 3 * keys) as installed:
            bodies = installed.bodies(3 * keys)
            rounds = {"undisturbed": _Server(installed), "killed": _Server(installed, kills=True)}
            rounds["at the usual rate"] = _Server(installed, rates=False)
            for place, (name, server) in enumerate(rounds.items()):
                begun = time.monotonic()
                crowd = _Crowd(installed.key, bodies[place * keys : (place + 1) * keys])
                with server.running():
                    crowd.send(server)
                _verify(installed, crowd, (place + 1) * keys)
                told = (
                    f"{server.killed} kills, {dict(sorted(crowd.statuses.items()))}, {time.monotonic() - begun:.0f} s"
                )
                print(f"{database}, {name}: {keys} keys, {keys * SENDERS} sends, {keys} records; {told}", flush=True)


@dataclass
class _Server:
    """A server on a port of its own; with `kills` it is killed at random and started again."""

    installed: World
    kills: bool = False
    rates: bool = True
    """Whether rates are so high that nobody meets them."""
    port: int = field(default_factory=free_port)
    killed: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def _may_be_killed(self) -> bool:
        return self.kills and self.killed < MOST_KILLS

    def _start(self) -> subprocess.Popen[bytes]:
        lifted = {f"PARS_{name.upper()}" for name in RATES}
        environment = {
            name: value for name, value in self.installed.environment.items() if self.rates or name not in lifted
        }
        command = [sys.executable, "-m", "app", "serve", "--port", str(self.port)]
        null = subprocess.DEVNULL
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=null, stderr=null)
        wait_for(self.port, process)
        return process

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve while the block runs."""
        first = self._start()
        keeper = threading.Thread(target=self._keep, args=[first])
        keeper.start()
        try:
            yield
        finally:
            self.stopping.set()
            keeper.join()

    def _keep(self, process: subprocess.Popen[bytes]) -> None:
        while not self.stopping.wait(random.uniform(0.2, 2.0) if self._may_be_killed else None):
            process.kill()
            process.wait()
            self.killed += 1
            process = self._start()
        process.kill()
        process.wait()


class _Crowd:
    """Fifty senders that send each body at the same moment, and what they were answered."""

    def __init__(self, key: str, bodies: Sequence[bytes]) -> None:
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._bodies = bodies
        self._together = threading.Barrier(SENDERS)
        self._lock = threading.Lock()
        self.statuses: Counter[int] = Counter()
        self.answers: dict[int, set[bytes]] = {}
        self.firsts: Counter[int] = Counter()
        self.faults: list[object] = []

    def send(self, server: _Server) -> None:
        """Send all of them, and wait until each send has its answer."""
        senders = [threading.Thread(target=self._sender, args=[server.port]) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(SECONDS)
            assert not sender.is_alive(), "a sender has no answer"
        assert not self.faults, self.faults[:3]

    def _sender(self, port: int) -> None:
        connection: http.client.HTTPConnection | None = None
        try:
            for place, body in enumerate(self._bodies):
                self._together.wait(SECONDS)
                connection = self._until_answered(port, connection, place, body)
        except (AssertionError, threading.BrokenBarrierError) as fault:
            self.faults.append(fault)
            self._together.abort()

    def _until_answered(
        self, port: int, connection: http.client.HTTPConnection | None, place: int, body: bytes
    ) -> http.client.HTTPConnection | None:
        headers = self._headers | {"Idempotency-Key": f"key-{os.getpid()}-{port}-{place}"}
        until = time.monotonic() + SECONDS
        while True:
            assert time.monotonic() < until, "the request has no answer"
            connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                connection.request("POST", "/v1/learner-completions", body, headers)
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException):
                with contextlib.suppress(OSError):
                    connection.close()
                connection = None
                time.sleep(random.uniform(0.05, 0.2))
                continue
            if self._note(place, response.status, response.headers, content):
                return connection
            time.sleep(float(response.headers.get("Retry-After", 0)) + random.uniform(0.05, 0.5))

    def _note(self, place: int, status: int, headers: Mapping[str, str], content: bytes) -> bool:
        """Note an answer; return False where it says to come back."""
        with self._lock:
            self.statuses[status] += 1
            if status == 429 or status in UNDER_WAY:
                return False
            assert status == 201, content
            self.answers.setdefault(place, set()).add(content)
            self.firsts[place] += "Idempotency-Replayed" not in headers
        return True


def _verify(installed: World, crowd: _Crowd, expected: int) -> None:
    """Assert one answer and one record for each key, and that every invariant holds."""
    assert {len(contents) for contents in crowd.answers.values()} == {1}, "a key had two answers"
    # A kill may take the first answer with it; then all who ask again are given it as a replay.
    assert set(crowd.firsts.values()) <= {0, 1}, "a key was new twice"
    told = {json.loads(content)["completion_id"] for contents in crowd.answers.values() for content in contents}
    assert len(told) == len(crowd.answers), "two keys had one record"
    query = text("SELECT completion_id FROM completions WHERE withdrawn_at IS NULL")
    standing = {row[0] for row in installed.service.database.read(lambda connection: connection.execute(query).all())}
    assert told <= standing and len(standing) == expected, f"{len(standing)} records of {expected} keys"
    faults = checks.find_faults(installed.service)
    assert not faults, faults


if __name__ == "__main__":
    main()
