"""How much credit can be given: quarters, maxima, types of one row that are not additive, special credit."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.reports import CmePart, MocPart
from tests.builders.judging import (
    NPI,
    a_cme,
    a_completion,
    a_credit,
    a_learner,
    a_moc,
    a_person,
    a_registration,
    a_report,
    a_special,
    an_activity,
    judged,
    types_of,
)

FOUR_FORMATS = ["live-course", "regularly-scheduled-series", "enduring-material", "performance-improvement"]
OTHER_FORMATS = [
    "journal-cme", "manuscript-review", "test-item-writing", "committee-learning", "internet-searching-and-learning",
    "learning-from-teaching", "other-blended",
]  # fmt: skip
ABIM_TWO = a_registration("ABIM", "Medical Knowledge", "Patient Safety")
EARLIER = date(2021, 12, 1)


@pytest.mark.parametrize("credits", [0.0, -0.25, -1.0])
@pytest.mark.parametrize(
    ("at", "part_of"),
    [
        ("/cme/0/credits", lambda amount: a_cme(credits=amount)),
        ("/cme/0/special_credits/0/credits", lambda amount: a_cme("NC", special_credits=a_special(amount))),
        ("/moc/0/credit_types/0/credits", lambda amount: a_moc(credit_types=types_of(Medical_Knowledge=amount))),
    ],
)
def test_every_amount_is_above_zero(credits: float, at: str, part_of: object) -> None:
    verdict = judged(a_report(part_of(credits)))  # type: ignore[operator]
    assert (verdict.rejects, verdict.pointers("credit-positive")) == ({"credit-positive"}, [at])


@pytest.mark.parametrize("credits", [0.1, 1.3, 2.252, 2.248, 0.24])
def test_an_amount_off_the_quarters_is_refused(credits: float) -> None:
    assert judged(a_report(a_cme(credits=credits))).rejects == {"credit-quarter"}
    assert judged(a_report(a_moc(total=credits))).rejects == {"credit-quarter"}


@pytest.mark.parametrize("credits", [0.25, 2.25, 2.2509, 2.2491, 2.2500000000000004, 9.75])
def test_an_amount_within_a_thousandth_of_a_quarter_is_that_quarter(credits: float) -> None:
    verdict = judged(a_report(a_cme(credits=credits)))
    assert verdict.rejects == set()
    assert verdict.placement is not None
    assert verdict.placement.targets[0].quarters == round(credits * 4)


@pytest.mark.parametrize("format", FOUR_FORMATS)
@pytest.mark.parametrize(
    ("part", "refused"),
    [
        (a_cme(credits=10.0), set()),
        (a_cme(credits=10.0005), set()),
        (a_cme(credits=10.25), {"cme-maximum"}),
        (a_moc("ABIM", 5.0), set()),
        (a_moc("ABIM", 5.25), {"moc-maximum"}),
        (a_moc("ABO", 10.0), set()),
        (a_moc("ABO", 10.25), {"moc-maximum"}),
    ],
)
def test_four_formats_bind_each_target_to_the_activitys_amount(
    format: str, part: CmePart | MocPart, refused: set[str]
) -> None:
    activity = an_activity(a_registration("ABIM", points=5.0), a_registration("ABO"), format=format)
    assert judged(a_report(part), activity=activity).rejects == refused


@pytest.mark.parametrize("format", OTHER_FORMATS)
@pytest.mark.parametrize("credits", [10.25, 100.0])
def test_a_manuscript_review_and_its_like_may_give_more_than_the_activitys_amount(format: str, credits: float) -> None:
    activity = an_activity(format=format)
    verdict = judged(a_report(a_cme(credits=credits), a_moc(total=credits)), activity=activity)
    assert verdict.findings == ()


@pytest.mark.parametrize("format", OTHER_FORMATS)
@pytest.mark.parametrize("part", [a_cme(credits=100.25), a_moc(total=100.25)])
def test_more_than_ten_times_the_activitys_amount_is_worth_a_second_look(format: str, part: CmePart | MocPart) -> None:
    verdict = judged(a_report(part), activity=an_activity(format=format))
    assert (verdict.rejects, verdict.warns) == (set(), {"amount-unusual"})


def test_nothing_is_added_up_where_no_maximum_binds() -> None:
    before = a_completion(a_credit(credits=10), completed_on=EARLIER)
    verdict = judged(a_report(a_cme(credits=10.0)), activity=an_activity(format="manuscript-review"), standing=[before])
    assert verdict.rejects == set()


SERIES = {"format": "regularly-scheduled-series"}
WHOLE_SERIES = "register the amount of the whole series"


@pytest.mark.parametrize(("part", "rule"), [(a_cme(credits=1.25), "cme-maximum"), (a_moc(total=1.25), "moc-maximum")])
def test_a_series_registered_with_one_sessions_credit_is_told_so(part: CmePart | MocPart, rule: str) -> None:
    verdict = judged(a_report(part), activity=an_activity(**SERIES, ama_pra_credits=1.0))
    assert verdict.rejects == {rule}
    assert WHOLE_SERIES in verdict.hint(rule)


@pytest.mark.parametrize(
    "fields",
    [
        {"format": "live-course", "ama_pra_credits": 1.0},
        SERIES | {"ama_pra_credits": 2.25},
        SERIES | {"ama_pra_credits": 1.0, "start_date": date(2021, 11, 1)},
    ],
)
def test_others_are_not_told_to_register_a_whole_series(fields: dict[str, object]) -> None:
    verdict = judged(a_report(a_cme(credits=3.0)), activity=an_activity(**fields))
    assert WHOLE_SERIES not in verdict.hint("cme-maximum")


def test_the_sum_over_a_series_registered_with_one_sessions_credit_is_told_so_too() -> None:
    # The second session is where it shows: each alone is within the amount of one.
    before = a_completion(a_credit(credits=1), completed_on=EARLIER)
    series = an_activity(**SERIES, ama_pra_credits=1.0)
    verdict = judged(a_report(a_cme(credits=1.0)), activity=series, standing=[before])
    assert verdict.rejects == {"cumulative-maximum"}
    assert WHOLE_SERIES in verdict.hint("cumulative-maximum")


@pytest.mark.parametrize(
    ("types", "refused", "warned"),
    [
        ({"Medical_Knowledge": 2.25, "Patient_Safety": 2.25}, set(), set()),
        ({"Medical_Knowledge": 2.25, "Patient_Safety": 0.25}, set(), set()),
        ({"Medical_Knowledge": 1.25, "Patient_Safety": 1.0}, set(), set()),
        ({"Medical_Knowledge": 1.0, "Patient_Safety": 1.0}, set(), {"credit-type-within-total"}),
        ({"Medical_Knowledge": 2.25, "Patient_Safety": 2.5}, {"credit-type-within-total"}, set()),
    ],
)
def test_types_of_one_row_are_not_additive(types: dict[str, float], refused: set[str], warned: set[str]) -> None:
    verdict = judged(a_report(a_moc(total=2.25, credit_types=types_of(**types))), activity=an_activity(ABIM_TWO))
    assert (verdict.rejects, verdict.warns) == (refused, warned)
    assert verdict.placement is not None
    assert verdict.placement.targets[0].quarters == 9


def test_each_type_above_the_total_is_pointed_at() -> None:
    types = types_of(Medical_Knowledge=2.5, Patient_Safety=3.0)
    verdict = judged(a_report(a_moc(total=2.0, credit_types=types)), activity=an_activity(ABIM_TWO))
    assert verdict.pointers("credit-type-within-total") == [
        "/moc/0/credit_types/0/credits",
        "/moc/0/credit_types/1/credits",
    ]


def test_cme_and_points_are_separate_figures() -> None:
    full = a_completion(a_credit(credits=10), completed_on=EARLIER)
    assert judged(a_report(a_moc(total=10.0)), standing=[full]).rejects == set()
    assert judged(a_report(a_cme(credits=10.0), a_moc(total=10.0), a_moc("ABA", 10.0))).rejects == set()


def test_cme_for_several_states_counts_once_against_the_maximum() -> None:
    assert judged(a_report(a_cme("TN", 10.0), a_cme("ME", 10.0), a_cme("NC", 10.0))).findings == ()


@pytest.mark.parametrize(("asked", "refused"), [(1.0, set()), (1.25, {"cumulative-maximum"})])
@pytest.mark.parametrize("board", ["TN-M", "ABIM"])
def test_the_learners_sum_over_all_days_is_bounded(asked: float, refused: set[str], board: str) -> None:
    before = [
        a_completion(a_credit(board, 4), completed_on=date(2021, 12, 1)),
        a_completion(a_credit(board, 5), completed_on=date(2021, 12, 2)),
    ]
    part = a_cme(credits=asked) if board == "TN-M" else a_moc("ABIM", asked)
    verdict = judged(a_report(part), standing=before)
    assert verdict.rejects == refused
    if refused:
        assert verdict.hint("cumulative-maximum").startswith("At most 1 can still be reported")


def test_the_sum_takes_the_largest_of_a_completions_states_once() -> None:
    before = [a_completion(a_credit("TN-M", 4), a_credit("ME-M", 6), completed_on=EARLIER)]
    assert judged(a_report(a_cme("NC", 4.0)), standing=before).rejects == set()
    assert judged(a_report(a_cme("NC", 4.25)), standing=before).rejects == {"cumulative-maximum"}


def test_another_state_of_the_same_completion_adds_nothing_to_the_sum() -> None:
    before = [a_completion(a_credit("TN-M", 10))]
    joined = judged(a_report(a_cme("ME", 10.0)), standing=before)
    assert (joined.findings, joined.outcome) == ((), "joined")


def test_states_of_one_completion_with_other_amounts_are_told() -> None:
    assert judged(a_report(a_cme("TN", 2.0), a_cme("ME", 2.0))).warns == set()
    assert judged(a_report(a_cme("TN", 2.0), a_cme("ME", 1.75))).warns == {"states-differ"}
    joined = judged(a_report(a_cme("ME", 1.75)), standing=[a_completion(a_credit("TN-M", 2))])
    assert (joined.outcome, joined.warns) == ("joined", {"states-differ"})


@pytest.mark.parametrize("state", ["NC", "North Carolina", "ZZNC"])
def test_controlled_substance_is_a_part_of_north_carolinas_cme(state: str) -> None:
    verdict = judged(a_report(a_cme(state, 2.0, special_credits=a_special(2.0))))
    assert verdict.findings == ()
    assert verdict.placement is not None
    assert verdict.placement.targets[0].quarters == 8
    assert verdict.placement.targets[0].credit_types == (("Controlled Substance", 8),)


def test_controlled_substance_above_the_cme_amount_is_refused() -> None:
    verdict = judged(a_report(a_cme("NC", 2.0, special_credits=a_special(2.25))))
    assert verdict.rejects == {"special-credit"}
    assert verdict.pointers("special-credit") == ["/cme/0/special_credits/0/credits"]


@pytest.mark.parametrize("state", ["TN", "ME"])
def test_no_other_state_knows_controlled_substance(state: str) -> None:
    verdict = judged(a_report(a_cme("NC"), a_cme(state, special_credits=a_special())))
    assert verdict.rejects == {"special-credit"}
    assert verdict.pointers("special-credit") == ["/cme/1/special_credits/0/type"]


@pytest.mark.parametrize("type", ["Basket Weaving", None])
def test_north_carolina_knows_one_special_credit(type: str | None) -> None:
    assert judged(a_report(a_cme("NC", special_credits=a_special(type=type)))).rejects == {"special-credit"}


def test_special_credit_for_every_licence_goes_to_north_carolina_only() -> None:
    by_npi = a_person(npi=NPI)
    verdict = judged(a_report(a_cme(None, special_credits=a_special()), person=by_npi))
    assert verdict.rejects == set()
    assert verdict.placement is not None
    kept = {target.board: target.credit_types for target in verdict.placement.targets}
    assert kept == {"TN-M": (), "ME-M": (), "ZZNC": (("Controlled Substance", 4),)}


def test_special_credit_for_every_licence_of_somebody_without_one_there_is_refused() -> None:
    verdict = judged(
        a_report(a_cme(None, special_credits=a_special()), person=a_person(npi=NPI)),
        learners=[a_learner(licenses={"TN-M": "444444"})],
    )
    assert verdict.rejects == {"special-credit"}
