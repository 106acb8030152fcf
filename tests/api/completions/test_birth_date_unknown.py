"""A physician whose birth date is not on file: no date fits them, so a number has to tell who is meant."""

from __future__ import annotations

import pytest

from app.services.context import Service
from app.services.registry import imports
from tests.builders.bodies import a_completion
from tests.harness.api import Api

NAME = {"first_name": "Undine", "last_name": "Dateless"}


@pytest.fixture
def undated(service: Service) -> None:
    on_file(service, licenses="TN-M:U-1")


def on_file(service: Service, **fields: str) -> None:
    rows = [imports.read_row(NAME | fields, service.catalogue)]
    imports.import_rows(service, enumerate(rows, 1))


def by_name(**fields: str | None) -> dict[str, object]:
    return a_completion(**(NAME | {"born": "06/05", "state": "TN", "license_id": None} | fields))  # type: ignore[arg-type]


def validated(api: Api, **fields: str) -> str:
    body = {"first_name": "Undine", "last_name": "Dateless", "date_of_birth": "06/05", "state": "TN"} | fields
    result: str = api.post("/v1/learner-validations", body).json["result"]
    return result


@pytest.mark.usefixtures("undated")
def test_somebody_without_a_birth_date_is_not_found_by_a_date_and_a_state(api: Api) -> None:
    assert validated(api) == "none"
    assert "learner-unmatched" in api.report(by_name()).codes


@pytest.mark.usefixtures("undated")
def test_somebody_without_a_birth_date_is_found_by_a_licence(api: Api) -> None:
    assert validated(api, license_id="U-1") == "one"
    assert api.report(by_name(license_id="U-1")).json["outcome"] == "created"


@pytest.mark.usefixtures("undated")
def test_another_state_is_a_miss_all_the_same(api: Api) -> None:
    assert "learner-unmatched" in api.report(by_name(state="OR", license_id="U-1")).codes


@pytest.mark.usefixtures("undated")
def test_a_namesake_with_the_date_is_found_without_a_number_and_with_their_own(api: Api, service: Service) -> None:
    on_file(service, licenses="TN-M:U-2", date_of_birth="06/05")
    assert validated(api) == "one"
    assert api.report(by_name()).json["outcome"] == "created"
    assert validated(api, license_id="U-2") == "one"
    assert api.report(by_name(license_id="U-2")).json["outcome"] == "unchanged"


@pytest.mark.usefixtures("undated")
def test_a_number_of_somebody_without_a_date_finds_nobody_where_a_namesake_has_the_date(
    api: Api, service: Service
) -> None:
    on_file(service, licenses="TN-M:U-2", date_of_birth="06/05")
    assert validated(api, license_id="U-1") == "none"
    assert "learner-unmatched" in api.report(by_name(license_id="U-1")).codes
