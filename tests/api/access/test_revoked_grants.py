"""A grant that is revoked ends at once, at every door: nothing more is credited, shown or sent, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import Forbidden
from app.services.access import clients
from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Service, Work, operator, transact
from app.services.held.judging import judge_all_due
from app.services.idempotency import Answer, once
from app.services.reporting.senders import sender_work
from tests.builders.bodies import a_completion
from tests.builders.people import import_people
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api, api_of, settle
from tests.harness.databases import ON_SQLITE
from tests.harness.held import NORA, hold, nora
from tests.harness.inbox import attempts
from tests.harness.refusals import assert_problem, footprint
from tests.harness.uploads import rows_of, upload, work_through

OURS, THEIRS = "0008001", "0008002"
FOR_OURS = {"PARS-Provider": OURS}


@pytest.fixture
def vendor(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "Example LMS", role="vendor", providers=[OURS, THEIRS])


def revoke(service: Service, vendor: Api) -> None:
    transact(operator(service), clients.revoke, vendor.client_id, OURS)


def grant(service: Service, vendor: Api) -> None:
    transact(operator(service), clients.grant, vendor.client_id, OURS)


def twelve_days() -> bytes:
    return tab_text([row(Completion_Date=f"12/{day:02}/2021") for day in range(1, 13)])


def test_rows_that_were_not_reached_are_rejected_each_for_itself_and_retried_later(
    vendor: Api, api: Api, service: Service
) -> None:
    sent = upload(vendor, twelve_days(), headers=FOR_OURS)
    assert read_one(service)
    pace = Pace(on_sqlite=service.database.on_sqlite, at_once=5)
    assert apply_some(service, pace)
    revoke(service, vendor)
    work_through(service)
    path = f"/v1/batches/{sent.json['batch_id']}"
    batch = api.get(path).json
    added = batch["counts"]["added"]
    assert (batch["status"], batch["counts"]) == ("completed", {**batch["counts"], "added": added, "read": 12})
    assert 0 < added < 12 and batch["counts"]["rejected"] == 12 - added
    outcomes = rows_of(api, batch)
    assert [one["outcome"] for one in outcomes] == ["added"] * added + ["rejected"] * (12 - added)
    assert {finding["rule"] for one in outcomes[added:] for finding in one["findings"]} == {"forbidden"}
    # The vendor sees none of it, the provider all of it; retried, its rows are judged under the sender's right.
    for answer in (
        vendor.send("GET", path, FOR_OURS), vendor.send("GET", f"{path}/files/rejected", FOR_OURS),
        vendor.send("GET", f"{path}/files/original", FOR_OURS), vendor.send("GET", f"{path}/rows", FOR_OURS),
        vendor.send("POST", f"{path}/retry", FOR_OURS), vendor.send("POST", f"{path}/cancel", FOR_OURS),
    ):  # fmt: skip
        assert_problem(answer, 403, "forbidden")
    assert vendor.send("GET", path, {"PARS-Provider": THEIRS}).status == 404
    assert api.post(f"{path}/retry", {}).status == 200
    work_through(service)
    assert api.get(path).json["counts"]["rejected"] == 12 - added
    grant(service, vendor)
    assert vendor.send("POST", f"{path}/retry", FOR_OURS).status == 200
    work_through(service)
    counts = api.get(path).json["counts"]
    assert (counts["added"], counts.get("rejected", 0)) == (12, 0)
    settle(service)


def test_records_that_a_vendor_had_held_wait_until_it_may_again(vendor: Api, api: Api, service: Service) -> None:
    held = hold(vendor, nora(), PARS_Provider=OURS).json["held_id"]
    revoke(service, vendor)
    import_people(service, NORA)
    judge_all_due(service)
    assert api.get(f"/v1/held-records/{held}").json["status"] == "waiting"
    for verb in ("judge", "ask", "set-aside"):
        assert_problem(vendor.send("POST", f"/v1/held-records/{held}/{verb}", FOR_OURS, json={}), 403, "forbidden")
    assert_problem(vendor.send("GET", f"/v1/held-records/{held}", FOR_OURS), 403, "forbidden")
    grant(service, vendor)
    import_people(service, NORA | {"npi": "1999900016"})
    judge_all_due(service)
    assert api.get(f"/v1/held-records/{held}").json["status"] == "accepted"
    settle(service)


def test_the_provider_itself_sends_what_its_former_vendor_had_held(vendor: Api, api: Api, service: Service) -> None:
    held = hold(vendor, nora(), PARS_Provider=OURS).json["held_id"]
    revoke(service, vendor)
    import_people(service, NORA)
    judged = api.post(f"/v1/held-records/{held}/judge", {})
    assert (judged.status, judged.json["status"]) == (200, "accepted")
    settle(service)


def test_no_stored_answer_is_given_to_who_may_no_longer_act(vendor: Api, service: Service) -> None:
    key = {"Idempotency_Key": "monday"}
    first = vendor.report(a_completion(), PARS_Provider=OURS, **key)
    assert first.status == 201
    revoke(service, vendor)
    refused = vendor.report(a_completion(), PARS_Provider=OURS, **key)
    assert_problem(refused, 403, "forbidden")
    assert first.json["completion_id"] not in refused.response.text
    assert "Idempotency-Replayed" not in refused.response.headers
    # Under the other provider's name the key is another one.
    other = vendor.report(a_completion(), PARS_Provider=THEIRS, **key)
    assert other.status == 422 and other.codes == {"activity-known"}
    grant(service, vendor)
    again = vendor.report(a_completion(), PARS_Provider=OURS, **key)
    assert (again.status, again.response.headers["Idempotency-Replayed"]) == (201, "true")


def test_a_request_that_waited_for_the_first_is_refused_when_the_right_ended_meanwhile(
    vendor: Api, service: Service
) -> None:
    """It was let in before the grant was revoked: only the transaction that would replay the answer sees that."""
    vendor.report(a_completion(), PARS_Provider=OURS, Idempotency_Key="monday")

    def replay(work: Work) -> Answer:
        caller = work.caller
        waited = sender_work(service, work.connection, vendor.client_id, OURS)
        assert waited is not None
        clients.revoke(work, vendor.client_id, OURS)
        return once(
            Work(
                connection=work.connection,
                caller=type(caller)(
                    service=service, client=waited.caller.client, provider=OURS, idempotency_key="monday"
                ),
                now=work.now,
            ),
            lambda _: pytest.fail("it was done before"),
        )

    with pytest.raises(Forbidden, match="lost the right"):
        transact(operator(service), replay)


def every_read(vendor: Api) -> Iterator[Any]:
    for path in (
        "/v1/learner-completions", "/v1/activities", "/v1/activities/201759558", "/v1/batches", "/v1/held-records",
        "/v1/events", "/v1/webhook-endpoints",
    ):  # fmt: skip
        yield vendor.send("GET", path, FOR_OURS)


@ON_SQLITE
def test_lists_records_events_and_endpoints_are_gone_at_once(vendor: Api, api: Api, service: Service) -> None:
    named = vendor.post("/v1/webhook-endpoints", {"url": "https://a.example.org/x"}, PARS_Provider=OURS)
    assert named.status == 201
    reported = vendor.report(a_completion(), PARS_Provider=OURS).json["completion_id"]
    settle(service)
    assert {answer.status for answer in every_read(vendor)} == {200}
    after = vendor.get("/v1/events", after="now").json["next_cursor"]
    api.report(a_completion(completed_on="2021-12-11"))
    settle(service)
    revoke(service, vendor)
    before = footprint(service)
    for answer in every_read(vendor):
        assert_problem(answer, 403, "forbidden")
        assert reported not in answer.response.text
    assert vendor.get("/v1/events", after=after).json["data"] == []
    assert_problem(vendor.send("DELETE", f"/v1/learner-completions/{reported}", FOR_OURS), 403, "forbidden")
    assert footprint(service) == before
    # What it reported stays.
    assert api.get(f"/v1/learner-completions/{reported}").status == 200


def test_deliveries_that_wait_are_not_sent(vendor: Api, api: Api, service: Service) -> None:
    everywhere = vendor.post("/v1/webhook-endpoints", {"url": "https://a.example.org/x"}).json["endpoint_id"]
    api.report(a_completion())
    settle(service)
    waiting = vendor.get(f"/v1/webhook-endpoints/{everywhere}/deliveries").json["data"]
    assert {delivery["status"] for delivery in waiting} == {"pending"}
    revoke(service, vendor)
    while attempts(service):
        pass
    told = vendor.get(f"/v1/webhook-endpoints/{everywhere}/deliveries").json["data"]
    assert {(one["status"], one["last_outcome"]) for one in told if one["provider_id"] == OURS} == {
        ("dead", "right-revoked")
    }
    api.report(a_completion(completed_on="2021-12-11"))
    settle(service)
    assert len(vendor.get(f"/v1/webhook-endpoints/{everywhere}/deliveries").json["data"]) == len(told)


def test_after_a_revocation_was_answered_no_row_is_credited(vendor: Api, api: Api, service: Service) -> None:
    """A piece that is at work holds the grant: who revokes it waits for the piece, and none follows."""
    sent = upload(vendor, twelve_days(), headers=FOR_OURS)
    assert read_one(service)
    pace = Pace(on_sqlite=service.database.on_sqlite, at_once=1)

    def credited() -> int:
        return len(api.completions(batch_id=sent.json["batch_id"], limit=500))

    with ThreadPoolExecutor(2) as threads:
        applying = threads.submit(lambda: [apply_some(service, pace) for _ in range(12)])
        while not credited():
            pass
        threads.submit(revoke, service, vendor).result()
        at_the_end = credited()
        applying.result()
    work_through(service)
    assert credited() == at_the_end
    settle(service)
