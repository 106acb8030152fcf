"""Withdrawing all learners of an activity at once."""

from __future__ import annotations

import pytest

from app.services.activities import withdrawal
from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.harness.activity_edits import ACTIVITIES
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import live, replayed
from tests.harness.refusals import assert_problem


def test_every_learner_of_the_activity_is_withdrawn_and_it_can_be_deleted(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdrawal, "AT_ONCE", 3)
    activity = api.register().json["activity_id"]
    for day in range(1, 8):
        assert api.report(a_completion(activity, f"2021-11-0{day}", credits=1)).status == 201
    kept = api.report(a_completion()).json["completion_id"]
    answer = api.post(f"{ACTIVITIES}/{activity}/withdraw-learners", None)
    assert answer.json == {"activity_id": activity, "withdrawn": 7}
    assert api.completions(activity_id=activity) == []
    assert api.get(f"/v1/learner-completions/{kept}").status == 200
    assert api.post(f"{ACTIVITIES}/{activity}/withdraw-learners", None).json["withdrawn"] == 0
    settle(service)
    assert replayed(service) == live(service)
    assert api.delete(f"{ACTIVITIES}/{activity}").status == 204


def test_another_providers_activity_is_as_absent_as_any(api: Api, service: Service) -> None:
    activity = api.register().json["activity_id"]
    api.report(a_completion(activity))
    stranger = api_of(api.http, service, providers=["0008002"])
    for activity_id in (activity, "100000000"):
        assert_problem(stranger.post(f"{ACTIVITIES}/{activity_id}/withdraw-learners", None), 404, "not-found")
    assert len(api.completions(activity_id=activity)) == 1


def test_it_needs_the_right_to_withdraw(api: Api, service: Service) -> None:
    reader = api_of(api.http, service, providers=["0008001"], scopes=["activities:write", "completions:read"])
    activity = api.register().json["activity_id"]
    assert_problem(reader.post(f"{ACTIVITIES}/{activity}/withdraw-learners", None), 403, "forbidden")
