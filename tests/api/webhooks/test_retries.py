"""What is not taken is tried again for days, given up where it can be seen, and sent again when that is asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.webhooks import DISABLED_AFTER, JITTER, RETRY_PAUSES, AttemptOutcome
from app.services.context import Service
from tests.builders.bodies import a_completion, john
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.inbox import ENDPOINTS, Inbox, allowing_private, deliver, deliveries, edit, register, signed
from tests.harness.refusals import assert_problem

DATABASES = ["sqlite"]

SECOND = timedelta(seconds=1)


@pytest.fixture
def service(service: Service) -> Service:
    settle(service)
    return allowing_private(service)


def test_a_failure_is_tried_again_on_schedule_until_it_is_dead(
    api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    endpoint = register(api, box.url).json
    box.always = (500, {})
    api.report(a_completion())
    for failed, pause in enumerate(RETRY_PAUSES, 1):
        assert deliver(service) == [AttemptOutcome.REFUSED]
        (delivery,) = deliveries(api, endpoint["endpoint_id"])
        assert (delivery["status"], delivery["attempts"], delivery["last_status"]) == ("pending", failed, 500)
        clock.now += pause - SECOND
        assert deliver(service) == []
        clock.now += pause * JITTER + 2 * SECOND
    assert deliver(service) == [AttemptOutcome.REFUSED]
    (delivery,) = deliveries(api, endpoint["endpoint_id"])
    assert (delivery["status"], delivery["attempts"], delivery["next_attempt_at"]) == ("dead", 10, None)
    assert len({request.id for request in box.received}) == 1
    assert len({request.body for request in box.received}) == 1
    assert len({request.headers["webhook-timestamp"] for request in box.received}) == 10
    assert signed(box, endpoint["secret"], clock)
    clock.now += timedelta(days=5)
    assert deliver(service) == []
    settle(service)


def test_an_endpoint_that_takes_nothing_for_three_days_is_disabled(
    api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    box.always = (500, {})
    api.report(a_completion())
    deliver(service)
    shown = api.get(f"{ENDPOINTS}/{endpoint_id}").json
    assert (shown["status"], shown["failing_since"]) == ("enabled", "2021-12-20T15:00:00Z")
    clock.now += DISABLED_AFTER
    deliver(service)
    shown = api.get(f"{ENDPOINTS}/{endpoint_id}").json
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "failing")
    api.report(john())
    clock.now += timedelta(days=1)
    assert deliver(service) == [AttemptOutcome.ENDPOINT_DISABLED]
    (delivery,) = deliveries(api, endpoint_id)
    assert (delivery["status"], delivery["last_outcome"], delivery["attempts"]) == ("dead", "endpoint-disabled", 2)
    redeliver = f"{ENDPOINTS}/{endpoint_id}/deliveries/{delivery['delivery_id']}/redeliver"
    assert_problem(api.post(redeliver, None), 409, "conflict")
    assert edit(api, endpoint_id, status="enabled").json["failing_since"] is None
    box.always = (204, {})
    assert api.post(redeliver, None).json["status"] == "pending"
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    assert len({request.id for request in box.received}) == 1
    settle(service)


def test_one_success_ends_the_failing(api: Api, service: Service, box: Inbox, clock: ManualClock) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    api.report(a_completion())
    box.answer(500)
    deliver(service)
    clock.now += timedelta(minutes=1)
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    assert api.get(f"{ENDPOINTS}/{endpoint_id}").json["failing_since"] is None
    clock.now += timedelta(days=4)
    api.report(john())
    box.answer(500)
    deliver(service)
    assert api.get(f"{ENDPOINTS}/{endpoint_id}").json["status"] == "enabled"


def test_what_was_delivered_is_sent_again_when_it_is_asked_for(api: Api, service: Service, box: Inbox) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    api.report(a_completion())
    deliver(service)
    (delivery,) = deliveries(api, endpoint_id)
    path = f"{ENDPOINTS}/{endpoint_id}/deliveries"
    again = api.post(f"{path}/{delivery['delivery_id']}/redeliver", None)
    assert (again.json["status"], again.json["attempts"]) == ("pending", 0)
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    assert box.received[0].id == box.received[1].id
    assert_problem(api.post(f"{path}/whd_x/redeliver", None), 404)
    other = register(api, box.url).json["endpoint_id"]
    assert_problem(api.post(f"{ENDPOINTS}/{other}/deliveries/{delivery['delivery_id']}/redeliver", None), 404)


def test_an_endpoint_that_answers_410_is_disabled(api: Api, service: Service, box: Inbox) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    box.answer(410)
    api.report(a_completion())
    assert deliver(service) == [AttemptOutcome.GONE]
    shown = api.get(f"{ENDPOINTS}/{endpoint_id}")
    assert (shown.json["status"], shown.json["disabled_reason"]) == ("disabled", "gone")
    assert deliveries(api, endpoint_id)[0]["status"] == "dead"
    api.report(john())
    assert deliver(service) == []
    settle(service)


@pytest.mark.parametrize(("status", "asked", "waits"), [
    (503, "3600", timedelta(hours=1)), (429, "1", RETRY_PAUSES[0]), (503, str(10**12), RETRY_PAUSES[-1]),
    (500, "3600", RETRY_PAUSES[0]),
    (503, "soon", RETRY_PAUSES[0]), (503, "Fri, 01 Jan 2100 00:00:00 GMT", RETRY_PAUSES[-1]),
])  # fmt: skip
def test_a_receiver_that_is_overloaded_is_left_alone_as_long_as_it_asks(
    api: Api, service: Service, box: Inbox, clock: ManualClock, status: int, asked: str, waits: timedelta
) -> None:
    register(api, box.url)
    box.answer(status, Retry_After=asked)
    api.report(a_completion())
    deliver(service)
    clock.now += waits - SECOND
    assert deliver(service) == []
    clock.now += waits * JITTER + 2 * SECOND
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
