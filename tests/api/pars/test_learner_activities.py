"""Completions as documents: what is sent in any style is the same record as by the plain API, and mirrored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from app.services.access import management
from app.services.context import Service, operator, transact
from tests.api.pars.documents import LEARNERS, certificates, outcomes, read, records, rules, send_xml
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, john, tina
from tests.builders.pars_documents import AMA_PRA, JSON, STYLES, XML, certificate, learners, report, xml
from tests.harness.api import Api
from tests.harness.held import nora

SLIDES = [
    a_completion(reference="ccid:example.org:1"),
    tina(),
    john(),
    a_completion(
        completed_on="2021-12-01", first_name="Joe", last_name="Accme", born="01/01", state="CA", license_id="94412289",
        credits=15,
    ),
    a_completion(
        completed_on="2021-12-15", first_name="Scott", last_name="Joplin", born="11/24", state="ME",
        license_id="32508792", credits=5,
    ),
]  # fmt: skip
"""Records that the slides show."""
OTHER = {"completion_id", "credit_id", "submitted_at", "updated_at", "status_at", "learner_id", "client_references"}


def facts(completion: Mapping[str, Any]) -> Any:
    """Return what is stored of a completion, without ids and moments."""
    shown = {name: value for name, value in completion.items() if name not in OTHER}
    shown["credits"] = [{name: one for name, one in credit.items() if name not in OTHER} for credit in shown["credits"]]
    return json.loads(json.dumps(shown, sort_keys=True))


def stored(api: Api, ids: Iterable[str]) -> list[Any]:
    return [facts(api.get(f"/v1/learner-completions/{completion_id}").json) for completion_id in ids]


@pytest.mark.parametrize("style", [*STYLES, "JSON"])
def test_what_senders_write_is_the_same_record_as_by_the_plain_api(api: Api, style: str) -> None:
    made = [api.report(body).json["completion_id"] for body in SLIDES]
    expected = stored(api, made)
    for completion_id in made:
        assert api.delete(f"/v1/learner-completions/{completion_id}").status == 204
    document = learners([report(body) for body in SLIDES])
    answer = api.post(LEARNERS, document) if style == "JSON" else send_xml(api, LEARNERS, STYLES[style](document))
    assert outcomes(answer) == ["created"] * len(SLIDES), answer.response.text
    assert stored(api, [record["LearnerId"] for record in records(answer)]) == expected


def test_both_forms_are_answered_alike_in_the_order_of_the_request(api: Api) -> None:
    unknown = tina() | {"activity_id": "999999999"}
    sent = [a_completion(reference="a:1"), a_completion(born="05/05", reference="a:2"), john(), unknown]
    document = learners(map(report, sent))
    first = api.post(LEARNERS, document)
    assert outcomes(first) == ["created", "refused", "created", "refused"]
    again, in_xml = api.post(LEARNERS, document), send_xml(api, LEARNERS, document)
    assert outcomes(again) == ["unchanged", "refused", "unchanged", "refused"]
    assert read(again) == read(in_xml)
    assert [record["Number"] for record in records(first)] == [1, 2, 3, 4]


def test_each_certificate_has_its_key_board_status_code_and_message(api: Api) -> None:
    made = report(john(), CreditID="nothing")
    keyed = made["Activity"]["Module"]["CreditCertificate"]
    for place, one in enumerate(keyed):
        one["CreditID"] = f"ccid:x:{place}"
    (record,) = records(send_xml(api, LEARNERS, learners([made])))
    told = certificates(record)
    assert [(one["CreditID"], one["Board"], one["Status"], one["Code"]) for one in told] == [
        ("ccid:x:0", "TN-M", "pending", "created"),
        ("ccid:x:1", "ABIM", "pending", "created"),
        ("ccid:x:2", "ABIM", "pending", "created"),
    ]
    assert all(one["Message"] for one in told)
    # What is known by nobody is named, and what goes without a total is told.
    assert rules(record) == {
        "reported-within-30-days": "Activity/Module/CompletedDateTime",
        "total-inferred": "Activity/Module/CreditCertificate[2]/CreditReceived",
        "element-ignored": None,
    }
    assert api.get(f"/v1/learner-completions/{record['LearnerId']}").json["credits"][1]["client_references"] == [
        "ccid:x:1", "ccid:x:2",
    ]  # fmt: skip


def test_a_record_that_fails_stands_beside_one_that_passes_and_names_its_places(api: Api) -> None:
    wrong = john(patient_safety=99)
    wrong["learner"]["date_of_birth"] = "13/45"
    answer = api.post(LEARNERS, learners([report(wrong), report(a_completion())]))
    refused, created = records(answer)
    assert (refused["Outcome"], created["Outcome"]) == ("refused", "created")
    assert rules(refused)["birth-date-valid"] == "Member/PersonalInfo/BirthDate"
    assert rules(refused)["moc-maximum"] == "Activity/Module/CreditCertificate[2]/CreditReceived"
    assert {one["Status"] for one in certificates(refused)} == {"refused"}
    assert all(finding["WhatToDo"] for finding in refused["Finding"])
    assert len(api.completions(activity_id=GRAND_ROUNDS, submitted_from="2021-12-20T15:00:00Z")) == 1


@pytest.mark.parametrize("day", ["2021-11-15T23:30:00-08:00", "2021-11-15T00:30:00+14:00", "11/15/2021", "2021-11-15"])
def test_days_are_never_shifted(api: Api, day: str) -> None:
    made = report(a_completion())
    made["Activity"]["Module"]["CompletedDateTime"] = day
    (record,) = records(send_xml(api, LEARNERS, learners([made])))
    assert (record["Outcome"], record["Activity"]["Module"]["CompletedDateTime"]) == ("created", "2021-11-15")


@pytest.mark.parametrize("born", ["1970-02-01", "--02-01", "02-01", "02/01", "2/1"])
def test_birth_dates_in_any_form_are_month_and_day(api: Api, born: str) -> None:
    assert outcomes(api.post(LEARNERS, learners([report(a_completion(born=born))]))) == ["created"]
    assert api.completions(submitted_from="2021-12-20T15:00:00Z")[0]["learner"]["date_of_birth"] == "02/01"


def test_an_npi_and_several_states_are_one_completion(api: Api) -> None:
    person = a_completion(state="TN", license_id="444444")
    made = report(person)
    made["Activity"]["Module"]["CreditCertificate"] = [
        certificate("TN", "444444", AMA_PRA, 2, "k:1"), certificate("Maine", "MD9977", AMA_PRA, 2, "k:2"),
    ]  # fmt: skip
    (record,) = records(api.post(LEARNERS, learners([made])))
    assert record["Outcome"] == "created", record
    assert [(one["CreditID"], one["Board"]) for one in certificates(record)] == [("k:1", "TN-M"), ("k:2", "ME-M")]


def test_a_delete_withdraws_and_a_second_one_is_unchanged(api: Api) -> None:
    assert outcomes(api.post(LEARNERS, learners([report(john())]))) == ["created"]
    deleted = send_xml(api, LEARNERS, learners([report(john(), "delete")]))
    assert outcomes(deleted) == ["deleted"]
    assert {one["Status"] for one in certificates(records(deleted)[0])} == {"withdrawn"}
    assert outcomes(api.post(LEARNERS, learners([report(john(), "Delete")]))) == ["unchanged"]
    assert api.completions(activity_id=COURSE) == []


def test_an_update_corrects_in_place(api: Api) -> None:
    api.post(LEARNERS, learners([report(a_completion())]))
    assert outcomes(api.post(LEARNERS, learners([report(a_completion(credits=1.5), "update")]))) == ["updated"]
    assert [one["credits"] for one in api.completions(submitted_from="2021-12-20T15:00:00Z")[0]["credits"]] == [1.5]


def test_a_record_may_wait_for_its_physician(api: Api) -> None:
    answer = api.post(f"{LEARNERS}?on_unmatched=hold", learners([report(nora())]))
    (record,) = records(answer)
    assert (record["Outcome"], certificates(record)[0]["Status"]) == ("held", "held")
    held = api.get(f"/v1/held-records/{record['HeldId']}").json
    assert held["status"] == "waiting"


def test_the_same_request_under_its_key_is_answered_again(api: Api) -> None:
    document = learners([report(a_completion())])
    first = send_xml(api, LEARNERS, document, Idempotency_Key="k1")
    again = send_xml(api, LEARNERS, document, Idempotency_Key="k1")
    assert (again.response.headers["Idempotency-Replayed"], again.response.text) == ("true", first.response.text)
    assert again.response.headers["content-type"] == "application/xml; charset=utf-8"
    other = send_xml(api, LEARNERS, learners([report(john())]), Idempotency_Key="k1")
    assert other.status == 422 and "idempotency-mismatch" in other.response.text


@pytest.mark.parametrize(
    ("content_type", "accept", "answered"),
    [
        (JSON, None, "application/json"),
        (JSON, "*/*", "application/json"),
        (XML, "*/*", "application/xml; charset=utf-8"),
        ("text/xml; charset=utf-8", None, "text/xml; charset=utf-8"),
        (XML, "application/json", "application/json"),
        (JSON, "text/xml", "text/xml; charset=utf-8"),
        (JSON, "application/json;q=0.4, application/xml", "application/xml; charset=utf-8"),
    ],
)
def test_the_answer_has_the_form_that_is_asked_for(
    api: Api, content_type: str, accept: str | None, answered: str
) -> None:
    document = learners([report(a_completion())])
    content = json.dumps(document) if content_type == JSON else xml(document)
    headers = {"Content-Type": content_type} | ({"Accept": accept} if accept else {"Accept": "*/*"})
    answer = api.send("POST", LEARNERS, headers=headers, content=content.encode())
    assert (answer.status, answer.response.headers["content-type"]) == (200, answered)


def test_too_many_records_are_told_where_they_are_taken(api: Api) -> None:
    small = {"Activity": {"Module": {"ModuleName": {"moduleID": GRAND_ROUNDS}}}}
    answer = api.post(LEARNERS, learners([small] * 501))
    assert (answer.status, answer.codes) == (422, {"too-long"})
    assert "POST /v1/batches" in answer.json["errors"][0]["hint"]


def test_a_document_of_activities_says_what_it_is(api: Api) -> None:
    answer = api.post(LEARNERS, {"ACCMEActivities": {"MedicalEducationMetrics": [{"x": "y"}]}})
    assert answer.status == 422
    assert "It holds activities" in answer.json["errors"][0]["detail"]


def test_without_the_clients_attestation_a_record_is_refused_and_says_who_gives_it(api: Api, service: Service) -> None:
    given = {"permission_attested": False}
    transact(operator(service), management.change_named, api.client_id, given)
    assert api.get("/v1/me").json["permission_withdrawn_at"] is not None
    (record,) = records(api.post(LEARNERS, learners([report(a_completion())])))
    assert record["Outcome"] == "refused"
    (finding,) = [one for one in record["Finding"] if one["Rule"] == "permission"]
    assert "attestation of the client" in finding["WhatToDo"]
    assert "withdrawn" in finding["WhatToDo"]
    assert api.report(a_completion()).status == 201
    transact(operator(service), management.change_named, api.client_id, {"permission_attested": True})
    assert outcomes(api.post(LEARNERS, learners([report(a_completion(reference="again"))]))) != ["refused"]
