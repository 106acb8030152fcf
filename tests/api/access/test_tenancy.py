"""What belongs to another provider is as if it did not exist."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.registry import imports
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity, points
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.refusals import assert_problem, footprint, same_but_request_id

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
ABSENT_ACTIVITY = "999999999"
ABSENT_COMPLETION = "01a205e2-0000-7000-8000-000000000000"
OURS, THEIRS, NOBODYS = "0008001", "0008002", "0009999"


@pytest.fixture
def other(http: TestClient, service: Service) -> Api:
    """The client of another provider."""
    return api_of(http, service, "AAA Test Organization", providers=[THEIRS])


def acting(client: Api, provider: str | None, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if provider is not None:
        named["PARS-Provider"] = provider
    return client.send(method, path, headers=named, json=body)


def test_a_foreign_resource_answers_like_an_absent_one(api: Api, other: Api, service: Service) -> None:
    mine = api.report(a_completion()).json["completion_id"]
    before = footprint(service)
    for method, path in (("GET", COMPLETIONS), ("DELETE", COMPLETIONS), ("GET", ACTIVITIES)):
        foreign, absent = (mine, ABSENT_COMPLETION) if path == COMPLETIONS else (GRAND_ROUNDS, ABSENT_ACTIVITY)
        answers = [other.send(method, f"{path}/{completion_id}") for completion_id in (foreign, absent)]
        assert_problem(answers[0], 404, "not-found")
        assert same_but_request_id(*answers)
    assert footprint(service) == before
    assert api.get(f"{COMPLETIONS}/{mine}").status == 200


def test_reporting_for_a_foreign_activity_answers_like_for_an_absent_one(
    api: Api, other: Api, service: Service
) -> None:
    body = a_completion(first_name="Nobody", credits=-1, permission=False)
    before = footprint(service)
    for sent in (body, a_completion()):
        answers = [other.report(sent | {"activity_id": activity_id}) for activity_id in (GRAND_ROUNDS, ABSENT_ACTIVITY)]
        assert_problem(answers[0], 422, "completion-rejected", items=["activity-known"])
        assert same_but_request_id(*answers)
    assert footprint(service) == before


def test_lists_hold_what_is_the_providers_own(api: Api, other: Api) -> None:
    completion = api.report(a_completion(reference="ours")).json
    learner = completion["learner"]["learner_id"]
    for query in ({}, {"activity_id": GRAND_ROUNDS}, {"client_reference": "ours"}, {"learner_id": learner}):
        seen = other.completions(**query)
        assert {completion["provider_id"] for completion in seen} <= {THEIRS}
        assert completion["completion_id"] not in {completion["completion_id"] for completion in seen}
    foreign = other.get(COMPLETIONS, activity_id=GRAND_ROUNDS)
    absent = other.get(COMPLETIONS, activity_id=ABSENT_ACTIVITY)
    assert (
        foreign.response.content
        == absent.response.content
        == b'{"data":[],"next_cursor":null,"total":null,"total_capped":null}'
    )
    listed = other.get(ACTIVITIES, internal_id="Ex2-1").json["data"]
    assert listed == []
    assert {activity["provider_id"] for activity in other.get(ACTIVITIES).json["data"]} == {THEIRS}


def test_a_learner_id_means_nobody_to_another_provider(api: Api, other: Api) -> None:
    learner = api.report(a_completion()).json["learner"]["learner_id"]
    theirs = other.register().json["activity_id"]
    answers = []
    for learner_id in (learner, "lrn_" + "0" * 32):
        body = a_completion(theirs, "2021-06-01") | {"learner": {"learner_id": learner_id}}
        answers.append(other.report(body))
    assert_problem(answers[0], 422, "completion-rejected", items=["learner-unmatched"])
    assert same_but_request_id(*answers)


def test_one_person_has_another_learner_id_for_each_provider(api: Api, other: Api) -> None:
    theirs = other.register().json["activity_id"]
    first = api.report(a_completion()).json["learner"]["learner_id"]
    second = other.report(a_completion(theirs, "2021-06-01")).json["learner"]["learner_id"]
    assert first != second
    assert first and second


def test_findings_tell_nothing_of_what_other_providers_reported(api: Api, other: Api, service: Service) -> None:
    sue = {"first_name": "Sue", "last_name": "Geon", "date_of_birth": "04/05", "certifications": ["ABS:123456"]}
    imports.import_rows(service, enumerate([imports.read_row(sue, service.catalogue)], 1))
    told = []
    for client, credits in ((api, 30), (other, 0.25)):
        abs_points = {"board": "ABS", "points": 40, "credit_types": ["Accredited CME"]}
        activity = client.register(format="journal-cme", moc=[abs_points]).json["activity_id"]
        moc = points("ABS", "123456", credits, Accredited_CME=credits)
        person = {"first_name": "Sue", "last_name": "Geon", "born": "04/05"}
        reported = client.report(a_completion(activity, "2021-06-01", credits=None, moc=[moc], **person))
        assert reported.status == 201
        told.append(" ".join(finding["detail"] for finding in reported.json["findings"]))
    assert "30" in told[0]
    assert "30" not in told[1]


def test_an_internal_id_may_be_taken_by_every_provider_for_itself(api: Api, other: Api) -> None:
    assert api.register(internal_id="series-1").status == 201
    assert other.register(internal_id="series-1").status == 201
    assert_problem(other.register(internal_id="series-1"), 409, "internal-id-taken")


def test_a_vendor_acts_for_those_who_granted_it(http: TestClient, service: Service) -> None:
    vendor = api_of(http, service, "LMS", role="vendor")
    for method, path, body in (
        ("GET", COMPLETIONS, None), ("POST", COMPLETIONS, a_completion()), ("POST", ACTIVITIES, an_activity()),
        ("GET", f"{ACTIVITIES}/{GRAND_ROUNDS}", None), ("DELETE", f"{COMPLETIONS}/x", None),
    ):  # fmt: skip
        assert_problem(acting(vendor, None, method, path, body), 400, "provider-required")
        refused = [acting(vendor, provider, method, path, body) for provider in (OURS, NOBODYS)]
        assert_problem(refused[0], 403, "forbidden")
        assert same_but_request_id(*refused)
    transact(operator(service), clients.grant, vendor.client_id, OURS)
    with TestClient(create_app(service), raise_server_exceptions=False) as fresh:
        granted = Api(fresh, vendor.key, vendor.client_id)
        assert_problem(acting(granted, None, "GET", COMPLETIONS), 400, "provider-required")
        created = acting(granted, OURS, "POST", COMPLETIONS, a_completion())
        assert (created.status, created.json["provider_id"]) == (201, OURS)
        assert_problem(acting(granted, THEIRS, "GET", COMPLETIONS), 403, "forbidden")
    transact(operator(service), clients.revoke, vendor.client_id, OURS)
    with TestClient(create_app(service), raise_server_exceptions=False) as fresh:
        revoked = Api(fresh, vendor.key, vendor.client_id)
        answers = [acting(revoked, provider, "GET", COMPLETIONS) for provider in (OURS, NOBODYS)]
        assert_problem(answers[0], 403, "forbidden")
        assert same_but_request_id(*answers)
    settle(service)


def test_what_a_vendor_reported_stays_with_the_provider(http: TestClient, service: Service, api: Api) -> None:
    vendor = api_of(http, service, "LMS", role="vendor", providers=[OURS, THEIRS])
    reported = acting(vendor, OURS, "POST", COMPLETIONS, a_completion()).json["completion_id"]
    assert api.get(f"{COMPLETIONS}/{reported}").status == 200
    answers = [
        acting(vendor, THEIRS, "GET", f"{COMPLETIONS}/{completion_id}")
        for completion_id in (reported, ABSENT_COMPLETION)
    ]
    assert_problem(answers[0], 404, "not-found")
    assert same_but_request_id(*answers)
    assert_problem(acting(vendor, THEIRS, "DELETE", f"{COMPLETIONS}/{reported}"), 404, "not-found")


def test_an_operator_acts_for_any_provider_that_exists(http: TestClient, service: Service) -> None:
    everybody = api_of(http, service, "operator", role="operator")
    assert_problem(acting(everybody, None, "GET", COMPLETIONS), 400, "provider-required")
    assert_problem(acting(everybody, NOBODYS, "GET", COMPLETIONS), 403, "forbidden")
    assert acting(everybody, OURS, "POST", COMPLETIONS, a_completion()).json["provider_id"] == OURS
    assert acting(everybody, THEIRS, "GET", f"{ACTIVITIES}/{GRAND_ROUNDS}").status == 404


def test_a_client_of_several_providers_says_for_which(http: TestClient, service: Service) -> None:
    both = api_of(http, service, "both", providers=[OURS, THEIRS])
    assert_problem(acting(both, None, "POST", COMPLETIONS, a_completion()), 400, "provider-required")
    refused = [acting(both, provider, "GET", COMPLETIONS) for provider in ("0008003", NOBODYS, "x")]
    assert_problem(refused[0], 403, "forbidden")
    assert same_but_request_id(refused[0], refused[1])
    assert same_but_request_id(refused[0], refused[2])
    assert acting(both, OURS, "POST", COMPLETIONS, a_completion()).status == 201
    assert acting(both, THEIRS, "POST", COMPLETIONS, a_completion()).codes == {"activity-known"}


def test_a_provider_that_exists_answers_like_one_that_does_not(api: Api) -> None:
    refused = [acting(api, provider, "GET", COMPLETIONS) for provider in (THEIRS, NOBODYS)]
    assert_problem(refused[0], 403, "forbidden")
    assert same_but_request_id(*refused)


def test_a_board_has_no_business_with_providers_data(http: TestClient, service: Service) -> None:
    board = api_of(http, service, "ABA", role="board")
    for provider in (None, OURS):
        assert_problem(acting(board, provider, "GET", COMPLETIONS), 403, "forbidden")
        assert_problem(acting(board, provider, "POST", COMPLETIONS, a_completion()), 403, "forbidden")


def test_a_foreign_idempotency_key_is_like_an_unused_one(api: Api, other: Api, service: Service) -> None:
    theirs = other.register().json["activity_id"]
    body = a_completion(theirs, "2021-06-01")
    first = api.report(a_completion(), Idempotency_Key="k")
    second = other.report(body, Idempotency_Key="k")
    assert (first.status, second.status) == (201, 201)
    assert "idempotency-replayed" not in second.response.headers
    assert second.json["activity_id"] == theirs
    settle(service)
