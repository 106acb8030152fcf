"""A load of reports, corrections and withdrawals, which goes on whatever happens to the server."""

from __future__ import annotations

import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.world.installation import World

DECIDING, CARRIED = ("ABIM", "ABA", "ABS"), ("CA-M", "NJ-M")
"""Boards whose learners are reported: those that decide, and those that only read."""
TYPES = {"ABIM": "Medical Knowledge", "ABA": "Lifelong Learning", "ABS": "Accredited CME"}
CLIENTS = 4
A_SECOND = 25
"""Requests of all clients together."""
AGAIN_SECONDS = 0.5
"""Seconds that a client waits after an unanswered request."""


class Load:
    """Client threads that report, correct and withdraw until stopped."""

    def __init__(self, installed: World, port: int, activity_id: str, seed: int) -> None:
        self.answers: Counter[str] = Counter()
        self._key = installed.key
        self._port = port
        self._chance = random.Random(seed)
        self._bodies = _bodies(installed, activity_id)
        self._standing: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send nothing more, and wait for the answers under way."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        statuses = {name.split()[1] for name in self.answers}
        assert statuses >= {"200", "201", "204"}, self.answers
        assert statuses <= {"200", "201", "204", "404", "422", "503", "unanswered"}, self.answers

    def _run(self) -> None:
        while not self._stopping.wait(CLIENTS / A_SECOND):
            method, path, body = self._next()
            try:
                status, answer = self._sent(method, path, body)
            except (OSError, http.client.HTTPException, ValueError):
                status, answer = 0, None
                self._stopping.wait(AGAIN_SECONDS)
            with self._lock:
                self.answers[f"{method} {status or 'unanswered'}"] += 1
                if method == "POST" and status == 201:
                    self._standing[answer["completion_id"]] = body

    def _next(self) -> tuple[str, str, Any]:
        with self._lock:
            draw = self._chance.random()
            if draw < 0.6 or len(self._standing) < 20:
                return "POST", "", next(self._bodies)
            chosen = self._chance.choice(list(self._standing))
            if draw < 0.75:
                del self._standing[chosen]
                return "DELETE", f"/{chosen}", None
            return "PUT", f"/{chosen}", _changed(self._standing[chosen], self._chance)

    def _sent(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
            if method == "PUT":
                headers["If-Match"] = "*"
            text = json.dumps(body) if body is not None else None
            connection.request(method, f"/v1/learner-completions{path}", text, headers)
            response = connection.getresponse()
            content = response.read()
            return response.status, json.loads(content) if content else None
        finally:
            connection.close()


def _bodies(installed: World, activity_id: str) -> Iterator[Any]:
    """Yield reports for every learner of one of the boards, then for the same learners a day later."""
    for turn in range(200):
        for row in installed.learners:
            licence = next((number for number in row.licenses if number.board in CARRIED), None)
            certified = next((number for number in row.certifications if number.board in DECIDING), None)
            if licence is None and certified is None:
                continue
            yield {
                "activity_id": activity_id,
                "completed_on": f"2026-{turn // 28 + 1:02d}-{turn % 28 + 1:02d}",
                "permission": True,
                "learner": {
                    "first_name": row.first_name, "last_name": row.last_name, "date_of_birth": str(row.birth_date),
                },
                "cme": [{"state": licence.board, "license_id": licence.number, "credits": 1}] if licence else [],
                "moc": [_points(certified.board, certified.number, 1)] if certified else [],
            }  # fmt: skip


def _points(board: str, number: str, amount: float) -> Any:
    types = [{"type": TYPES[board], "credits": amount}]
    return {"board": board, "board_id": number, "total_credits": amount, "credit_types": types}


def _changed(body: Any, chance: random.Random) -> Any:
    """Return a report with other amounts, and sometimes without one of its two parts."""
    amount = chance.choice([0.25, 0.5, 2, 3])
    cme = [part | {"credits": amount} for part in body["cme"]]
    moc = [_points(part["board"], part["board_id"], amount) for part in body["moc"]]
    if cme and moc and chance.random() < 0.3:
        cme, moc = chance.choice([([], moc), (cme, [])])
    return body | {"cme": cme, "moc": moc}
