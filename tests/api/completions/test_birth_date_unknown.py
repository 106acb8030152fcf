"""A physician whose birth date is not on file: it contradicts nothing, and proves nothing either."""

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


@pytest.mark.usefixtures("undated")
def test_somebody_without_a_birth_date_is_found_by_name_and_state(api: Api) -> None:
    body = {"first_name": "Undine", "last_name": "Dateless", "date_of_birth": "06/05", "state": "TN"}
    assert api.post("/v1/learner-validations", body).json["result"] == "one"
    assert api.report(by_name()).json["outcome"] == "created"


@pytest.mark.usefixtures("undated")
def test_another_state_is_a_miss_all_the_same(api: Api) -> None:
    assert "learner-unmatched" in api.report(by_name(state="OR")).codes


@pytest.mark.usefixtures("undated")
def test_beside_a_namesake_with_the_date_the_number_decides(api: Api, service: Service) -> None:
    on_file(service, licenses="TN-M:U-2", date_of_birth="06/05")
    assert api.report(by_name()).codes == {"learner-ambiguous"}
    assert api.report(by_name(license_id="U-2")).json["outcome"] == "created"
