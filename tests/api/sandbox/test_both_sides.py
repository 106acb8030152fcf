"""Every door, with what belongs to the other side: a live key to the sandbox, a test key to live records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem, footprint, same_but_request_id

COMPLETIONS, ACTIVITIES, VALIDATIONS = "/v1/learner-completions", "/v1/activities", "/v1/learner-validations"
NOBODYS, NO_ACTIVITY = "01939a39-0000-7000-8000-000000000000", "100000000"
OLIVE: dict[str, Any] = {"first_name": "Olive", "last_name": "Only", "born": "02/01", "state": "CA"}
REBECCA: dict[str, Any] = {"state": "TN"}


@dataclass(frozen=True)
class Side:
    """One side: its client, an activity of its own, a completion of it, and the body that it was reported with."""

    client: Api
    body: Any
    completion: Any

    @property
    def path(self) -> str:
        return f"{COMPLETIONS}/{self.completion['completion_id']}"

    def put(self, path: str, body: Any) -> Answer:
        return self.client.send("PUT", path, headers={"If-Match": "*"}, json=body)


def side(client: Api, who: dict[str, Any]) -> Side:
    activity = client.register(start_date="2025-01-01", end_date="2025-12-31", internal_id="mine").json["activity_id"]
    body = a_completion(activity, "2025-06-02", license_id=None, credits=1, reference="both", **who)
    return Side(client, body, client.report(body, Idempotency_Key="both").json)


@pytest.fixture(params=["a test key", "a live key"])
def sides(request: pytest.FixtureRequest, api: Api, service: Service, clock: ManualClock) -> tuple[Side, Side]:
    """The side that calls, and the other one."""
    clock.now = datetime(2025, 6, 20, 12, tzinfo=UTC)
    made = side(api_of(api.http, service, "tests", test=True), OLIVE), side(api, REBECCA)
    return made if request.param == "a test key" else (made[1], made[0])


def test_no_door_opens_to_the_other_side(sides: tuple[Side, Side], service: Service) -> None:
    mine, theirs = sides
    before = footprint(service)
    completion, activity = theirs.completion["completion_id"], theirs.completion["activity_id"]
    for method, address, foreign, absent, body in (
        ("GET", COMPLETIONS + "/{}", completion, NOBODYS, None),
        ("GET", COMPLETIONS + "/{}/history", completion, NOBODYS, None),
        ("PUT", COMPLETIONS + "/{}", completion, NOBODYS, mine.body),
        ("PUT", COMPLETIONS + "/{}", completion, NOBODYS, theirs.body),
        ("DELETE", COMPLETIONS + "/{}", completion, NOBODYS, None),
        ("GET", ACTIVITIES + "/{}", activity, NO_ACTIVITY, None),
        ("PATCH", ACTIVITIES + "/{}", activity, NO_ACTIVITY, {"title": "Mine"}),
        ("DELETE", ACTIVITIES + "/{}", activity, NO_ACTIVITY, None),
        ("POST", ACTIVITIES + "/{}/withdraw-learners", activity, NO_ACTIVITY, None),
        ("POST", ACTIVITIES + "/{}/close", activity, NO_ACTIVITY, None),
    ):
        headers = {"If-Match": "*", "If-None-Match": "*"} if method in ("PUT", "PATCH") else {"If-None-Match": "*"}
        answers = [
            mine.client.send(method, address.format(record_id), headers=headers, json=body)
            for record_id in (foreign, absent)
        ]
        assert_problem(answers[0], 404, "not-found")
        assert same_but_request_id(*answers)
    assert footprint(service) == before
    settle(service)


def test_no_report_goes_to_the_other_sides_activity_or_person(sides: tuple[Side, Side], service: Service) -> None:
    mine, theirs = sides
    before = footprint(service)
    linked = {"learner": {"learner_id": theirs.completion["learner"]["learner_id"]}}
    other_activity = {"activity_id": theirs.body["activity_id"]}
    other_person = {"learner": theirs.body["learner"], "cme": theirs.body["cme"]}
    for change, code in (
        (other_activity, "activity-known"),
        (other_activity | other_person, "activity-known"),
        (other_person, "learner-unmatched"),
        (linked, "learner-unmatched"),
    ):
        body = mine.body | change
        assert code in mine.client.report(body).codes
        assert code in mine.put(mine.path, body).codes
        told = mine.client.post(f"{COMPLETIONS}:preview", body).json
        assert code in {finding["rule"] for finding in told["findings"]}
        (item,) = mine.client.post(f"{COMPLETIONS}:bulk", {"items": [body]}).json["items"]
        assert code in {error["code"] for error in item["problem"]["errors"]}
    assert footprint(service) == before
    settle(service)


def test_nobody_of_the_other_side_is_validated_listed_or_told_of(sides: tuple[Side, Side], service: Service) -> None:
    mine, theirs = sides
    settle(service)
    before = footprint(service)
    asked = theirs.body["learner"] | {"state": theirs.body["cme"][0]["state"]}
    assert mine.client.post(VALIDATIONS, asked).json["result"] == "none"
    assert theirs.client.post(VALIDATIONS, asked).json["result"] == "one"
    for query in (
        {"client_reference": "both"},
        {"q": theirs.completion["completion_id"]},
        {"q": theirs.body["learner"]["last_name"]},
        {"activity_id": theirs.body["activity_id"]},
        {"learner_id": theirs.completion["learner"]["learner_id"]},
        {"sort": "last_name"},
    ):
        own = {completion["completion_id"] for completion in mine.client.completions(**query)}
        assert theirs.completion["completion_id"] not in own
        assert own <= {completion["completion_id"] for completion in mine.client.completions(limit=500)}
    told = mine.client.get("/v1/events", limit=500).json["data"]
    assert theirs.completion["completion_id"] not in str(told)
    assert mine.completion["completion_id"] in str(told)
    cursor = theirs.client.get("/v1/events").json["next_cursor"]
    assert_problem(mine.client.get("/v1/events", after=cursor), 422, "parameter-invalid")
    assert footprint(service) == before


def test_a_key_of_the_other_side_is_another_key(sides: tuple[Side, Side], service: Service) -> None:
    mine, theirs = sides
    again = mine.client.report(mine.body, Idempotency_Key="both")
    assert again.json["completion_id"] == mine.completion["completion_id"]
    assert_problem(mine.client.report(theirs.body, Idempotency_Key="both"), 422, "idempotency-mismatch")


def test_corrections_of_the_sandbox_reach_no_board(sides: tuple[Side, Side], service: Service) -> None:
    mine, _ = sides
    body = mine.body | {"completed_on": "2025-06-03"}
    assert mine.put(mine.path, body).json["outcome"] == "updated"
    withdrawn = mine.client.post(f"{ACTIVITIES}/{mine.body['activity_id']}/withdraw-learners", None)
    assert withdrawn.json["withdrawn"] == 1
    settle(service)
    query = "SELECT count(*) FROM board_events e JOIN completions c ON c.completion_id = e.completion_id "
    found = service.database.read(
        lambda connection: statements.fetch(
            connection, query + "JOIN providers p ON p.provider_id = c.provider_id WHERE p.sandbox_of IS NOT NULL"
        )
    )
    assert found == [(0,)]
