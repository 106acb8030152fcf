"""Answers for REMS by every door: in the words of their lists, told where they are not listed, unchanged if alike."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from app.domain.reports import RemsPart
from app.models.completions import completions
from app.rules.reference_lists import practice_areas
from app.services.context import Service
from app.services.reference import rems_answers
from app.store.sql.bulk import update
from tests.builders.bodies import a_completion
from tests.harness.api import Api, settle

COMPLETIONS = "/v1/learner-completions"
FIELDS = {
    "professions": "profession", "dea_registrations": "dea_registration", "practice_areas": "practice_area",
    "times_in_practice": "time_in_practice",
}  # fmt: skip


@pytest.fixture
def course(api: Api) -> str:
    made = api.register(title="Safe opioids", rems={"type": "Opioid Analgesic", "identifier": "EG-123456-789"})
    assert made.json["findings"] == []
    return str(made.json["activity_id"])


def a_nurse(course: str, **rems: Any) -> dict[str, Any]:
    """A nurse, known to nobody but the provider."""
    part = {"local_id": "N-17", "profession": "Nurse"} | rems
    return a_completion(course, credits=None, rems=part, learner={"first_name": "Nora", "last_name": "Nurse"})


def warned(answer: Any) -> dict[str, str]:
    return {finding["pointer"]: finding["rule"] for finding in answer.json["findings"]}


def test_answers_are_stored_in_the_words_of_their_lists(api: Api, service: Service, course: str) -> None:
    sent = {
        "profession": "registered nurse", "practice_area": "Substance Use Disorder", "dea_registration": "NONE",
        "time_in_practice": "6-10 years", "state": "Tennessee", "surgical_procedures": False,
    }  # fmt: skip
    first = api.report(a_nurse(course, **sent))
    assert first.status == 201 and first.json["findings"] == []
    stands = api.get(f"{COMPLETIONS}/{first.json['completion_id']}").json["rems"]
    assert stands == {
        "local_id": "N-17", "profession": "Nurse", "practice_area": "Addiction (or Substance Use Disorder)",
        "dea_registration": "None", "time_in_practice": "6-10", "state": "Tennessee", "surgical_procedures": False,
    }  # fmt: skip
    again = api.report(a_nurse(course, **(sent | {"practice_area": "addiction", "state": "TN", "profession": "RN"})))
    assert again.json["outcome"] == "unchanged"
    settle(service)


def test_an_answer_that_is_not_listed_is_kept_and_told(api: Api, service: Service, course: str) -> None:
    odd = {"practice_area": "Alchemy", "dea_registration": "Perhaps", "time_in_practice": "a while", "state": "Ontario"}
    answer = api.report(a_nurse(course, **odd))
    assert answer.status == 201
    assert warned(answer) == {f"/rems/{name}": "rems-answers-listed" for name in odd}
    hints = {finding["pointer"]: finding["hint"] for finding in answer.json["findings"]}
    assert "Anesthesiology" in hints["/rems/practice_area"] and "two letters" in hints["/rems/state"]
    stands = api.get(f"{COMPLETIONS}/{answer.json['completion_id']}").json["rems"]
    assert {name: stands[name] for name in odd} == odd
    settle(service)


def test_an_unlisted_profession_is_refused(api: Api, course: str) -> None:
    for profession in ("Wizard", "", None):
        refused = api.report(a_nurse(course, profession=profession))
        assert (refused.status, refused.codes) == (422, {"rems-profession-known"})


def test_every_listed_answer_and_alias_is_understood(api: Api, service: Service, course: str) -> None:
    listed = api.get("/v1/rems-answers").json
    assert set(listed) == {*FIELDS, "types"} == set(rems_answers())
    assert [area["name"] for area in listed["practice_areas"]] == list(practice_areas())
    number = 0
    for kind, field in FIELDS.items():
        for answer in listed[kind]:
            for text in (answer["name"], *answer["aliases"]):
                number += 1
                told = api.report(a_nurse(course, local_id=f"L-{number}", **{field: text.upper()}))
                assert (told.status, told.json["findings"]) == (201, []), text
                stands = api.get(f"{COMPLETIONS}/{told.json['completion_id']}").json["rems"]
                assert stands[field] == answer["name"]
    settle(service)


def test_a_physician_by_degree_may_have_credit_beside_the_answers(api: Api, service: Service, course: str) -> None:
    both = a_completion(course, rems={"local_id": "P-1", "profession": "MD"})
    assert api.report(both).status == 201
    nurse = a_completion(course, rems={"local_id": "P-2", "profession": "NP"})
    assert api.report(nurse).codes == {"physician-only"}
    settle(service)


@pytest.mark.parametrize(
    ("rems", "rules"),
    [
        ({"type": "Opioid Analgesic"}, []), ({"type": "opioid analgesic REMS"}, []), ({"type": "Mycophenolate"}, []),
        ({"type": "Isotretinoin"}, ["rems-type-known"]), ({"identifier": "R-1"}, ["rems-type-known"]),
    ],
)  # fmt: skip
def test_an_activity_with_a_programme_that_is_not_listed_is_told(api: Api, rems: Any, rules: list[str]) -> None:
    made = api.register(rems=rems)
    assert made.status == 201
    assert [finding["rule"] for finding in made.json["findings"]] == rules
    assert made.json["rems"] == {"type": None, "identifier": None} | rems


def test_what_stood_before_the_lists_is_the_same_in_their_words(api: Api, service: Service, course: str) -> None:
    first = api.report(a_nurse(course, practice_area="Pain"))

    def as_it_was_sent_once(connection: Connection) -> None:
        answers = dict.fromkeys(RemsPart.__struct_fields__) | {
            "local_id": "N-17", "profession": "NURSE", "practice_area": "pain",
        }  # fmt: skip
        where = {"completion_id": first.json["completion_id"]}
        update(connection, completions, {"rems": answers}, where)

    service.database.write(as_it_was_sent_once)
    assert api.report(a_nurse(course, practice_area="Pain Medicine")).json["outcome"] == "unchanged"
