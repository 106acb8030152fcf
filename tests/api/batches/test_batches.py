"""Batches: a file in, an answer for every row, and the refused rows out again as they were sent."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.services.batches.steps import read_one
from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity
from tests.builders.sent_files import JOHN, lines, row, tab_text, workbook
from tests.builders.written_files import cells_of
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.refusals import assert_problem
from tests.harness.uploads import file_of, rows_of, upload, work_through, worked
from tests.harness.wire import at_once


def counts(batch: Any) -> dict[str, int]:
    return {name: count for name, count in batch["counts"].items() if count}


def test_the_slides_sample_with_another_date_is_added_and_its_learner_has_the_credit(
    api: Api, service: Service
) -> None:
    batch = worked(api, service, workbook([JOHN]))
    assert (batch["status"], batch["progress"], batch["format"]) == ("completed", 1, "xlsx")
    assert counts(batch) == {"read": 1, "added": 1, "warned": 1}
    assert batch["warnings"] == [
        {"rule": "reported-within-30-days", "rows": 1, "rule_url": "/v1/rules/reported-within-30-days"}
    ]
    (listed,) = api.completions(batch_id=batch["batch_id"])
    assert listed["entry_method"] == "excel"
    assert {credit["board"]: credit["credits"] for credit in listed["credits"]} == {"TN-M": 2.25, "ABIM": 2.25}
    (told,) = rows_of(api, batch)
    assert (told["row"], told["outcome"], told["completion_id"]) == (3, "added", listed["completion_id"])
    settle(service)


def test_a_refused_row_comes_back_mended_and_goes_through(api: Api, service: Service) -> None:
    good, bad = row(), row(Licensing_ID="555555", Number_of_CME_Credits=2.1, Completion_Date="12/13/2021")
    batch = worked(api, service, workbook([good, bad]))
    assert counts(batch) == {"read": 2, "added": 1, "rejected": 1}
    (refused,) = rows_of(api, batch, outcome="rejected")
    assert refused["row"] == 4
    said = {finding["rule"]: finding["column"] for finding in refused["findings"]}
    assert said["credit-quarter"] == "Number of CME Credits"
    content = file_of(api, batch, "rejected")
    guidance, headings, *rest = cells_of(content)
    assert guidance[0] == "Guidance"
    assert headings[-3:] == ["Errors", "What to do", "Error Codes"]
    (given_back,) = rest
    assert given_back[7] == "555555"
    # Unfixed, it gives the same refusals.
    again = worked(api, service, content)
    assert counts(again) == {"read": 1, "rejected": 1}
    assert {finding["rule"] for finding in rows_of(api, again)[0]["findings"]} == set(said)
    mended = dict(zip(headings, given_back, strict=True)) | {"Licensing ID": "444444", "Number of CME Credits": 2.25}
    last = worked(api, service, workbook([mended], headings))
    assert counts(last) == {"read": 1, "added": 1}
    settle(service)


def test_sending_a_file_again_doubles_nothing_and_says_so(api: Api, service: Service) -> None:
    content = workbook([row(), row(Completion_Date="12/13/2021", Number_of_CME_Credits=1)])
    first = worked(api, service, content)
    again = worked(api, service, content)
    assert counts(again) == {"read": 2, "unchanged": 2, "warned": 2}
    assert again["seen_before"] == first["batch_id"]
    assert "file-seen-before" in {warning["rule"] for warning in again["warnings"]}
    settle(service)


def test_rows_take_effect_in_their_order_whatever_the_piece(api: Api, service: Service) -> None:
    one, two = row(), row(Number_of_CME_Credits=3)
    taken_back = row(Record_Action="Delete")
    for records in (1, 2, 50):
        batch = worked(api, service, workbook([one, taken_back, one, two]), at_once=records)
        assert counts(batch)["deleted"] == 1
        assert [row["outcome"] for row in rows_of(api, batch)] == ["added", "deleted", "added", "added"]
        for completion in api.completions(activity_id=GRAND_ROUNDS, first_name="Rebecca"):
            api.delete(f"/v1/learner-completions/{completion['completion_id']}")
    settle(service)


@pytest.mark.parametrize("name", ["tab", "ndjson"])
def test_the_same_rows_have_the_same_outcome_in_every_format(api: Api, service: Service, name: str) -> None:
    rows = [row(), row(Number_of_CME_Credits="zero", Completion_Date="12/13/2021")]
    bodies = [a_completion(), a_completion(completed_on="2021-12-13", credits=0)]
    batch = worked(api, service, tab_text(rows) if name == "tab" else lines(bodies))
    assert batch["format"] == name
    assert counts(batch) == {"read": 2, "added": 1, "rejected": 1}
    settle(service)


def test_a_rehearsal_tells_what_would_become_of_each_row_and_stores_nothing(api: Api, service: Service) -> None:
    rows = [row(), row(), row(Record_Action="Delete"), row(Number_of_CME_Credits=0)]
    batch = worked(api, service, workbook(rows), dry_run=True)
    assert (batch["status"], batch["dry_run"]) == ("completed", True)
    assert [row["outcome"] for row in rows_of(api, batch)] == ["added", "unchanged", "deleted", "rejected"]
    assert api.completions(activity_id=GRAND_ROUNDS) == []
    real = worked(api, service, workbook(rows))
    assert [row["outcome"] for row in rows_of(api, real)] == ["added", "unchanged", "deleted", "rejected"]


def test_what_the_form_alone_shows_is_refused_at_the_door(api: Api) -> None:
    content = workbook([row()])
    assert_problem(upload(api, content, permission_attested=None), 422, "permission-not-attested")
    assert_problem(upload(api, content, permission_attested="no"), 422, "permission-not-attested")
    assert_problem(upload(api, content, kind="something"), 422, "invalid-request")
    assert_problem(upload(api, content, colour="red"), 422, "invalid-request")
    assert_problem(upload(api, b""), 422, "invalid-request")
    twice = [("file", ("a.xlsx", content)), ("file", ("b.xlsx", content))]
    form = {"kind": "learner-completions", "permission_attested": "true"}
    assert_problem(api.send("POST", "/v1/batches", files=twice, data=form), 422, "invalid-request")
    assert_problem(api.send("POST", "/v1/batches", data=form), 415, "unsupported-media-type")
    assert_problem(api.send("POST", "/v1/batches", json={}), 415, "unsupported-media-type")
    assert api.get("/v1/batches").json["data"] == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"nothing that anybody could read", "heading-missing"),
        (b"%PDF-1.7", "unreadable"),
        (workbook([]), "no-rows"),
        (workbook([row()], ["First Name", "Last Name", "NPI"]), "kind-unknown"),
    ],
)
def test_a_file_that_is_refused_as_a_whole_applies_nothing_and_says_why(
    api: Api, service: Service, content: bytes, code: str
) -> None:
    batch = worked(api, service, content)
    assert (batch["status"], batch["file_error"]["code"]) == ("failed", code)
    assert batch["file_error"]["detail"]
    assert batch["counts"]["read"] == 0
    assert_problem(api.get(f"/v1/batches/{batch['batch_id']}/files/rejected"), 404, "not-found")
    assert file_of(api, batch, "original") == content


def test_a_file_of_another_kind_says_which_by_its_headings(api: Api, service: Service) -> None:
    learners = workbook([row()])
    batch = worked(api, service, learners, "activities")
    assert batch["file_error"]["code"] == "kind-unknown"
    assert batch["file_error"]["looks_like"] == "learner-completions"
    assert worked(api, service, learners, batch["file_error"]["looks_like"])["counts"]["added"] == 1
    unclear = worked(api, service, workbook([row()], ["First Name", "Department"]))
    assert (unclear["file_error"]["code"], unclear["file_error"]["looks_like"]) == ("heading-missing", None)


def test_lines_of_another_kind_are_told_as_a_whole(api: Api, service: Service) -> None:
    asked = {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01", "state": "TN"}
    sent = {
        "learner-completions": lines([a_completion(), a_completion(completed_on="2021-12-05")]),
        "activities": lines([an_activity(), {"action": "update", "title": "x", "activity_id": "201759558"}]),
        "learner-validations": lines([asked, asked | {"npi": "1234567893"}]),
    }
    for kind, content in sent.items():
        for other in sent.keys() - {kind}:
            batch = worked(api, service, content, other)
            assert (batch["status"], batch["counts"]["read"]) == ("failed", 0), (kind, other)
            assert (batch["file_error"]["code"], batch["file_error"]["looks_like"]) == ("kind-unknown", kind)
            assert batch["file_error"]["row"] == 1
        assert worked(api, service, content, kind)["file_error"] is None
    assert batch["file_error"]["detail"].startswith("The lines are learner validations, not ")


@pytest.mark.parametrize(
    "bodies",
    [
        # One fits, one is misspelt, one is nothing of anybody, and who is meant may be two kinds.
        [a_completion(), an_activity()],
        [an_activity() | {"titel": "A course"}],
        [an_activity(), {}],
        [an_activity(), ["title"]],
        [{"first_name": "Rebecca", "last_name": "Test"}],
        [{"activity_id": "201759558", "moc": []}],
    ],
)
def test_lines_whose_kind_is_not_sure_are_judged_one_by_one(api: Api, service: Service, bodies: list[Any]) -> None:
    batch = worked(api, service, lines(bodies))
    assert (batch["file_error"], batch["counts"]["read"]) == (None, len(bodies))


def test_another_providers_batch_cannot_be_told_from_an_absent_one(api: Api, service: Service) -> None:
    batch = worked(api, service, workbook([row()]))
    other = api_of(api.http, service, "other", providers=["0008002"])
    for path in ("", "/rows", "/files/original", "/files/rejected", "/files/successful"):
        foreign = other.get(f"/v1/batches/{batch['batch_id']}{path}")
        absent = other.get(f"/v1/batches/017de0b2-4c30-7b5e-9a61-5f0d2c7be403{path}")
        assert_problem(foreign, 404, "not-found")
        assert {**foreign.json, "request_id": ""} == {**absent.json, "request_id": ""}
    for verb in ("cancel", "retry"):
        assert_problem(other.post(f"/v1/batches/{batch['batch_id']}/{verb}", None), 404, "not-found")
    assert other.get("/v1/batches").json["data"] == []


def test_an_upload_sent_again_with_its_key_is_the_same_batch(api: Api, service: Service) -> None:
    content = workbook([row()])
    first = upload(api, content, headers={"Idempotency-Key": "one"})
    again = upload(api, content, headers={"Idempotency-Key": "one"})
    assert again.json["batch_id"] == first.json["batch_id"]
    assert again.response.headers["idempotency-replayed"] == "true"
    other = upload(api, workbook([row(Number_of_CME_Credits=1)]), headers={"Idempotency-Key": "one"})
    assert_problem(other, 422, "idempotency-mismatch")
    work_through(service)
    assert len(api.get("/v1/batches").json["data"]) == 1


def test_an_upload_that_is_waited_for_is_answered_as_it_ended(api: Api, service: Service) -> None:
    def work() -> None:
        until = time.monotonic() + 20
        while not read_one(service) and time.monotonic() < until:
            time.sleep(0.01)
        work_through(service)

    content, waits = lines([a_completion()]), {"Prefer": "wait=20", "Idempotency-Key": "one"}
    sent: list[Answer] = []
    at_once([lambda: sent.append(upload(api, content, headers=waits)), work])
    (answer,) = sent
    assert (answer.status, answer.json["status"], answer.json["counts"]["added"]) == (200, "completed", 1)
    assert answer.response.headers["location"] == f"/v1/batches/{answer.json['batch_id']}"
    assert "idempotency-replayed" not in answer.response.headers


def test_an_upload_sent_again_is_waited_for_as_well_and_what_is_not_done_in_time_is_answered_202(
    api: Api, service: Service
) -> None:
    content, key = lines([a_completion()]), {"Idempotency-Key": "one"}
    first = upload(api, content, headers=key | {"Prefer": "wait=1"})
    assert (first.status, first.json["status"]) == (202, "queued")
    work_through(service)
    kept = upload(api, content, headers=key)
    assert (kept.status, kept.json) == (202, first.json)
    now = upload(api, content, headers=key | {"Prefer": "wait=20"})
    assert (now.status, now.json["status"], now.json["batch_id"]) == (200, "completed", first.json["batch_id"])
    assert now.response.headers["idempotency-replayed"] == "true"


def test_a_vendor_whose_right_is_taken_back_has_the_rest_of_its_rows_refused(api: Api, service: Service) -> None:
    from app.services.access import clients
    from app.services.context import operator, transact

    vendor = api_of(api.http, service, "vendor", role="vendor", providers=["0008001"])
    sent = upload(vendor, workbook([row()]), headers={"PARS-Provider": "0008001"})
    transact(operator(service), clients.revoke, vendor.client_id, "0008001")
    work_through(service)
    batch = api.get(f"/v1/batches/{sent.json['batch_id']}").json
    assert counts(batch) == {"read": 1, "rejected": 1}
    assert rows_of(api, batch)[0]["findings"][0]["rule"] == "forbidden"
    assert api.completions(activity_id=GRAND_ROUNDS) == []
    transact(operator(service), clients.grant, vendor.client_id, "0008001")
    assert api.post(f"/v1/batches/{batch['batch_id']}/retry", None).status == 200
    work_through(service)
    assert counts(api.get(f"/v1/batches/{batch['batch_id']}").json) == {"read": 1, "added": 1}


def test_a_cancelled_batch_keeps_what_was_applied_and_goes_on_when_retried(api: Api, service: Service) -> None:
    from app.services.batches.steps import Pace, apply_some, read_one

    rows = [row(Completion_Date=f"12/{day:02}/2021") for day in range(1, 13)]
    sent = upload(api, workbook(rows)).json
    read_one(service)
    apply_some(service, Pace(on_sqlite=service.database.on_sqlite, at_once=10))
    cancelled = api.post(f"/v1/batches/{sent['batch_id']}/cancel", None).json
    assert (cancelled["status"], cancelled["counts"]["added"]) == ("cancelled", 10)
    work_through(service)
    assert len(api.completions(batch_id=sent["batch_id"])) == 10
    assert api.post(f"/v1/batches/{sent['batch_id']}/retry", None).json["status"] == "applying"
    work_through(service)
    done = api.get(f"/v1/batches/{sent['batch_id']}").json
    assert (done["status"], counts(done)) == ("completed", {"read": 12, "added": 12})
    assert_problem(api.post(f"/v1/batches/{sent['batch_id']}/cancel", None), 409, "conflict")
    assert_problem(api.post(f"/v1/batches/{sent['batch_id']}/retry", None), 409, "conflict")
    settle(service)


def test_its_provider_is_told_that_a_batch_is_done(api: Api, service: Service) -> None:
    batch = worked(api, service, workbook([row()]))
    settle(service)
    told = [event for event in api.get("/v1/events", limit=500).json["data"] if event["type"] == "batch.completed"]
    assert [event["data"] for event in told] == [{"batch_id": batch["batch_id"], "provider_id": "0008001"}]


def test_the_record_in_the_way_of_a_row_is_named_once_it_is_stored(api: Api, service: Service) -> None:
    content = workbook([row(), row(Number_of_CME_Credits=3)])
    _, judged = rows_of(api, worked(api, service, content, dry_run=True))
    (warned,) = judged["findings"]
    assert (warned["rule"], warned["completion_id"]) == ("second-record-same-day", None)
    assert "or correct the earlier record in place" in warned["hint"]
    earlier, later = rows_of(api, worked(api, service, content))
    (warned,) = later["findings"]
    assert warned["completion_id"] == earlier["completion_id"]
    assert f"correct completion {earlier['completion_id']} in place" in warned["hint"]
    _, judged = rows_of(api, worked(api, service, workbook([row(), row(Number_of_CME_Credits=4)]), dry_run=True))
    assert judged["findings"][0]["completion_id"] == earlier["completion_id"]
    (refused,) = rows_of(api, worked(api, service, workbook([row(Number_of_CME_Credits=2.1)])))
    assert {finding["completion_id"] for finding in refused["findings"] if finding["severity"] == "reject"} == {None}
