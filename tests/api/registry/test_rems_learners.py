"""Learners of REMS education: who is no physician stays out of the registry and of all that rests on it.

A physician who has credit beside the answers is both: merged, split and parted as any other, with the answers kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.services.context import Service
from tests.api.pars.documents import LEARNERS, outcomes, send_xml
from tests.builders.bodies import a_completion
from tests.builders.merging import ann, anne, import_twice, merge, unmerge
from tests.builders.pars_documents import learners
from tests.builders.people import physicians_on_file
from tests.harness.api import Api, api_of, settle
from tests.harness.uploads import worked

NAME = "Wyllowmere"
REMS = {"local_id": "N-1", "profession": "Nurse", "state": "TN", "practice_area": "Pain", "time_in_practice": "6-10"}


@pytest.fixture
def course(api: Api) -> str:
    return str(api.register(rems={"type": "Opioid Analgesic", "identifier": "EG-1"}).json["activity_id"])


def by_request(api: Api, service: Service, course: str) -> None:
    learner = {"first_name": "Ada", "last_name": NAME, "date_of_birth": "02/01"}
    assert api.report(a_completion(course, "2021-03-01", credits=None, learner=learner, rems=REMS)).status == 201


def by_document(api: Api, service: Service, course: str) -> None:
    record = {
        "Member": {"Name": {"GivenName": "Ada", "FamilyName": NAME}, "PersonalInfo": {"BirthDate": "02/01"}},
        "Participants": {"Participant": {
            "LocalIdentifier": "N-1", "Profession": "Nurse", "StateOfPrimaryPractice": "TN", "PracticeArea": "Pain",
            "TimeInPractice": "6-10 years",
        }},
        "Activity": {"Module": {
            "ModuleName": {"moduleID": course}, "Status": "Completed", "CompletedDateTime": "2021-03-01",
        }},
    }  # fmt: skip
    assert outcomes(send_xml(api, LEARNERS, learners([record]))) == ["created"]


def by_file(api: Api, service: Service, course: str) -> None:
    learner = {"first_name": "Ada", "last_name": NAME, "date_of_birth": "02/01"}
    body = a_completion(course, "2021-03-01", credits=None, learner=learner, rems=REMS)
    batch = worked(api, service, json.dumps(body).encode(), name="learners.ndjson")
    assert batch["counts"]["added"] == 1, batch


@pytest.mark.parametrize("report", [by_request, by_document, by_file])
def test_who_is_no_physician_is_in_no_list_of_physicians(
    api: Api, service: Service, course: str, report: Callable[[Api, Service, str], None]
) -> None:
    before = physicians_on_file(service).keys()
    report(api, service, course)
    settle(service)
    (stored,) = api.completions(activity_id=course)
    assert (stored["rems"]["practice_area"], stored["credits"]) == ("Pain", [])
    assert physicians_on_file(service).keys() == before
    operator = api_of(api.http, service, "operator", role="operator")
    board = api_of(api.http, service, "Tennessee", role="board", board="TN-M")
    asked = {"first_name": "Ada", "last_name": NAME, "date_of_birth": "02/01"}
    found = [
        operator.get("/v1/physicians", limit=500), api.get("/v1/learners", limit=500),
        api.get("/v1/credit-lines", activity_id=course), api.get("/v1/held-records"),
        board.get("/v1/board-feed", limit=500), board.post("/v1/transcripts:search", asked),
    ]  # fmt: skip
    assert [answer.status for answer in found] == [200] * len(found), [answer.json for answer in found]
    assert [answer.response.text for answer in found if NAME in answer.response.text] == []
    match = api.post("/v1/learner-validations", asked | {"state": "TN", "license_id": "N-1"}).json
    assert (match["result"], match["learner_id"]) == ("none", None)


def test_the_answers_of_a_physician_stand_whoever_is_merged_and_parted(api: Api, service: Service, course: str) -> None:
    one, into = import_twice(service)
    doctor = REMS | {"profession": "Physician"}
    bodies: list[dict[str, Any]] = [ann("2021-03-01", rems=doctor | {"local_id": "A"}), anne("2021-03-02", rems=doctor)]
    made = [api.report(body | {"activity_id": course}) for body in bodies]
    assert {answer.status for answer in made} == {201}, [answer.json for answer in made]
    ids = [answer.json["completion_id"] for answer in made]

    def answers() -> list[Any]:
        return [api.get(f"/v1/learner-completions/{id}").json["rems"] for id in ids]

    before = answers()
    assert [part["local_id"] for part in before] == ["A", "N-1"]
    merge(service, one, into)
    assert answers() == before
    assert {one["status"] for id in ids for one in api.get(f"/v1/learner-completions/{id}").json["credits"]} <= {
        "pending", "accepted",
    }  # fmt: skip
    unmerge(service, one)
    assert answers() == before
    # A programme counts persons by the provider's own ids, whoever they are in the registry.
    report = api.get("/v1/reports/rems", year=2021).json
    assert (report["persons"], report["completions"]) == (None, None)
    settle(service)
