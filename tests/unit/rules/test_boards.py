"""Certifying boards: registration, credit types, dates of collaboration, and what each of them advises."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from app.domain.reports import MocPart
from tests.builders.judging import (
    BOARD_IDS,
    DAY,
    LINK,
    PROVIDER,
    a_cme,
    a_completion,
    a_credit,
    a_learner,
    a_moc,
    a_person,
    a_registration,
    a_report,
    an_activity,
    judged,
    types_of,
)

LATER = datetime(2025, 12, 31, 12, 0, tzinfo=UTC)
ABIM_TWO = a_registration("ABIM", "Medical Knowledge", "Patient Safety")


def test_a_board_that_the_activity_is_not_registered_for_is_refused_alone_of_three() -> None:
    activity = an_activity(a_registration("ABIM"), a_registration("ABA"))
    verdict = judged(a_report(a_moc("ABIM"), a_moc("ABO"), a_moc("ABA")), activity=activity)
    assert verdict.rejects == {"board-registered"}
    assert verdict.pointers("board-registered") == ["/moc/1/board"]


@pytest.mark.parametrize(
    ("day", "refused"), [(date(2020, 12, 31), set()), (date(2021, 1, 1), {"credit-type-registered"})]
)
def test_abpath_gives_self_assessment_to_the_last_day_of_2020(day: date, refused: set[str]) -> None:
    activity = an_activity(a_registration("ABPath", "Self-Assessment"), start_date=date(2020, 7, 1))
    moc = a_moc("ABPath", credit_types=types_of(SAMs=2.0))
    assert judged(a_report(moc, completed_on=day), activity=activity).rejects == refused


def test_a_type_that_the_board_no_longer_gives_is_not_missed() -> None:
    # To follow the advice would lead straight to a refusal by credit-type-registered.
    types = ("Lifelong Learning", "Self-Assessment")
    activity = an_activity(a_registration("ABPath", *types), start_date=date(2020, 7, 1), end_date=date(2021, 6, 30))
    in_2020 = judged(a_report(a_moc("ABPath"), completed_on=date(2020, 12, 31)), activity=activity)
    assert "credit-type-left-off" in in_2020.warns
    in_2021 = judged(a_report(a_moc("ABPath"), completed_on=date(2021, 1, 1)), activity=activity)
    assert "credit-type-left-off" not in in_2021.warns


@pytest.mark.parametrize(
    ("board", "start", "day", "refused"),
    [
        ("ABS", date(2021, 1, 1), date(2021, 2, 28), True),
        ("ABS", date(2021, 1, 1), date(2021, 3, 1), False),
        ("ABS", date(2018, 1, 1), date(2021, 3, 1), False),
        ("ABPMR", date(2024, 12, 31), date(2025, 3, 1), True),
        ("ABPMR", date(2025, 1, 1), date(2025, 3, 1), False),
        ("ABPath", date(2017, 12, 31), date(2018, 6, 1), True),
        ("ABPath", date(2018, 1, 1), date(2018, 6, 1), False),
        ("ABO", date(2025, 1, 1), date(2025, 3, 1), False),
        ("ABTS", date(2015, 1, 1), date(2015, 3, 1), False),
    ],
)
def test_a_board_takes_credit_by_completion_or_by_the_activitys_start(
    board: str, start: date, day: date, refused: bool
) -> None:
    activity = an_activity(start_date=start, end_date=date(2025, 12, 31), format="journal-cme")
    verdict = judged(a_report(a_moc(board), completed_on=day, received_at=LATER), activity=activity, now=LATER)
    assert verdict.rejects == ({"board-collaborates"} if refused else set())


@pytest.mark.parametrize(
    "given", ["Medical Knowledge", "medical knowledge", "MEDICAL-KNOWLEDGE", "Medical  Knowledge.", "MK"]
)
def test_a_credit_type_is_compared_without_case_and_punctuation_and_by_its_aliases(given: str) -> None:
    verdict = judged(a_report(a_moc(credit_types=types_of(**{given: 2.0}))))
    assert verdict.findings == ()
    assert verdict.placement is not None
    assert verdict.placement.targets[0].credit_types == (("Medical Knowledge", 8),)


@pytest.mark.parametrize("given", ["Lifelong Learning & Self-Assessment", "LLSA", "Self-Assessment"])
def test_an_ampersand_is_and(given: str) -> None:
    assert judged(a_report(a_moc("ABP", credit_types=types_of(**{given: 2.0})))).findings == ()


def test_an_activity_may_have_registered_a_type_by_its_alias() -> None:
    activity = an_activity(a_registration("ABIM", "MK"))
    assert judged(a_report(a_moc()), activity=activity).findings == ()


def test_a_type_registered_for_one_board_is_not_registered_for_another() -> None:
    activity = an_activity(ABIM_TWO, a_registration("ABO", "Lifelong Learning"))
    patient_safety = types_of(Patient_Safety=2.0)
    verdict = judged(
        a_report(a_moc(credit_types=patient_safety), a_moc("ABO", credit_types=patient_safety)), activity=activity
    )
    assert verdict.pointers("credit-type-registered") == ["/moc/1/credit_types/0/type"]


@pytest.mark.parametrize("board", ["ABTS", "ABOS", "ABPMR"])
def test_a_board_without_known_types_takes_whatever_the_activity_registered(board: str) -> None:
    activity = an_activity(a_registration(board, "Skills & Drills"), start_date=date(2025, 1, 1), end_date=LATER.date())
    when = {"completed_on": date(2025, 3, 1), "received_at": LATER}
    fits = judged(
        a_report(a_moc(board, credit_types=types_of(skills_and_drills=2.0)), **when), activity=activity, now=LATER
    )
    assert fits.rejects == set()
    assert fits.placement is not None
    assert fits.placement.targets[0].credit_types == (("Skills & Drills", 8),)
    other = judged(a_report(a_moc(board, credit_types=types_of(Others=2.0)), **when), activity=activity, now=LATER)
    assert other.rejects == {"credit-type-registered"}


@pytest.mark.parametrize("name", [None])
def test_a_credit_type_without_a_name_is_pointed_at(name: str | None) -> None:
    nameless = replace(types_of(x=1.0)[0], type=name)
    verdict = judged(a_report(a_moc(credit_types=(*types_of(Medical_Knowledge=2.0), nameless))))
    assert verdict.rejects == {"credit-type-required"}
    assert verdict.pointers("credit-type-required") == ["/moc/0/credit_types/1/type"]


def test_every_board_of_a_record_needs_a_type_of_its_own() -> None:
    verdict = judged(a_report(a_moc("ABIM"), a_moc("ABA", credit_types=())))
    assert verdict.rejects == {"credit-type-required"}
    assert verdict.pointers("credit-type-required") == ["/moc/1/credit_types"]


def test_patient_safety_left_off_is_told_before_any_other() -> None:
    activity = an_activity(a_registration("ABO", "Lifelong Learning", "Self-Assessment", "Patient Safety"))
    verdict = judged(a_report(a_moc("ABO")), activity=activity)
    assert (verdict.rejects, verdict.warns) == (set(), {"credit-type-left-off"})
    (finding,) = verdict.findings
    assert "Patient Safety, Self-Assessment" in finding.detail


def test_nothing_is_missed_when_every_registered_type_is_given_under_any_name() -> None:
    types = types_of(mk=2.0, patient_safety=1.0)
    assert judged(a_report(a_moc(credit_types=types)), activity=an_activity(ABIM_TWO)).warns == set()


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ((a_moc("ABIM"), a_moc("ABA"), a_moc("ABIM")), "/moc/2/board"),
        ((a_cme("TN"), a_cme("Tennessee")), "/cme/1/state"),
        ((a_cme("NC"), a_cme("ME"), a_cme("ZZNC")), "/cme/2/state"),
    ],
)
def test_a_board_or_state_stands_once_in_a_record(parts: tuple[MocPart, ...], pointer: str) -> None:
    verdict = judged(a_report(*parts))
    assert (verdict.rejects, verdict.pointers("board-once")) == ({"board-once"}, [pointer])


def test_a_board_by_code_and_by_name_stands_twice() -> None:
    named = replace(a_moc("ABIM"), board="American Board of Internal Medicine")
    assert judged(a_report(a_moc("ABIM"), named)).rejects == {"board-once"}


def test_both_boards_of_one_state_are_two_targets() -> None:
    both = a_learner(licenses={"ME-M": "MD1", "ME-O": "DO1"})
    verdict = judged(a_report(a_cme("ME-M"), a_cme("ME-O")), learners=[both])
    assert (verdict.findings, verdict.boards) == ((), ("ME-M", "ME-O"))


def test_every_licence_and_one_of_them_again_stands_twice() -> None:
    by_id = a_person(learner_id=LINK)
    assert judged(a_report(a_cme(None), a_cme("TN"), person=by_id)).rejects == {"board-once"}


@pytest.mark.parametrize(("points", "warned"), [(None, False), (10.0, False), (5.0, True), (12.0, True)])
def test_aba_points_equal_the_activitys_ama_amount(points: float | None, warned: bool) -> None:
    activity = an_activity(a_registration("ABA", points=points))
    assert ("aba-equals-ama" in judged(a_report(a_moc("ABA")), activity=activity).warns) is warned


@pytest.mark.parametrize(("outline", "warned"), [((), True), (("1",), False), (("1", "2"), False), ("123", True)])
def test_an_activity_for_aba_has_one_or_two_outline_areas(outline: tuple[str, ...], warned: bool) -> None:
    activity = an_activity(a_registration("ABA", content_outline=tuple(outline)))
    assert ("aba-outline" in judged(a_report(a_moc("ABA")), activity=activity).warns) is warned


@pytest.mark.parametrize("number", ["12345", "1234567", "AB1234"])
def test_an_abim_id_has_six_digits(number: str) -> None:
    verdict = judged(a_report(a_moc(board_id=number)), learners=[a_learner(certifications={"ABIM": number})])
    assert (verdict.rejects, verdict.warns) == (set(), {"abim-six-digits"})


def test_no_other_board_counts_its_digits() -> None:
    verdict = judged(a_report(a_moc("ABA", board_id="1")), learners=[a_learner(certifications={"ABA": "1"})])
    assert verdict.findings == ()


@pytest.mark.parametrize(("cme", "points", "warned"), [(2.0, 2.0, False), (2.0, 2.25, True), (2.25, 2.0, False)])
def test_abim_points_stay_within_the_records_cme(cme: float, points: float, warned: bool) -> None:
    verdict = judged(a_report(a_cme(credits=cme), a_moc(total=points)))
    assert (verdict.rejects, "abim-within-cme" in verdict.warns) == (set(), warned)
    assert "abim-within-cme" not in judged(a_report(a_cme(credits=cme), a_moc("ABA", points))).warns


def test_abim_points_stay_within_the_cme_that_they_join() -> None:
    standing = [a_completion(a_credit("TN-M", 1))]
    verdict = judged(a_report(a_moc(total=2.0)), standing=standing)
    assert verdict.outcome == "joined"
    assert verdict.warns == {"abim-within-cme"}


@pytest.mark.parametrize(("format", "warned"), [("performance-improvement", False), ("live-course", True)])
def test_practice_assessment_goes_with_performance_improvement(format: str, warned: bool) -> None:
    activity = an_activity(a_registration("ABIM", "Practice Assessment"), format=format)
    verdict = judged(a_report(a_moc(credit_types=types_of(PA=2.0))), activity=activity)
    assert (verdict.rejects, "abim-practice-assessment" in verdict.warns) == (set(), warned)


def test_abo_advises_against_patient_safety_beside_improvement_and_takes_both() -> None:
    activity = an_activity(a_registration("ABO", "Patient Safety", "Improvement in Medical Practice"))
    verdict = judged(a_report(a_moc("ABO", credit_types=types_of(PS=2.0, IMP=2.0))), activity=activity)
    assert (verdict.rejects, verdict.warns) == (set(), {"abo-not-both"})


def test_abp_is_helped_by_a_birth_date_and_a_learner_id_is_help_enough() -> None:
    nameless = {"birth_date": None}
    assert judged(a_report(a_moc("ABP"), person=a_person(**nameless))).warns == {"abp-birth-date"}
    assert judged(a_report(a_moc("ABP"), person=a_person(**nameless, learner_id=LINK))).warns == set()
    assert judged(a_report(a_moc("ABA"), person=a_person(**nameless))).warns == set()


@pytest.mark.parametrize(
    ("held", "points", "warned"), [(0, 12.0, False), (0, 12.25, True), (40, 2.0, False), (44, 1.25, True)]
)
def test_more_than_twelve_abs_credits_on_a_day_over_all_activities_are_unusual(
    held: int, points: float, warned: bool
) -> None:
    verdict = judged(
        a_report(a_moc("ABS", points)),
        activity=an_activity(ama_pra_credits=20.0),
        day_quarters={(PROVIDER, "learner-1", "ABS", DAY): held},
    )
    assert (verdict.rejects, "daily-credits-unusual" in verdict.warns) == (set(), warned)


def test_what_was_reported_already_is_not_counted_twice_into_the_day() -> None:
    verdict = judged(
        a_report(a_moc("ABS", 12.0)),
        activity=an_activity(ama_pra_credits=20.0),
        standing=[a_completion(a_credit("ABS", 12))],
        day_quarters={(PROVIDER, "learner-1", "ABS", DAY): 48},
    )
    assert verdict.warns == {"already-reported"}


def test_the_hint_of_a_wrong_type_lists_the_registered_ones_and_holds_no_ids() -> None:
    verdict = judged(a_report(a_moc(credit_types=types_of(Lifelong_Learning=2.0))), activity=an_activity(ABIM_TWO))
    assert "Medical Knowledge, Patient Safety" in verdict.hint("credit-type-registered")
    told = " ".join(f"{finding.detail} {finding.hint}" for finding in verdict.findings)
    assert BOARD_IDS["ABIM"] not in told and "Rebecca" not in told
