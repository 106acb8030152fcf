"""Threads that die, killed from outside at any instruction: nobody waits for them, and another takes their place."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from concurrent.futures import Future
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import Connection

from app.core.database.group_commit import GroupCommit, QueuedWrite
from app.core.errors import Unavailable
from app.core.threads import EXIT_CODE, WatchedPool, WatchedThread, dead_threads
from app.services.context import Service
from app.store.sql import statements
from app.worker import Worker
from tests.builders.bodies import a_completion
from tests.harness.api import Api, settle
from tests.harness.commands import ROOT, SECONDS
from tests.harness.databases import ON_SQLITE
from tests.harness.processes import eventually
from tests.harness.threads import kill_threads


def insert_nothing(connection: Connection) -> str:
    connection.exec_driver_sql("SELECT 1")
    return "done"


@ON_SQLITE
def test_writes_that_wait_for_a_dead_writer_fail_at_once_and_later_ones_are_done(service: Service) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        entered.set()
        while not leave.wait(0.001):
            pass

    results: list[BaseException] = []

    def write(verb: Any) -> None:
        try:
            service.database.write(verb)
        except BaseException as error:
            results.append(error)

    waiting = [threading.Thread(target=write, args=[verb]) for verb in (slow, insert_nothing, insert_nothing)]
    waiting[0].start()
    entered.wait(60)
    for thread in waiting[1:]:
        thread.start()
    eventually(service.database.has_waiting_writes)
    # Twice: the first death is caught as a failure of the write, the second may end the thread itself.
    kill_threads("writer")
    leave.set()
    kill_threads("writer")
    for thread in waiting:
        thread.join(60)
        assert not thread.is_alive(), "a write waits for ever"
    assert {type(error) for error in results} <= {Unavailable}
    eventually(lambda: not dead_threads())
    assert service.database.write(insert_nothing) == "done"


@ON_SQLITE
@pytest.mark.parametrize("number", [1, 5, 12, 30, 60, 100])
def test_wherever_the_writer_dies_every_report_is_answered_and_what_was_accepted_stands(
    api: Api, service: Service, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Raised at a statement of the writer, not from another thread: that may come while a lock is being taken, which
    # is then never given back, and no fault of the service's could do the same.
    count = itertools.count(1)

    def die(_: str) -> None:
        if threading.current_thread().name == "writer" and next(count) == number:
            raise SystemExit

    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [die])
    accepted = set()
    for day in range(1, 20):
        answer = api.report(a_completion(completed_on=f"2021-11-{day:02}"))
        assert answer.status in (201, 503), answer.json
        if answer.status == 201:
            accepted.add(answer.json["completion_id"])
        else:
            eventually(lambda: not dead_threads())
    assert next(count) > number, "it never died"
    assert accepted <= {
        completion["completion_id"] for completion in api.completions(activity_id="201759558", limit=500)
    }
    settle(service)


def test_each_loop_of_a_worker_that_dies_is_started_again_and_told(service: Service, http: TestClient) -> None:
    worker = Worker(service)
    try:
        names = {loop.name for loop in worker._loops}
        for name in names - {"forgetting", "ending stalls"}:
            eventually(lambda name=name: name in {thread.name for thread in threading.enumerate()})
            before = deaths(http, name)
            assert kill_threads(name)
            eventually(lambda name=name, before=before: deaths(http, name) > before)
        eventually(lambda: not dead_threads())
        assert http.get("/readyz").status_code == 200
    finally:
        worker.stop()


def deaths(http: TestClient, thread: str) -> float:
    told = [line for line in http.get("/metrics").text.splitlines() if line.startswith("pars_thread_deaths_total")]
    return sum(float(line.split()[-1]) for line in told if f'"{thread}"' in line)


def test_while_a_thread_is_dead_the_process_is_not_ready(http: TestClient, service: Service) -> None:
    assert http.get("/readyz").status_code == 200
    released, lives = threading.Event(), []

    def run() -> None:
        lives.append("a life")
        if len(lives) == 1:
            raise SystemExit

    def held_up() -> None:
        """Keep the supervisor from starting it again."""
        if threading.current_thread().name == "supervisor":
            released.wait(SECONDS)

    thread = WatchedThread("of this test", run, on_death=held_up)
    thread.start()
    eventually(lambda: "of this test" in dead_threads())
    refused = http.get("/readyz")
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert "of this test" in refused.json()["detail"]
    released.set()
    assert thread.wait(SECONDS)
    assert http.get("/readyz").status_code == 200


@given(outcomes=some.lists(some.sampled_from([None, ValueError, Unavailable, SystemExit]), min_size=1, max_size=40))
def test_whatever_a_group_dies_of_each_of_its_writes_is_answered(outcomes: list[type[BaseException] | None]) -> None:
    pool = WatchedPool(4, "of a test")

    def write(verb: Any) -> Any:
        return verb(None)

    def group(_: object, items: list[Any]) -> list[Any]:
        for item in items:
            if item is not None:
                raise item
        return ["done"] * len(items)

    commit = GroupCommit(write, pool)
    futures: list[Future[Any]] = [commit.submit(QueuedWrite(group_verb=group, item=outcome)) for outcome in outcomes]
    for future, outcome in zip(futures, outcomes, strict=True):
        error = future.exception(60)
        assert outcome is not None or error is None or isinstance(error, Unavailable | ValueError)
        assert error is None or isinstance(error, Exception)
    pool.shutdown()


def ended(program: str) -> subprocess.CompletedProcess[str]:
    begin = (
        "import sys, threading, time\nfrom app.core import threads\nfrom app.core.logging import configure_logging\n"
        "from tests.harness.threads import kill_threads\nconfigure_logging()\nthreads.RESTART_SECONDS = 0.01\n"
    )
    return subprocess.run(
        [sys.executable, "-c", begin + program], cwd=ROOT, check=False, timeout=120, capture_output=True, text=True
    )


def test_a_thread_that_keeps_dying_ends_the_process_with_a_sentence() -> None:
    ran = ended("threads.WatchedThread('writer', lambda: int('x')).start()\ntime.sleep(100)")
    assert ran.returncode == EXIT_CODE
    assert ran.stderr.splitlines()[-1] == (
        'pars: The thread "writer" keeps dying; the process ends. The log says what it died of.'
    )


def test_a_thread_of_a_pool_that_dies_ends_the_process() -> None:
    ran = ended(
        "pool = threads.WatchedPool(2, 'database')\npool.submit(int).result()\n"
        "kill_threads(pool.members[0].name)\npool.submit(int)\ntime.sleep(100)"
    )
    assert ran.returncode == EXIT_CODE
    assert 'A thread of the pool "database" died' in ran.stderr


def test_the_death_of_the_thread_that_watches_the_others_ends_the_process() -> None:
    ran = ended(
        "threads.WatchedThread('idle', lambda: time.sleep(100)).start()\n"
        "time.sleep(0.1)\nkill_threads('supervisor')\ntime.sleep(100)"
    )
    assert ran.returncode == EXIT_CODE
    assert "The thread that watches the others died; the process ends." in ran.stderr
