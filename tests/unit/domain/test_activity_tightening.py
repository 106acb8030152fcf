"""What an edit of an activity takes away, said bound by bound: only that is asked of the completions that stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.activities import Activity, Registration
from app.domain.activity_tightening import (
    BecomesDraft,
    EndsEarlier,
    MaximumLowered,
    RegistrationRemoved,
    StartsLater,
    Tightened,
    find_tightened,
)
from app.services.context import Service
from tests.harness.activity_edits import abim, etag, patch, put, read
from tests.harness.api import Api, a_completion, john, settle
from tests.harness.refusals import assert_problem, footprint

ACTIVITIES, COMPLETIONS = "/v1/activities", "/v1/learner-completions"
COVERS = "activity-change-covers-credits"

ABIM = Registration(
    board="ABIM",
    points=10.0,
    credit_types=("Medical Knowledge", "Patient Safety"),
    credit_claim_date=date(2022, 3, 31),
)
ABA = Registration(board="ABA", credit_types=("Lifelong Learning",))
COURSE = Activity(
    activity_id="300000001",
    provider_id="0008001",
    title="A course",
    format="live-course",
    start_date=date(2021, 1, 1),
    end_date=date(2021, 12, 31),
    ama_pra_credits=10.0,
    registrations=(ABIM, ABA),
    description="A course of the tests.",
    providership="direct",
    delivery_methods=("online",),
    listing_public=False,
)


def bounds(before: Activity = COURSE, /, **edit: Any) -> list[Tightened]:
    return list(find_tightened(before, replace(before, **edit)))


def with_abim(**edit: Any) -> tuple[Registration, ...]:
    return replace(ABIM, **edit), ABA


def lowered(found: list[Tightened]) -> dict[str, int]:
    return {each.target: each.quarters for each in found if isinstance(each, MaximumLowered)}


@pytest.mark.parametrize(
    "edit",
    [
        {},
        {"title": "Another"},
        {"start_date": date(2020, 1, 1)},
        {"end_date": date(2022, 3, 31)},
        {"ama_pra_credits": 10.25},
        {"format": "enduring-material"},
        {"format": "journal-cme"},
        {"format": "journal-cme", "ama_pra_credits": 1.0},
        {"registrations": with_abim(points=11.0)},
        {"registrations": with_abim(credit_claim_date=date(2022, 4, 1))},
        {"registrations": with_abim(credit_types=(*ABIM.credit_types, "Practice Assessment"))},
        {"registrations": (ABA, ABIM)},
        {"registrations": (ABIM, ABA, Registration(board="ABP"))},
        {"delivery_methods": ("online", "print-other")},
        {"closed": True},
        {"internal_id": "one", "mips": True, "details": {"listing": {"public": True}}, "rems": {"type": "opioid"}},
    ],
    ids=str,
)
def test_extending_raising_adding_and_reordering_draws_no_bound_tighter(edit: dict[str, Any]) -> None:
    assert bounds(**edit) == []


def test_a_later_start_leaves_out_what_lies_before_it() -> None:
    (only,) = bounds(start_date=date(2021, 1, 2))
    assert isinstance(only, StartsLater)
    assert (only.pointer, only.start) == ("/start_date", date(2021, 1, 2))


def test_an_earlier_end_binds_cme_and_the_boards_without_a_claim_date_of_their_own() -> None:
    found = [each for each in bounds(end_date=date(2021, 6, 30)) if isinstance(each, EndsEarlier)]
    assert {(each.board, each.end) for each in found} == {(None, date(2021, 6, 30)), ("ABA", date(2021, 6, 30))}


def test_an_earlier_claim_date_binds_that_board_only() -> None:
    (only,) = bounds(registrations=with_abim(credit_claim_date=date(2022, 3, 30)))
    assert isinstance(only, EndsEarlier)
    assert (only.pointer, only.end, only.board) == ("/moc/0/credit_claim_date", date(2022, 3, 30), "ABIM")


def test_a_claim_date_taken_away_falls_back_to_the_end() -> None:
    (only,) = bounds(registrations=with_abim(credit_claim_date=None))
    assert isinstance(only, EndsEarlier)
    assert (only.pointer, only.end) == ("/moc/0/credit_claim_date", date(2021, 12, 31))


def test_a_claim_date_added_where_the_end_stood_is_no_bound() -> None:
    claimed = replace(ABA, credit_claim_date=date(2021, 12, 31))
    assert bounds(registrations=(ABIM, claimed)) == []


def test_a_lower_amount_binds_cme_and_the_boards_without_points_of_their_own() -> None:
    assert lowered(bounds(ama_pra_credits=9.75)) == {"CME": 39, "ABA": 39}


def test_lower_points_bind_that_board_only() -> None:
    (only,) = bounds(registrations=with_abim(points=9.75))
    assert isinstance(only, MaximumLowered)
    assert (only.pointer, only.target, only.quarters) == ("/moc/0/points", "ABIM", 39)


def test_points_taken_away_fall_back_to_the_amount() -> None:
    generous = replace(COURSE, registrations=with_abim(points=12.0))
    assert lowered(bounds(generous, registrations=with_abim(points=None))) == {"ABIM": 40}
    assert bounds(registrations=with_abim(points=None)) == []


def test_a_format_that_binds_learners_makes_every_maximum_count_from_then_on() -> None:
    journal = replace(COURSE, format="journal-cme")
    found = bounds(journal, format="live-course")
    assert lowered(found) == {"CME": 40, "ABIM": 40, "ABA": 40}
    assert {each.pointer for each in found} == {"/format"}


def test_a_raised_amount_binds_when_the_format_only_now_does() -> None:
    assert lowered(bounds(replace(COURSE, format="journal-cme"), format="live-course", ama_pra_credits=20.0)) == {
        "CME": 80, "ABIM": 40, "ABA": 80,
    }  # fmt: skip


def test_a_board_taken_away_is_said_once() -> None:
    (only,) = bounds(registrations=(ABA,))
    assert isinstance(only, RegistrationRemoved)
    assert (only.pointer, only.board, only.credit_type) == ("/moc", "ABIM", None)


def test_a_credit_type_taken_away_is_named_at_the_boards_new_place() -> None:
    (only,) = bounds(registrations=(ABA, replace(ABIM, credit_types=("Medical Knowledge",))))
    assert isinstance(only, RegistrationRemoved)
    assert (only.pointer, only.board, only.credit_type) == ("/moc/1/credit_types", "ABIM", "Patient Safety")


def test_a_credit_type_written_differently_is_the_same_type() -> None:
    # Rules compare types without case and punctuation; where the board's own are not known, the text is kept.
    spelled = replace(ABIM, credit_types=("medical knowledge", "Patient-Safety"))
    assert bounds(registrations=(spelled, ABA)) == []


@pytest.mark.parametrize(
    ("edit", "pointer"),
    [
        ({"description": None}, "/description"),
        ({"providership": None}, "/providership"),
        ({"delivery_methods": ()}, "/delivery_methods"),
        ({"delivery_methods": ("in-person",)}, "/location"),
        ({"ama_pra_credits": None}, "/ama_pra_credits"),
        ({"listing_public": None}, "/listing/public"),
    ],
)
def test_what_makes_a_draft_is_named(edit: dict[str, Any], pointer: str) -> None:
    assert [each.pointer for each in bounds(**edit) if isinstance(each, BecomesDraft)] == [pointer]


def test_a_draft_that_stays_one_takes_nothing_away() -> None:
    assert bounds(replace(COURSE, description=None), providership=None) == []


def test_a_draft_that_becomes_active_takes_nothing_away() -> None:
    assert bounds(replace(COURSE, description=None), description="Now described.") == []


def test_a_rems_flag_taken_away_is_a_bound() -> None:
    flagged = replace(COURSE, rems={"type": "opioid", "identifier": None})
    assert [each.pointer for each in bounds(flagged, rems=None)] == ["/rems"]


@pytest.mark.parametrize(
    ("edit", "pointer"),
    [
        ({"ama_pra_credits": 5.0}, "/ama_pra_credits"),
        ({"end_date": date(2021, 6, 30)}, "/end_date"),
        ({"ama_pra_credits": 5.0, "format": "enduring-material"}, "/ama_pra_credits"),
    ],
)
def test_every_bound_points_at_the_field_that_was_edited(edit: dict[str, Any], pointer: str) -> None:
    assert {each.pointer for each in bounds(**edit)} == {pointer}


# ------------------------------------------------------------------------------- credit that was reported


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
    assert {each["rule_url"] for each in refused.json["errors"]} == {f"/v1/rules/{COVERS}"}
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
    assert {each["pointer"] for each in refused.json["errors"]} == {"/start_date", "/end_date"}
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
