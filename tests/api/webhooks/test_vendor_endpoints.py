"""One endpoint of a vendor for all its providers: it is sent what they are told, and stops with the right to it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.webhooks import AttemptOutcome
from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.builders.bodies import a_completion, john
from tests.harness.api import Api, api_of, settle
from tests.harness.inbox import (
    ENDPOINTS,
    Inbox,
    allowing_private,
    deliver,
    deliveries,
    edit,
    inbox,
    register,
    stored,
)
from tests.harness.refusals import assert_problem

OURS, THEIRS = "0008001", "0008002"


@pytest.fixture
def service(service: Service) -> Service:
    settle(service)
    return allowing_private(service)


@pytest.fixture
def vendor(http: TestClient, service: Service) -> Api:
    """A vendor of the first provider."""
    return api_of(http, service, "vendor", role="vendor", providers=[OURS])


@pytest.fixture
def theirs(http: TestClient, service: Service) -> Api:
    """The second provider's own client, with an activity."""
    return api_of(http, service, "theirs", providers=[THEIRS])


def report_theirs(theirs: Api, day: str = "2021-06-01") -> None:
    listed = theirs.get("/v1/activities", title="Shared course").json
    activity_id = theirs.register(title="Shared course").json["activity_id"]
    assert listed
    assert theirs.report(a_completion(activity_id, day)).status == 201


def grant(service: Service, vendor: Api, provider_id: str) -> None:
    transact(operator(service), clients.grant, vendor.client_id, provider_id)


def revoke(service: Service, vendor: Api, provider_id: str) -> None:
    transact(operator(service), clients.revoke, vendor.client_id, provider_id)


def providers_sent(box: Inbox) -> list[Any]:
    return [request.event["data"]["provider_id"] for request in box.received]


def test_one_endpoint_is_sent_the_events_of_every_provider_granted_then(
    api: Api, theirs: Api, vendor: Api, service: Service, box: Inbox
) -> None:
    endpoint = register(vendor, box.url).json
    assert (endpoint["provider_id"], endpoint["board"]) == (None, None)
    api.report(a_completion())
    report_theirs(theirs)
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    grant(service, vendor, THEIRS)
    report_theirs(theirs, "2021-06-02")
    api.report(john())
    assert deliver(service) == [AttemptOutcome.ACCEPTED] * 2
    assert sorted(providers_sent(box)) == [OURS, OURS, THEIRS]
    told = vendor.get("/v1/events", limit=500).json["data"]
    assert {request.id for request in box.received} <= {event["event_id"] for event in told}
    listed = deliveries(vendor, endpoint["endpoint_id"])
    assert sorted(delivery["provider_id"] for delivery in listed) == [OURS, OURS, THEIRS]


def test_a_revoked_grant_ends_deliveries_that_wait_and_later_ones(
    api: Api, theirs: Api, vendor: Api, service: Service, box: Inbox
) -> None:
    grant(service, vendor, THEIRS)
    endpoint = register(vendor, box.url).json
    api.report(a_completion())
    report_theirs(theirs)
    settle(service)
    revoke(service, vendor, THEIRS)
    assert sorted(deliver(service)) == [AttemptOutcome.ACCEPTED, AttemptOutcome.RIGHT_REVOKED]
    report_theirs(theirs, "2021-06-02")
    api.report(john())
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    assert providers_sent(box) == [OURS, OURS]
    (dead,) = deliveries(vendor, endpoint["endpoint_id"], status="dead")
    assert (dead["provider_id"], dead["last_outcome"]) == (THEIRS, "right-revoked")


def test_a_delivery_that_waits_for_its_retry_ends_with_the_right(
    api: Api, vendor: Api, service: Service, box: Inbox
) -> None:
    endpoint = register(vendor, box.url).json
    box.answer(500)
    api.report(a_completion())
    assert deliver(service) == [AttemptOutcome.REFUSED]
    revoke(service, vendor, OURS)
    (delivery,) = deliveries(vendor, endpoint["endpoint_id"])
    again = vendor.post(f"{ENDPOINTS}/{endpoint['endpoint_id']}/deliveries/{delivery['delivery_id']}/redeliver", None)
    assert again.status == 200
    assert deliver(service) == [AttemptOutcome.RIGHT_REVOKED]
    assert len(box.received) == 1


def test_a_vendor_without_a_key_is_sent_nothing(api: Api, vendor: Api, service: Service, box: Inbox) -> None:
    register(vendor, box.url)
    api.report(a_completion())
    settle(service)
    transact(operator(service), clients.revoke_client, vendor.client_id)
    assert deliver(service) == [AttemptOutcome.RIGHT_REVOKED]
    api.report(john())
    assert deliver(service) == []
    assert box.received == []


def test_an_endpoint_for_one_provider_stays_one_beside_an_endpoint_for_all(
    api: Api, theirs: Api, vendor: Api, service: Service, box: Inbox
) -> None:
    grant(service, vendor, THEIRS)
    with inbox() as one:
        register(vendor, box.url)
        for_one = register(vendor, one.url, PARS_Provider=THEIRS).json
        assert for_one["provider_id"] == THEIRS
        api.report(a_completion())
        report_theirs(theirs)
        assert deliver(service) == [AttemptOutcome.ACCEPTED] * 3
        assert (sorted(providers_sent(box)), providers_sent(one)) == ([OURS, THEIRS], [THEIRS])


def test_endpoints_for_all_and_for_one_are_lists_of_their_own(vendor: Api, service: Service, box: Inbox) -> None:
    for_all = register(vendor, box.url).json["endpoint_id"]
    for_one = register(vendor, box.url, PARS_Provider=OURS).json["endpoint_id"]
    listed = vendor.get(ENDPOINTS).json["data"]
    assert [endpoint["endpoint_id"] for endpoint in listed] == [for_all]
    named = vendor.send("GET", ENDPOINTS, headers={"PARS-Provider": OURS}).json["data"]
    assert [endpoint["endpoint_id"] for endpoint in named] == [for_one]
    assert_problem(vendor.get(f"{ENDPOINTS}/{for_one}"), 404, "not-found")
    assert edit(vendor, for_all, description="every provider").json["description"] == "every provider"
    assert vendor.delete(f"{ENDPOINTS}/{for_all}").status == 204


def test_an_endpoint_for_all_is_its_clients_alone(http: TestClient, vendor: Api, service: Service, box: Inbox) -> None:
    endpoint_id = register(vendor, box.url).json["endpoint_id"]
    other = api_of(http, service, "other vendor", role="vendor", providers=[OURS])
    board = api_of(http, service, "board", role="board", board="ABIM")
    for stranger in (other, board):
        assert stranger.get(ENDPOINTS).json["data"] == []
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/rotate-secret")):
            assert_problem(stranger.send(method, f"{ENDPOINTS}/{endpoint_id}{path}"), 404, "not-found")
        recover = stranger.post(f"{ENDPOINTS}/{endpoint_id}/recover", {"since": "2021-12-20T00:00:00Z"})
        assert_problem(recover, 404, "not-found")


def test_a_vendor_for_all_providers_cannot_hear_of_a_boards_feed(vendor: Api, box: Inbox) -> None:
    refused = vendor.post(ENDPOINTS, {"url": box.url, "event_types": ["feed.available"]})
    assert_problem(refused, 422, "invalid-request")
    assert refused.pointers == {"format": "/event_types/0"}


def test_a_test_client_of_a_vendor_is_sent_the_sandbox_only(
    http: TestClient, api: Api, service: Service, box: Inbox
) -> None:
    tester = api_of(http, service, "tester", role="vendor", providers=[OURS], test=True)
    register(tester, box.url)
    api.report(a_completion())
    assert deliver(service) == []


def test_events_are_read_anew_for_every_seal_and_no_delivery_is_doubled(
    api: Api, vendor: Api, service: Service, box: Inbox
) -> None:
    register(vendor, box.url)
    for day in range(1, 6):
        api.report(a_completion(completed_on=f"2021-11-0{day}"))
        settle(service)
    assert deliver(service) == [AttemptOutcome.ACCEPTED] * 5
    assert len({request.id for request in box.received}) == 5
    assert stored(service, "SELECT count(*) FROM webhook_deliveries WHERE provider_id = '0008001'") == [(5,)]
