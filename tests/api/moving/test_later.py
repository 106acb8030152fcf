"""What happens later to records that were taken over happens as to all others: merged, parted, erased, moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.services.access import clients, erasure, provider_merging
from app.services.context import Service, operator, transact
from app.store.sql import statements
from tests.builders.merging import import_twice, merge, unmerge
from tests.builders.past_records import OWN, TINA, a_past_completion, a_past_credit, past_points
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import replayed
from tests.harness.moving.installations import COMPLETIONS, everything, import_bytes, ndjson, outcomes

ANN = {"first_name": "Ann", "last_name": "Twice", "date_of_birth": "05/06"}
ANNE = ANN | {"first_name": "Anne"}
FALLEN = {"status": "withdrawn", "credits": 0.75}


def of_ann(number: int, who: dict[str, Any], state: str, license_id: str, *more: Any, **fields: Any) -> dict[str, Any]:
    credit = a_past_credit(number, board=state, learner_board_id=license_id)
    return a_past_completion(number, credit, *more, learner=who, **fields)


@pytest.fixture
def twice(service: Service, tmp_path: Path) -> tuple[str, str]:
    """One person who is on file twice, with credit of another system for each: one of it fallen before it came."""
    one, other = import_twice(service)
    fallen = past_points(5, learner_board_id="35860002", **FALLEN)
    rejected = past_points(6, learner_board_id="35860001", status="rejected", credits=0.5)
    records = [
        of_ann(1, ANN, "TN-M", "A1", fallen),
        of_ann(2, ANNE, "ME-M", "A2", rejected, past_points(7, learner_board_id="35860001")),
        of_ann(3, ANN, "TN-M", "A1", completed_on="2021-12-11"),
    ]
    counts = import_bytes(service, tmp_path, COMPLETIONS, ndjson(records))
    assert outcomes(counts) == {"read": 3, "added": 3}, counts.listed
    settle(service)
    return one, other


def test_physicians_with_such_records_are_merged_and_parted(service: Service, twice: tuple[str, str]) -> None:
    one, other = twice
    merge(service, one, other)
    settle(service)
    replayed(service)
    unmerge(service, one)
    settle(service)
    replayed(service)


def test_a_physician_with_such_records_is_erased(service: Service, twice: tuple[str, str]) -> None:
    one, _ = twice
    erasure.erase(service, one)
    settle(service)
    found = service.database.read(
        lambda connection: statements.fetch(connection, "SELECT document FROM completion_versions")
    )
    assert '"Ann"' not in str(found)


@pytest.mark.parametrize("day", ["2021-12-12", "2021-12-10"])
def test_such_a_record_moves_to_another_learner(api: Api, service: Service, tmp_path: Path, day: str) -> None:
    """What had fallen before it came keeps the learner and the day that it came with."""
    record = a_past_completion(1, past_points(1), past_points(2, **FALLEN), learner=TINA)
    import_bytes(service, tmp_path, COMPLETIONS, ndjson([record]))
    stands = api.get(f"{COMPLETIONS}/{OWN.format('a01')}").json
    body = {
        "activity_id": stands["activity_id"], "completed_on": day, "permission": True,
        "learner": {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"},
        "cme": [{"state": "TN", "license_id": "444444", "credits": 1}],
    }  # fmt: skip
    answer = api.send("PUT", f"{COMPLETIONS}/{OWN.format('a01')}", json=body, headers={"If-Match": "*"})
    assert answer.status == 200, answer.json
    settle(service)
    replayed(service)


def test_the_provider_of_such_records_is_merged(api: Api, http: Any, service: Service, tmp_path: Path) -> None:
    line = a_past_completion(1, a_past_credit(), past_points(2, **FALLEN))
    import_bytes(service, tmp_path, COMPLETIONS, ndjson([line]))
    transact(operator(service), clients.add_provider, "0008777", "Western Health")
    transact(operator(service), provider_merging.merge, "0008001", "0008777")
    settle(service)
    before = everything(service)
    again = import_bytes(service, tmp_path, COMPLETIONS, ndjson([line]))
    assert outcomes(again) == {"read": 1, "already-there": 1}, again.listed
    assert everything(service) == before


def test_transcripts_and_lists_have_such_records(api: Api, http: Any, service: Service, tmp_path: Path) -> None:
    rejected = past_points(3, status="rejected")
    records = [
        a_past_completion(1, a_past_credit()),
        a_past_completion(2, rejected, past_points(4), learner=TINA),
    ]
    import_bytes(service, tmp_path, COMPLETIONS, ndjson(records))
    settle(service)
    assert api.get(COMPLETIONS, status="rejected", board="ABA").json["data"][0]["completion_id"] == OWN.format("a02")
    client = api_of(http, service, "TN-M", role="board", board="TN-M")
    asked = {"first_name": "Rebecca", "last_name": "Test", "state": "TN", "license_id": "444444"}
    answer = client.post("/v1/transcripts:search", asked)
    assert answer.status == 200, answer.json
    (transcript,) = answer.json["data"]
    assert "2021-12-12" in {row["completed_on"] for row in transcript["rows"]}
