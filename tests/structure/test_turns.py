"""By turns, each test runs once: on one database, or where these differ on both."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from tests.harness.databases import ALWAYS_ON_BOTH, split_by_turns

DATABASES = ("sqlite", "postgresql")


def item(nodeid: str, database: str | None = None) -> Any:
    """Return what the suite asks of a test."""
    if database is None:
        return SimpleNamespace(nodeid=nodeid)
    return SimpleNamespace(nodeid=nodeid, callspec=SimpleNamespace(params={"database_url": database}))


def stories(folder: str) -> list[Any]:
    return [item(f"{folder}test_it.py::test_{n}[{name}]", name) for n in range(400) for name in DATABASES]


def test_of_a_test_on_both_databases_one_runs_always_the_same() -> None:
    given = stories("tests/api/")
    run, left_out = split_by_turns(given)
    assert [one.nodeid.partition("[")[0] for one in run] == [one.nodeid.partition("[")[0] for one in given[::2]]
    assert len(run) + len(left_out) == len(given)
    numbers = Counter(one.callspec.params["database_url"] for one in run)
    assert 50 < numbers["postgresql"] < 150
    again, _ = split_by_turns(given[::-1])
    assert {one.nodeid for one in again} == {one.nodeid for one in run}


def test_nothing_else_is_left_out() -> None:
    kept = [found for folder in ALWAYS_ON_BOTH for found in stories(folder)]
    kept += [item("tests/api/test_one.py::test_a[sqlite]", "sqlite"), item("tests/unit/test_two.py::test_b")]
    assert split_by_turns(kept) == (kept, [])
