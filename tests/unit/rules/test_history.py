"""What stands already: unchanged, joined, the next occasion, references reused, one record a day."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from app.domain.credits import CreditStatus, Outcome
from tests.builders.judging import (
    CATALOGUE,
    NOW,
    a_cme,
    a_completion,
    a_credit,
    a_moc,
    a_registration,
    a_rems,
    a_report,
    a_special,
    an_activity,
    judged,
    types_of,
)

HELD = a_completion(a_credit(client_references=("ccid:a:1",)))
OTHER_DAY = date(2021, 12, 13)
GONE = (CreditStatus.REJECTED, CreditStatus.WITHDRAWN)


def test_the_first_record_of_the_day_is_created_as_its_first_occasion() -> None:
    verdict = judged()
    assert (verdict.outcome, verdict.findings) == (Outcome.CREATED, ())
    assert verdict.placement is not None
    assert (verdict.placement.joins, verdict.placement.occasion) == (None, 1)


@pytest.mark.parametrize(
    "report",
    [
        a_report(),
        a_report(a_cme("Tennessee", license_id="44-44 44")),
        a_report(a_cme(client_reference="ccid:other:9")),
        a_report(a_cme(client_reference="ccid:a:1")),
        a_report(provider_id="0008001", received_at=NOW),
    ],
)
def test_the_same_amounts_are_unchanged_however_the_learner_was_written(report: object) -> None:
    verdict = judged(report, standing=[HELD])  # type: ignore[arg-type]
    assert (verdict.outcome, verdict.rejects, verdict.warns) == (Outcome.UNCHANGED, set(), {"already-reported"})
    assert verdict.placement is not None
    assert verdict.placement.joins is HELD


def test_points_join_the_completion_that_its_cme_made() -> None:
    verdict = judged(a_report(a_cme(), a_moc()), standing=[HELD])
    assert (verdict.outcome, verdict.findings) == (Outcome.JOINED, ())
    assert verdict.placement is not None
    assert [target.board for target in verdict.placement.fresh] == ["ABIM"]
    assert [target.board for target in verdict.placement.unchanged] == ["TN-M"]
    assert verdict.placement.joins is HELD


def test_of_several_occasions_the_first_without_the_target_is_joined() -> None:
    one = a_completion(a_credit("TN-M"), a_credit("ABIM", 1))
    two = a_completion(a_credit("TN-M", 3), occasion=2)
    three = a_completion(a_credit("TN-M", 4), occasion=3)
    verdict = judged(a_report(a_moc()), standing=[three, two, one])
    assert verdict.placement is not None
    assert (verdict.outcome, verdict.placement.joins) == (Outcome.JOINED, two)
    assert verdict.warns == {"second-record-same-day"}


def test_other_amounts_are_the_next_occasion() -> None:
    verdict = judged(a_report(a_cme(credits=3.0)), standing=[HELD])
    assert (verdict.outcome, verdict.rejects, verdict.warns) == (Outcome.CREATED, set(), {"second-record-same-day"})
    assert verdict.placement is not None
    assert verdict.placement.occasion == 2


def test_other_types_of_the_same_amount_are_another_record() -> None:
    standing = [a_completion(a_credit("ABIM", credit_types=(("Patient Safety", 8),)))]
    assert judged(a_report(a_moc("ABIM")), standing=standing).outcome is Outcome.CREATED


def test_types_have_no_order() -> None:
    standing = [a_completion(a_credit("ABIM", credit_types=(("Patient Safety", 8), ("Medical Knowledge", 4))))]
    activity = an_activity(a_registration("ABIM", "Medical Knowledge", "Patient Safety"))
    report = a_report(a_moc(credit_types=types_of(MK=1.0, PS=2.0)))
    assert judged(report, activity=activity, standing=standing).outcome is Outcome.UNCHANGED


def test_a_special_credit_more_is_another_record() -> None:
    standing = [a_completion(a_credit("ZZNC"))]
    assert judged(a_report(a_cme("NC")), standing=standing).outcome is Outcome.UNCHANGED
    verdict = judged(a_report(a_cme("NC", special_credits=a_special())), standing=standing)
    assert (verdict.outcome, verdict.warns) == (Outcome.CREATED, {"second-record-same-day"})


def test_another_day_is_another_completion() -> None:
    verdict = judged(a_report(completed_on=OTHER_DAY), standing=[HELD])
    assert (verdict.outcome, verdict.findings) == (Outcome.CREATED, ())
    assert verdict.placement is not None
    assert verdict.placement.occasion == 1


def test_a_reference_used_already_asks_for_a_correction() -> None:
    verdict = judged(a_report(a_cme(credits=3.0, client_reference="ccid:a:1")), standing=[HELD])
    assert (verdict.rejects, verdict.warns) == ({"reference-reused"}, set())
    assert verdict.pointers("reference-reused") == ["/cme/0"]


def test_a_reference_standing_on_another_completion_or_target_is_not_judged() -> None:
    again = a_cme(credits=3.0, client_reference="ccid:a:1")
    assert judged(a_report(again, completed_on=OTHER_DAY), standing=[HELD]).findings == ()
    points = a_moc(client_reference="ccid:a:1")
    assert judged(a_report(points), standing=[HELD]).outcome is Outcome.JOINED


@pytest.mark.parametrize("board", ["ABA", "ABP"])
def test_a_second_record_on_the_same_day_is_refused_for_aba_and_abp(board: str) -> None:
    verdict = judged(a_report(a_moc(board, 3.0)), standing=[a_completion(a_credit(board, 2))])
    assert (verdict.rejects, verdict.warns) == ({"one-record-per-day"}, set())
    assert "total 5 (" in verdict.hint("one-record-per-day")


@pytest.mark.parametrize("board", ["ABIM", "ABO", "ABOHNS", "ABPath", "ABS", "ABOS", "ABTS"])
def test_a_second_record_on_the_same_day_is_kept_for_every_other_board(board: str) -> None:
    verdict = judged(a_report(a_moc(board, 3.0)), standing=[a_completion(a_credit(board, 2))])
    assert (verdict.outcome, verdict.rejects, verdict.warns) == (Outcome.CREATED, set(), {"second-record-same-day"})


def test_the_hint_of_one_record_per_day_gives_the_merged_amounts_by_type() -> None:
    activity = an_activity(a_registration("ABA", "Lifelong Learning", "Patient Safety"))
    standing = [a_completion(a_credit("ABA", 2, credit_types=(("Lifelong Learning", 8), ("Patient Safety", 2))))]
    types = types_of(LL=1.25, PS=1.0)
    verdict = judged(a_report(a_moc("ABA", 1.25, credit_types=types)), activity=activity, standing=standing)
    assert "total 3.25 (Lifelong Learning 3.25, Patient Safety 1.5)" in verdict.hint("one-record-per-day")


def test_one_a_day_counts_neither_another_day_nor_another_board() -> None:
    standing = [a_completion(a_credit("ABA", 2))]
    assert judged(a_report(a_moc("ABA", 3.0), completed_on=OTHER_DAY), standing=standing).rejects == set()
    assert judged(a_report(a_moc("ABP", 3.0)), standing=standing).rejects == set()


def test_one_a_day_is_refused_on_a_second_occasion_too_even_with_the_same_amount() -> None:
    standing = [a_completion(a_credit("ABA", 2))]
    assert judged(a_report(a_moc("ABA", 3.0), occasion=2), standing=standing).rejects == {"one-record-per-day"}
    assert judged(a_report(a_moc("ABA", 2.0), occasion=2), standing=standing).rejects == {"one-record-per-day"}


def test_one_a_day_takes_the_same_record_again_as_unchanged() -> None:
    assert judged(a_report(a_moc("ABA")), standing=[a_completion(a_credit("ABA"))]).outcome is Outcome.UNCHANGED


def test_abp_exempts_journals_only_where_its_file_says_so() -> None:
    assert CATALOGUE.boards["ABP"].counts_once_per_day("journal-cme")
    standing = [a_completion(a_credit("ABP", 2))]
    journal = an_activity(format="journal-cme")
    assert judged(a_report(a_moc("ABP", 3.0)), activity=journal, standing=standing).rejects == {"one-record-per-day"}


@pytest.mark.parametrize("status", GONE)
@pytest.mark.parametrize(("board", "part"), [("TN-M", a_cme()), ("ABA", a_moc("ABA"))])
def test_a_credit_that_is_gone_does_not_stand_in_the_way_of_the_same_again(
    status: CreditStatus, board: str, part: object
) -> None:
    standing = [a_completion(a_credit(board, status=status), a_credit("ABIM"))]
    verdict = judged(a_report(part), standing=standing)  # type: ignore[arg-type]
    assert (verdict.outcome, verdict.findings) == (Outcome.JOINED, ())


@pytest.mark.parametrize("status", GONE)
def test_a_credit_that_is_gone_holds_neither_day_nor_reference_nor_maximum(status: CreditStatus) -> None:
    gone = a_credit("ABA", 10, status=status, client_references=("ccid:a:1",))
    verdict = judged(a_report(a_moc("ABA", 9.0, client_reference="ccid:a:1")), standing=[a_completion(gone)])
    assert (verdict.outcome, verdict.findings) == (Outcome.JOINED, ())


def test_an_occasion_given_is_a_record_of_its_own() -> None:
    verdict = judged(a_report(occasion=2), standing=[HELD])
    assert (verdict.outcome, verdict.rejects) == (Outcome.CREATED, set())
    assert verdict.placement is not None
    assert verdict.placement.occasion == 2
    again = judged(a_report(occasion=2), standing=[HELD, a_completion(a_credit(), occasion=2)])
    assert again.outcome is Outcome.UNCHANGED


def test_an_occasion_given_is_joined_by_what_it_does_not_have() -> None:
    two = a_completion(a_credit(credits=3), occasion=2)
    verdict = judged(a_report(a_moc(), occasion=2), standing=[HELD, two])
    assert verdict.placement is not None
    assert (verdict.outcome, verdict.placement.joins) == (Outcome.JOINED, two)


def test_an_occasion_that_stands_with_other_amounts_is_corrected_not_reported() -> None:
    verdict = judged(a_report(a_cme(credits=3.0), occasion=1), standing=[HELD])
    assert verdict.rejects == {"reference-reused"}


def test_two_records_of_a_day_count_together_against_the_maximum() -> None:
    standing = [a_completion(a_credit(credits=6))]
    assert judged(a_report(a_cme(credits=4.0)), standing=standing).rejects == set()
    assert judged(a_report(a_cme(credits=4.25)), standing=standing).rejects == {"cumulative-maximum"}


REMS_ACTIVITY = an_activity(rems={"type": "opioid"})


def test_rems_joins_what_stands_and_is_unchanged_when_it_stands_itself() -> None:
    joined = judged(a_report(a_cme(), a_rems()), activity=REMS_ACTIVITY, standing=[HELD])
    assert (joined.outcome, joined.findings) == (Outcome.JOINED, ())
    standing = [a_completion(a_credit(), rems=a_rems())]
    assert judged(a_report(a_cme(), a_rems()), activity=REMS_ACTIVITY, standing=standing).outcome is Outcome.UNCHANGED
    assert judged(a_report(a_rems()), activity=REMS_ACTIVITY, standing=standing).outcome is Outcome.UNCHANGED


def test_an_occasion_that_stands_with_other_rems_demographics_is_corrected_not_doubled() -> None:
    standing = [a_completion(a_credit(), rems=a_rems())]
    report = a_report(a_cme(), a_rems(practice_area="Pain"), occasion=1)
    verdict = judged(report, activity=REMS_ACTIVITY, standing=standing)
    assert verdict.rejects == {"reference-reused"}
    elsewhere = judged(replace(report, occasion=2), activity=REMS_ACTIVITY, standing=standing)
    assert (elsewhere.outcome, elsewhere.rejects) == (Outcome.CREATED, set())
