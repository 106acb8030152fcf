"""Somebody whose birth date is not on file, beside a namesake who has one: neither is credited or found out for it."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.builders.people import import_people
from tests.harness.api import Api, api_of

NAMES: dict[str, Any] = {"first_name": "Orla", "last_name": "Vandersloot"}
BORN = "06/15"
UNDATED_NPI = "1234567893"
DATED = NAMES | {"date_of_birth": BORN, "licenses": "TN-M:700001"}
UNDATED = NAMES | {"npi": UNDATED_NPI, "licenses": "TN-M:700002"}


def test_a_namesake_with_the_date_given_stops_an_npi_whose_holder_has_no_date(api: Api, service: Service) -> None:
    assert import_people(service, DATED, UNDATED).refused == []
    body = a_completion(**NAMES, born=BORN, state="TN", license_id=None)
    body["learner"]["npi"] = UNDATED_NPI
    asked = NAMES | {"npi": UNDATED_NPI, "date_of_birth": BORN}
    assert api.post("/v1/learner-validations", asked).json["result"] == "none"
    assert "learner-unmatched" in api.report(body).codes


def test_dates_tried_beside_the_number_of_an_undated_namesake_tell_nothing(api: Api, service: Service) -> None:
    assert import_people(service, DATED, UNDATED).refused == []
    tried = [f"03/{day:02}" for day in range(1, 12)]

    def asked(born: str) -> str:
        body = NAMES | {"state": "TN", "license_id": "700002", "date_of_birth": born}
        result: str = api.post("/v1/learner-validations", body).json["result"]
        return result

    told = [asked(born) for born in tried]
    assert told[-1] == asked(BORN), told


def test_reports_that_try_dates_beside_an_undated_namesake_tell_nothing_at_any_door(api: Api, service: Service) -> None:
    assert import_people(service, DATED, UNDATED).refused == []

    def asked(born: str, door: str) -> bool:
        body = a_completion(**NAMES, born=born, state="TN", license_id="700002")
        return "learner-unmatched" not in api.post(door, body).response.text

    for door in ("/v1/learner-completions:preview", "/v1/learner-completions"):
        told = [asked(f"03/{day:02}", door) for day in range(1, 5)]
        assert told == [True, True, False, False]
        assert not asked(BORN, door)
    without = NAMES | {"license_id": "700002", "state": "TN"}
    assert api.post("/v1/learner-validations", without).json["result"] == "one"


def test_a_learner_id_finds_somebody_without_a_birth_date_beside_any(api: Api, service: Service) -> None:
    assert import_people(service, DATED, UNDATED).refused == []
    named = NAMES | {"license_id": "700002", "state": "TN"}
    learner_id = api.post("/v1/learner-validations", named).json["learner_id"]
    for day in range(1, 6):
        body = a_completion(**NAMES, born=f"03/{day:02}", state="TN", license_id="700002")
        body["learner"] = {"learner_id": learner_id, "date_of_birth": f"03/{day:02}"}
        assert "learner-unmatched" not in api.post("/v1/learner-completions:preview", body).response.text


def test_a_date_that_replaces_a_wrong_one_is_not_known_to_who_found_the_wrong_one(
    http: TestClient, api: Api, service: Service
) -> None:
    import_people(service, DATED)
    asked = NAMES | {"state": "TN", "license_id": "700001"}

    def validate(born: str) -> str:
        result: str = api.post("/v1/learner-validations", asked | {"date_of_birth": born}).json["result"]
        return result

    assert validate(BORN) == "one"
    operator = api_of(http, service, "Operator", role="operator")
    (one,) = operator.post("/v1/physicians:search", {"last_name": "Vandersloot"}).json["data"]
    path = f"/v1/physicians/{one['physician_id']}"
    edit = {"date_of_birth": "09/19", "replace_date_of_birth": True}
    version = {"If-Match": operator.get(path).response.headers["ETag"]}
    assert operator.send("PATCH", path, headers=version, json=edit).status == 200
    for day in range(1, 12):
        assert validate(f"03/{day:02}") == "none"
    assert validate("09/19") == "none"


def test_who_is_spelled_otherwise_is_not_taken_for_the_very_name_whose_date_is_not_on_file(
    api: Api, service: Service
) -> None:
    spelled = {"first_name": "Bryan", "last_name": "Vandersloot", "date_of_birth": BORN, "licenses": "TN-M:700003"}
    typed = {"first_name": "Brian", "last_name": "Vandersloot"}
    assert import_people(service, spelled).refused == []

    def found(state: str | None = "TN") -> tuple[bool, str]:
        body = a_completion(**typed, born=BORN, state="TN", license_id=None)
        reported = "learner-unmatched" not in api.post("/v1/learner-completions:preview", body).response.text
        asked = typed | {"date_of_birth": BORN} | ({"state": state} if state else {})
        return reported, api.post("/v1/learner-validations", asked).json["result"]

    assert found() == (True, "one")
    elsewhere = typed | {"npi": UNDATED_NPI, "licenses": "ME-M:700004"}
    assert import_people(service, elsewhere).refused == []
    assert found() == (True, "one")
    assert import_people(service, elsewhere | {"licenses": "TN-M:700005"}).refused == []
    assert found() == (False, "none")
    assert found(state=None) == (False, "none")
    body = a_completion(**typed, born=BORN, state="TN", license_id="700003")
    assert "learner-unmatched" not in api.post("/v1/learner-completions:preview", body).response.text


def test_who_was_mistyped_is_not_taken_for_the_very_name_on_another_date(api: Api, service: Service) -> None:
    """Typed was James Perry with month and day exchanged: James Berry, born on that day, is not meant."""
    perry = {"first_name": "James", "last_name": "Perrywinkle", "date_of_birth": "11/09", "licenses": "TN-M:700011"}
    berry = perry | {"last_name": "Berrywinkle", "date_of_birth": "09/11", "licenses": "TN-M:700012"}
    assert import_people(service, berry).refused == []
    typed = {"first_name": "James", "last_name": "Perrywinkle"}

    def found() -> tuple[bool, str]:
        body = a_completion(**typed, born="09/11", state="TN", license_id=None)
        reported = "learner-unmatched" not in api.post("/v1/learner-completions:preview", body).response.text
        asked = typed | {"date_of_birth": "09/11", "state": "TN"}
        return reported, api.post("/v1/learner-validations", asked).json["result"]

    assert found() == (True, "one")
    assert import_people(service, perry).refused == []
    assert found() == (False, "none")
