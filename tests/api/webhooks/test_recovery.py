"""Recovery of an endpoint: everything since a moment is sent again, under its own id, and nothing is left out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.domain.webhooks import AttemptOutcome
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.events import recovery
from app.services.operations import checks
from app.store import events
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.inbox import ENDPOINTS, Inbox, allowing_private, deliver, deliveries, edit, register, stored
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem

HOUR = timedelta(hours=1)
NEW = "0008005"


@pytest.fixture
def service(service: Service) -> Service:
    settle(service)
    return allowing_private(service)


@pytest.fixture
def api(http: TestClient, service: Service) -> Api:
    """The client of a provider that the demo world has no events of: those bear the time at which it was loaded."""
    return api_of(http, service, "new", providers=[NEW])


@pytest.fixture
def activity(api: Api) -> str:
    """An activity of the provider."""
    activity_id: str = api.register().json["activity_id"]
    return activity_id


def report(api: Api, activity: str, days: int, clock: ManualClock | None = None) -> list[str]:
    """Report a completion a day; return their ids. Where there is a clock, an hour lies between them."""
    reported = []
    for day in range(1, days + 1):
        answer = api.report(a_completion(activity, f"2021-11-{day:02}", credits=0.25))
        assert answer.status == 201, answer.json
        reported.append(answer.json["completion_id"])
        if clock is not None:
            clock.now += HOUR
    return reported


def recover(api: Api, endpoint_id: str, since: str) -> Answer:
    return api.post(f"{ENDPOINTS}/{endpoint_id}/recover", {"since": since})


def work_off(service: Service) -> list[AttemptOutcome]:
    """Queue what is to be queued again, and send it."""
    sent: list[AttemptOutcome] = []
    while recovery.recover_next(service):
        pass
    while some := deliver(service):
        sent += some
        while recovery.recover_next(service):
            pass
    return sent


def completions(box: Inbox) -> list[Any]:
    return [request.event["data"]["completion_id"] for request in box.received]


def test_everything_since_a_moment_is_sent_again_under_its_id(
    api: Api, activity: str, service: Service, box: Inbox, clock: ManualClock
) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    reported = report(api, activity, 4, clock)
    assert deliver(service) == [AttemptOutcome.ACCEPTED] * 4
    first = {request.id for request in box.received}
    answer = recover(api, endpoint_id, "2021-12-20T17:00:00Z")
    assert answer.status == 202
    assert answer.json["recovers_since"] == "2021-12-20T17:00:00Z"
    assert answer.response.headers["Location"] == f"{ENDPOINTS}/{endpoint_id}"
    assert work_off(service) == [AttemptOutcome.ACCEPTED] * 2
    assert sorted(completions(box)[4:]) == sorted(reported[2:])
    assert {request.id for request in box.received} == first
    assert api.get(f"{ENDPOINTS}/{endpoint_id}").json["recovers_since"] is None
    assert len(deliveries(api, endpoint_id)) == 4
    settle(service)


def test_what_happened_while_an_endpoint_was_disabled_is_sent(
    api: Api, activity: str, service: Service, box: Inbox, clock: ManualClock
) -> None:
    endpoint_id = register(api, box.url, "completion.reported").json["endpoint_id"]
    edit(api, endpoint_id, status="disabled")
    reported = report(api, activity, 3, clock)
    settle(service)
    assert_problem(recover(api, endpoint_id, "2021-12-20T00:00:00Z"), 409, "conflict")
    edit(api, endpoint_id, status="enabled")
    assert deliver(service) == []
    recover(api, endpoint_id, "2021-12-20T15:30:00Z")
    work_off(service)
    assert sorted(completions(box)) == sorted(reported[1:])


def test_dead_deliveries_and_those_that_wait_for_a_retry_are_sent_at_once(
    api: Api, activity: str, service: Service, box: Inbox, clock: ManualClock
) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    box.answer(500, 500)
    report(api, activity, 2)
    assert deliver(service) == [AttemptOutcome.REFUSED] * 2
    assert deliver(service) == []
    recover(api, endpoint_id, "2021-12-20T00:00:00Z")
    work_off(service)
    assert {delivery["status"] for delivery in deliveries(api, endpoint_id)} == {"delivered"}


def test_only_kinds_that_are_wanted_are_sent_again(api: Api, activity: str, service: Service, box: Inbox) -> None:
    endpoint_id = register(api, box.url, "credit.withdrawn").json["endpoint_id"]
    (completion_id,) = report(api, activity, 1)
    api.delete(f"/v1/learner-completions/{completion_id}")
    deliver(service)
    recover(api, endpoint_id, "2021-12-20T00:00:00Z")
    work_off(service)
    assert box.types == ["credit.withdrawn"] * 2


def test_an_endpoint_for_all_providers_recovers_those_granted_now(
    http: TestClient, api: Api, activity: str, service: Service, box: Inbox
) -> None:
    theirs = api_of(http, service, "theirs", providers=["0008002"])
    vendor = api_of(http, service, "vendor", role="vendor", providers=[NEW])
    endpoint_id = register(vendor, box.url).json["endpoint_id"]
    report(api, activity, 1)
    activity_id = theirs.register().json["activity_id"]
    theirs.report(a_completion(activity_id, "2021-06-01"))
    deliver(service)
    transact(operator(service), clients.grant, vendor.client_id, "0008002")
    transact(operator(service), clients.revoke, vendor.client_id, NEW)
    recover(vendor, endpoint_id, "2021-12-20T00:00:00Z")
    work_off(service)
    assert {request.event["data"]["provider_id"] for request in box.received[1:]} == {"0008002"}
    settle(service)


def test_a_long_recovery_goes_on_piece_by_piece_beside_new_events(
    api: Api, activity: str, service: Service, box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "AT_ONCE", 2)
    endpoint_id = register(api, box.url).json["endpoint_id"]
    reported = report(api, activity, 7)
    deliver(service)
    del box.received[:]
    recover(api, endpoint_id, "2021-12-20T00:00:00Z")
    assert recovery.recover_next(service)
    # As many wait as may: no more are queued before some of them were sent.
    assert not recovery.recover_next(service)
    new = api.report(a_completion(activity, "2021-10-01")).json["completion_id"]
    work_off(service)
    assert sorted(set(completions(box))) == sorted({*reported, new})
    assert completions(box).index(new) < len(completions(box)) - 1


def test_asked_again_a_recovery_begins_with_the_earlier_moment(
    api: Api, activity: str, service: Service, box: Inbox
) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    report(api, activity, 1)
    deliver(service)
    for since, shown in (("2021-12-20T14:00:00Z",) * 2, ("2021-12-20T15:00:00Z", "2021-12-20T14:00:00Z")):
        assert recover(api, endpoint_id, since).json["recovers_since"] == shown
    work_off(service)
    assert len(box.received) == 2


def test_a_worker_that_dies_in_a_recovery_leaves_nothing_out(
    api: Api, activity: str, service: Service, box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever statement is the last of a transaction that is lost, the next worker goes on from what stands."""
    monkeypatch.setattr(recovery, "AT_ONCE", 3)
    endpoint_id = register(api, box.url).json["endpoint_id"]
    reported = report(api, activity, 6)
    deliver(service)
    del box.received[:]
    recover(api, endpoint_id, "2021-12-20T00:00:00Z")
    for at in range(1, 12):
        die_at(service, at)
        deliver(service)
    work_off(service)
    assert set(completions(box)) == set(reported)
    assert checks.find_faults(service, whole=False) == []


class Died(Exception):
    """What a worker does that is killed."""


def die_at(service: Service, statement: int) -> None:
    """Do a piece of a recovery, and die before a statement of it, given by its number."""
    seen: list[str] = []

    def count(text: str) -> None:
        seen.append(text)
        if len(seen) == statement:
            raise Died

    statements.BEFORE_STATEMENT.append(count)
    try:
        recovery.recover_next(service)
    except Died:
        pass
    finally:
        statements.BEFORE_STATEMENT.remove(count)


def test_a_moment_to_come_and_what_is_no_moment_are_refused(api: Api, box: Inbox) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    for since in ("2021-12-21T00:00:00Z", "yesterday", "2021-12-19", 5, None):
        refused = api.post(f"{ENDPOINTS}/{endpoint_id}/recover", {"since": since})
        assert_problem(refused, 422, "invalid-request")
        assert set(refused.pointers.values()) == {"/since"}
    assert_problem(api.post(f"{ENDPOINTS}/{endpoint_id}/recover", {}), 422, "invalid-request")
    for since in ("0001-01-01T00:00:00Z", "2021-12-20T16:00:00+02:00"):
        assert recover(api, endpoint_id, since).status == 202


def test_a_boards_endpoint_is_sent_one_piece_of_news(
    http: TestClient, service: Service, box: Inbox, clock: ManualClock
) -> None:
    board = api_of(http, service, "board", role="board", board="ABIM")
    endpoint_id = register(board, box.url).json["endpoint_id"]
    for _ in range(2):
        answer = recover(board, endpoint_id, "2021-12-20T00:00:00Z")
        assert (answer.status, answer.json["recovers_since"]) == (202, None)
    clock.now += timedelta(seconds=5)
    assert work_off(service) == [AttemptOutcome.ACCEPTED]
    assert box.types == ["feed.available"]


@examples(10)
@given(
    gaps=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    since=st.integers(0, 30),
    late=st.lists(st.integers(0, 1), min_size=8, max_size=8),
)
def test_whenever_they_happened_all_events_since_a_moment_are_found_again(
    service: Service, api: Api, activity: str, clock: ManualClock, gaps: list[int], since: int, late: list[int]
) -> None:
    """Also where their transactions ended in another order than that of their moments."""
    begin = clock.now
    last, _ = service.database.read(events.last)
    for gap, lateness in zip(gaps, late, strict=False):
        clock.now += timedelta(minutes=20 * gap)
        moment = clock.now
        clock.now -= timedelta(minutes=30 * lateness)
        for completion_id in report(api, activity, 1):
            api.delete(f"/v1/learner-completions/{completion_id}")
        settle(service)
        clock.now = moment
    moment = begin + timedelta(minutes=10 * since)
    until, _ = service.database.read(events.last)
    after = service.database.read(lambda conn: recovery.find_last_before(conn, moment - recovery.LATE, until))
    moments = stored(service, f"SELECT position, at FROM events WHERE position > {last}")
    left_out = [position for position, at in moments if position <= after and str(at) >= moment.isoformat()]
    assert left_out == []
    clock.now += timedelta(days=1)
