"""Reports read an activity once a version: what a connection keeps never outlives the version that it was read of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from app.services.context import Service
from app.store import activities
from app.store.sql import statements
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.judging import PROVIDER
from tests.harness.api import Api


@pytest.fixture
def connection(service: Service) -> Iterator[Connection]:
    with service.database.engine.connect() as connection:
        yield connection


def load(connection: Connection, *activity_ids: str) -> tuple[dict[str, float | None], int]:
    """Load activities in a transaction of its own; return their credits by id, and how many statements it took."""
    sent: list[str] = []
    with connection.begin():
        statements.BEFORE_STATEMENT.append(sent.append)
        try:
            keys = {(PROVIDER, activity_id) for activity_id in activity_ids}
            found = activities.load_reportable(connection, keys).activities
        finally:
            statements.BEFORE_STATEMENT.remove(sent.append)
    return {activity_id: activity.ama_pra_credits for activity_id, activity in found.items()}, len(sent)


def test_a_version_is_read_once_and_looked_up_each_time(connection: Connection) -> None:
    first, read = load(connection, GRAND_ROUNDS)
    again, looked_up = load(connection, GRAND_ROUNDS)
    assert first == again
    assert (read, looked_up) == (3, 1)


def test_another_version_is_read(connection: Connection, api: Api) -> None:
    before, _ = load(connection, GRAND_ROUNDS)
    stored = api.get(f"/v1/activities/{GRAND_ROUNDS}").json
    assert before == {GRAND_ROUNDS: stored["ama_pra_credits"]}
    wanted = stored["ama_pra_credits"] + 1
    headers = {"If-Match": f'"{stored["version"]}"'}
    changed = api.send("PATCH", f"/v1/activities/{GRAND_ROUNDS}", headers=headers, json={"ama_pra_credits": wanted})
    assert changed.status == 200
    after, _ = load(connection, GRAND_ROUNDS)
    assert after == {GRAND_ROUNDS: wanted}


def test_a_deleted_activity_is_not_found_though_it_is_kept(connection: Connection, api: Api) -> None:
    body = {"title": "Short", "format": "live-course", "start_date": "2021-01-01", "end_date": "2021-01-02"}
    made = api.post("/v1/activities", body).json
    found, _ = load(connection, made["activity_id"])
    assert list(found) == [made["activity_id"]]
    assert api.delete(f"/v1/activities/{made['activity_id']}").status == 204
    found, _ = load(connection, made["activity_id"])
    assert found == {}


def test_what_was_kept_longest_makes_room(connection: Connection, monkeypatch: pytest.MonkeyPatch, api: Api) -> None:
    monkeypatch.setattr(activities, "_MOST_KEPT", 2)
    ids = [
        api.post(
            "/v1/activities",
            {"title": f"Day {day}", "format": "live-course", "start_date": "2021-01-01", "end_date": f"2021-01-0{day}"},
        ).json["activity_id"]
        for day in range(1, 5)
    ]
    found, _ = load(connection, *ids)
    assert sorted(found) == sorted(ids)
    assert len(connection.info[activities._KEPT]) == 2


def test_reports_go_by_the_version_that_stands(api: Api) -> None:
    """The registration by which the first report was judged no longer stands when the second comes."""
    body = {
        "title": "Short", "format": "live-course", "start_date": "2021-01-01", "end_date": "2021-12-31",
        "ama_pra_credits": 5, "delivery_methods": ["online"], "description": "A course.", "providership": "direct",
        "listing": {"public": False},
    }  # fmt: skip
    made = api.post("/v1/activities", body).json
    assert api.report(a_completion(made["activity_id"], credits=2)).status == 201
    path = f"/v1/activities/{made['activity_id']}"
    assert api.send("PATCH", path, headers={"If-Match": "*"}, json={"ama_pra_credits": 2}).status == 200
    refused = api.report(a_completion(made["activity_id"], "2021-12-13", credits=3))
    assert refused.status == 422
    assert [error["code"] for error in refused.json["errors"]] == ["cme-maximum"]
