"""Mends under attack: cancelled, retried and changed at the worst moment, and cells that no clerk types."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from app.services.batches import mend_reports
from app.services.context import Service
from app.store.sql.statements import execute
from tests.api.batches.test_mending import FAULTY, a_batch, check, mend, put, report
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.sent_files import lines, row, tab_text, workbook
from tests.harness.api import Api, settle
from tests.harness.refusals import assert_problem
from tests.harness.uploads import file_of, rows_of, work_through, worked
from tests.harness.wire import at_once

LATE = row(Completion_Date="12/14/2021", Licensing_ID="555555")


def states(api: Api, batch: Any) -> list[str]:
    return [one["mend"]["state"] for one in rows_of(api, batch, include="record", outcome="rejected")]


def change(service: Service, sql: str, batch: Any, **parameters: Any) -> None:
    service.database.write(lambda connection: execute(connection, sql, {"id": batch["batch_id"]} | parameters))


# Races


def test_a_retried_report_that_is_cancelled_lets_go_only_of_what_it_has_not_reported(
    api: Api, service: Service
) -> None:
    batch = a_batch(api, service, row(), FAULTY, LATE)
    mend(api, batch, 4, Number_of_CME_Credits="2")
    mend(api, batch, 5, Licensing_ID="444444")
    check(api, batch)
    mended = report(api, batch).json
    path = f"/v1/batches/{mended['batch_id']}"
    work_through(service)
    assert states(api, batch) == ["reported", "reported"]
    # As a fault of the service leaves it that has passed since: the second was refused, the first was not.
    change(service, "UPDATE batch_rows SET outcome = 'rejected' WHERE batch_id = :id AND place = 1", mended)
    change(
        service,
        "UPDATE batches SET counts = :counts WHERE batch_id = :id",
        mended,
        counts='{"added": 1, "rejected": 1}',
    )
    assert api.post(f"{path}/retry", None).status == 200
    assert api.post(f"{path}/cancel", None).status == 200
    assert states(api, batch) == ["reported", "ready"]


def test_a_row_that_a_retry_accepts_while_its_report_is_written_is_not_reported_again(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch(api, service)
    mend(api, batch, 4, Number_of_CME_Credits="2")
    check(api, batch)
    written = mend_reports._write

    def write_while_retried(*given: Any) -> Any:
        change(service, "UPDATE batch_rows SET outcome = 'added' WHERE batch_id = :id AND place = 1", batch)
        return written(*given)

    monkeypatch.setattr(mend_reports, "_write", write_while_retried)
    assert_problem(report(api, batch), 409, "conflict")
    assert [one["batch_id"] for one in api.get("/v1/batches").json["data"]] == [batch["batch_id"]]


@pytest.mark.parametrize("key", [None, "one"])
def test_of_two_reports_at_once_one_reports(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    """Both have written their file before either is taken."""
    batch = a_batch(api, service, row(), FAULTY, LATE)
    mend(api, batch, 4, Number_of_CME_Credits="2")
    mend(api, batch, 5, Licensing_ID="444444")
    check(api, batch)
    both, writing = threading.Barrier(2), mend_reports._write

    def write_together(*given: Any) -> Any:
        written = writing(*given)
        both.wait(20)
        return written

    monkeypatch.setattr(mend_reports, "_write", write_together)
    answers = at_once([lambda: report(api, batch, key=key)] * 2)
    assert sorted(answer.status for answer in answers) == ([202, 409] if key is None else [202, 202])
    work_through(service)
    assert len(api.get("/v1/batches").json["data"]) == 2
    assert len(api.completions(activity_id=GRAND_ROUNDS)) == 3
    settle(service)


def test_a_report_that_dies_after_its_file_was_written_reports_nothing_and_is_repeated(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch(api, service)
    mend(api, batch, 4, Number_of_CME_Credits="2")
    check(api, batch)

    async def die(*given: Any, **named: Any) -> Any:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(mend_reports, "finish_once", die)
        assert report(api, batch, key="one").status == 500
    assert states(api, batch) == ["ready"]
    assert report(api, batch, key="one").status == 202
    work_through(service)
    assert states(api, batch) == ["reported"]
    assert len(api.completions(activity_id=GRAND_ROUNDS)) == 2
    settle(service)


# Documents

XML = """<ActivityReports xmlns="http://ns.medbiq.org/activityreport/v1/">{reports}</ActivityReports>"""
REPORT = """<ActivityReport xmlns:x="urn:of-the-sender" x:note="a &lt; b">
<Member><Name><GivenName>Rebecca</GivenName><FamilyName>Test</FamilyName></Name>
<PersonalInfo><BirthDate>1970-02-01</BirthDate></PersonalInfo></Member>
<Activity><ProviderOrganization>0008001</ProviderOrganization><Module>
<ModuleName moduleID="201759558">Grand Rounds</ModuleName><Status>Completed</Status>
<CompletedDateTime>{day}</CompletedDateTime>
<CreditCertificate><UniqueID domain="TN">{license}</UniqueID>
<CreditReceived activityCertification="AMA PRA Category 1" creditUnit="Point" numberOfCredits="{credits}"/>
</CreditCertificate></Module></Activity></ActivityReport>"""


def document(*reports: tuple[str, str, str]) -> bytes:
    """A document of reports by day, licence and amount."""
    return XML.format(
        reports="".join(REPORT.format(day=day, license=license, credits=credits) for day, license, credits in reports)
    ).encode()


def fields_of(api: Api, batch: Any, number: int) -> dict[str, str]:
    """Return the names of the fields of a record, by their columns."""
    (found,) = [one for one in rows_of(api, batch, include="record") if one["row"] == number]
    return {field["column"]: field["field"] for field in found["record"]}


AMOUNT = "Activity/Module/CreditCertificate/CreditReceived@numberOfCredits"
LICENSE = "Activity/Module/CreditCertificate/UniqueID"


def test_reports_of_a_document_are_mended(api: Api, service: Service) -> None:
    sent = document(("2021-12-12", "444444", "2"), ("2021-12-13", "444444", "2.1"), ("2021-12-14", "555555", "1"))
    batch = worked(api, service, sent, name="learners.xml")
    assert (batch["format"], batch["counts"]) == ("xml", batch["counts"] | {"added": 1, "rejected": 2})
    fields = fields_of(api, batch, 2)
    assert put(api, batch, 2, 1, {fields[AMOUNT]: "2.25"}).status == 200
    assert put(api, batch, 3, 1, {fields[LICENSE]: "444444"}).status == 200
    checked = check(api, batch).json["data"]
    assert [(one["mend"]["state"], one["mend"]["outcome"]) for one in checked] == [("ready", "added")] * 2
    mended = report(api, batch).json
    work_through(service)
    done = api.get(f"/v1/batches/{mended['batch_id']}").json
    assert (done["status"], done["format"], done["counts"]["added"]) == ("completed", "xml", 2)
    text = file_of(api, done, "original").decode()
    assert text.count('="a &lt; b"') == 2
    assert 'numberOfCredits="2.25"' in text
    assert sorted(one["credits"][0]["credits"] for one in api.completions(activity_id=GRAND_ROUNDS)) == [1, 2, 2.25]
    reported = [one["mend"]["reported"] for one in rows_of(api, batch, include="record", outcome="rejected")]
    assert reported == [{"batch_id": mended["batch_id"], "row": place, "outcome": "added"} for place in (1, 2)]
    settle(service)


def test_what_a_document_has_not_is_no_field_and_markup_is_text(api: Api, service: Service) -> None:
    batch = worked(api, service, document(("2021-12-13", "444444", "2.1")), name="learners.xml")
    fields = fields_of(api, batch, 1)
    for name in ("", "/", "/0/@none", "/99", "/-1", "/0/0/0/0/0", f"{fields[LICENSE]}/0", "0", "//", "/\u0663"):
        assert_problem(put(api, batch, 1, 1, {name: "1"}), 422, "invalid-request")
    nasty = "</GivenName><x>]]>&<!--\"'"
    assert put(api, batch, 1, 1, {fields["Member/Name/GivenName"]: nasty, fields[AMOUNT]: "2"}).status == 200
    change(service, "UPDATE batch_mends SET outcome = 'added' WHERE batch_id = :id", batch)
    mended = report(api, batch).json
    work_through(service)
    (row,) = rows_of(api, mended, include="record")
    assert [field["sent"] for field in row["record"] if field["column"] == "Member/Name/GivenName"] == [nasty]


# Cells that no clerk types

NASTY = {
    "formula": "=cmd|' /C calc'!A0", "markup": "<script>alert(1)</script>]]>", "breaks": "a\tb\r\nc",
    "control": "a\x0b\x1fb", "separators": "a\u2028b\x85c\u2029d", "quote": '"a', "escape": "_x000D_",
    "long": "x" * 10_000, "too long": "x" * 10_001, "nul": "a\0b", "noncharacter": "a\uffffb", "mark": "\ufeffa",
    "half a pair": "a\ud800b",
}  # fmt: skip


@pytest.mark.parametrize("form", ["xlsx", "tab", "ndjson"])
def test_what_a_check_says_of_odd_texts_is_what_becomes_of_them(api: Api, service: Service, form: str) -> None:
    """What no file or database holds is refused as it is typed: it would fail the whole file of mended rows."""
    bodies = [a_completion(credits=2.1, license_id="555555") for _ in NASTY]
    for place, body in enumerate(bodies, start=1):
        body["completed_on"] = f"2021-12-{place:02}"
    rows = [
        row(Number_of_CME_Credits=2.1, Licensing_ID="555555", Completion_Date=f"12/{place}/2021")
        for place in range(1, len(NASTY) + 1)
    ]
    batch = worked(api, service, {"xlsx": workbook, "tab": tab_text}[form](rows) if form != "ndjson" else lines(bodies))
    refused = []
    for one, (name, text) in zip(rows_of(api, batch, include="record"), NASTY.items(), strict=True):
        (field,) = [
            field["field"] for field in one["record"] if field["column"] in ("First Name", "/learner/first_name")
        ]
        path = f"/v1/batches/{batch['batch_id']}/rows/{one['row']}/mend"
        content = json.dumps({"cells": {field: text}})
        answer = api.send("PUT", path, headers={"If-Match": '"1"', "Content-Type": "application/json"}, content=content)
        assert answer.status in (200, 422), name
        if answer.status == 422:
            refused.append(name)
    assert refused == ["control", "too long", "nul", "noncharacter", "half a pair"]
    told = [(one["outcome"], one["findings"]) for one in check(api, batch).json["data"]]
    change(service, "UPDATE batch_mends SET outcome = 'added' WHERE batch_id = :id", batch)
    mended = report(api, batch).json
    work_through(service)
    assert api.get(f"/v1/batches/{mended['batch_id']}").json["status"] == "completed"

    def without_row(findings: Any) -> Any:
        return [finding | {"row": None} for finding in findings]

    became = [(one["outcome"], without_row(one["findings"])) for one in rows_of(api, mended)]
    assert became == [(outcome, without_row(findings)) for outcome, findings in told]


@pytest.mark.parametrize("text", ["nan", "1e400", "2_0", "\uff12", "1e1", "020", "9" * 400])
def test_what_is_no_number_as_people_write_one_is_no_amount(api: Api, service: Service, text: str) -> None:
    batch = worked(api, service, lines([a_completion(credits=2.1)]))
    edited = put(api, batch, 1, 1, {"/cme/0/credits": text})
    (value,) = [field["value"] for field in edited.json["record"] if field["field"] == "/cme/0/credits"]
    assert value == text
    assert check(api, batch).json["data"][0]["mend"]["outcome"] == "rejected"


@pytest.mark.parametrize("line", [b'{"a": "x\\ud83d"}', b'{"\\uD83D": 1}', b'{"a": ["x\\ud83d"]}'])
def test_a_line_with_half_a_character_is_mended_in_its_file_and_hinders_no_other(
    api: Api, service: Service, line: bytes
) -> None:
    batch = worked(api, service, line + b"\n" + lines([a_completion(credits=2.1)]))
    first, second = rows_of(api, batch, include="record")
    assert (first["record"], len(second["record"]) > 5) == ([], True)
    assert_problem(put(api, batch, 1, 1, {"/a": "x"}), 422, "invalid-request")
