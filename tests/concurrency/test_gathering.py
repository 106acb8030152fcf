"""The writer of SQLite lets those who were just answered write again with those who wait, and waits for nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from app.core.database import sqlite_writer
from app.core.database.engines import sqlite_engine
from app.core.database.hand_off import QueuedWrite
from app.core.database.sqlite_writer import SqliteWriter


class Groups:
    """A group verb that remembers what it was given at once, and lets its first call wait."""

    def __init__(self) -> None:
        self.done: list[list[str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def write(self, _: Connection, items: Sequence[str]) -> list[str]:
        self.done.append(list(items))
        self.begun.set()
        assert self.go_on.wait(10)
        return list(items)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[SqliteWriter]:
    engine = sqlite_engine(f"sqlite:///{tmp_path}/x.db", writes=True)
    running = SqliteWriter(engine)
    yield running
    running.close()
    engine.dispose()


def submit(writer: SqliteWriter, groups: Groups, item: str) -> Future[Any]:
    future: Future[Any] = Future()
    writer.submit([QueuedWrite(group_verb=groups.write, item=item, future=future)])
    return future


def one_and_two(writer: SqliteWriter, groups: Groups) -> tuple[Future[Any], Future[Any]]:
    """Submit a write, and another while the first is under way."""
    first = submit(writer, groups, "one")
    assert groups.begun.wait(10)
    second = submit(writer, groups, "two")
    groups.go_on.set()
    return first, second


def test_who_was_just_answered_writes_with_those_who_wait(
    writer: SqliteWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "GATHER_SECONDS", 10)
    groups = Groups()
    first, second = one_and_two(writer, groups)
    first.result(10)
    again = submit(writer, groups, "one again")
    assert [second.result(10), again.result(10)] == ["two", "one again"]
    assert groups.done == [["one"], ["two", "one again"]]


def test_who_does_not_come_again_is_not_waited_for(writer: SqliteWriter) -> None:
    groups = Groups()
    first, second = one_and_two(writer, groups)
    assert [first.result(10), second.result(10)] == ["one", "two"]
    assert groups.done == [["one"], ["two"]]


def test_a_writer_that_is_closed_waits_for_nobody(writer: SqliteWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "GATHER_SECONDS", 1_000)
    groups = Groups()
    first, second = one_and_two(writer, groups)
    assert first.result(10) == "one"
    writer.close()
    assert second.result(10) == "two"
