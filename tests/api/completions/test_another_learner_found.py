"""A record whose physician is another one when it is sent again: the registry knows better, and nothing is doubled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.batches import BatchKind
from app.services.batches import dry_runs
from app.services.context import Service
from app.services.held.judging import judge_all_due
from tests.builders.bodies import a_completion
from tests.builders.people import import_people
from tests.harness.api import Answer, Api, api_of
from tests.harness.board_views import decide
from tests.harness.uploads import rows_of, worked

pytestmark = pytest.mark.usefixtures("proven")
COMPLETIONS = "/v1/learner-completions"
RULE = "learner-changed"
NEAR = {"first_name": "Nora", "last_name": "Quillfeather", "date_of_birth": "07/09", "licenses": "TN-M:700001"}
RIGHT = NEAR | {"last_name": "Quilfeather", "licenses": "TN-M:700002"}


def nora(credits: float = 1, **more: Any) -> dict[str, Any]:
    """The record of Nora Quilfeather, who is not on file at first; Nora Quillfeather is."""
    person: dict[str, Any] = {"first_name": "Nora", "last_name": "Quilfeather", "born": "07/09", "license_id": None}
    return a_completion(credits=credits, **(person | more))


@pytest.fixture
def first(api: Api, service: Service) -> Any:
    """Return how a record is reported before the right physician is known: it is credited to the near one."""

    def report(body: dict[str, Any]) -> Any:
        import_people(service, NEAR)
        answer = api.report(body)
        assert answer.status == 201, answer.json
        import_people(service, RIGHT)
        return answer.json

    return report


def standing(api: Api) -> list[str]:
    """Return the ids of Nora's completions, of either name."""
    found = [completion for name in ("Quilfeather", "Quillfeather") for completion in api.completions(last_name=name)]
    return [completion["completion_id"] for completion in found]


def is_told(answer: Answer, completion: Any) -> bool:
    """Whether a record is refused for a completion that stands for somebody else, and names no number of theirs."""
    assert answer.status == 422, answer.json
    (error,) = answer.json["errors"]
    told = json.dumps(answer.json)
    assert "70000" not in told and "Quil" not in told
    return error["code"] == RULE and error["completion_id"] == completion["completion_id"]


@pytest.mark.parametrize("reference", ["lms:1", None])
def test_the_same_record_is_refused_once_it_means_somebody_else(api: Api, first: Any, reference: str | None) -> None:
    body = nora(client_reference=reference)
    completion = first(body)
    assert is_told(api.report(body), completion)
    assert is_told(api.report(body | {"cme": [{"state": "TN", "credits": 2}]}), completion)
    preview = api.post(f"{COMPLETIONS}:preview", body).json
    assert (preview["acceptable"], preview["findings"][0]["completion_id"]) == (False, completion["completion_id"])
    assert standing(api) == [completion["completion_id"]]


@pytest.mark.parametrize("reference", ["lms:1", None])
def test_every_row_that_is_sent_again_is_refused(api: Api, service: Service, first: Any, reference: str | None) -> None:
    body = nora(client_reference=reference)
    completion = first(body)
    other = a_completion()
    bulk = api.post(f"{COMPLETIONS}:bulk", {"items": [other, body, body]}).json
    assert [item["status"] for item in bulk["items"]] == [201, 422, 422]
    content = b"\n".join(json.dumps(row).encode() for row in (other, body))
    for dry_run in (True, False):
        batch = worked(api, service, content, name="learners.ndjson", dry_run=dry_run)
        assert (batch["counts"]["unchanged"], batch["counts"]["rejected"]) == (1, 1)
        (rejected,) = rows_of(api, batch, outcome="rejected")
        (finding,) = [finding for finding in rejected["findings"] if finding["rule"] != "reported-within-30-days"]
        assert finding["rule"] == RULE and completion["completion_id"] in finding["hint"]
    assert standing(api) == [completion["completion_id"]]


def test_a_put_by_the_reference_moves_the_credit_in_place(api: Api, first: Any) -> None:
    completion = first(nora(client_reference="lms:1"))
    corrected = api.send("PUT", f"{COMPLETIONS}/by-reference/lms:1", json=nora())
    assert (corrected.status, corrected.json["completion_id"]) == (200, completion["completion_id"])
    assert corrected.json["learner"]["learner_id"] != completion["learner"]["learner_id"]
    assert [credit["status"] for credit in corrected.json["credits"]].count("pending") == 1
    assert api.report(nora(client_reference="lms:1")).json["outcome"] == "unchanged"


def test_a_put_by_another_reference_is_refused(api: Api, first: Any) -> None:
    completion = first(nora(client_reference="lms:1"))
    assert is_told(api.send("PUT", f"{COMPLETIONS}/by-reference/registrar:9", json=nora()), completion)


def test_what_is_told_helps(api: Api, first: Any) -> None:
    path = f"{COMPLETIONS}/{first(nora())['completion_id']}"
    moved = api.send("PUT", path, json=nora(), headers={"If-Match": "*"})
    assert (moved.status, moved.json["outcome"]) == (200, "updated")
    assert api.report(nora()).json["outcome"] == "unchanged"


def test_after_a_withdrawal_it_is_reported_for_the_right_learner(api: Api, first: Any) -> None:
    completion = first(nora(client_reference="lms:1"))
    assert api.delete(f"{COMPLETIONS}/{completion['completion_id']}").status == 204
    again = api.report(nora(client_reference="lms:1"))
    assert (again.status, len(standing(api))) == (201, 1)
    assert again.json["learner"]["learner_id"] != completion["learner"]["learner_id"]


def test_a_correction_that_takes_another_record_to_the_same_person_is_refused(api: Api, first: Any) -> None:
    completion = first(nora())
    other = api.report(a_completion(credits=1)).json["completion_id"]
    refused = api.send("PUT", f"{COMPLETIONS}/{other}", json=nora(), headers={"If-Match": "*"})
    assert is_told(refused, completion)


@pytest.mark.parametrize(
    "person",
    [
        {"last_name": "Quilfeather", "first_name": "Nora M."},
        {"last_name": "Nora", "first_name": "Quilfeather"},
        {"license_id": "700002"},
    ],
)
def test_a_corrected_person_under_the_same_reference_is_the_same_record(
    api: Api, first: Any, person: dict[str, Any]
) -> None:
    completion = first(nora(client_reference="lms:1"))
    assert is_told(api.report(nora(client_reference="lms:1", **person)), completion)
    parts = [{"state": "TN", "credits": 1, "license_id": person.get("license_id"), "client_reference": "lms:1"}]
    assert is_told(api.report(nora(**person) | {"cme": parts}), completion)


def test_a_record_held_since_before_is_refused_once_it_means_somebody_else(api: Api, service: Service) -> None:
    held = api.send("POST", COMPLETIONS, params={"on_unmatched": "hold"}, json=nora())
    assert held.status == 202
    import_people(service, NEAR)
    completion = api.report(nora()).json
    import_people(service, RIGHT)
    judge_all_due(service)
    ended = api.get(f"/v1/held-records/{held.json['held_id']}").json
    assert (ended["status"], ended["reason"]) == ("refused", "rules")
    assert [(finding["rule"], finding["completion_id"]) for finding in ended["findings"]] == [
        (RULE, completion["completion_id"])
    ]
    assert standing(api) == [completion["completion_id"]]


def test_a_record_that_was_held_and_matched_is_no_second_one(api: Api, service: Service) -> None:
    held = api.send("POST", COMPLETIONS, params={"on_unmatched": "hold"}, json=nora(client_reference="lms:1"))
    import_people(service, NEAR)
    judge_all_due(service)
    completion = api.get(f"/v1/held-records/{held.json['held_id']}").json
    import_people(service, RIGHT)
    again = api.send("POST", COMPLETIONS, params={"on_unmatched": "hold"}, json=nora(client_reference="lms:1"))
    assert is_told(again, completion)


def test_one_reference_for_a_whole_session_names_many(api: Api, service: Service) -> None:
    people = [("Nora", "Quillfeather", "07/09"), ("Otto", "Quillfeather", "03/03"), ("Nora", "Zimmerspiel", "01/30")]
    for number, (first_name, last_name, born) in enumerate(people, 1):
        row = {
            "first_name": first_name,
            "last_name": last_name,
            "date_of_birth": born,
            "licenses": f"TN-M:71000{number}",
        }
        import_people(service, row)
    import_people(service, NEAR | {"first_name": "Ludmilla", "licenses": "TN-M:710009"})
    twin = nora(first_name="Ludmilla", last_name="Quillfeather", license_id="710009", client_reference="session:1")
    for number, (first_name, last_name, born) in enumerate(people, 1):
        given: dict[str, Any] = {"first_name": first_name, "last_name": last_name, "born": born}
        body = nora(**given, license_id=f"71000{number}", client_reference="session:1")
        assert api.report(body).status == 201
    assert api.report(twin).status == 201


@pytest.fixture(params=[1, 50])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Records that are judged together, in a dry run as well."""
    monkeypatch.setitem(dry_runs.AT_ONCE, BatchKind.LEARNER_COMPLETIONS, request.param)
    number: int = request.param
    return number


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_that_names_two_people_alike_under_one_reference_has_one_of_them(
    api: Api, service: Service, at_once: int, dry_run: bool
) -> None:
    import_people(service, NEAR, RIGHT)
    rows = [nora(client_reference="lms:1"), nora(last_name="Quillfeather", client_reference="lms:1")]
    content = b"\n".join(json.dumps(row).encode() for row in rows)
    batch = worked(api, service, content, name="learners.ndjson", dry_run=dry_run, at_once=at_once)
    assert (batch["counts"]["added"], batch["counts"]["rejected"]) == (1, 1)
    assert RULE in {finding["rule"] for row in rows_of(api, batch, outcome="rejected") for finding in row["findings"]}


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_may_withdraw_what_stands_before_it_reports_anew(
    api: Api, service: Service, first: Any, at_once: int, dry_run: bool
) -> None:
    first(nora(client_reference="lms:1"))
    rows = [nora(last_name="Quillfeather") | {"action": "delete"}, nora(client_reference="lms:1")]
    content = b"\n".join(json.dumps(row).encode() for row in rows)
    batch = worked(api, service, content, name="learners.ndjson", dry_run=dry_run, at_once=at_once)
    assert (batch["counts"]["deleted"], batch["counts"]["added"]) == (1, 1)


def test_two_people_of_one_name_are_told_apart_by_their_numbers(api: Api, service: Service) -> None:
    import_people(service, NEAR, NEAR | {"licenses": "TN-M:700003"})
    for number in ("700001", "700003"):
        assert api.report(nora(last_name="Quillfeather", license_id=number)).status == 201


def test_what_another_provider_reported_says_nothing(api: Api, service: Service, first: Any) -> None:
    first(nora(client_reference="lms:1"))
    other = api_of(api.http, service, "Elsewhere", providers=["0008002"])
    activity_id = other.register().json["activity_id"]
    assert other.report(nora(activity_id=activity_id, client_reference="lms:1")).status == 201


def test_credit_that_its_board_rejected_stands_in_nobodys_way(api: Api, service: Service, first: Any) -> None:
    completion = first(nora(client_reference="lms:1"))
    decide(service, completion["credits"][0]["credit_id"], "rejected")
    assert api.report(nora(client_reference="lms:1")).status == 201
