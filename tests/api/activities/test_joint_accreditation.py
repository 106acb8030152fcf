"""Interprofessional education: registered by the API, sent again, and read back from documents as it stands."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.api.pars.documents import ACTIVITIES, outcomes, read, send_xml
from tests.builders.bodies import a_completion
from tests.builders.pars_documents import STYLES, activities
from tests.harness.activity_edits import patch, put
from tests.harness.api import Api
from tests.harness.refusals import assert_problem

JOINT: dict[str, Any] = {
    "interprofessional": True,
    "professions": ["Physicians", "RN", "Dietetic technicians, registered"],
    "credits": ["IPCE"],
    "credit_amounts": [{"type": "ANCC", "credits": 2}, {"type": "Pharmacy", "credits": 1.5}],
    "pharmacy": {
        "universal_activity_number": "JA0008001-0000-21-012-L05-P",
        "technician_activity_number": "JA0008001-0000-21-012-L05-T",
        "activity_type": "application", "topic": "05", "live_date": "2021-03-01", "sequence_number": 12,
    },
}  # fmt: skip
COUNTS = {"physicians": 3, "professions": [{"profession": "nurses", "learners": 4}]}

SENT = ("joint_accreditation", "learner_counts")


def warned(answer: Any) -> set[str]:
    return {finding["rule"] for finding in answer.json["findings"]}


@pytest.fixture
def accredited(service: Service) -> None:
    """The provider is jointly accredited."""
    transact(operator(service), clients.add_provider, "0008001", "Western Regional Medical Center", joint=True)


@pytest.mark.usefixtures("accredited")
def test_all_of_it_is_kept_in_the_words_of_the_lists(api: Api) -> None:
    made = put(api, "ipce", joint_accreditation=JOINT, learner_counts=COUNTS)
    assert (made.status, made.json["findings"]) == (201, [])
    assert made.json["joint_accreditation"] == {
        "interprofessional": True,
        "professions": ["Physician", "Nurse", "Dietetic Technician Registered"],
        "credits": ["IPCE", "Nursing", "Pharmacy"],
        "credit_amounts": [{"type": "Nursing", "credits": 2}, {"type": "Pharmacy", "credits": 1.5}],
        "pharmacy": JOINT["pharmacy"] | {"credits": 1.5},
    }
    assert made.json["learner_counts"] == {
        "physicians": 3, "others": 4, "professions": [{"profession": "Nurse", "learners": 4}],
    }  # fmt: skip
    again = put(api, "ipce", joint_accreditation=JOINT, learner_counts=COUNTS)
    assert (again.status, again.json["version"]) == (200, 1)
    sent_back = patch(api, made.json["activity_id"], {name: made.json[name] for name in SENT})
    assert (sent_back.status, sent_back.json["version"]) == (200, 1)


@pytest.mark.usefixtures("accredited")
def test_what_was_sent_before_there_was_more_of_it_is_answered_as_ever(api: Api) -> None:
    old = {"interprofessional": True, "professions": ["Nurse"], "credits": ["Nursing"], "pharmacy": None}
    made = put(api, "old", joint_accreditation=old, learner_counts={"physicians": 3, "others": 0})
    assert made.json["joint_accreditation"] == old | {"credit_amounts": None}
    assert made.json["learner_counts"] == {"physicians": 3, "others": 0, "professions": None}
    pharmacy = put(api, "old", joint_accreditation=old | {"pharmacy": {"credits": 2}})
    assert pharmacy.json["joint_accreditation"]["credits"] == ["Nursing", "Pharmacy"]
    assert pharmacy.json["joint_accreditation"]["credit_amounts"] == [{"type": "Pharmacy", "credits": 2}]


@pytest.mark.usefixtures("accredited")
@pytest.mark.parametrize("style", [*STYLES, "JSON"])
def test_its_document_sent_back_changes_nothing(api: Api, style: str) -> None:
    made = put(api, "ipce", joint_accreditation=JOINT, learner_counts=COUNTS | {"others": 6})
    (record,) = read(api.get(ACTIVITIES, providerActivityId="ipce"))["MedicalEducationMetrics"]
    assert record["ParticipationMetrics"]["participantsByCategory"] == [
        {"category": "physician", "numberOfParticipants": 3}, {"category": "nurse", "numberOfParticipants": 4},
        {"category": "other", "numberOfParticipants": 2},
    ]  # fmt: skip
    document = activities([record])
    answer = api.post(ACTIVITIES, document) if style == "JSON" else send_xml(api, ACTIVITIES, STYLES[style](document))
    assert outcomes(answer) == ["unchanged"]
    assert api.get(f"/v1/activities/{made.json['activity_id']}").json == made.json


def test_a_provider_without_joint_accreditation_is_told(api: Api, service: Service) -> None:
    made = put(api, "ipce", joint_accreditation={"interprofessional": True})
    assert (made.status, warned(made)) == (201, {"joint-accreditation-only"})
    other = patch(api, made.json["activity_id"], {"title": "Another title"})
    assert warned(other) == {"joint-accreditation-only"}
    transact(operator(service), clients.add_provider, "0008001", "Western Regional Medical Center", joint=True)
    assert warned(patch(api, made.json["activity_id"], {"title": "A third title"})) == set()


@pytest.mark.parametrize(
    ("fields", "rule", "pointer"),
    [
        ({"joint_accreditation": {"pharmacy": {"live_date": "03/01/2021"}}}, "date-valid", "pharmacy/live_date"),
        (
            {"joint_accreditation": {"credit_amounts": [{"type": "Nursing", "credits": 0}]}},
            "credit-positive", "credit_amounts/0/credits",
        ),
        (
            {"learner_counts": {"others": 1, "professions": COUNTS["professions"]}},
            "learner-counts-add-up", "/learner_counts/others",
        ),
    ],
)  # fmt: skip
def test_what_can_never_be_right_is_refused(api: Api, fields: dict[str, Any], rule: str, pointer: str) -> None:
    answer = put(api, "ipce", **fields)
    assert_problem(answer, 422, "activity-rejected")
    (error,) = answer.json["errors"]
    assert error["code"] == rule and error["pointer"].endswith(pointer)


@pytest.mark.parametrize("sequence", [0, 10_000, 1.5, "7"])
def test_a_sequence_number_is_one_of_the_numbers_to_9999(api: Api, sequence: Any) -> None:
    answer = put(api, "ipce", joint_accreditation={"pharmacy": {"sequence_number": sequence}})
    assert_problem(answer, 422, "invalid-request")


def test_credit_of_somebody_who_is_no_physician_is_refused_with_where_they_belong(api: Api) -> None:
    made = api.register(internal_id="rems", rems={"type": "Opioid Analgesic"})
    rems = {"local_id": "idd:example.org:1", "profession": "Nurse"}
    answer = api.report(a_completion(made.json["activity_id"], "2021-12-12", rems=rems))
    (error,) = answer.json["errors"]
    assert error["code"] == "physician-only"
    assert "learner_counts" in error["hint"] and "REMS" in error["hint"]
