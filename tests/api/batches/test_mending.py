"""Rejected rows are mended one by one, checked, and reported as a batch of their own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.sent_files import JOHN, lines, row, tab_text, workbook
from tests.builders.written_files import cells_of
from tests.harness.api import Answer, Api, settle
from tests.harness.refusals import assert_problem
from tests.harness.uploads import file_of, rows_of, work_through, worked

FAULTY = row(Number_of_CME_Credits=2.1, Completion_Date="12/13/2021")


def mend(api: Api, batch: Any, number: int, version: int = 1, /, **cells: Any) -> Answer:
    """Type values into a row, named by their headings with underscores."""
    (found,) = [one for one in rows_of(api, batch, include="record") if one["row"] == number]
    fields = {field["column"]: field["field"] for field in found["record"]}
    given = {fields[name.replace("_", " ")]: value for name, value in cells.items()}
    return put(api, batch, number, version, given)


def put(api: Api, batch: Any, number: int, version: int | None, cells: dict[str, Any]) -> Answer:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    path = f"/v1/batches/{batch['batch_id']}/rows/{number}/mend"
    return api.send("PUT", path, headers=headers, json={"cells": cells})


def check(api: Api, batch: Any, **body: Any) -> Answer:
    return api.post(f"/v1/batches/{batch['batch_id']}/mends:check", body)


def report(api: Api, batch: Any, *, key: str | None = None, **body: Any) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.post(f"/v1/batches/{batch['batch_id']}/mends", {"permission_attested": True} | body, **headers)


def a_batch(api: Api, service: Service, *rows: dict[str, Any]) -> Any:
    return worked(api, service, workbook(rows or (row(), FAULTY)))


def test_a_row_is_shown_as_it_was_sent_beside_its_findings(api: Api, service: Service) -> None:
    batch = a_batch(api, service, row(), FAULTY | {"Date of Birth": JOHN["Completion Date"]})
    added, rejected = rows_of(api, batch, include="record")
    assert (added["mend"], rejected["mend"]["state"], rejected["mend"]["version"]) == (None, "open", 1)
    values = {field["column"]: field["sent"] for field in rejected["record"]}
    assert (values["Number of CME Credits"], values["Licensing ID"]) == ("2.1", "444444")
    # As somebody would type it: the birthday has no year.
    assert values["Date of Birth"] == "02/15"
    assert [one["record"] for one in rows_of(api, batch)] == [None, None]


def test_a_mended_row_is_checked_and_reported_and_the_first_batch_stays_what_it_was(api: Api, service: Service) -> None:
    batch = a_batch(api, service)
    before = rows_of(api, batch)
    edited = mend(api, batch, 4, Number_of_CME_Credits="2.25")
    assert (edited.status, edited.json["mend"]["version"], edited.json["mend"]["state"]) == (200, 2, "open")
    (checked,) = check(api, batch).json["data"]
    assert (checked["mend"]["state"], checked["mend"]["outcome"]) == ("ready", "added")
    assert [finding for finding in checked["findings"] if finding["severity"] == "reject"] == []
    assert len(api.completions(activity_id=GRAND_ROUNDS)) == 1, "a check stores nothing"
    reported = report(api, batch)
    assert (reported.status, reported.json["mends"]) == (202, batch["batch_id"])
    work_through(service)
    mended = api.get(f"/v1/batches/{reported.json['batch_id']}").json
    assert (mended["status"], mended["counts"]["added"], mended["counts"]["read"]) == ("completed", 1, 1)
    assert rows_of(api, batch) == before
    (_, was) = rows_of(api, batch, include="record")
    assert was["mend"]["state"] == "reported"
    assert was["mend"]["reported"] == {"batch_id": mended["batch_id"], "row": 3, "outcome": "added"}
    credits = [one["credits"][0]["credits"] for one in api.completions(activity_id=GRAND_ROUNDS)]
    assert sorted(credits) == [2, 2.25]
    settle(service)


def test_cells_that_nobody_changed_are_written_with_their_type_and_format(api: Api, service: Service) -> None:
    batch = a_batch(api, service, JOHN | {"Total Board Credits": 2.1})
    original = cells_of(file_of(api, batch, "original"))
    mend(api, batch, 3, Total_Board_Credits="2.25")
    assert check(api, batch).json["data"][0]["mend"]["state"] == "ready"
    mended = report(api, batch).json
    work_through(service)
    written = cells_of(file_of(api, mended, "original"))
    assert written[1][:-3] == original[1]
    for heading, was, now in zip(original[1], original[2], written[2], strict=False):
        assert (type(now), now) == (type(was), was) if heading != "Total Board Credits" else now == "2.25"
    settle(service)


def test_the_later_of_two_who_mend_one_row_is_told(api: Api, service: Service) -> None:
    batch = a_batch(api, service)
    assert mend(api, batch, 4, Number_of_CME_Credits="2").status == 200
    late = mend(api, batch, 4, First_Name="Becky")
    assert_problem(late, 412, "precondition-failed")
    assert_problem(put(api, batch, 4, None, {}), 428, "precondition-required")
    (_, stands) = rows_of(api, batch, include="record")
    values = {field["column"]: field["value"] for field in stands["record"]}
    assert (values["Number of CME Credits"], values["First Name"]) == ("2", "Rebecca")
    assert mend(api, batch, 4, 2, First_Name="Becky", Number_of_CME_Credits="2").json["mend"]["version"] == 3
    taken_back = put(api, batch, 4, 3, {})
    assert all(field["sent"] == field["value"] for field in taken_back.json["record"])
    # The same once more changes nothing.
    assert put(api, batch, 4, 4, {}).json["mend"]["version"] == 4


def test_a_check_says_what_an_upload_would(api: Api, service: Service) -> None:
    batch = a_batch(api, service, row(), FAULTY, FAULTY | {"Licensing ID": "555555"})
    mend(api, batch, 4, Number_of_CME_Credits="2", Completion_Date="12/12/2021")
    mend(api, batch, 5, Number_of_CME_Credits="0", Completion_Date="13/13/2021")
    first, second = check(api, batch, rows=[5, 4]).json["data"]
    assert (first["row"], first["mend"]["outcome"], first["mend"]["state"]) == (4, "unchanged", "ready")
    uploaded = worked(api, service, workbook([row(
        Number_of_CME_Credits="0", Completion_Date="13/13/2021", Licensing_ID="555555")]), dry_run=True)  # fmt: skip
    (same,) = rows_of(api, uploaded)
    told = [(finding["rule"], finding["column"], finding["detail"]) for finding in same["findings"]]
    assert [(finding["rule"], finding["column"], finding["detail"]) for finding in second["findings"]] == told
    assert second["mend"]["state"] == "open"


def test_rows_checked_together_are_judged_one_after_the_other(api: Api, service: Service) -> None:
    batch = a_batch(api, service, FAULTY, FAULTY)
    for number in (3, 4):
        mend(api, batch, number, Number_of_CME_Credits="2")
    assert [one["mend"]["outcome"] for one in check(api, batch).json["data"]] == ["added", "unchanged"]


def test_what_was_changed_since_its_check_is_not_reported(api: Api, service: Service) -> None:
    batch = a_batch(api, service)
    assert_problem(report(api, batch), 409, "conflict")
    mend(api, batch, 4, Number_of_CME_Credits="2")
    check(api, batch)
    mend(api, batch, 4, 2, Number_of_CME_Credits="2.1")
    assert_problem(report(api, batch), 409, "conflict")
    assert len(api.get("/v1/batches").json["data"]) == 1


def test_the_permission_is_asked_for_again(api: Api, service: Service) -> None:
    batch = a_batch(api, service)
    mend(api, batch, 4, Number_of_CME_Credits="2")
    check(api, batch)
    assert_problem(report(api, batch, permission_attested=False), 422, "permission-not-attested")


def test_reported_twice_under_a_key_is_reported_once(api: Api, service: Service) -> None:
    batch = a_batch(api, service)
    mend(api, batch, 4, Number_of_CME_Credits="2")
    check(api, batch)
    first, again = (report(api, batch, key="one") for _ in range(2))
    assert (first.status, first.json["batch_id"]) == (202, again.json["batch_id"])
    assert again.response.headers["Idempotency-Replayed"] == "true"
    assert_problem(report(api, batch), 409, "conflict")
    work_through(service)
    assert len(api.get("/v1/batches").json["data"]) == 2
    assert_problem(mend(api, batch, 4, 3, First_Name="Becky"), 409, "conflict")
    settle(service)


def test_a_row_that_was_mended_elsewhere_is_not_judged_again_by_a_retry(api: Api, service: Service) -> None:
    batch = a_batch(api, service, row(), FAULTY | {"Licensing ID": "555555", "Number of CME Credits": 2}, FAULTY)
    mend(api, batch, 4, Licensing_ID="444444")
    check(api, batch)
    report(api, batch)
    work_through(service)
    assert api.post(f"/v1/batches/{batch['batch_id']}/retry", None).status == 200
    work_through(service)
    again = api.get(f"/v1/batches/{batch['batch_id']}").json
    assert (again["status"], again["counts"]["rejected"], again["counts"]["read"]) == ("completed", 2, 3)
    states = [one["mend"]["state"] for one in rows_of(api, batch, include="record", outcome="rejected")]
    assert states == ["reported", "open"]
    settle(service)


def test_a_cancelled_report_lets_its_rows_be_reported_again(api: Api, service: Service) -> None:
    batch = a_batch(api, service)
    mend(api, batch, 4, Number_of_CME_Credits="2")
    check(api, batch)
    mended = report(api, batch).json
    assert api.post(f"/v1/batches/{mended['batch_id']}/cancel", None).status == 200
    (_, open_again) = rows_of(api, batch, include="record")
    assert open_again["mend"]["state"] == "ready"
    assert_problem(api.post(f"/v1/batches/{mended['batch_id']}/retry", None), 409, "conflict")
    assert report(api, batch).status == 202
    work_through(service)
    assert len(api.completions(activity_id=GRAND_ROUNDS)) == 2
    settle(service)


def test_a_row_is_set_aside_with_a_reason_and_taken_up_again(api: Api, service: Service) -> None:
    batch = a_batch(api, service)
    path = f"/v1/batches/{batch['batch_id']}/rows/4/set-aside"
    waiting = [one["count"] for one in api.get("/v1/attention").json["data"] if one["kind"] == "rows-to-fix"]
    aside = api.post(path, {"reason": "no-physician"})
    assert (aside.json["mend"]["state"], aside.json["mend"]["set_aside"]) == ("set-aside", "no-physician")
    left = [one["count"] for one in api.get("/v1/attention").json["data"] if one["kind"] == "rows-to-fix"]
    assert (waiting, sum(left)) == ([1], 0)
    assert api.get("/v1/batches", to_fix="true").json["data"] == []
    assert_problem(mend(api, batch, 4, 2, Number_of_CME_Credits="2"), 409, "conflict")
    assert api.delete(path).json["mend"]["state"] == "open"
    assert_problem(api.post(path, {"reason": "tired"}), 422, "invalid-request")
    assert_problem(api.post(path.replace("/4/", "/3/"), {"reason": "other"}), 409, "conflict")
    assert_problem(api.post(path.replace("/4/", "/9/"), {"reason": "other"}), 404, "not-found")
    settle(service)


def test_what_is_no_field_and_what_is_no_rejected_row_is_refused(api: Api, service: Service) -> None:
    batch = a_batch(api, service)
    for name in ("999", "-1", "01", "x"):
        assert_problem(put(api, batch, 4, 1, {name: "1"}), 422, "invalid-request")
    assert_problem(check(api, batch, rows=[3]), 422, "invalid-request")
    assert_problem(put(api, batch, 3, 1, {}), 409, "conflict")
    rehearsed = worked(api, service, workbook([FAULTY]), dry_run=True)
    assert_problem(put(api, rehearsed, 3, 1, {}), 409, "conflict")


@pytest.mark.parametrize("form", ["tab", "ndjson"])
def test_other_formats_are_mended_alike(api: Api, service: Service, form: str) -> None:
    bodies = [a_completion(), a_completion(completed_on="2021-12-13", credits=2.1)]
    batch = worked(api, service, tab_text([row(), FAULTY]) if form == "tab" else lines(bodies))
    number = rows_of(api, batch, outcome="rejected")[0]["row"]
    if form == "tab":
        mend(api, batch, number, Number_of_CME_Credits="2.25")
    else:
        assert put(api, batch, number, 1, {"/cme/0/credits": "2.25"}).status == 200
    assert check(api, batch).json["data"][0]["mend"]["state"] == "ready"
    mended = report(api, batch).json
    work_through(service)
    assert api.get(f"/v1/batches/{mended['batch_id']}").json["counts"]["added"] == 1
    if form == "ndjson":
        (line,) = file_of(api, mended, "original").decode().splitlines()
        assert json.loads(line)["cme"][0]["credits"] == 2.25
    settle(service)


def test_an_upload_is_undone_after_it_was_told_what_goes(api: Api, service: Service) -> None:
    batch = a_batch(api, service, row(), row(Completion_Date="12/14/2021"), FAULTY)
    path = f"/v1/batches/{batch['batch_id']}/withdraw"
    corrected = next(one for one in api.completions(activity_id=GRAND_ROUNDS) if one["completed_on"] == "2021-12-14")
    body = a_completion(completed_on="2021-12-14", credits=3)
    path_of_it = f"/v1/learner-completions/{corrected['completion_id']}"
    assert api.send("PUT", path_of_it, headers={"If-Match": "*"}, json=body).status == 200
    told = api.post(f"{path}?dry_run=true", None)
    assert (told.json["completions"], told.json["changed"], [one["row"] for one in told.json["rows"]]) == (1, 1, [3])
    assert told.json["changed_since"] == [{"row": 4, "completion_id": corrected["completion_id"]}]
    assert len(api.completions(activity_id=GRAND_ROUNDS)) == 2
    done = api.post(path, None)
    assert (done.json["completions"], done.json["dry_run"]) == (1, False)
    assert [one["completed_on"] for one in api.completions(activity_id=GRAND_ROUNDS)] == ["2021-12-14"]
    assert api.post(path, None).json["completions"] == 0
    settle(service)


def test_nothing_of_a_check_or_of_validations_is_undone(api: Api, service: Service) -> None:
    rehearsed = worked(api, service, workbook([row()]), dry_run=True)
    assert_problem(api.post(f"/v1/batches/{rehearsed['batch_id']}/withdraw", None), 409, "conflict")
