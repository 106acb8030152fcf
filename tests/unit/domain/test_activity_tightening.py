"""What an edit of an activity takes away, said bound by bound: only that is asked of the completions that stand."""

from __future__ import annotations

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
    return {credit.target: credit.quarters for credit in found if isinstance(credit, MaximumLowered)}


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
    found = [bound for bound in bounds(end_date=date(2021, 6, 30)) if isinstance(bound, EndsEarlier)]
    assert {(board.board, board.end) for board in found} == {(None, date(2021, 6, 30)), ("ABA", date(2021, 6, 30))}


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
    assert {finding.pointer for finding in found} == {"/format"}


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
    assert [bound.pointer for bound in bounds(**edit) if isinstance(bound, BecomesDraft)] == [pointer]


def test_a_draft_that_stays_one_takes_nothing_away() -> None:
    assert bounds(replace(COURSE, description=None), providership=None) == []


def test_a_draft_that_becomes_active_takes_nothing_away() -> None:
    assert bounds(replace(COURSE, description=None), description="Now described.") == []


def test_a_rems_flag_taken_away_is_a_bound() -> None:
    flagged = replace(COURSE, rems={"type": "opioid", "identifier": None})
    assert [bound.pointer for bound in bounds(flagged, rems=None)] == ["/rems"]


@pytest.mark.parametrize(
    ("edit", "pointer"),
    [
        ({"ama_pra_credits": 5.0}, "/ama_pra_credits"),
        ({"end_date": date(2021, 6, 30)}, "/end_date"),
        ({"ama_pra_credits": 5.0, "format": "enduring-material"}, "/ama_pra_credits"),
    ],
)
def test_every_bound_points_at_the_field_that_was_edited(edit: dict[str, Any], pointer: str) -> None:
    assert {bound.pointer for bound in bounds(**edit)} == {pointer}
