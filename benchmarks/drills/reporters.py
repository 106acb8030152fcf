"""Clients that report one record after another, and keep what was answered: what a drill holds against what stands."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator

import httpx
from sqlalchemy import text

from app.services.operations import checks
from benchmarks.world.installation import World

CLIENTS = 8


class Records:
    """Records to report, each until it was answered; what was sent without an answer is sent again, first of all."""

    def __init__(self, bodies: Iterator[bytes]) -> None:
        self._bodies = bodies
        self._unanswered: deque[bytes] = deque()
        self._lock = threading.Lock()

    def take(self) -> bytes:
        """Return a record that nobody else sends at the moment."""
        with self._lock:
            return self._unanswered.popleft() if self._unanswered else next(self._bodies)

    def give_back(self, body: bytes) -> None:
        """Let a record be sent again."""
        with self._lock:
            self._unanswered.append(body)


class Reporters:
    """Clients that report until stopped; with `until_lost`, until the server is gone."""

    def __init__(
        self, installed: World, port: int, records: Records, *, until_lost: bool = False, pause: float = 0
    ) -> None:
        self.answered: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.stopping = threading.Event()
        self._headers = {"Authorization": f"Bearer {installed.key}", "Content-Type": "application/json"}
        self._url = f"http://127.0.0.1:{port}/v1/learner-completions"
        self._records = records
        self._until_lost = until_lost
        self._pause = pause
        self._failures: list[Exception] = []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send nothing more, and wait for the answers under way; raises what a client met that it should not."""
        self.stopping.set()
        for thread in self._threads:
            thread.join()
        for failure in self._failures:
            raise failure

    def _run(self) -> None:
        with httpx.Client(timeout=30, trust_env=False) as http:
            while not self.stopping.is_set():
                body = self._records.take()
                try:
                    answer = http.post(self._url, content=body, headers=self._headers)
                    completion_id = json.loads(answer.content).get("completion_id")
                except (httpx.TransportError, ValueError) as error:
                    self._records.give_back(body)
                    if not self._until_lost and not self.stopping.is_set():
                        self._failures.append(error)
                    return
                if answer.status_code not in (200, 201):
                    self._records.give_back(body)
                with self._lock:
                    self.statuses[answer.status_code] += 1
                    if answer.status_code in (200, 201):
                        self.answered.add(completion_id)
                time.sleep(self._pause)


def verify(installed: World, answered: set[str], *, whole: bool = True) -> None:
    """Assert that everything answered exists and nothing twice; on the whole, that every invariant holds."""
    if whole:
        faults = checks.find_faults(installed.service)
        assert not faults, faults
    query = text("SELECT completion_id, subject, completed_on FROM completions")
    rows = installed.service.database.read(lambda connection: connection.execute(query).all())
    assert answered <= {row[0] for row in rows}, "an answered completion is lost"
    assert len({(row[1], str(row[2])) for row in rows}) == len(rows), "a completion stands twice"
