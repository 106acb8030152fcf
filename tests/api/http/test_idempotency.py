"""An idempotency key names one request: it happens once, and is answered the same however often it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.database import engines
from app.services.access import retention
from app.services.context import Service
from app.store import clients
from tests.builders.bodies import a_completion, an_activity
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem, footprint
from tests.harness.wire import at_once

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
BODIES: dict[str, Callable[[], Any]] = {COMPLETIONS: a_completion, ACTIVITIES: an_activity}


def replayed(answer: Answer) -> bool:
    return answer.response.headers.get("idempotency-replayed") == "true"


@pytest.mark.parametrize("path", BODIES)
def test_a_request_sent_again_gets_the_same_bytes_and_happens_once(api: Api, service: Service, path: str) -> None:
    first = api.post(path, BODIES[path](), Idempotency_Key="k-1")
    before = footprint(service)
    again = [api.post(path, BODIES[path](), Idempotency_Key="k-1") for _ in range(3)]
    assert first.status == 201
    assert not replayed(first)
    for answer in again:
        assert replayed(answer)
        assert (answer.status, answer.response.content) == (201, first.response.content)
        for name in ("etag", "location", "content-type"):
            assert answer.response.headers[name] == first.response.headers[name]
        assert answer.response.headers["x-request-id"] != first.response.headers["x-request-id"]
    assert footprint(service) == before
    settle(service)


def test_without_a_key_every_send_is_a_request_of_its_own(api: Api) -> None:
    ids = {api.post(ACTIVITIES, an_activity()).json["activity_id"] for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize("path", BODIES)
def test_another_request_under_the_key_is_refused(api: Api, service: Service, path: str) -> None:
    body = BODIES[path]()
    assert api.post(path, body, Idempotency_Key="k").status == 201
    other = body | ({"title": "Another"} if path == ACTIVITIES else {"completed_on": "2021-12-11"})
    before = footprint(service)
    assert_problem(api.post(path, other, Idempotency_Key="k"), 422, "idempotency-mismatch")
    elsewhere = ACTIVITIES if path == COMPLETIONS else COMPLETIONS
    assert_problem(api.post(elsewhere, BODIES[elsewhere](), Idempotency_Key="k"), 422, "idempotency-mismatch")
    assert footprint(service) == before
    assert replayed(api.post(path, body, Idempotency_Key="k"))


def test_a_refused_request_frees_its_key(api: Api, service: Service) -> None:
    before = footprint(service)
    assert api.report(a_completion(credits=-1), Idempotency_Key="k").status == 422
    assert api.report(a_completion() | {"nope": 1}, Idempotency_Key="k").status == 422
    assert api.report(a_completion("999999999"), Idempotency_Key="k").status == 422
    assert footprint(service) == before
    accepted = api.report(a_completion(), Idempotency_Key="k")
    assert accepted.status == 201
    assert not replayed(accepted)
    taken = an_activity(internal_id="once")
    assert api.post(ACTIVITIES, taken).status == 201
    assert api.post(ACTIVITIES, taken, Idempotency_Key="other").status == 409
    assert api.post(ACTIVITIES, taken | {"internal_id": "twice"}, Idempotency_Key="other").status == 201


def test_an_unreadable_request_does_not_use_up_its_key(api: Api) -> None:
    for content in (b"{", b"[]", b"\xff"):
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
        assert api.send("POST", COMPLETIONS, content=content, headers=headers).status in (400, 422)
    assert api.report(a_completion(), Idempotency_Key="k").status == 201


def test_joined_and_unchanged_are_replayed_as_they_were(api: Api, service: Service) -> None:
    api.report(a_completion())
    unchanged = api.report(a_completion(), Idempotency_Key="u")
    joined = api.report(a_completion(state="ME", license_id="MD9977"), Idempotency_Key="j")
    for first, body, key in (
        (unchanged, a_completion(), "u"), (joined, a_completion(state="ME", license_id="MD9977"), "j"),
    ):  # fmt: skip
        again = api.report(body, Idempotency_Key=key)
        assert (again.status, replayed(again)) == (200, True)
        assert again.response.content == first.response.content
    settle(service)


def test_the_answer_stays_the_one_of_then_after_a_withdrawal(api: Api, service: Service) -> None:
    first = api.report(a_completion(), Idempotency_Key="k")
    assert api.delete(f"{COMPLETIONS}/{first.json['completion_id']}").status == 204
    again = api.report(a_completion(), Idempotency_Key="k")
    assert replayed(again)
    assert again.response.content == first.response.content
    assert first.json["completion_id"] not in {completion["completion_id"] for completion in api.completions()}
    settle(service)


@pytest.mark.parametrize("path", BODIES)
def test_thirty_two_sends_at_once_make_one_record(api: Api, service: Service, path: str) -> None:
    before = footprint(service)
    body = BODIES[path]()
    answers = at_once([lambda: api.post(path, body, Idempotency_Key="all")] * 32)
    assert {(answer.status, answer.response.content) for answer in answers} == {(201, answers[0].response.content)}
    assert sum(not replayed(answer) for answer in answers) == 1
    after = footprint(service)
    assert (after[0] - before[0], after[1] - before[1] + after[3] - before[3], after[4] - before[4]) == (1, 1, 1)
    settle(service)


def test_refused_sends_at_once_are_all_refused_and_leave_the_key_free(api: Api, service: Service) -> None:
    before = footprint(service)
    answers = at_once([lambda: api.report(a_completion(credits=-1), Idempotency_Key="all")] * 16)
    assert {answer.status for answer in answers} == {422}
    assert footprint(service) == before
    assert api.report(a_completion(), Idempotency_Key="all").status == 201


def test_different_requests_at_once_under_one_key_have_one_winner(api: Api, service: Service) -> None:
    days = [f"2021-12-{day:02}" for day in range(1, 13)]
    answers = at_once([partial(api.report, a_completion(completed_on=day), Idempotency_Key="all") for day in days])
    assert sorted(answer.status for answer in answers) == [201, *[422] * 11]
    assert {answer.json["code"] for answer in answers if answer.status == 422} == {"idempotency-mismatch"}
    settle(service)


def test_the_key_is_the_clients_and_the_providers_own(http: TestClient, service: Service, api: Api) -> None:
    twin = api_of(http, service, "twin", providers=["0008001"])
    both = api_of(http, service, "both", role="vendor", providers=["0008001", "0008002"])
    first = api.register(title="First")
    assert api.post(ACTIVITIES, an_activity(title="First"), Idempotency_Key="k").status == 201
    sends = [
        twin.post(ACTIVITIES, an_activity(title="Second"), Idempotency_Key="k"),
        both.post(ACTIVITIES, an_activity(title="Third"), Idempotency_Key="k", PARS_Provider="0008001"),
        both.post(ACTIVITIES, an_activity(title="Fourth"), Idempotency_Key="k", PARS_Provider="0008002"),
    ]
    assert [answer.status for answer in sends] == [201, 201, 201]
    assert not any(replayed(answer) for answer in sends)
    assert len({answer.json["activity_id"] for answer in (*sends, first)}) == 4


def test_whoever_lost_the_right_gets_no_replay(http: TestClient, service: Service) -> None:
    both = api_of(http, service, "both", role="vendor", providers=["0008001"])
    first = both.report(a_completion(), Idempotency_Key="k", PARS_Provider="0008001")
    assert first.status == 201
    refused = both.report(a_completion(), Idempotency_Key="k", PARS_Provider="0008002")
    assert_problem(refused, 403, "forbidden")
    assert_problem(both.report(a_completion(), Idempotency_Key="k"), 400, "provider-required")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PostgreSQL wait for a lock no longer than a moment, on connections made from here on."""
    monkeypatch.setattr(engines, "LOCK_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
def test_while_the_first_send_still_runs_the_second_is_told_to_come_back(api: Api, service: Service) -> None:
    if service.database.on_sqlite:
        pytest.skip("SQLite has one writer: the second send begins when the first has ended")
    row = {"client_id": api.client_id, "provider_id": "0008001", "key": "k", "fingerprint": "x", "at": service.clock()}
    with service.database.engine.connect() as running, running.begin() as first:
        assert clients.claim_key(running, row)
        refused = api.report(a_completion(), Idempotency_Key="k")
        assert_problem(refused, 409, "idempotency-in-progress")
        assert int(refused.response.headers["retry-after"]) > 0
        first.rollback()
    assert api.report(a_completion(), Idempotency_Key="k").status == 201


def test_reading_and_withdrawing_take_no_notice_of_a_key(api: Api, service: Service) -> None:
    made = api.report(a_completion(), Idempotency_Key="k").json["completion_id"]
    before = footprint(service)[4]
    for key in ("k", "x" * 300, ""):
        headers = {"Idempotency-Key": key}
        assert api.send("GET", f"{COMPLETIONS}/{made}", headers=headers).status == 200
        assert api.send("GET", COMPLETIONS, headers=headers).status == 200
    assert api.send("DELETE", f"{COMPLETIONS}/{made}", headers={"Idempotency-Key": "k"}).status == 204
    assert api.send("DELETE", f"{COMPLETIONS}/{made}", headers={"Idempotency-Key": "k"}).status == 404
    assert footprint(service)[4] == before


def test_a_key_is_forgotten_after_thirty_days(api: Api, service: Service, clock: ManualClock) -> None:
    api.report(a_completion(), Idempotency_Key="k")
    clock.now += timedelta(days=service.settings.keep_answers_days)
    retention.run(service)
    assert replayed(api.report(a_completion(), Idempotency_Key="k"))
    clock.now += timedelta(days=1)
    retention.run(service)
    assert not replayed(api.report(a_completion(), Idempotency_Key="k"))
