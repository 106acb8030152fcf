"""A licence that only its holder has told finds the physician, and is credited when a board confirms it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.builders.nppes import ALMA, INTERNAL_MEDICINE, a_row, import_nppes
from tests.builders.people import import_people
from tests.harness.api import Api

ROSTER = {"first_name": "Alma", "last_name": "Castellan", "date_of_birth": "02/11", "npi": ALMA}
LEARNER = {"first_name": "Alma", "last_name": "Castellan", "date_of_birth": "02/11"}
TENNESSEE = {"state": "TN", "license_id": "910011", "credits": 1}


def report(api: Api, *cme: dict[str, Any], learner: dict[str, Any] = LEARNER) -> Any:
    return api.post("/v1/learner-completions", a_completion(learner=learner, cme=list(cme), moc=[]))


@pytest.fixture
def listed(service: Service, tmp_path: Path) -> Service:
    """Alma's licence in Tennessee is her own word, that in Florida a board's."""
    import_nppes(service, tmp_path, a_row(ALMA, (INTERNAL_MEDICINE, "910011", "TN"), (INTERNAL_MEDICINE, "ME5", "FL")))
    import_people(service, ROSTER | {"licenses": "FL-M:ME5"})
    return service


@pytest.mark.parametrize("number", [{}, {"license_id": "910011"}, {"license_id": ALMA}])
def test_no_credit_goes_to_a_licence_that_only_its_holder_has_told(
    api: Api, listed: Service, number: dict[str, str]
) -> None:
    miss = report(api, {"state": "TN", "credits": 1} | number)
    assert miss.status == 422
    assert {item["code"] for item in miss.json["errors"]} == {"learner-unmatched"}
    # The same answer as for somebody who is on file under another name.
    other = report(api, {"state": "TN", "credits": 1}, learner=LEARNER | {"first_name": "Adam"})
    assert other.status == 422
    if not number:
        assert miss.json["errors"] == other.json["errors"]


def test_it_goes_there_once_a_board_has_confirmed_the_licence(api: Api, listed: Service) -> None:
    assert report(api, TENNESSEE).status == 422
    counts = import_people(listed, ROSTER | {"licenses": "TN-M:910011"})
    assert (counts.updated, counts.added) == (1, 0)
    assert report(api, TENNESSEE).status == 201


def test_a_confirmed_licence_is_credited_beside_a_claimed_one(api: Api, listed: Service) -> None:
    assert report(api, {"state": "FL", "license_id": "ME5", "credits": 1}).status == 201
    by_npi = report(api, {"credits": 2}, learner=LEARNER | {"npi": ALMA})
    assert by_npi.status in (200, 201), by_npi.json
    assert {credit["board"] for credit in by_npi.json["credits"]} == {"FL-M"}, by_npi.json


def test_a_record_of_two_states_is_missed_as_a_whole(api: Api, listed: Service) -> None:
    """Beside a birth date a miss does not say which part did not fit."""
    both = report(api, {"state": "FL", "license_id": "ME5", "credits": 1}, TENNESSEE)
    assert [(item["code"], item["pointer"]) for item in both.json["errors"]] == [("learner-unmatched", "/learner")]


def test_the_operator_may_take_the_numbers_as_confirmed(api: Api, service: Service, tmp_path: Path) -> None:
    import_people(service, ROSTER | {"licenses": "FL-M:ME5"})
    import_nppes(service, tmp_path, a_row(ALMA, (INTERNAL_MEDICINE, "910011", "TN")), credited=True)
    assert report(api, TENNESSEE).status == 201
