"""Held records at the same moment: judged twice, set aside, sent again, corrected; credited once or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from app.services.context import Service
from app.services.held import judging
from app.services.held.judging import HeldJudge, judge_all_due
from app.store.sql import statements
from app.worker import Worker
from tests.builders.people import import_people
from tests.harness.api import Api
from tests.harness.clock import ManualClock
from tests.harness.held import NORA, held_of, hold, nora
from tests.harness.wire import at_once

pytestmark = pytest.mark.usefixtures("proven")
DAYS = [f"2021-12-{day:02}" for day in range(1, 13)]


def hers(api: Api) -> list[Any]:
    return api.completions(last_name="Quillfeather", limit=100)


def test_two_workers_accept_each_record_once(api: Api, service: Service) -> None:
    held = [hold(api, nora(completed_on=day, credits=1)) for day in DAYS]
    import_people(service, NORA)
    at_once([partial(judge_all_due, service)] * 3)
    # Whoever had not the turn did nothing; what was left then is judged now.
    judge_all_due(service)
    shown = [held_of(api, one) for one in held]
    assert {one["status"] for one in shown} == {"accepted"}
    assert sorted(one["completion_id"] for one in shown) == sorted(one["completion_id"] for one in hers(api))


def test_the_last_credit_goes_to_the_record_that_was_sent_first(api: Api, service: Service, clock: ManualClock) -> None:
    limited = api.register(ama_pra_credits=2).json["activity_id"]
    held = []
    for day in reversed(DAYS):
        held.append(hold(api, nora(activity_id=limited, completed_on=day, credits=1)))
        clock.now += timedelta(minutes=1)
    import_people(service, NORA)
    at_once([partial(judge_all_due, service)] * 3)
    judge_all_due(service)
    assert [held_of(api, one)["status"] for one in held] == ["accepted"] * 2 + ["refused"] * 10


def test_the_same_record_many_times_is_held_once(api: Api) -> None:
    answers = at_once([lambda: hold(api, nora())] * 16)
    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["held_id"] for answer in answers}) == 1
    assert len(api.get("/v1/held-records").json["data"]) == 1


def beside_judging(api: Api, service: Service, *others: Callable[[], Any]) -> Any:
    """Hold a record, let the registry know its physician, and judge it while something else is done; return it then."""
    held = hold(api, nora(reference="lms:1"))
    import_people(service, NORA)
    at_once([partial(judge_all_due, service), *(partial(other, held) for other in others)])
    judge_all_due(service)
    return held_of(api, held)


@pytest.mark.parametrize("round_", range(3))
def test_a_record_set_aside_while_it_is_judged_ends_one_way(api: Api, service: Service, round_: int) -> None:
    shown = beside_judging(
        api, service, lambda held: api.post(f"/v1/held-records/{held.json['held_id']}/set-aside", None)
    )
    assert len(hers(api)) == (shown["status"] == "accepted")
    assert shown["status"] in ("accepted", "set-aside")


@pytest.mark.parametrize("round_", range(3))
def test_a_record_sent_again_while_it_is_judged_is_credited_once(api: Api, service: Service, round_: int) -> None:
    again = partial(hold, api, nora(reference="lms:1"))
    shown = beside_judging(api, service, lambda _: again(), lambda _: api.report(nora(reference="lms:1")))
    assert shown["status"] == "accepted"
    assert [one["completion_id"] for one in hers(api)] == [shown["completion_id"]]


@pytest.mark.parametrize("round_", range(3))
def test_another_version_sent_while_it_is_judged_is_credited_instead_or_refused(
    api: Api, service: Service, clock: ManualClock, round_: int
) -> None:
    def send(_: Any) -> Any:
        clock.now += timedelta(minutes=1)
        return api.report(nora(reference="lms:1", credits=1))

    shown = beside_judging(api, service, send)
    assert len(hers(api)) == 1
    assert shown["status"] in ("accepted", "set-aside")


@pytest.mark.parametrize("round_", range(3))
def test_a_record_corrected_while_it_is_judged_is_credited_once(api: Api, service: Service, round_: int) -> None:
    def correct(held: Any) -> Any:
        tag = {"If-Match": held.response.headers["ETag"]}
        return api.send("PUT", f"/v1/held-records/{held.json['held_id']}", json=nora(credits=1), headers=tag)

    shown = beside_judging(api, service, correct)
    assert shown["status"] == "accepted"
    assert [one["completion_id"] for one in hers(api)] == [shown["completion_id"]]


def test_a_worker_waits_until_the_registry_has_come_to_rest(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "QUIET_SECONDS", 3_600)
    held = hold(api, nora())
    import_people(service, NORA)
    judge = HeldJudge()
    assert not judge(service)
    assert held_of(api, held)["status"] == "waiting"
    monkeypatch.setattr(judging, "LONGEST_SECONDS", 0)
    while judge(service):
        pass
    assert held_of(api, held)["status"] == "accepted"
    assert not judge(service)


def test_the_worker_beside_the_server_judges_by_itself(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "QUIET_SECONDS", 0)
    held = [hold(api, nora(completed_on=day, credits=1)) for day in DAYS]
    workers = [Worker(service) for _ in range(1 if service.database.on_sqlite else 2)]
    try:
        import_people(service, NORA)
        for one in held:
            while held_of(api, one)["status"] == "waiting":
                pass
    finally:
        for worker in workers:
            worker.stop()
    assert {held_of(api, one)["status"] for one in held} == {"accepted"}


def put_report(service: Service, held_id: str, report: str) -> list[str]:
    """Write what a held record says, behind the service's back; return what it said."""

    def put(connection: Connection) -> list[str]:
        key = {"id": held_id, "report": report}
        before = statements.fetch_column(
            connection, "SELECT CAST(report AS text) FROM held_records WHERE held_id = :id", key
        )
        kind = "text" if service.database.on_sqlite else "jsonb"
        statements.execute(
            connection, f"UPDATE held_records SET report = CAST(:report AS {kind}) WHERE held_id = :id", key
        )
        return before

    return service.database.write(put)


def test_a_record_on_which_the_service_fails_stops_no_other(api: Api, service: Service) -> None:
    """Its row is damaged: nobody can read it."""
    first, second, third = (hold(api, nora(completed_on=day, credits=1)) for day in DAYS[:3])
    damaged = partial(put_report, service, second.json["held_id"])
    (whole,) = damaged("{}")
    import_people(service, NORA)
    judge_all_due(service)
    damaged(whole)
    assert [held_of(api, one)["status"] for one in (first, second, third)] == ["accepted", "waiting", "accepted"]
    import_people(service, NORA | {"first_name": "Other", "licenses": "TN-M:1"})
    judge_all_due(service)
    assert held_of(api, second)["status"] == "accepted"
