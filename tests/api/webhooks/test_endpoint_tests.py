"""A test of an endpoint: sent at once, once, with its outcome in the answer, and nothing about the endpoint changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from app.domain.webhooks import AttemptOutcome
from app.services.context import Service
from app.services.events import deliveries as services
from app.worker import DeliveryLoop
from tests.builders.bodies import a_completion, john
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.inbox import ENDPOINTS, Inbox, allowing_private, deliver, deliveries, edit, register, signed
from tests.harness.refusals import assert_problem

DATABASES = ["sqlite"]


@pytest.fixture
def service(service: Service) -> Service:
    settle(service)
    return allowing_private(service)


@pytest.fixture
def worker(service: Service) -> Iterator[None]:
    """What sends deliveries, in a thread of its own as in a worker."""
    loop = DeliveryLoop(service)
    yield
    loop.ask_to_stop()
    assert loop.wait(60)


def try_out(api: Api, endpoint_id: str) -> Answer:
    return api.send("POST", f"{ENDPOINTS}/{endpoint_id}/test")


@pytest.mark.usefixtures("worker")
def test_a_test_is_sent_signed_and_answered_with_its_outcome(api: Api, box: Inbox, clock: ManualClock) -> None:
    endpoint = register(api, box.url, "credit.decided").json
    answer = try_out(api, endpoint["endpoint_id"])
    assert answer.status == 200
    assert (answer.json["status"], answer.json["last_outcome"], answer.json["last_status"]) == (
        "delivered", "accepted", 204
    )  # fmt: skip
    (received,) = box.received
    assert received.id == answer.json["event_id"]
    assert received.event == {
        "type": "webhook.test",
        "timestamp": "2021-12-20T15:00:00Z",
        "data": {"endpoint_id": endpoint["endpoint_id"], "provider_id": "0008001"},
    }
    assert signed(box, endpoint["secret"], clock)
    assert deliveries(api, endpoint["endpoint_id"]) == [answer.json]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("status", "outcome"), [(500, "refused"), (410, "gone"), (302, "refused")])
def test_a_test_that_fails_is_not_repeated_and_changes_nothing(
    api: Api, service: Service, box: Inbox, clock: ManualClock, status: int, outcome: str
) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    before = api.get(f"{ENDPOINTS}/{endpoint_id}").json
    box.answer(status)
    answer = try_out(api, endpoint_id).json
    assert (answer["status"], answer["last_outcome"], answer["last_status"]) == ("dead", outcome, status)
    assert api.get(f"{ENDPOINTS}/{endpoint_id}").json == before
    clock.now += timedelta(days=1)
    assert deliver(service) == []
    assert len(box.received) == 1


@pytest.mark.usefixtures("worker")
def test_a_disabled_endpoint_can_be_tested_before_it_is_enabled(api: Api, box: Inbox) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    edit(api, endpoint_id, status="disabled")
    assert try_out(api, endpoint_id).json["status"] == "delivered"
    assert api.get(f"{ENDPOINTS}/{endpoint_id}").json["status"] == "disabled"


@pytest.mark.usefixtures("worker")
def test_a_board_and_a_vendor_can_test_their_endpoints(http: TestClient, service: Service, box: Inbox) -> None:
    board = api_of(http, service, "board", role="board", board="ABIM")
    vendor = api_of(http, service, "vendor", role="vendor")
    for client in (board, vendor):
        endpoint_id = register(client, box.url).json["endpoint_id"]
        assert try_out(client, endpoint_id).json["status"] == "delivered"
        assert box.received[-1].event["data"] == {"endpoint_id": endpoint_id, "provider_id": None}


def test_a_test_comes_before_whatever_waits(
    api: Api, service: Service, box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TEST_SECONDS", 0.0)
    endpoint_id = register(api, box.url).json["endpoint_id"]
    box.answer(500, 500)
    for body in (a_completion(), john()):
        api.report(body)
    deliver(service)
    answer = try_out(api, endpoint_id).json
    assert answer["status"] == "pending"
    # While the endpoint is failing, one attempt is made at a time: the test's.
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    assert box.types == ["completion.reported", "completion.reported", "webhook.test"]


def test_a_test_that_waits_does_not_look_as_if_it_had_waited_for_long(
    api: Api, service: Service, box: Inbox, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TEST_SECONDS", 0.0)
    endpoint_id = register(api, box.url).json["endpoint_id"]
    clock.now += timedelta(days=400)
    delivery = try_out(api, endpoint_id).json
    assert delivery["next_attempt_at"][:10] == "2023-01-24"


def test_a_second_test_waits_for_the_end_of_the_first(
    api: Api, service: Service, box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TEST_SECONDS", 0.0)
    endpoint_id = register(api, box.url).json["endpoint_id"]
    assert try_out(api, endpoint_id).json["status"] == "pending"
    assert_problem(try_out(api, endpoint_id), 409, "conflict")
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    assert try_out(api, endpoint_id).status == 200


def test_an_answer_waits_no_longer_than_it_may_for_a_receiver_that_hangs(
    api: Api, box: Inbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TEST_SECONDS", 0.5)
    box.hold = threading.Event()
    endpoint_id = register(api, box.url).json["endpoint_id"]
    loop = DeliveryLoop(service)
    try:
        assert try_out(api, endpoint_id).json["status"] in ("pending", "sending")
    finally:
        box.hold.set()
        loop.ask_to_stop()
        assert loop.wait(60)


def test_a_test_may_stand_among_the_kinds_that_an_endpoint_wants(http: TestClient, api: Api, service: Service) -> None:
    board = api_of(http, service, "board", role="board", board="ABIM")
    for client, kind in ((api, "credit.decided"), (board, "feed.available")):
        register(client, "https://example.org/pars", kind, "webhook.test")
