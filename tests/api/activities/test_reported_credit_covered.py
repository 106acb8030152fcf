"""An edit of an activity that would leave reported credit uncovered is refused, with the completions in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from app.services.context import Service
from tests.builders.bodies import a_completion, john
from tests.harness.activity_edits import abim, etag, patch, put, read
from tests.harness.api import Api, settle
from tests.harness.refusals import assert_problem, footprint

ACTIVITIES, COMPLETIONS = "/v1/activities", "/v1/learner-completions"
COVERS = "activity-change-covers-credits"


def a_course(api: Api, **fields: Any) -> str:
    """Register a course of the first quarter with ten credits, of ABIM until the end of the year."""
    made = api.register(**{"end_date": "2021-03-31", "moc": abim()} | fields)
    assert made.status == 201, made.json
    assert made.json["status"] == "ready-to-close"
    return str(made.json["activity_id"])


def report(api: Api, activity_id: str, body: dict[str, Any] | None = None) -> str:
    answer = api.report(john() | {"activity_id": activity_id} | (body or {}))
    assert answer.status == 201, answer.json
    return str(answer.json["completion_id"])


@dataclass(frozen=True)
class Tightening:
    """An edit that leaves John's 2.25 credits of 2021-02-14 uncovered, and the furthest one that does not."""

    edit: dict[str, Any]
    edge: dict[str, Any]
    pointer: str
    course: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)


ONE_TYPE = ["Medical Knowledge"]
TIGHTENINGS = {
    "start": Tightening({"start_date": "2021-02-15"}, {"start_date": "2021-02-14"}, "/start_date"),
    "end": Tightening({"end_date": "2021-02-13"}, {"end_date": "2021-02-14"}, "/end_date"),
    "claim date": Tightening(
        {"moc": abim(credit_claim_date="2021-05-31")},
        {"moc": abim(credit_claim_date="2021-06-01")},
        "/moc/0/credit_claim_date",
        report={"completed_on": "2021-06-01", "cme": []},
    ),
    "amount": Tightening({"ama_pra_credits": 2}, {"ama_pra_credits": 2.25}, "/ama_pra_credits"),
    "points": Tightening({"moc": abim(points=2)}, {"moc": abim(points=2.25)}, "/moc/0/points"),
    "format": Tightening(
        {"format": "live-course"}, {"format": "other-blended"}, "/format",
        {"format": "journal-cme", "ama_pra_credits": 2},
    ),
    "board": Tightening({"moc": []}, {"moc": [{"board": "ABA"}, *abim()]}, "/moc"),
    "other board": Tightening({"moc": [{"board": "ABA"}]}, {"moc": abim(points=None)}, "/moc"),
    "type": Tightening(
        {"moc": abim(credit_types=ONE_TYPE)},
        {"moc": abim(credit_types=["Practice Assessment", "patient safety", "MEDICAL KNOWLEDGE"])},
        "/moc/0/credit_types",
    ),
    "draft": Tightening({"description": None}, {"description": "Other words."}, "/description"),
    "rems": Tightening(
        {"rems": None}, {"rems": {"type": "stimulant"}}, "/rems", {"rems": {"type": "opioid"}},
        {"rems": {"local_id": "17", "profession": "Physician"}},
    ),
}  # fmt: skip
each_tightening = pytest.mark.parametrize("tightening", TIGHTENINGS.values(), ids=TIGHTENINGS)


@each_tightening
def test_a_change_that_uncovers_credit_is_refused_with_the_completions_in_the_way(
    api: Api, service: Service, tightening: Tightening
) -> None:
    course = a_course(api, **tightening.course)
    made = report(api, course, tightening.report)
    before, prints = read(api, course), footprint(service)
    refused = patch(api, course, tightening.edit)
    assert_problem(refused, 409, COVERS, items=[COVERS])
    assert (refused.json["count"], refused.json["completions"]) == (1, [made])
    assert refused.pointers == {COVERS: tightening.pointer}
    assert {error["rule_url"] for error in refused.json["errors"]} == {f"/v1/rules/{COVERS}"}
    assert (read(api, course), footprint(service)) == (before, prints)
    settle(service)


@each_tightening
def test_the_same_change_is_taken_where_nothing_is_reported_or_all_of_it_was_withdrawn(
    api: Api, service: Service, tightening: Tightening
) -> None:
    empty, emptied = (a_course(api, **tightening.course) for _ in range(2))
    made = report(api, emptied, tightening.report)
    assert api.delete(f"{COMPLETIONS}/{made}").status == 204
    for course in (empty, emptied):
        changed = patch(api, course, tightening.edit, '"1"')
        assert (changed.status, etag(changed)) == (200, '"2"'), changed.json
        assert read(api, course) == changed.json
    settle(service)


@each_tightening
def test_a_change_up_to_what_is_reported_is_taken(api: Api, service: Service, tightening: Tightening) -> None:
    course = a_course(api, **tightening.course)
    report(api, course, tightening.report)
    assert patch(api, course, tightening.edge).status == 200
    settle(service)


@pytest.mark.parametrize(
    "edit",
    [
        {"start_date": "2020-06-01"}, {"end_date": "2021-06-30"}, {"ama_pra_credits": 10.25}, {"format": "journal-cme"},
        {"moc": abim(points=11, credit_claim_date="2022-12-31")}, {"moc": [*abim(), {"board": "ABA"}]},
        {"moc": abim(credit_types=["Medical Knowledge", "Patient Safety", "Practice Assessment"])},
        {"title": "B", "mips": True, "rems": {"type": "opioid"}, "internal_id": "one", "description": "C"},
    ],
    ids=str,
)  # fmt: skip
def test_extending_raising_and_adding_is_taken_though_everything_is_used_up(api: Api, edit: dict[str, Any]) -> None:
    course = a_course(api, start_date="2021-02-14", end_date="2021-02-14", ama_pra_credits=2.25, moc=abim(points=2.25))
    report(api, course)
    assert patch(api, course, edit).status == 200


def test_a_maximum_binds_the_learners_sum_and_names_all_it_is_made_of(api: Api, service: Service) -> None:
    course = a_course(api)
    made = [report(api, course, {"completed_on": day, "moc": []}) for day in ("2021-02-14", "2021-02-16")]
    assert api.report(a_completion(course, "2021-02-14", credits=4.25)).status == 201
    refused = patch(api, course, {"ama_pra_credits": 4.25})
    assert_problem(refused, 409, COVERS)
    assert (refused.json["count"], refused.json["completions"]) == (2, sorted(made))
    assert patch(api, course, {"ama_pra_credits": 4.5}).status == 200
    settle(service)


def test_three_states_of_one_completion_count_once_towards_a_lower_maximum(api: Api, service: Service) -> None:
    course = a_course(api, ama_pra_credits=10)
    body = a_completion(course, "2021-02-14") | {"cme": [{"state": s, "credits": 2} for s in ("TN", "ME", "NC")]}
    assert api.report(body).status == 201
    assert patch(api, course, {"ama_pra_credits": 2}).status == 200
    settle(service)


def test_an_earlier_end_leaves_points_that_the_claim_date_covers(api: Api) -> None:
    course = a_course(api)
    report(api, course, {"cme": []})
    assert patch(api, course, {"end_date": "2021-02-01"}).status == 200


def test_an_earlier_claim_date_leaves_cme_alone(api: Api) -> None:
    course = a_course(api)
    report(api, course, {"completed_on": "2021-03-31", "moc": []})
    assert patch(api, course, {"moc": abim(credit_claim_date="2021-03-31")}).status == 200
    assert patch(api, course, {"moc": []}).status == 200


def test_completions_left_out_by_different_bounds_are_all_counted(api: Api) -> None:
    course = a_course(api)
    made = [report(api, course, {"completed_on": day, "moc": []}) for day in ("2021-01-02", "2021-03-30")]
    refused = patch(api, course, {"start_date": "2021-01-03", "end_date": "2021-03-29"})
    assert_problem(refused, 409, COVERS)
    assert {error["pointer"] for error in refused.json["errors"]} == {"/start_date", "/end_date"}
    assert (refused.json["count"], refused.json["completions"]) == (2, made)


def test_more_completions_than_are_named_are_counted(api: Api) -> None:
    course = a_course(api)
    days = [f"2021-02-{day:02}" for day in range(1, 13)]
    quarter = [{"state": "TN", "license_id": "12345", "credits": 0.25}]
    made = [report(api, course, {"completed_on": day, "moc": [], "cme": quarter}) for day in days]
    refused = patch(api, course, {"start_date": "2021-02-28"})
    assert (refused.json["count"], refused.json["completions"]) == (12, sorted(made)[:10])


def test_a_put_is_held_to_reported_credit_as_a_patch_is(api: Api, service: Service) -> None:
    made = put(api, "one", moc=abim())
    completion = report(api, made.json["activity_id"])
    refused = put(api, "one")
    assert_problem(refused, 409, COVERS, items=[COVERS])
    assert refused.json["completions"] == [completion]
    assert_problem(put(api, "one", moc=abim(), ama_pra_credits=2), 409, COVERS)
    assert read(api, made.json["activity_id"]) == made.json
    settle(service)
