"""Group commit: every caller gets its own answer, and nothing that may have been committed is repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from app.core.database.failures import LOCK_TIMEOUT
from app.core.database.group_commit import GroupCommit
from app.core.database.hand_off import GroupVerb, QueuedWrite
from app.core.errors import Unavailable
from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.harness.api import Api, settle


def ask_alone(queue: GroupCommit, group_verb: GroupVerb, item: Any) -> Future[Any]:
    future: Future[Any] = Future()
    queue.submit([QueuedWrite(group_verb=group_verb, item=item, future=future)])
    return future


def ask(queue: GroupCommit, group_verb: GroupVerb, items: Sequence[Any]) -> list[Future[Any]]:
    return [ask_alone(queue, group_verb, item) for item in items]


def double(_connection: Any, items: Sequence[int]) -> list[Any]:
    """Double numbers; a negative one is refused, a zero breaks the whole."""
    if len(items) > 1 and 0 in items:
        raise ValueError("zero")
    return [ZeroDivisionError() if item == 0 else ValueError("negative") if item < 0 else 2 * item for item in items]


class Recording:
    """A database that remembers how often it was asked to write, and may fail after having done so."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.done: list[Any] = []

    def write(self, verb: Any) -> Any:
        result = verb(None)
        self.done.extend(result)
        if self.failure is not None:
            raise self.failure
        return result


def outcome(future: Future[Any]) -> Any:
    error = future.exception(10)
    return type(error) if error is not None else future.result()


def test_each_gets_its_own_answer_or_refusal() -> None:
    with ThreadPoolExecutor(4) as threads:
        queue = GroupCommit(Recording().write, threads)
        assert [outcome(future) for future in ask(queue, double, [1, -1, 3])] == [2, ValueError, 6]


def test_what_breaks_the_whole_is_tried_alone_and_harms_nobody_else() -> None:
    with ThreadPoolExecutor(4) as threads:
        queue = GroupCommit(Recording().write, threads)
        assert [outcome(future) for future in ask(queue, double, [1, 0, 3])] == [2, ZeroDivisionError, 6]


def test_work_whose_commit_may_stand_is_never_done_again() -> None:
    database = Recording(Unavailable())
    with ThreadPoolExecutor(1) as threads:
        blocker = threads.submit(lambda: __import__("time").sleep(0.1))
        queue = GroupCommit(database.write, threads)
        asked = ask(queue, double, [1, 2, 3])
        blocker.result()
        assert [outcome(future) for future in asked] == [Unavailable] * 3
    assert database.done == [2, 4, 6]


def test_nothing_is_taken_after_the_end() -> None:
    with ThreadPoolExecutor(1) as threads:
        queue = GroupCommit(Recording().write, threads)
        queue.close()
        with pytest.raises(Unavailable):
            ask_alone(queue, double, 1)


def test_an_answer_lost_after_the_commit_is_told_and_the_report_stands_once(api: Api, service: Service) -> None:
    def lose(_connection: Connection) -> None:
        raise RuntimeError("the answer to COMMIT was lost")

    before = len(api.completions())
    event.listen(service.database.engine, "commit", lose)
    answer = api.report(a_completion())
    event.remove(service.database.engine, "commit", lose)
    assert answer.status in (500, 503)
    assert api.report(a_completion()).json["outcome"] in ("created", "unchanged")
    assert len(api.completions()) == before + 1
    settle(service)


def test_a_commit_that_failed_leaves_no_transaction_to_the_next(service: Service) -> None:
    """Where the connection is not lost with the commit: the pool would hand it out as it is."""
    if service.database.on_sqlite:
        pytest.skip("one writer, whose connection is dropped")

    def lose(_connection: Connection) -> None:
        raise RuntimeError("the commit was not sent")

    event.listen(service.database.engine, "commit", lose)
    with pytest.raises(Unavailable):
        service.database.write(lambda connection: keep(connection, ["lost"]))
    event.remove(service.database.engine, "commit", lose)
    stored = [
        service.database.write(lambda connection: connection.execute(text("SELECT noun FROM digests_due")).all())
        for _ in range(12)
    ]
    assert not any(("lost",) in rows for rows in stored)


def test_no_transaction_waits_for_ever_after_it_took_an_idempotency_key(api: Api, service: Service) -> None:
    if service.database.on_sqlite:
        assert api.report(a_completion(), Idempotency_Key="k").status == 201
        return

    def limit(connection: Connection) -> str:
        return str(connection.execute(text("SHOW lock_timeout")).scalar_one())

    assert api.report(a_completion(), Idempotency_Key="k").status == 201
    assert service.database.write(limit) == "5s"
    assert LOCK_TIMEOUT == "55P03"


def keep(connection: Connection, items: Sequence[str]) -> list[Any]:
    """Store texts; among others, `bad` breaks the whole after all were stored, and by itself as well."""
    for item in items:
        connection.execute(text("INSERT INTO digests_due (noun) VALUES (:noun)"), {"noun": item})
    if "bad" in items:
        raise ZeroDivisionError
    return list(items)


@pytest.mark.parametrize("items", [["bad"], ["good"], ["a", "bad", "b"], ["a", "b"]])
def test_what_is_alone_in_its_transaction_leaves_nothing_of_what_failed(service: Service, items: list[str]) -> None:
    async def write() -> list[Any]:
        writes = [service.database.write_grouped_async(keep, item) for item in items]
        return await asyncio.gather(*writes, return_exceptions=True)

    good = [item for item in items if item != "bad"]
    assert [item for item in asyncio.run(write()) if not isinstance(item, ZeroDivisionError)] == good
    stored = service.database.read(lambda connection: connection.execute(text("SELECT noun FROM digests_due")).all())
    assert sorted(noun for (noun,) in stored if noun in (*items, "bad")) == good
