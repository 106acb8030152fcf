"""What providers have of the same person or key is told apart, and a grant counts from its beginning to its end."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.core.errors import Forbidden
from app.services.access import clients
from app.services.access.authentication import resolve_provider
from app.services.context import Service, operator, transact
from app.services.registry import imports
from app.store import clients as stored_clients
from tests.builders.bodies import GRAND_ROUNDS, a_completion, points
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import assert_problem, footprint, same_but_request_id

COMPLETIONS = "/v1/learner-completions"
OURS, THEIRS, NOBODYS = "0008001", "0008002", "0009999"


@pytest.fixture
def other(http: TestClient, service: Service) -> Api:
    """The client of another provider."""
    return api_of(http, service, "AAA Test Organization", providers=[THEIRS])


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


def test_a_foreign_idempotency_key_is_like_an_unused_one(api: Api, other: Api, service: Service) -> None:
    theirs = other.register().json["activity_id"]
    body = a_completion(theirs, "2021-06-01")
    first = api.report(a_completion(), Idempotency_Key="k")
    second = other.report(body, Idempotency_Key="k")
    assert (first.status, second.status) == (201, 201)
    assert "idempotency-replayed" not in second.response.headers
    assert second.json["activity_id"] == theirs
    settle(service)


@ON_SQLITE
def test_a_body_full_of_faults_tells_no_foreign_activity_from_an_absent_one(other: Api, service: Service) -> None:
    body = a_completion(first_name="Nobody", credits=-1, permission=False)
    before = footprint(service)
    answers = [other.report(body | {"activity_id": activity_id}) for activity_id in (GRAND_ROUNDS, "999999999")]
    assert_problem(answers[0], 422, "completion-rejected", items=["activity-known"])
    assert same_but_request_id(*answers)
    assert footprint(service) == before


def test_a_refusal_never_names_a_provider_whose_right_was_taken_a_moment_ago(
    http: TestClient, service: Service
) -> None:
    vendor = api_of(http, service, "LMS", role="vendor", providers=[OURS, THEIRS])
    found = service.database.read(lambda connection: stored_clients.by_id(connection, vendor.client_id))
    assert found is not None and OURS in found.provider_ids
    transact(operator(service), clients.revoke, vendor.client_id, OURS)
    hints = set()
    for provider in (OURS, NOBODYS):
        with pytest.raises(Forbidden) as refusal:
            # As the client was cached before.
            service.database.read(lambda connection, named=provider: resolve_provider(connection, found, named))
        hints.add(refusal.value.faults[0].hint)
    assert len(hints) == 1
    assert not any(OURS in str(hint) for hint in hints)


def test_a_grant_counts_from_the_request_after_it_to_the_one_before_its_end(
    http: TestClient, service: Service, api: Api
) -> None:
    vendor = api_of(http, service, "LMS", role="vendor", providers=[THEIRS])

    def reported(provider: str) -> Answer:
        return vendor.post(COMPLETIONS, a_completion(), PARS_Provider=provider)

    assert_problem(reported(OURS), 403, "forbidden")
    transact(operator(service), clients.grant, vendor.client_id, OURS)
    made = reported(OURS)
    assert (made.status, made.json["provider_id"]) == (201, OURS)
    # What it reported is the provider's, not the vendor's.
    path = f"{COMPLETIONS}/{made.json['completion_id']}"
    assert api.get(path).status == 200
    assert_problem(vendor.send("GET", path, headers={"PARS-Provider": THEIRS}), 404, "not-found")
    transact(operator(service), clients.revoke, vendor.client_id, OURS)
    refused = [reported(provider) for provider in (OURS, NOBODYS)]
    assert_problem(refused[0], 403, "forbidden")
    assert same_but_request_id(*refused)
    settle(service)
