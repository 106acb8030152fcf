"""Permission that is withdrawn beside reports: what is sent after it is refused, and before it nobody is asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from app.services.context import Service, transact
from app.services.passport import permission
from app.store.passport import permissions
from app.store.sql.key_sets import select_by_keys
from tests.builders.bodies import tina
from tests.builders.disputes import physician_of
from tests.harness.api import Answer, Api, settle
from tests.harness.inbox import stored
from tests.harness.wire import at_once

REPORTERS = 4
FIRST = date(2021, 2, 1)


def day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def test_what_is_reported_once_permission_is_withdrawn_is_refused_and_the_rest_stands(
    api: Api, service: Service
) -> None:
    made = api.report(tina(completed_on=day(0), total=0.25)).json["completion_id"]
    physician = physician_of(service, made)
    withdrawn: list[bool] = []

    def withdraw() -> list[tuple[bool, Answer]]:
        transact(physician, permission.withdraw_for_provider, "0008001", "")
        withdrawn.append(True)
        return []

    def report(reporter: int) -> list[tuple[bool, Answer]]:
        """Report until after it is withdrawn; with each answer, whether it was withdrawn before it was sent."""
        answers = []
        for turn in range(40):
            before = bool(withdrawn)
            answers.append((before, api.report(tina(completed_on=day(1 + reporter * 40 + turn), total=0.25))))
            if before:
                break
        return answers

    done = at_once([withdraw, *(partial(report, reporter) for reporter in range(REPORTERS))])
    answers = [answer for some in done for answer in some]
    assert {answer.status for _, answer in answers} <= {201, 422}
    late = [answer for before, answer in answers if before]
    assert late and all(answer.codes == {"permission-withdrawn"} for answer in late)
    accepted = sum(answer.status == 201 for _, answer in answers)
    [(standing,)] = stored(service, "SELECT count(*) FROM completions WHERE last_name = 'Karacme'")
    assert standing == 1 + accepted
    settle(service)


def test_physicians_are_asked_for_only_where_somebody_has_withdrawn_something(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[Any]] = []

    def noted(connection: Any, select: str, columns: Any, keys: Iterable[Any], *more: Any) -> Any:
        found = set(keys)
        asked.append(found)
        return select_by_keys(connection, select, columns, found, *more)

    monkeypatch.setattr(permissions, "select_by_keys", noted)
    answer = api.report(tina(completed_on=day(0), total=0.25))
    assert answer.status == 201
    assert not any(asked), "nobody has withdrawn anything"
    physician = physician_of(service, answer.json["completion_id"])
    dispute = transact(physician, permission.withdraw_for_provider, "0008001", "")
    assert api.report(tina(completed_on=day(1), total=0.25)).codes == {"permission-withdrawn"}
    assert any(asked)
    asked.clear()
    assert dispute.permission_id is not None
    transact(physician, permission.give_back, dispute.permission_id)
    assert api.report(tina(completed_on=day(2), total=0.25)).status == 201
    assert not any(asked), "it was given back"
    settle(service)
