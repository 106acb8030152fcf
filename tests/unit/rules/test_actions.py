"""Deletes and updates by row: which completion they find, what they name, and what is judged of them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from app.domain.credits import CreditStatus, Outcome
from app.domain.parsing import MonthDay, Unparsed
from app.domain.reports import Action, CmePart, CompletionReport, MocPart, RemsPart
from tests.builders.judging import (
    DAY,
    LINK,
    NOW,
    NPI,
    Verdict,
    a_cme,
    a_completion,
    a_credit,
    a_learner,
    a_moc,
    a_person,
    a_rems,
    a_report,
    an_activity,
    judged,
)

TN, ABIM = a_credit(), a_credit("ABIM")
BOTH = a_completion(TN, ABIM)
SECOND = a_completion(a_credit(credits=3), a_credit("ABA"), occasion=2)


def _delete(*parts: CmePart | MocPart | RemsPart, **fields: object) -> CompletionReport:
    """A delete with nothing in it but who, when, which activity, and targets without amounts."""
    whole: dict[str, object] = {} if parts else {"cme": ()}
    return a_report(*parts, action=Action.DELETE, permission=None, **(whole | fields))


def _update(*parts: CmePart | MocPart | RemsPart, **fields: object) -> CompletionReport:
    return a_report(*parts, action=Action.UPDATE, **fields)


def _tn(**fields: object) -> CmePart:
    return CmePart(state="TN", **fields)  # type: ignore[arg-type]


def _abim() -> MocPart:
    return a_moc(total=None, credit_types=())


def _found(verdict: Verdict) -> tuple[Outcome | None, int | None, set[str]]:
    assert verdict.row_target is not None
    found = verdict.row_target.completion
    return verdict.outcome, found and found.occasion, set(verdict.row_target.boards)


def test_a_delete_names_state_and_board_and_neither_amount_nor_permission() -> None:
    verdict = judged(_delete(_tn(), _abim()), standing=[BOTH])
    assert verdict.findings == ()
    assert _found(verdict) == (Outcome.DELETED, 1, {"TN-M", "ABIM"})


@pytest.mark.parametrize(("part", "board"), [(_tn(), "TN-M"), (_abim(), "ABIM")])
def test_a_delete_takes_what_it_names_and_nothing_else(part: CmePart | MocPart, board: str) -> None:
    assert _found(judged(_delete(part), standing=[BOTH])) == (Outcome.DELETED, 1, {board})


def test_a_delete_that_names_neither_state_nor_board_takes_the_whole_completion() -> None:
    verdict = judged(_delete(), standing=[BOTH])
    assert verdict.findings == ()
    assert _found(verdict) == (Outcome.DELETED, 1, set())


def test_an_npi_beside_no_state_and_no_amount_says_who_and_names_no_target() -> None:
    verdict = judged(_delete(CmePart(license_id=NPI)), standing=[BOTH])
    assert (_found(verdict), verdict.findings) == ((Outcome.DELETED, 1, set()), ())
    with_amount = judged(_delete(CmePart(license_id=NPI, credits=2.0)), standing=[BOTH])
    assert _found(with_amount) == (Outcome.DELETED, 1, {"TN-M", "ME-M", "ZZNC"})


def test_a_licence_without_a_state_or_points_without_a_board_never_delete_the_whole() -> None:
    assert judged(_delete(CmePart(license_id="444444")), standing=[BOTH]).rejects == {"state-required"}
    assert judged(_delete(replace(_abim(), board=None)), standing=[BOTH]).rejects == {"board-known"}
    assert judged(_delete(_tn(), replace(_abim(), board="ABXYZ")), standing=[BOTH]).rejects == {"board-known"}


@pytest.mark.parametrize(
    "fields",
    [
        {"received_at": NOW + timedelta(days=400)},
        {"cme": (_tn(credits=Unparsed("two")),)},
        {"cme": (_tn(credits=-1.1),)},
        {"cme": (_tn(credits=999.0),)},
    ],
)
def test_permission_dates_and_amounts_of_a_delete_are_not_judged(fields: dict[str, object]) -> None:
    verdict = judged(_delete(_tn(), **fields), standing=[BOTH])
    assert (verdict.outcome, verdict.findings) == (Outcome.DELETED, ())


def test_windows_registrations_and_status_of_the_activity_do_not_hinder_a_delete() -> None:
    late, future = date(2022, 6, 1), date(2024, 1, 1)
    for day in (late, future):
        standing = [a_completion(TN, ABIM, completed_on=day)]
        assert judged(_delete(_tn(), completed_on=day), standing=standing).findings == ()
    draft = an_activity(description=None, registrations=())
    assert judged(_delete(_abim()), activity=draft, standing=[BOTH]).findings == ()


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"activity_id": "999999999"}, "activity-known"),
        ({"activity_id": "12"}, "activity-id-valid"),
        ({"completed_on": Unparsed("soon")}, "date-valid"),
        ({"completed_on": None}, "date-valid"),
        ({"person": a_person(first_name=None)}, "name-required"),
        ({"person": a_person(last_name="Bak\ufffdr")}, "name-legible"),
        ({"person": a_person(birth_date=None)}, "birth-date-required"),
        ({"person": a_person(birth_date=Unparsed("x"))}, "birth-date-valid"),
        ({"person": a_person(npi="1")}, "npi-valid"),
        ({"person": a_person(birth_date=MonthDay(1, 1))}, "learner-unmatched"),
    ],
)
@pytest.mark.parametrize("parts", [(), (_tn(),)])
def test_who_when_and_which_activity_are_judged_of_every_delete(
    parts: tuple[CmePart, ...], fields: dict[str, object], rule: str
) -> None:
    verdict = judged(_delete(*parts, **fields), standing=[BOTH])
    assert verdict.rejects == {rule}


def test_namesakes_are_told_apart_for_a_delete_as_for_a_report() -> None:
    people = [a_learner(), a_learner("learner-2", npi=None, licenses={"TN-M": "555555"})]
    assert judged(_delete(), learners=people, standing=[BOTH]).rejects == {"learner-ambiguous"}
    assert judged(_delete(_tn(license_id="444444")), learners=people, standing=[BOTH]).findings == ()


def test_a_learner_id_stands_for_names_and_birth_date_of_a_delete() -> None:
    person = a_person(first_name=None, last_name=None, birth_date=None, learner_id=LINK)
    for parts in ((), (_tn(),), (a_moc(board_id=None),)):
        assert judged(_delete(*parts, person=person), standing=[BOTH]).findings == ()


def test_a_delete_for_aba_needs_no_birth_date() -> None:
    standing = [a_completion(a_credit("ABA"))]
    assert judged(_delete(a_moc("ABA"), person=a_person(birth_date=None)), standing=standing).findings == ()


def test_what_never_stood_is_unknown_and_nothing_else_is_taken() -> None:
    verdict = judged(_delete(_tn(), CmePart(state="ME"), _abim()), standing=[BOTH])
    assert (verdict.rejects, verdict.pointers("delete-unknown")) == ({"delete-unknown"}, ["/cme/1"])
    nothing = judged(_delete(_tn()), standing=[])
    assert (nothing.rejects, nothing.pointers("delete-unknown")) == ({"delete-unknown"}, [""])
    elsewhere = judged(_delete(_tn()), standing=[a_completion(completed_on=date(2021, 12, 13))])
    assert elsewhere.rejects == {"delete-unknown"}
    assert judged(_delete(_tn(), occasion=2), standing=[BOTH]).rejects == {"delete-unknown"}


def test_several_completions_of_a_day_are_told_apart_by_their_occasion() -> None:
    standing = [BOTH, SECOND]
    for parts in ((), (_tn(),)):
        verdict = judged(_delete(*parts), standing=standing)
        assert (verdict.rejects, verdict.pointers("delete-ambiguous")) == ({"delete-ambiguous"}, ["/occasion"])
        assert _found(judged(_delete(*parts, occasion=2), standing=standing))[:2] == (Outcome.DELETED, 2)


def test_a_target_that_stands_in_one_completion_of_the_day_tells_it_apart() -> None:
    standing = [BOTH, SECOND]
    assert _found(judged(_delete(_abim()), standing=standing)) == (Outcome.DELETED, 1, {"ABIM"})
    assert _found(judged(_delete(_tn(), a_moc("ABA")), standing=standing)) == (Outcome.DELETED, 2, {"TN-M", "ABA"})
    assert judged(_delete(_abim(), a_moc("ABA")), standing=standing).rejects == {"delete-ambiguous"}


def test_what_was_withdrawn_before_is_unchanged_with_a_warning() -> None:
    gone = [(DAY, 1, "TN-M"), (DAY, 1, "ABIM")]
    for parts in ((), (_tn(),), (_tn(), _abim())):
        verdict = judged(_delete(*parts), gone=gone)
        assert (verdict.outcome, verdict.rejects, verdict.warns) == (Outcome.UNCHANGED, set(), {"already-withdrawn"})
    assert judged(_delete(_tn()), standing=[a_completion(ABIM)], gone=gone).outcome is Outcome.UNCHANGED
    assert judged(_delete(_tn(), occasion=2), gone=gone).rejects == {"delete-unknown"}
    assert judged(_delete(_tn(), completed_on=date(2021, 12, 13)), gone=gone).rejects == {"delete-unknown"}


def test_of_what_is_named_the_gone_stays_gone_and_the_rest_is_taken() -> None:
    verdict = judged(_delete(_tn(), _abim()), standing=[a_completion(ABIM)], gone=[(DAY, 1, "TN-M")])
    assert (_found(verdict), verdict.findings) == ((Outcome.DELETED, 1, {"ABIM"}), ())


def test_what_was_withdrawn_and_reported_again_is_taken_again() -> None:
    verdict = judged(_delete(_tn()), standing=[BOTH], gone=[(DAY, 1, "TN-M")])
    assert _found(verdict) == (Outcome.DELETED, 1, {"TN-M"})


def test_what_its_board_rejected_can_be_taken_back() -> None:
    standing = [a_completion(a_credit(status=CreditStatus.REJECTED))]
    assert _found(judged(_delete(_tn()), standing=standing)) == (Outcome.DELETED, 1, {"TN-M"})


def test_a_state_of_two_boards_means_the_one_a_report_goes_to_and_never_a_second_one_the_second_time() -> None:
    osteopath = a_learner(licenses={"TN-M": "1", "TN-O": "2"})
    m, o = a_credit("TN-M"), a_credit("TN-O")
    both = a_completion(m, o)
    assert _found(judged(_delete(_tn()), learners=[osteopath], standing=[both])) == (Outcome.DELETED, 1, {"TN-M"})
    again = judged(_delete(_tn()), learners=[osteopath], standing=[a_completion(o)], gone=[(DAY, 1, "TN-M")])
    assert again.outcome is Outcome.UNCHANGED
    older = judged(_delete(_tn()), learners=[osteopath], standing=[a_completion(o)])
    assert _found(older) == (Outcome.DELETED, 1, {"TN-O"})
    named = judged(_delete(_tn(license_id="2")), learners=[osteopath], standing=[both])
    assert _found(named) == (Outcome.DELETED, 1, {"TN-O"})


def test_participation_in_rems_is_deleted_by_its_local_identifier() -> None:
    standing = [a_completion(rems=a_rems(), physician_id=None, subject="rems:0008001:17")]
    verdict = judged(_delete(a_rems(), person=a_person(first_name=None)), standing=standing)
    assert (_found(verdict), verdict.findings) == ((Outcome.DELETED, 1, set()), ())
    assert judged(_delete(a_rems(local_id=None))).rejects == {"rems-identifier-required"}
    # One that was taken before can still be withdrawn.
    assert judged(_delete(a_rems(local_id="#N/A"))).rejects == {"delete-unknown"}


def test_an_update_corrects_what_it_names_and_keeps_the_rest() -> None:
    verdict = judged(_update(a_cme(credits=3.0)), standing=[BOTH])
    assert (verdict.outcome, verdict.findings) == (Outcome.UPDATED, ())
    assert verdict.placement is not None
    assert verdict.placement.corrects is BOTH
    assert [board.board for board in verdict.placement.kept] == ["ABIM"]


def test_an_update_is_judged_like_a_correction_in_place() -> None:
    standing = [a_completion(a_credit(credits=9), a_credit("ABA", 2)), a_completion(TN, completed_on=date(2021, 12, 1))]
    assert judged(_update(a_cme(credits=8.0)), standing=standing).findings == ()
    assert judged(_update(a_cme(credits=8.25)), standing=standing).rejects == {"cumulative-maximum"}
    assert judged(_update(a_cme(credits=11.0)), standing=standing).rejects == {"cme-maximum"}
    assert judged(_update(a_cme(credits=0.3)), standing=standing).rejects == {"credit-quarter"}
    assert judged(_update(permission=None), standing=standing).rejects == {"permission"}
    assert judged(_update(a_moc("ABA", 3.0)), standing=standing).findings == ()
    assert judged(_update(cme=()), standing=standing).rejects == {"target-required"}


def test_an_update_of_an_old_record_is_no_late_report() -> None:
    late = NOW + timedelta(days=60)
    verdict = judged(_update(a_cme(credits=3.0), received_at=late), standing=[BOTH], now=late)
    assert (verdict.outcome, verdict.warns) == (Outcome.UPDATED, set())


def test_an_update_is_told_of_states_that_differ_from_those_it_does_not_name() -> None:
    standing = [a_completion(TN, a_credit("ME-M"))]
    assert judged(_update(a_cme(credits=3.0)), standing=standing).warns == {"states-differ"}
    assert judged(_update(a_cme(credits=3.0), a_cme("ME", 3.0)), standing=standing).warns == set()


def test_an_update_of_points_is_held_against_the_cme_it_does_not_name() -> None:
    assert judged(_update(a_moc(total=3.0)), standing=[BOTH]).warns == {"abim-within-cme"}


def test_an_update_adds_what_the_completion_does_not_have_and_says_so() -> None:
    verdict = judged(_update(a_cme(), a_cme("ME")), standing=[BOTH])
    assert (verdict.outcome, verdict.rejects, verdict.warns) == (Outcome.UPDATED, set(), {"delete-unknown"})
    assert verdict.pointers("delete-unknown") == ["/cme/1"]


def test_an_update_finds_exactly_one_completion() -> None:
    assert judged(_update(), standing=[]).rejects == {"delete-unknown"}
    assert judged(_update(), gone=[(DAY, 1, "TN-M")]).rejects == {"delete-unknown"}
    assert judged(_update(), standing=[BOTH, SECOND]).rejects == {"delete-ambiguous"}
    by_target = judged(_update(a_moc(total=1.0)), standing=[BOTH, SECOND])
    by_occasion = judged(_update(a_cme(credits=4.0), occasion=2), standing=[BOTH, SECOND])
    assert by_target.placement is not None and by_target.placement.corrects is BOTH
    assert by_occasion.placement is not None and by_occasion.placement.corrects is SECOND
    assert judged(_update(a_moc("ABO"), occasion=3), standing=[BOTH, SECOND]).rejects == {"delete-unknown"}


@pytest.mark.parametrize("action", [None, Unparsed("Remove")])
def test_a_row_that_does_not_say_what_it_asks_for_is_refused_with_all_that_an_add_would_be(action: object) -> None:
    verdict = judged(a_report(a_cme(credits=1.1), action=action))
    assert (verdict.rejects, verdict.pointers("action-valid")) == ({"action-valid", "credit-quarter"}, ["/action"])
