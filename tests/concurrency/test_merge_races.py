"""Merging while reports, corrections and decisions come in: nothing is credited to an alias, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from app.core.errors import Problem
from app.domain.identity.merges import Overruled
from app.services.context import Service
from tests.builders.merging import aba, ann, anne, import_twice, merge, unmerge
from tests.harness.api import Api
from tests.harness.wire import at_once

COMPLETIONS = "/v1/learner-completions"
pytestmark = pytest.mark.usefixtures("proven")


def quarters(api: Api) -> dict[str, float]:
    """The credit that holds, by board."""
    held: dict[str, float] = {}
    for completion in api.completions(last_name="Twice", limit=500):
        for credit in completion["credits"]:
            if credit["status"] in ("pending", "accepted"):
                held[credit["board"]] = held.get(credit["board"], 0) + credit["credits"]
    return held


def attempt(call: Callable[[], Any]) -> Any:
    """Return what a call answers, or the problem that it raises."""
    try:
        return call()
    except Problem as problem:
        return problem


def test_reports_beside_a_merge_are_credited_to_who_stays(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    reports = [partial(api.report, ann(f"2021-11-{day:02}", credits=1)) for day in range(1, 8)]
    reports += [partial(api.report, anne(f"2021-10-{day:02}", credits=1)) for day in range(1, 8)]
    calls: list[Any] = [*reports[:7], partial(merge, service, one, into), *reports[7:]]
    answers = at_once(calls)
    assert [answer.status for answer in answers if hasattr(answer, "status")] == [201] * 14
    assert quarters(api) == {"TN-M": 7, "ME-M": 7}
    assert len({row["learner"]["learner_id"] for row in api.completions(last_name="Twice")}) == 1


def test_reports_beside_merges_and_their_undoing_lose_nothing(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    for turn in range(3):
        reports = [partial(api.report, ann(f"2021-0{turn + 3}-{day:02}", credits=1)) for day in range(1, 7)]
        calls: list[Any] = [
            *reports,
            partial(attempt, partial(merge, service, one, into)),
            partial(attempt, partial(unmerge, service, one)),
        ]
        answers = at_once(calls)
        assert [answer.status for answer in answers[:6]] == [201] * 6
    assert quarters(api) == {"TN-M": 18}


def test_of_two_merges_into_each_other_one_wins(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    api.report(ann())
    results = at_once(
        [partial(attempt, partial(merge, service, one, into)), partial(attempt, partial(merge, service, into, one))]
    )
    assert sorted(isinstance(result, Problem) for result in results) == [False, True]
    assert quarters(api) == {"TN-M": 2}


def test_corrections_and_withdrawals_beside_a_merge_take_effect(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    kept = [api.report(ann(f"2021-11-{day:02}", credits=1)).json for day in range(1, 5)]
    gone = [api.report(ann(f"2021-10-{day:02}", credits=1)).json for day in range(1, 5)]
    calls: list[Any] = [
        partial(api.send, "PUT", f"{COMPLETIONS}/{row['completion_id']}", headers={"If-Match": "*"},
                json=ann(row["completed_on"], credits=2))
        for row in kept
    ]  # fmt: skip
    calls += [partial(api.delete, f"{COMPLETIONS}/{row['completion_id']}") for row in gone]
    answers = at_once([*calls, partial(merge, service, one, into)])
    assert [answer.status for answer in answers[:8]] == [200] * 4 + [204] * 4
    assert quarters(api) == {"TN-M": 8}


def test_the_one_record_of_a_day_is_one_after_a_merge_too(api: Api, service: Service) -> None:
    one, into = import_twice(service)
    answers = at_once(
        [
            partial(api.report, aba(total=1)),
            partial(api.report, aba(total=1, of="Ann")),
            partial(merge, service, one, into, overrule=set(Overruled)),
        ]
    )
    assert [answer.status for answer in answers[:2] if answer.status not in (200, 201)] == []
    assert quarters(api) == {"ABA": 1}
