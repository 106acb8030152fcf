"""What endpoints are told: signed, thin, as long as they may be, and nothing else."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace

from app.core.security import Keyring
from app.domain.audit import ClientAudit
from app.domain.webhooks import AttemptOutcome
from app.services.access import clients, retention
from app.services.context import Caller, Service, Work, operator, transact
from app.services.events import sender
from app.services.events.endpoints import rotate_secret
from app.services.operations.sealing import seal_next
from app.store import clients as stored_clients
from app.store.access import keys
from app.store.sql import statements
from app.worker import delete_expired
from examples.webhook_receiver import Receiver
from tests.builders.bodies import a_completion, john, tina
from tests.builders.sent_files import tab_text
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.inbox import (
    ENDPOINTS,
    Inbox,
    allowing_private,
    attempts,
    deliver,
    deliveries,
    edit,
    inbox,
    register,
    signed,
    stored,
)
from tests.harness.refusals import IDENTITY, a_stranger
from tests.harness.uploads import worked

SECOND = timedelta(seconds=1)


@pytest.fixture
def service(service: Service) -> Service:
    settle(service)
    return allowing_private(service)


def test_what_happens_is_sent_signed_and_holds_ids_only(
    api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    endpoint = register(api, box.url).json
    reported = api.report(a_completion()).json
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    (received,) = box.received
    assert received.path == "/hooks"
    assert received.event == {
        "type": "completion.reported",
        "timestamp": "2021-12-20T15:00:00Z",
        "data": {name: reported[name] for name in ("completion_id", "activity_id", "provider_id")},
    }
    assert signed(box, endpoint["secret"], clock)
    assert not signed(box, "whsec_" + "A" * 44, clock)
    told = api.get("/v1/events", limit=500).json["data"][-1]
    assert (told["event_id"], told["data"]) == (received.id, received.event["data"])
    (delivery,) = deliveries(api, endpoint["endpoint_id"])
    assert delivery["event_id"] == received.id
    assert (delivery["status"], delivery["attempts"], delivery["last_status"]) == ("delivered", 1, 204)
    assert (delivery["next_attempt_at"], delivery["last_outcome"]) == (None, "accepted")
    assert deliver(service) == []


def test_the_receiver_of_the_examples_takes_each_event_once(api: Api, service: Service, clock: ManualClock) -> None:
    kept: list[dict[str, Any]] = []
    receiver = Receiver([], kept.append, now=lambda: int(clock.now.timestamp()))
    with receiver.server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            endpoint = register(api, f"http://127.0.0.1:{server.server_address[1]}/").json
            path = f"{ENDPOINTS}/{endpoint['endpoint_id']}"
            receiver.secrets = [endpoint["secret"]]
            api.report(a_completion())
            assert deliver(service) == [AttemptOutcome.ACCEPTED]
            (delivery,) = deliveries(api, endpoint["endpoint_id"])
            assert api.post(f"{path}/deliveries/{delivery['delivery_id']}/redeliver", None).status == 200
            assert deliver(service) == [AttemptOutcome.ACCEPTED]
            assert [event["type"] for event in kept] == ["completion.reported"]
            receiver.secrets = ["whsec_" + "A" * 44]
            api.report(john())
            assert deliver(service) == [AttemptOutcome.REFUSED]
            assert len(kept) == 1
            receiver.secrets = [endpoint["secret"]]
            # A message that somebody kept and sends later is none.
            clock.now += timedelta(days=1)
            late = Receiver([endpoint["secret"]], kept.append, now=lambda: clock.now.timestamp() + 301)
            headers = sender.headers_for("evt_1", int(clock.now.timestamp()), b"{}", [endpoint["secret"]])
            assert (late.take(headers, b"{}"), late.take({}, b"{}")) == (401, 401)
            assert receiver.take(headers, b'{"type": "x"}') == 401
        finally:
            server.shutdown()
            thread.join()


def test_only_kinds_that_are_wanted_are_sent(api: Api, service: Service, box: Inbox) -> None:
    endpoint = register(api, box.url, "credit.withdrawn", "activity.closed").json
    completion_id = api.report(a_completion()).json["completion_id"]
    api.delete(f"/v1/learner-completions/{completion_id}")
    deliver(service)
    assert box.types == ["credit.withdrawn"]
    edit(api, endpoint["endpoint_id"], event_types=["completion.reported"])
    api.report(john())
    deliver(service)
    assert box.types == ["credit.withdrawn", "completion.reported"]


def test_nothing_of_before_the_registration_is_sent(api: Api, service: Service, box: Inbox) -> None:
    api.report(a_completion())
    settle(service)
    register(api, box.url)
    assert deliver(service) == []


def test_payloads_and_logs_hold_nothing_of_anybodys_identity(
    api: Api, service: Service, box: Inbox, capfd: pytest.CaptureFixture[str]
) -> None:
    register(api, box.url + "?token=hush")
    body = a_stranger() | {"learner": {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"}}
    body["cme"][0]["license_id"] = "444444"
    completion = api.report(body).json
    api.send("PUT", f"/v1/learner-completions/{completion['completion_id']}", headers={"If-Match": "*"},
             json=a_completion(credits=1))  # fmt: skip
    box.answer(500)
    deliver(service)
    assert len(box.received) >= 2
    told = b" ".join(request.body for request in box.received).decode() + "".join(capfd.readouterr())
    assert not [value for value in (*IDENTITY, "Rebecca", "02/01", "444444", "hush") if value in told]


def test_for_a_day_after_a_rotation_both_secrets_sign(
    api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    endpoint = register(api, box.url).json
    rotated = api.post(f"{ENDPOINTS}/{endpoint['endpoint_id']}/rotate-secret", None)
    assert (rotated.json["version"], rotated.response.headers["etag"]) == (2, '"2"')
    api.report(a_completion())
    deliver(service)
    assert signed(box, endpoint["secret"], clock) and signed(box, rotated.json["secret"], clock)
    assert len(box.received[-1].headers["webhook-signature"].split()) == 2
    clock.now += timedelta(hours=24)
    api.report(john())
    deliver(service)
    assert signed(box, rotated.json["secret"], clock) and not signed(box, endpoint["secret"], clock)


def test_a_secret_that_cannot_be_opened_any_more_is_told_and_a_rotation_mends_it(
    api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    api.report(a_completion())
    settle(service)
    # The operator's secret was replaced, and the former one taken away.
    elsewhere = replace(service, keyring=Keyring(("another secret that is long enough",)))
    assert [attempt.outcome for attempt in attempts(elsewhere)] == [AttemptOutcome.SECRET_UNREADABLE]
    clock.now += timedelta(minutes=1)
    transact(caller_of(elsewhere, api), rotate_secret, endpoint_id)
    assert [attempt.outcome for attempt in attempts(elsewhere)] == [AttemptOutcome.ACCEPTED]


def caller_of(service: Service, api: Api) -> Caller:
    client = service.database.read(lambda connection: stored_clients.by_id(connection, api.client_id))
    assert client is not None
    return Caller(service=service, client=client, provider="0008001")


def test_a_vendor_without_its_grant_is_sent_nothing_more(
    http: TestClient, api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    vendor = api_of(http, service, "vendor", role="vendor", providers=["0008001"])
    endpoint_id = register(vendor, box.url, PARS_Provider="0008001").json["endpoint_id"]
    api.report(a_completion())
    settle(service)
    transact(operator(service), clients.revoke, vendor.client_id, "0008001")
    assert deliver(service) == [AttemptOutcome.RIGHT_REVOKED]
    api.report(john())
    assert deliver(service) == []
    assert box.received == []
    transact(operator(service), clients.grant, vendor.client_id, "0008001")
    listed = vendor.send("GET", f"{ENDPOINTS}/{endpoint_id}/deliveries", headers={"PARS-Provider": "0008001"}).json
    assert [(delivery["status"], delivery["last_outcome"]) for delivery in listed["data"]] == [
        ("dead", "right-revoked")
    ]
    api.report(tina())
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    settle(service)


def test_a_client_without_a_key_is_sent_nothing_more(api: Api, service: Service, box: Inbox) -> None:
    register(api, box.url)
    api.report(a_completion())
    settle(service)

    def revoke(work: Work) -> None:
        keys.end_all(work.connection, api.client_id, work.now)
        work.audit("revoke", api.client_id, ClientAudit())

    transact(operator(service), revoke)
    assert deliver(service) == [AttemptOutcome.RIGHT_REVOKED]
    assert box.received == []


def test_providers_and_the_sandbox_are_told_of_their_own_records(
    http: TestClient, api: Api, service: Service, box: Inbox
) -> None:
    others = (
        api_of(http, service, "theirs", providers=["0008002"]),
        api_of(http, service, "our tests", providers=["0008001"], test=True),
    )
    for other in others:
        register(other, box.url)
    api.report(a_completion())
    assert deliver(service) == []


def test_what_waits_for_a_deleted_endpoint_is_not_sent(api: Api, service: Service, box: Inbox) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    api.report(a_completion())
    settle(service)
    api.delete(f"{ENDPOINTS}/{endpoint_id}")
    assert deliver(service) == [AttemptOutcome.ENDPOINT_DISABLED]
    assert box.received == []


def test_deliveries_are_listed_the_newest_first_and_by_status(api: Api, service: Service, box: Inbox) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    box.answer(410)
    api.report(a_completion())
    deliver(service)
    edit(api, endpoint_id, status="enabled")
    for day in range(1, 6):
        api.report(a_completion(completed_on=f"2021-11-0{day}"))
    deliver(service)
    everything = deliveries(api, endpoint_id)
    made = [delivery["delivery_id"] for delivery in everything]
    assert made == sorted(made, reverse=True) and len(made) == 6
    assert [delivery["status"] for delivery in everything] == ["delivered"] * 5 + ["dead"]
    assert deliveries(api, endpoint_id, status="dead") == everything[5:]
    assert deliveries(api, endpoint_id, status=["dead", "delivered"]) == everything
    seen, cursor = [], None
    while True:
        query = {"cursor": cursor} if cursor else {"status": "delivered"}
        page = api.get(f"{ENDPOINTS}/{endpoint_id}/deliveries", limit=2, **query).json
        seen += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == everything[:5]


def test_a_board_is_told_that_its_feed_has_something_new_and_not_once_for_each(
    http: TestClient, api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    board = api_of(http, service, "TN", role="board", board="TN-M")
    other = api_of(http, service, "ABIM", role="board", board="ABIM")
    endpoint = register(board, box.url).json
    with inbox() as elsewhere:
        register(other, elsewhere.url)
        for day in range(1, 8):
            api.report(a_completion(completed_on=f"2021-11-0{day}"))
            settle(service)
        assert deliver(service) == []
        clock.now += timedelta(seconds=2)
        assert deliver(service) == [AttemptOutcome.ACCEPTED]
        assert elsewhere.received == []
    (received,) = box.received
    assert received.event == {"type": "feed.available", "timestamp": "2021-12-20T15:00:00Z", "data": {"board": "TN-M"}}
    assert signed(box, endpoint["secret"], clock)
    api.report(a_completion(completed_on="2021-11-08"))
    settle(service)
    clock.now += timedelta(seconds=2)
    assert deliver(service) == [AttemptOutcome.ACCEPTED]
    assert box.received[1].id != received.id
    settle(service)


def test_the_end_of_a_roster_is_told_to_the_endpoints_of_its_board(
    http: TestClient, api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    """Beside news of the feed, which wait for their own delivery only."""
    board = api_of(http, service, "TN", role="board", board="TN-M")
    other = api_of(http, service, "ABIM", role="board", board="ABIM")
    register(board, box.url, "batch.completed", "feed.available")
    ada = {"First Name": "Ada", "Last Name": "Lovell", "Board ID": "7"}
    roster = tab_text([ada], list(ada))
    with inbox() as elsewhere, inbox() as feeds_only:
        register(other, elsewhere.url)
        register(board, feeds_only.url, "feed.available")
        batch = worked(board, service, roster, "roster")
        settle(service)
        api.report(a_completion())
        settle(service)
        clock.now += timedelta(seconds=2)
        assert deliver(service) == [AttemptOutcome.ACCEPTED] * 3
        assert sorted(received.event["type"] for received in box.received) == ["batch.completed", "feed.available"]
        (ended,) = [received.event for received in box.received if received.event["type"] == "batch.completed"]
        assert ended["data"] == {"batch_id": batch["batch_id"], "board": "TN-M"}
        assert [received.event["type"] for received in feeds_only.received] == ["feed.available"]
        assert elsewhere.received == []
    settle(service)


def test_what_comes_while_a_board_is_being_told_is_told_anew(
    http: TestClient, api: Api, service: Service, box: Inbox, clock: ManualClock
) -> None:
    endpoint_id = register(api_of(http, service, "TN", role="board", board="TN-M"), box.url).json["endpoint_id"]
    api.report(a_completion())
    settle(service)
    clock.now += timedelta(seconds=2)
    service.database.write(
        lambda connection: sender.deliveries.lease_due(
            connection, now=clock.now, until=clock.now + sender.LEASE, most=9, at_once=4
        )
    )
    api.report(john())
    api.report(a_completion(completed_on="2021-11-01"))
    settle(service)
    found = stored(service, f"SELECT status FROM webhook_deliveries WHERE endpoint_id = '{endpoint_id}' ORDER BY 1")
    assert [row[0] for row in found] == ["pending", "sending"]


def forget(service: Service) -> None:
    """Do as the worker does: retention takes deliveries, then endpoints go of which none is left."""
    retention.run(service)
    delete_expired(service)


def test_what_was_finished_long_ago_is_forgotten(api: Api, service: Service, box: Inbox, clock: ManualClock) -> None:
    endpoint_id = register(api, box.url).json["endpoint_id"]
    gone = register(api, box.url, "activity.closed").json["endpoint_id"]
    api.delete(f"{ENDPOINTS}/{gone}")
    api.report(a_completion())
    deliver(service)
    clock.now += timedelta(days=service.settings.keep_deliveries_days)
    forget(service)
    assert len(deliveries(api, endpoint_id)) == 1
    box.answer(500)
    api.report(john())
    deliver(service)
    clock.now += SECOND
    forget(service)
    assert [delivery["status"] for delivery in deliveries(api, endpoint_id)] == ["pending"]
    assert [row[0] for row in stored(service, "SELECT endpoint_id FROM webhook_endpoints")] == [endpoint_id]
    settle(service)


def test_without_endpoints_sealing_asks_once_for_each_kind_of_owner_and_writes_nothing(
    api: Api, service: Service
) -> None:
    api.report(a_completion())
    api.report(john())
    seen: list[str] = []
    statements.BEFORE_STATEMENT.append(seen.append)
    try:
        assert service.database.write(lambda connection: seal_next(connection, service))
    finally:
        statements.BEFORE_STATEMENT.remove(seen.append)
    about = [text.split()[0] for text in seen if "webhook" in text]
    assert about == ["SELECT", "SELECT", "SELECT"]
