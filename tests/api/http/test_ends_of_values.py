"""Values at the ends of what a body may hold, where they are stored or have to be judged by what stands."""

from __future__ import annotations

import pytest

from app.domain.batches import EntryMethod
from app.domain.credits import Outcome
from app.schemas.completions import CompletionIn
from app.services.context import Service, operator, transact
from app.services.reporting import bulk
from tests.builders.bodies import a_completion, points
from tests.harness.api import Api, settle
from tests.harness.refusals import assert_problem

ACTIVITIES = "/v1/activities"


@pytest.mark.parametrize("kind", ["live-course", "regularly-scheduled-series", "enduring-material", "other-blended"])
def test_dates_at_the_ends_of_the_calendar_are_judged_like_others(api: Api, kind: str) -> None:
    for start, end in (("0001-01-01", "0001-06-01"), ("9999-06-01", "9999-12-31"), ("0001-01-01", "9999-12-31")):
        registered = api.register(format=kind, start_date=start, end_date=end)
        assert registered.status in (201, 422), (start, registered.json)
        if registered.status == 201:
            read = api.get(f"{ACTIVITIES}/{registered.json['activity_id']}")
            assert (read.json["start_date"], read.json["end_date"]) == (start, end)
    for day in ("0001-01-01", "9999-12-31"):
        assert_problem(api.report(a_completion(completed_on=day)), 422, "completion-rejected")


def test_a_credit_type_or_special_credit_given_twice_is_told(api: Api, service: Service) -> None:
    body = a_completion(state="NC", license_id="999994")
    for second in ("Controlled Substance", "controlled-substance"):
        body["cme"][0]["special_credits"] = [
            {"type": "Controlled Substance", "credits": 1}, {"type": second, "credits": 2},
        ]  # fmt: skip
        assert_problem(api.report(body), 422, "completion-rejected")
    moc = points("ABA", "35867909", 0.25)
    moc["credit_types"] *= 2
    assert_problem(api.report(a_completion(credits=None, moc=[moc])), 422, "completion-rejected")
    settle(service)


def test_more_credit_than_a_ledger_holds_is_never_a_failure(api: Api, service: Service) -> None:
    free = api.register(format="journal-cme", ama_pra_credits=1).json["activity_id"]
    bodies = [a_completion(free, "2021-06-01", credits=1_000_000, occasion=number) for number in range(1, 537)]
    reports = [
        CompletionIn.model_validate(body).as_report("0008001", service.clock(), EntryMethod.API) for body in bodies
    ]
    stored = transact(operator(service, "0008001"), bulk.submit_all, reports)
    assert {result.outcome for result in stored} == {Outcome.CREATED}
    beyond = api.report(a_completion(free, "2021-06-01", credits=1_000_000, occasion=537))
    assert beyond.status in (201, 422), beyond.json
    settle(service)
