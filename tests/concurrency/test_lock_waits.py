"""Who waits for a lock longer than one transaction may goes on waiting: contention is nobody's error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from app.core.database import engines
from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.harness.api import Answer, Api, settle
from tests.harness.wire import SECONDS, at_once

COMPLETIONS = "/v1/learner-completions"
ATTEMPTS = 3


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PostgreSQL wait for a lock no longer than a moment."""
    monkeypatch.setattr(engines, "LOCK_SECONDS", 0.2)


@pytest.fixture
def again() -> Iterator[threading.Semaphore]:
    """Tell of each time that somebody asks for the activity which is held."""
    asked = threading.Semaphore(0)

    def seen(sql: str) -> None:
        if "FOR KEY SHARE" in sql:
            asked.release()

    statements.BEFORE_STATEMENT.append(seen)
    yield asked
    statements.BEFORE_STATEMENT.remove(seen)


def correct(api: Api, completion_id: str) -> Answer:
    body = a_completion(credits=3)
    return api.send("PUT", f"{COMPLETIONS}/{completion_id}", headers={"If-Match": "*"}, json=body)


@pytest.mark.parametrize("way", ["report", "bulk", "correction"])
def test_a_lock_held_for_longer_than_one_wait_refuses_nobody(
    api: Api, service: Service, again: threading.Semaphore, way: str
) -> None:
    first = api.report(a_completion()).json["completion_id"]
    calls: dict[str, Callable[[], Answer]] = {
        "report": partial(api.report, a_completion(completed_on="2021-12-01")),
        "bulk": partial(api.post, f"{COMPLETIONS}:bulk", {"items": [a_completion(completed_on="2021-12-01")]}),
        "correction": partial(correct, api, first),
    }
    held = threading.Event()

    def hold(connection: Any) -> None:
        lock = statements.locking_clause(connection)
        query = f"SELECT 1 FROM activities WHERE activity_id = :id{lock}"
        statements.fetch(connection, query, {"id": GRAND_ROUNDS})
        held.set()
        for _ in range(ATTEMPTS if lock else 0):
            assert again.acquire(timeout=10)

    answers: list[Answer] = []

    def wait_and_call() -> None:
        assert held.wait(SECONDS)
        answers.append(calls[way]())

    while again.acquire(blocking=False):
        pass  # What the preparation asked for does not count.
    at_once([lambda: service.database.write(hold), wait_and_call])
    assert [answer.status for answer in answers] == [{"report": 201, "bulk": 207, "correction": 200}[way]]
    settle(service)
