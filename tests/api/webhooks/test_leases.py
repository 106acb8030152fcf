"""Deliveries under leases: nothing lost when a worker dies, nothing held by two, nobody kept waiting by another."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection

from app.domain.webhooks import Attempt, AttemptOutcome, LeasedDelivery
from app.services.context import Service, operator, transact
from app.services.events.outbox import FEED_PAUSE
from app.services.events.sender import AT_ONCE, LEASE, PER_ENDPOINT, WebhookSender, save_attempt
from app.store import deliveries as stored_deliveries
from app.store.sql import statements
from app.worker import Worker
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.commands import run_command
from tests.harness.inbox import Inbox, allowing_private, attempts, deliver, deliveries, inbox, register, stored
from tests.harness.wire import SECONDS, at_once

ACCEPTED, REFUSED = (
    Attempt(outcome=AttemptOutcome.ACCEPTED, answer=204),
    Attempt(outcome=AttemptOutcome.REFUSED, answer=500),
)


@pytest.fixture
def service(service: Service) -> Service:
    settle(service)
    return allowing_private(service)


def report_some(api: Api, service: Service, many: int) -> None:
    for day in range(1, many + 1):
        assert api.report(a_completion(completed_on=f"2021-11-{day:02}")).status == 201
    settle(service)


def take(service: Service, most: int = AT_ONCE) -> list[LeasedDelivery]:
    now = service.clock()
    return service.database.write(
        lambda connection: stored_deliveries.lease_due(
            connection, now=now, until=now + LEASE, most=most, at_once=PER_ENDPOINT
        )
    )


@pytest.mark.parametrize(("die_at", "came_before"), [(1, 0), (2, 1)])
def test_a_worker_killed_while_it_takes_or_before_it_notes_loses_nothing(
    api: Api, service: Service, box: Inbox, clock: ManualClock, database_url: str, tmp_path: Path, die_at: int,
    came_before: int,
) -> None:  # fmt: skip
    endpoint_id = register(api, box.url).json["endpoint_id"]
    report_some(api, service, 1)
    arguments = (database_url, str(tmp_path), str(die_at))
    run = run_command(*arguments, module="tests.harness.crashes.of_delivery")
    assert run.returncode == -signal.SIGKILL, run.stderr[-2000:]
    assert len(box.received) == came_before
    if came_before:
        assert deliveries(api, endpoint_id)[0]["status"] == "sending"
        assert deliver(service) == []
        clock.now += LEASE
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    assert len(box.received) == came_before + 1
    assert len({(request.id, request.body) for request in box.received}) == 1
    assert deliveries(api, endpoint_id)[0]["status"] == "delivered"
    settle(service)


def test_workers_that_take_at_the_same_time_never_hold_the_same(api: Api, service: Service, box: Inbox) -> None:
    for _ in range(5):
        register(api, box.url)
    report_some(api, service, 6)
    held = [credit.delivery.delivery_id for taken in at_once([lambda: take(service, 3)] * 8) for credit in taken]
    assert len(held) == len(set(held)) > 3
    while more := take(service):
        held += [credit.delivery.delivery_id for credit in more]
    assert len(held) == len(set(held)) == 5 * PER_ENDPOINT


def test_of_one_endpoint_a_bounded_number_is_held_and_one_while_it_fails(
    api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    register(api, box.url)
    report_some(api, service, 7)
    first = take(service)
    assert len(first) == PER_ENDPOINT
    assert take(service) == []
    assert transact(operator(service), save_attempt, first[0], ACCEPTED)
    assert len(take(service)) == 1
    transact(operator(service), save_attempt, first[1], REFUSED)
    assert take(service) == []
    clock.now += LEASE
    assert len(take(service)) == 1


def test_a_worker_that_comes_back_late_has_no_word(api: Api, service: Service, box: Inbox, clock: ManualClock) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    report_some(api, service, 1)
    (late,) = take(service)
    clock.now += LEASE
    (holder,) = take(service)
    assert holder.fence > late.fence
    assert transact(operator(service), save_attempt, late, ACCEPTED) is False
    assert deliveries(api, endpoint_id)[0]["status"] == "sending"
    assert transact(operator(service), save_attempt, holder, REFUSED) is True
    assert transact(operator(service), save_attempt, late, ACCEPTED) is False
    (delivery,) = deliveries(api, endpoint_id)
    assert (delivery["status"], delivery["attempts"], delivery["last_outcome"]) == ("pending", 1, "refused")


def test_what_a_sealer_counts_on_is_not_taken_before_it_has_committed(
    http: TestClient, api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    """Else a board would look into its feed, find nothing new, and not be told of what is published then."""
    endpoint_id = register(api_of(http, service, "TN", role="board", board="TN-M"), box.url).json["endpoint_id"]
    report_some(api, service, 1)
    clock.now += FEED_PAUSE
    taken: list[LeasedDelivery] = []
    taking = threading.Thread(target=lambda: taken.extend(take(service)))

    def seal(connection: Connection) -> None:
        assert stored_deliveries.lock_unclaimed_news(connection, [endpoint_id]) == {endpoint_id}
        taking.start()
        taking.join(0.3)
        assert taking.is_alive() and taken == []

    service.database.write(seal)
    taking.join(SECONDS)
    assert len(taken) == 1


class Unplugged(Exception):
    """The plug was pulled between two statements."""


def test_an_event_and_its_deliveries_are_published_together_or_not_at_all(
    api: Api, service: Service, box: Inbox
) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    settle(service)
    before = len(api.get("/v1/events", limit=500).json["data"])
    api.report(a_completion())

    def unplug(sql: str) -> None:
        if sql.startswith("INSERT INTO webhook_deliveries"):
            raise Unplugged

    statements.BEFORE_STATEMENT.append(unplug)
    try:
        with pytest.raises(Unplugged):
            settle(service)
    finally:
        statements.BEFORE_STATEMENT.remove(unplug)
    assert len(api.get("/v1/events", limit=500).json["data"]) == before
    settle(service)
    assert len(api.get("/v1/events", limit=500).json["data"]) == before + 1
    assert len(deliveries(api, endpoint_id)) == 1


def test_many_deliveries_of_many_endpoints_are_each_sent_once(api: Api, service: Service, box: Inbox) -> None:
    for _ in range(4):
        register(api, box.url)
    report_some(api, service, 20)
    assert list(attempts(service)) == [ACCEPTED] * 80
    assert len(box.received) == 80
    assert len({request.id for request in box.received}) == 20
    assert stored(service, "SELECT DISTINCT status, attempts FROM webhook_deliveries") == [("delivered", 1)]


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def test_a_receiver_that_hangs_holds_up_neither_others_nor_the_sealing(
    http: TestClient, api: Api, service: Service, box: Inbox
) -> None:
    with inbox() as hanging:
        hanging.hold = threading.Event()
        for _ in range(3):
            register(api, hanging.url)
        endpoint_id = register(api_of(http, service, "another", providers=["0008001"]), box.url).json["endpoint_id"]
        worker = Worker(service)
        try:
            for day in range(1, 9):
                api.report(a_completion(completed_on=f"2021-11-{day:02}"))
            eventually(lambda: len(box.received) == 8 and len(hanging.received) == 3 * PER_ENDPOINT)
            eventually(lambda: not stored(service, "SELECT 1 FROM unsealed"))
        finally:
            worker.stop()
            hanging.hold.set()
    found = stored(service, f"SELECT DISTINCT status FROM webhook_deliveries WHERE endpoint_id = '{endpoint_id}'")
    assert found == [("delivered",)]
    rest = stored(service, f"SELECT status FROM webhook_deliveries WHERE endpoint_id <> '{endpoint_id}'")
    assert sorted({row[0] for row in rest}) == ["pending", "sending"]


def test_a_board_learns_of_news_while_the_worker_runs(
    http: TestClient, api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    register(api_of(http, service, "TN", role="board", board="TN-M"), box.url)
    worker = Worker(service)
    try:
        api.report(a_completion())
        eventually(lambda: bool(stored(service, "SELECT 1 FROM webhook_deliveries")))
        clock.now += timedelta(seconds=2)
        eventually(lambda: box.types == ["feed.available"])
    finally:
        worker.stop()


def test_a_courier_goes_where_the_settings_allow(service: Service) -> None:
    assert WebhookSender.of(service).sender.allow_private
