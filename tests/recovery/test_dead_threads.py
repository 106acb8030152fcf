"""Threads that die, killed from outside at any instruction: nobody waits for them, and another takes their place."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import Connection

from app.core.database import sqlite_writer
from app.core.database.group_commit import GroupCommit
from app.core.database.hand_off import QueuedWrite
from app.core.errors import Unavailable
from app.core.threads import EXIT_CODE, WatchedPool, WatchedThread, dead_threads
from app.domain.batches import EntryMethod
from app.schemas.completions import CompletionIn
from app.services.context import Service, operator, transact
from app.services.operations.startup import open_service
from app.services.reporting import pipeline
from app.store.sql.statements import fetch_column
from app.worker import MAIL_SECONDS, Worker
from tests.builders.bodies import a_completion
from tests.harness.api import settle
from tests.harness.clock import ManualClock
from tests.harness.commands import ROOT, SECONDS
from tests.harness.databases import ON_SQLITE, settings_for
from tests.harness.processes import eventually
from tests.harness.properties import TIMES
from tests.harness.threads import DyingThread


def insert_nothing(connection: Connection) -> str:
    connection.exec_driver_sql("SELECT 1")
    return "done"


@ON_SQLITE
def test_a_write_that_would_end_the_writer_is_told_as_unavailable_and_those_behind_it_are_done(
    service: Service,
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        entered.set()
        leave.wait(60)
        raise SystemExit

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
    leave.set()
    for thread in waiting:
        thread.join(60)
        assert not thread.is_alive(), "a write waits for ever"
    assert [type(error) for error in results] == [Unavailable]
    eventually(lambda: not dead_threads())
    assert service.database.write(insert_nothing) == "done"


def writes(service: Service) -> bool:
    try:
        return service.database.write(insert_nothing) == "done"
    except Unavailable:
        return False


LINES = range(1, 80) if TIMES > 1 else (1, 4, 9, 14, 20, 26, 33, 41, 60)
"""Lines of the writer before which it dies: it runs some thirty for a write, and twelve more for another beside it."""


@ON_SQLITE
@pytest.mark.exhaustive
@pytest.mark.parametrize("line", LINES)
def test_at_whatever_line_the_writer_dies_every_report_is_answered_and_what_was_accepted_stands(
    database_url: str, tmp_path: Path, clock: ManualClock, line: int
) -> None:
    dying = DyingThread("writer", sqlite_writer.__name__)
    with dying.watching():
        service = open_service(settings_for(database_url, tmp_path / "own"), at=clock, migrate=False)
    accepted, refused = [], []

    def report(day: int) -> None:
        given = CompletionIn.model_validate(a_completion(completed_on=f"2021-11-{day:02}"))
        one = given.as_report("0008001", clock(), EntryMethod.API)
        try:
            accepted.append(transact(operator(service, "0008001"), pipeline.report, one).completion)
        except Unavailable as error:
            refused.append(error)

    dying.arm(line)
    waiting = [threading.Thread(target=report, args=[day]) for day in range(1, 7)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join(60)
        assert not thread.is_alive(), "a report waits for ever"
    assert len(accepted) + len(refused) == len(waiting), "it failed otherwise"
    eventually(lambda: writes(service))
    stored = service.database.read(lambda connection: fetch_column(connection, "SELECT completion_id FROM completions"))
    assert {completion.completion_id for completion in accepted if completion is not None} <= set(stored)
    assert dying.died, "it never came to that line"
    settle(service)
    service.database.close()


def test_each_loop_of_a_worker_that_dies_is_started_again_and_told(service: Service, http: TestClient) -> None:
    worker = Worker(service)
    # The others look again after so long a pause that nobody would wait for it here.
    names = {loop.name for loop in worker._loops if getattr(loop, "_pause", 0) <= MAIL_SECONDS}
    assert names >= {"sealing", "sending mails"}, names
    worker.stop()
    for name in names:
        dying = DyingThread(name, Worker.__module__)
        with dying.watching():
            worker = Worker(service)
        try:
            before = deaths(http, name)
            dying.arm(1)
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


def test_who_waits_for_a_thread_that_is_about_to_be_started_again_goes_on_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    about_to_start, may_start, lives = threading.Event(), threading.Event(), []

    class LateThread(threading.Thread):
        """A thread between whose making and whose start others run."""

        def start(self) -> None:
            if self.name == "late":
                about_to_start.set()
                may_start.wait(SECONDS)
            super().start()

    def run() -> None:
        lives.append("a life")
        if len(lives) == 1:
            monkeypatch.setattr(threading, "Thread", LateThread)
            raise SystemExit

    thread = WatchedThread("late", run)
    thread.start()
    assert about_to_start.wait(SECONDS)
    assert not thread.wait(0.1)
    may_start.set()
    assert thread.wait(SECONDS)


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
    futures: list[Future[Any]] = [Future() for _ in outcomes]
    for future, outcome in zip(futures, outcomes, strict=True):
        commit.submit([QueuedWrite(group_verb=group, item=outcome, future=future)])
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
    # Lines of the log that still waited may follow it.
    assert (
        'pars: The thread "writer" keeps dying; the process ends. The log says what it died of.'
        in ran.stderr.splitlines()
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
