"""`PUT …/by-reference/{reference}`: creates or corrects the record that bears the reference, and never a second one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from app.services.context import Service
from tests.builders.bodies import a_completion, john, points, tina
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.board_views import decide
from tests.harness.refusals import assert_problem

COMPLETIONS = "/v1/learner-completions"
CME = {"moc": []}
MOC: dict[str, Any] = {"cme": []}


pytestmark = pytest.mark.usefixtures("proven")


def put(api: Api, reference: str, body: Any, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.send("PUT", f"{COMPLETIONS}/by-reference/{quote(reference)}", headers=named, json=body)


def credits(answer: Answer) -> dict[str, tuple[float, str]]:
    return {credit["board"]: (credit["credits"], credit["status"]) for credit in answer.json["credits"]}


def all_of(api: Api, reference: str) -> list[str]:
    return [completion["completion_id"] for completion in api.completions(client_reference=reference)]


def test_the_first_creates_and_the_next_corrects(api: Api) -> None:
    first = put(api, "lms:1", a_completion())
    assert (first.status, first.json["outcome"]) == (201, "created")
    assert first.response.headers["location"] == f"{COMPLETIONS}/{first.json['completion_id']}"
    second = put(api, "lms:1", a_completion(credits=3))
    assert (second.status, second.json["outcome"], second.json["version"]) == (200, "updated", 2)
    assert second.response.headers["etag"] == '"2"'
    assert second.json["completion_id"] == first.json["completion_id"]
    assert second.json["credits"][0]["credit_id"] == first.json["credits"][0]["credit_id"]
    assert credits(second) == {"TN-M": (3, "pending")}


@pytest.mark.parametrize(
    "corrected", [a_completion(credits=3), a_completion(completed_on="2021-12-13"), john(), tina()]
)
def test_sent_again_it_changes_nothing(api: Api, corrected: Any) -> None:
    put(api, "lms:1", a_completion())
    put(api, "lms:1", corrected)
    before = api.get(f"{COMPLETIONS}/{all_of(api, 'lms:1')[0]}").json
    again = put(api, "lms:1", corrected)
    assert (again.status, again.json["outcome"]) == (200, "unchanged")
    assert [completion["version"] for completion in api.completions(client_reference="lms:1")] == [before["version"]]


def test_a_wrong_learner_is_put_right_without_a_second_record(api: Api, service: Service) -> None:
    first = put(api, "lms:1", a_completion())
    second = put(api, "lms:1", john())
    assert second.json["completion_id"] == first.json["completion_id"]
    assert all_of(api, "lms:1") == [first.json["completion_id"]]
    assert [c["status"] for c in second.json["credits"]] == ["withdrawn", "pending", "pending"]


@pytest.mark.parametrize("reference", ["a/b/c", "ccid:example.org:abc-1", "50% off?", "caf\u00e9/#1", "a b", "a//b"])
def test_a_reference_may_hold_slashes_and_what_addresses_escape(api: Api, reference: str) -> None:
    created = put(api, reference, a_completion())
    assert created.json["credits"][0]["client_references"] == [reference]
    assert put(api, reference, a_completion(credits=3)).json["outcome"] == "updated"
    assert len(all_of(api, reference)) == 1


def test_a_reference_in_another_spelling_is_the_same_one(api: Api) -> None:
    put(api, "caf\u00e9", a_completion())
    assert put(api, "cafe\u0301", a_completion()).json["outcome"] == "unchanged"


def test_a_blank_reference_is_refused(api: Api) -> None:
    assert_problem(put(api, " ", a_completion()), 422, "parameter-invalid")
    assert_problem(put(api, "", a_completion()), 422, "parameter-invalid")


@pytest.mark.parametrize("written", ["%E9t%E9", "caf%C3", "#N/A", "#REF!", "Err:504", "caf\ufffd"])
def test_a_reference_that_other_records_may_have_too_overwrites_none_of_them(api: Api, written: str) -> None:
    address = written if "%" in written else quote(written)
    refused = api.send("PUT", f"{COMPLETIONS}/by-reference/{address}", json=a_completion())
    assert_problem(refused, 422, "parameter-invalid")
    (item,) = refused.json["errors"]
    assert item["parameter"] == "reference"
    assert "other records may have the same" in item["detail"]
    assert "UTF-8" in item["hint"]


def test_a_body_with_the_reference_or_without_it_is_the_same(api: Api) -> None:
    put(api, "lms:1", a_completion())
    assert put(api, "lms:1", a_completion(client_reference="lms:1")).json["outcome"] == "unchanged"


def test_a_body_with_another_reference_is_refused(api: Api) -> None:
    refused = put(api, "lms:1", a_completion(client_reference="lms:2"))
    assert (refused.status, refused.pointers) == (422, {"format": "/client_reference"})
    assert all_of(api, "lms:1") == []


def test_every_credit_of_the_body_bears_the_reference(api: Api) -> None:
    body = john()
    body["cme"][0]["client_reference"] = "cme:1"
    created = put(api, "lms:1", body).json
    assert [credit["client_references"] for credit in created["credits"]] == [["lms:1", "cme:1"], ["lms:1"]]


def test_a_record_reported_otherwise_is_found_by_a_reference_on_one_of_its_credits(api: Api) -> None:
    first = api.report(a_completion(reference="lms:1")).json
    second = put(api, "lms:1", a_completion(credits=3)).json
    assert (second["completion_id"], second["outcome"]) == (first["completion_id"], "updated")
    assert put(api, "lms:1", a_completion(credits=3)).json["outcome"] == "unchanged"


def test_a_reference_new_to_a_record_that_stands_is_kept_there(api: Api) -> None:
    first = api.report(a_completion(reference="registrar:9")).json
    named = put(api, "lms:1", a_completion())
    assert (named.status, named.json["outcome"], named.json["completion_id"]) == (
        200,
        "unchanged",
        first["completion_id"],
    )
    assert put(api, "lms:1", a_completion(credits=3)).json["outcome"] == "updated"
    assert all_of(api, "registrar:9") == all_of(api, "lms:1") == [first["completion_id"]]


def test_several_completions_of_one_reference_are_named(api: Api) -> None:
    ids = [
        api.report(a_completion(completed_on=f"2021-12-{d}", reference="s:1")).json["completion_id"] for d in (12, 13)
    ]
    refused = put(api, "s:1", a_completion(credits=3))
    assert_problem(refused, 409, "conflict")
    assert (refused.json["completions"], refused.json["count"]) == (ids, 2)
    assert refused.json["errors"][0]["parameter"] == "reference"
    api.delete(f"{COMPLETIONS}/{ids[1]}")
    assert put(api, "s:1", a_completion(credits=3)).json["completion_id"] == ids[0]


def test_the_first_ten_of_many_are_named_with_their_number(api: Api) -> None:
    items = [a_completion(completed_on=f"2021-11-{d:02d}", credits=1, client_reference="s:1") for d in range(21, 30)]
    items += [a_completion(completed_on=f"2021-12-{d:02d}", credits=1, client_reference="s:1") for d in range(1, 4)]
    api.post(f"{COMPLETIONS}:bulk", {"items": items})
    refused = put(api, "s:1", a_completion()).json
    assert (len(refused["completions"]), refused["count"]) == (10, 12)


def test_a_reference_is_the_providers_own(api: Api, service: Service) -> None:
    other = api_of(api.http, service, "Elsewhere", providers=["0008002"])
    first = put(api, "lms:1", a_completion())
    activity = other.register(ama_pra_credits=5).json["activity_id"]
    second = put(other, "lms:1", a_completion(activity))
    assert (first.status, second.status) == (201, 201)
    assert put(api, "lms:1", a_completion()).json["outcome"] == "unchanged"


def test_a_withdrawn_record_frees_its_reference(api: Api) -> None:
    first = put(api, "lms:1", a_completion()).json["completion_id"]
    api.delete(f"{COMPLETIONS}/{first}")
    again = put(api, "lms:1", a_completion())
    assert again.status == 201
    assert again.json["completion_id"] != first


def test_a_version_may_be_asked_for(api: Api) -> None:
    assert_problem(put(api, "lms:1", a_completion(), If_Match="*"), 412, "precondition-failed")
    put(api, "lms:1", a_completion())
    assert_problem(put(api, "lms:1", a_completion(credits=3), If_Match='"2"'), 412, "precondition-failed")
    assert put(api, "lms:1", a_completion(credits=3), If_Match='"1"').status == 200


def test_minimal_answers_have_no_body(api: Api) -> None:
    created = put(api, "lms:1", a_completion(), Prefer="return=minimal")
    assert (created.status, created.response.headers["etag"]) == (204, '"1"')


def test_a_refused_record_stores_nothing(api: Api) -> None:
    refused = put(api, "lms:1", a_completion(credits=0.3))
    assert (refused.status, refused.codes) == (422, {"credit-quarter"})
    assert put(api, "lms:1", a_completion()).status == 201


def test_two_records_of_one_completion_never_take_each_others_credit(api: Api) -> None:
    first = put(api, "cme:1", john() | CME)
    second = put(api, "moc:1", john() | MOC)
    assert second.json["outcome"] == "joined"
    for _ in range(2):
        assert put(api, "cme:1", john() | CME).json["outcome"] == "unchanged"
        assert put(api, "moc:1", john() | MOC).json["outcome"] == "unchanged"
    less = john() | CME
    less["cme"][0]["credits"] = 2
    assert credits(put(api, "cme:1", less)) == {"TN-M": (2, "pending"), "ABIM": (2.25, "pending")}
    assert all_of(api, "cme:1") == all_of(api, "moc:1") == [first.json["completion_id"]]


def test_what_a_record_leaves_out_is_withdrawn_where_it_alone_reported_it(api: Api) -> None:
    put(api, "lms:1", john())
    fewer = put(api, "lms:1", john() | CME)
    assert credits(fewer) == {"TN-M": (2.25, "pending"), "ABIM": (2.25, "withdrawn")}


def test_credit_of_another_reference_too_stays_with_a_warning(api: Api) -> None:
    put(api, "lms:1", john())
    put(api, "registrar:9", john())
    fewer = put(api, "lms:1", john() | CME)
    assert credits(fewer) == {"TN-M": (2.25, "pending"), "ABIM": (2.25, "pending")}
    (warned,) = [finding for finding in fewer.json["findings"] if finding["rule"] == "reference-shared"]
    assert (warned["severity"], warned["completion_id"]) == ("warning", fewer.json["completion_id"])


def test_credit_without_the_reference_stays(api: Api) -> None:
    api.report(john() | CME)
    put(api, "moc:1", john() | MOC)
    raised = john() | {"cme": [], "moc": [points("ABIM", "999999", 2, Medical_Knowledge=2)]}
    assert credits(put(api, "moc:1", raised)) == {"TN-M": (2.25, "pending"), "ABIM": (2, "pending")}


@pytest.mark.parametrize("moved", [{"completed_on": "2021-02-15"}, {"learner": tina()["learner"]}])
def test_other_credit_is_never_moved_by_a_reference_that_is_not_its(api: Api, moved: Any) -> None:
    first = put(api, "cme:1", john() | CME).json["completion_id"]
    put(api, "moc:1", john() | MOC)
    body = john() | CME | moved
    if "learner" in moved:
        body["cme"] = [{"state": "TN", "credits": 1}]
    refused = put(api, "cme:1", body)
    assert "reference-shared" in refused.codes or refused.codes == {"learner-unmatched"}
    assert [c["completed_on"] for c in api.completions(client_reference="moc:1")] == ["2021-02-14"]
    assert all_of(api, "cme:1") == [first]


def test_a_record_alone_under_its_reference_moves_whole(api: Api) -> None:
    first = put(api, "lms:1", john()).json
    moved = put(api, "lms:1", john() | {"completed_on": "2021-02-15"}).json
    assert (moved["completion_id"], moved["completed_on"]) == (first["completion_id"], "2021-02-15")
    assert {credit["status"] for credit in moved["credits"]} == {"pending"}


def test_credit_that_its_board_rejected_is_sent_again_only_when_it_changes(api: Api, service: Service) -> None:
    first = put(api, "lms:1", tina()).json
    settle(service)
    decide(service, first["credits"][0]["credit_id"], "rejected")
    again = put(api, "lms:1", tina())
    assert (again.json["outcome"], credits(again)) == ("unchanged", {"ABA": (0.25, "rejected")})
    assert credits(put(api, "lms:1", tina(total=0.5))) == {"ABA": (0.5, "pending")}


def test_participation_without_credit_is_corrected_by_its_reference(api: Api) -> None:
    activity = api.register(rems={"type": "opioid", "identifier": "X1"}).json["activity_id"]
    body = a_completion(activity, credits=None) | {"rems": {"local_id": "17", "profession": "Nurse"}}
    first = put(api, "rems:1", body)
    assert first.status == 201
    again = put(api, "rems:1", body | {"rems": {"local_id": "17", "profession": "Pharmacist"}})
    assert (again.json["outcome"], again.json["completion_id"]) == ("updated", first.json["completion_id"])
    assert len(api.completions(activity_id=activity)) == 1


def test_risk_mitigation_of_another_record_stays(api: Api) -> None:
    activity = api.register(rems={"type": "opioid", "identifier": "X1"}).json["activity_id"]
    put(api, "lms:1", a_completion(activity, "2021-12-12"))
    rems = {"local_id": "17", "profession": "Physician"}
    put(api, "rems:1", a_completion(activity, "2021-12-12") | {"rems": rems})
    after = put(api, "lms:1", a_completion(activity, "2021-12-12", credits=3)).json
    assert after["rems"]["profession"] == "Physician"
    assert after["credits"][0]["credits"] == 3


def test_a_board_is_told_as_of_any_correction(api: Api, service: Service) -> None:
    first = put(api, "lms:1", a_completion()).json["completion_id"]
    put(api, "lms:1", a_completion(credits=3))
    put(api, "lms:1", a_completion(credits=3))
    put(api, "lms:1", john())
    settle(service)
    listed = api.get("/v1/events", limit=500).json["data"]
    assert [event["type"] for event in listed if event["data"].get("completion_id") == first] == [
        "completion.reported",
        "credit.corrected",
        "credit.withdrawn",
        "completion.reported",
    ]
    history = api.get(f"{COMPLETIONS}/{first}/history").json["data"]
    assert [version["action"] for version in history] == ["updated", "updated", "created"]
