"""How the physician of a completion was found: levels and ids for the operator, in JSON and in words."""

from __future__ import annotations

from typing import Any

import pytest

from app.models.learners import match_explanations
from app.services.context import Service, operator
from app.services.registry import explaining
from app.store.sql.bulk import insert
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of

LEVELS = {
    "surname": "same", "given": "nickname", "swapped": False, "middle": "absent", "suffix": "absent",
    "birth_date": "same", "state": "same", "certified": "absent", "school": "absent", "numbers_agree": ["license"],
    "numbers_differ": [], "score": 41.25, "slips": 0.5,
}  # fmt: skip
DOCUMENT = {
    "weights": "v1",
    "population_bits": 20,
    "result": "more_than_one",
    "stopped_by": "lead",
    "candidates": [{"physician_id": "p-1", **LEVELS}, {"physician_id": "p-2", **LEVELS, "numbers_differ": ["npi"]}],
}


@pytest.fixture
def asking(http: Any, service: Service) -> Api:
    return api_of(http, service, "operator", role="operator")


def keep(service: Service, subject_id: str) -> None:
    row = {"subject_id": subject_id, "made_at": service.clock(), "document": DOCUMENT}
    service.database.write(lambda connection: insert(connection, match_explanations, [row]))


def test_a_decision_that_was_weighed_is_told_with_its_evidence(asking: Api, api: Api, service: Service) -> None:
    completion_id = api.report(a_completion()).json["completion_id"]
    keep(service, completion_id)
    told = asking.get(f"/v1/learner-completions/{completion_id}/match")
    assert (told.status, told.json["weighed"], told.json["explanation"]) == (200, True, DOCUMENT)
    assert "Rebecca" not in told.response.text


def test_where_all_fitted_nothing_was_weighed(asking: Api, api: Api) -> None:
    completion_id = api.report(a_completion()).json["completion_id"]
    told = asking.get(f"/v1/learner-completions/{completion_id}/match").json
    assert (told["weighed"], told["explanation"], told["made_at"]) == (False, None, None)
    assert told["physician_id"] is not None


def test_a_record_that_waits_while_nobody_comes_near_is_explained_in_words(
    asking: Api, api: Api, service: Service
) -> None:
    body = a_completion(first_name="Walburga", last_name="Unknownski", born="05/07", license_id=None)
    held = api.post("/v1/learner-completions?on_unmatched=hold", body)
    assert held.status == 202, held.json
    told = asking.get(f"/v1/learner-completions/{held.json['held_id']}/match").json
    assert (told["weighed"], told["physician_id"]) == (False, None)
    explained = service.database.read(
        lambda connection: explaining.explain(connection, operator(service), held.json["held_id"])
    )
    assert list(explaining.in_words(explained)) == [
        "Nothing was weighed: no physician was given, or nobody on file comes near what was given."
    ]


def test_a_record_that_waits_is_explained_by_its_own_id(asking: Api, service: Service) -> None:
    keep(service, "held-1")
    assert asking.get("/v1/learner-completions/held-1/match").json["physician_id"] is None
    assert asking.get("/v1/learner-completions/held-2/match").status == 404


def test_in_words_every_level_stands_at_its_field(api: Api, service: Service) -> None:
    completion_id = api.report(a_completion()).json["completion_id"]
    keep(service, completion_id)
    explained = service.database.read(
        lambda connection: explaining.explain(connection, operator(service), completion_id)
    )
    lines = list(explaining.in_words(explained))
    assert lines[1:] == [
        "Evidence was weighed on 2021-12-20 at 15:00:00Z, by weights v1.",
        "Found: several, who cannot be told apart: another one on file fits nearly as well.",
        "Candidate 1, physician p-1",
        "  last name same, first name nickname, birth date same, state same",
        "  numbers that agree: license",
        "  score 41.2 bits, slip points 0.5",
        "Candidate 2, physician p-2",
        "  last name same, first name nickname, birth date same, state same",
        "  numbers that agree: license",
        "  numbers that do not agree: npi",
        "  score 41.2 bits, slip points 0.5",
    ]


def test_a_nickname_is_explained_as_one(asking: Api, api: Api) -> None:
    reported = api.report(a_completion(first_name="Becky"))
    assert reported.status == 201, reported.json
    told = asking.get(f"/v1/learner-completions/{reported.json['completion_id']}/match").json
    assert (told["weighed"], told["explanation"]["candidates"][0]["given"]) == (True, "nickname")
