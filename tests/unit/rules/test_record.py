"""What a record must hold, and what is told when it cannot be read."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.domain.findings import Severity
from app.domain.parsing import MonthDay, Unparsed
from app.domain.reports import CmePart, MocPart, RemsPart
from app.rules.engine import COMPLETION_RULES
from app.rules.judge import RULE_FILES
from tests.builders.judging import (
    LINK,
    NPI,
    a_cme,
    a_learner,
    a_moc,
    a_person,
    a_registration,
    a_rems,
    a_report,
    a_special,
    an_activity,
    judged,
    types_of,
)

NOBODY = {"first_name": None, "last_name": None, "birth_date": None}


@pytest.mark.parametrize("given", [None, False])
def test_permission_that_is_not_attested_refuses_the_record(given: bool | None) -> None:
    assert judged(a_report(permission=given)).rejects == {"permission"}


def test_everything_wrong_is_told_at_once_with_its_place() -> None:
    verdict = judged(
        a_report(
            a_cme("Ontario", Unparsed("two")),
            a_moc("ABXYZ", credit_types=()),
            a_moc("ABIM", 10.3, board_id=None),
            permission=False,
            completed_on=Unparsed("yesterday"),
            person=a_person(first_name=None, birth_date=Unparsed("31/31"), npi="12"),
        )
    )
    assert {finding.rule: finding.pointer for finding in verdict.findings if finding.rejects} == {
        "permission": "/permission",
        "name-required": "/learner/first_name",
        "birth-date-valid": "/learner/date_of_birth",
        "date-valid": "/completed_on",
        "amount-valid": "/cme/0/credits",
        "npi-valid": "/learner/npi",
        "board-known": "/moc/0/board",
        "state-required": "/cme/0/state",
        "board-id-required": "/moc/1/board_id",
        "credit-type-required": "/moc/0/credit_types",
        "credit-quarter": "/moc/1/credit_types/0/credits",
        "moc-maximum": "/moc/1/total_credits",
    }


def test_an_unknown_activity_is_told_alone() -> None:
    verdict = judged(a_report(a_cme("XX", -1.0), activity_id="999999999", permission=False, person=a_person(**NOBODY)))
    assert [finding.rule for finding in verdict.findings] == ["activity-known"]
    assert verdict.match.learner is None


def test_another_providers_activity_is_as_if_it_did_not_exist() -> None:
    assert judged(a_report(provider_id="0008002")).rejects == {"activity-known"}


@pytest.mark.parametrize("given", [None, "12345678", "1234567890", "20175955A", "２０１７５９５５８"])
def test_an_activity_id_has_nine_ascii_digits(given: str | None) -> None:
    assert judged(a_report(activity_id=given)).rejects == {"activity-id-valid"}


def test_findings_come_in_the_order_of_the_rule_files() -> None:
    told = judged(a_report(a_cme(credits=0.1), a_moc("ABIM", 11.1, board_id=None), permission=False)).findings
    files = [file.__name__ for file in RULE_FILES]
    places = [files.index(COMPLETION_RULES[finding.rule].judge.__module__) for finding in told]
    assert len(set(places)) > 1
    assert places == sorted(places)


@pytest.mark.parametrize(
    "lacking", ["delivery_methods", "ama_pra_credits", "description", "providership", "listing_public"]
)
def test_a_draft_takes_no_learners_and_is_told_what_it_lacks(lacking: str) -> None:
    verdict = judged(activity=an_activity(**{lacking: () if lacking == "delivery_methods" else None}))
    assert verdict.rejects == {"activity-reportable"}
    (finding,) = (finding for finding in verdict.findings if finding.rule == "activity-reportable")
    assert lacking.replace("_public", ".public") in finding.detail


def test_an_activity_in_person_lacks_its_place() -> None:
    somewhere = an_activity(delivery_methods=("in-person",))
    assert "location" in judged(activity=somewhere).findings[0].detail
    assert judged(activity=an_activity(delivery_methods=("in-person",), city="Portland", state="ME")).rejects == set()


def test_a_closed_activity_still_takes_learners_with_a_warning() -> None:
    verdict = judged(activity=an_activity(closed=True))
    assert (verdict.rejects, verdict.warns) == (set(), {"activity-reportable"})
    assert verdict.findings[0].severity is Severity.WARNING


@pytest.mark.parametrize("lacking", ["first_name", "last_name"])
@pytest.mark.parametrize("part", [a_cme(), a_moc("ABA"), a_moc("ABS")])
def test_first_and_last_name_are_given_for_cme_and_moc(lacking: str, part: CmePart | MocPart) -> None:
    verdict = judged(a_report(part, person=a_person(**{lacking: None})))
    assert verdict.rejects == {"name-required"}
    assert verdict.pointers("name-required") == [f"/learner/{lacking}"]


@pytest.mark.parametrize("part", [a_cme(), a_moc("ABA"), a_rems()])
@pytest.mark.parametrize(
    ("field", "given"), [("first_name", "Rebe?ca"), ("last_name", "Ba&#39;ker"), ("last_name", "#REF!")]
)
def test_a_name_that_is_none_is_told_and_nobody_is_looked_for(
    part: CmePart | MocPart | RemsPart, field: str, given: str
) -> None:
    for person in (a_person(**{field: given}), a_person(learner_id="lrn_1", **{field: given})):
        verdict = judged(a_report(part, person=person), activity=an_activity(rems={"a": 1}))
        assert verdict.rejects == {"name-legible"}
        assert verdict.pointers("name-legible") == [f"/learner/{field}"]
        assert verdict.match.learner is None
        assert given not in verdict.findings[0].detail + verdict.findings[0].hint


def test_rems_only_asks_for_neither_name_nor_birth_date_nor_the_registry() -> None:
    verdict = judged(
        a_report(a_rems(profession="Nurse"), person=a_person(**NOBODY)),
        learners=[],
        activity=an_activity(rems={"a": 1}),
    )
    assert verdict.findings == ()
    assert verdict.outcome == "created"


def test_rems_beside_cme_asks_for_the_name() -> None:
    verdict = judged(a_report(a_cme(), a_rems(), person=a_person(**NOBODY)), activity=an_activity(rems={"a": 1}))
    assert verdict.rejects == {"name-required", "birth-date-required"}


def test_a_learner_id_stands_for_name_birth_date_state_licence_and_board_id() -> None:
    verdict = judged(a_report(a_cme(None), a_moc("ABIM", board_id=None), person=a_person(**NOBODY, learner_id=LINK)))
    assert verdict.findings == ()
    assert set(verdict.boards) == {"TN-M", "ME-M", "ZZNC", "ABIM"}


@pytest.mark.parametrize("board", ["ABA", "ABP"])
def test_aba_and_abp_do_not_ask_for_the_birth_date(board: str) -> None:
    assert judged(a_report(a_moc(board), person=a_person(birth_date=None))).rejects == set()


@pytest.mark.parametrize("board", ["ABA", "ABP"])
def test_aba_and_abp_with_cme_beside_them_ask_for_the_birth_date(board: str) -> None:
    verdict = judged(a_report(a_cme(), a_moc(board), person=a_person(birth_date=None)))
    assert verdict.rejects == {"birth-date-required"}


@pytest.mark.parametrize("board", ["ABIM", "ABO", "ABOHNS", "ABPath", "ABS", "ABOS", "ABTS"])
def test_every_other_board_asks_for_the_birth_date_even_beside_aba(board: str) -> None:
    verdict = judged(a_report(a_moc("ABA"), a_moc(board), person=a_person(birth_date=None)))
    assert verdict.rejects == {"birth-date-required"}


def test_born_on_the_29th_of_february_is_a_birth_date() -> None:
    leap = a_person(birth_date=MonthDay(2, 29))
    assert judged(a_report(person=leap), learners=[a_learner(birth_date="02/29")]).findings == ()


def test_an_unreadable_birth_date_is_told_even_where_none_is_asked_for() -> None:
    verdict = judged(a_report(a_moc("ABA"), person=a_person(birth_date=Unparsed("02/30"))))
    assert verdict.rejects == {"birth-date-valid"}


@pytest.mark.parametrize("given", [None, Unparsed("2021-02-30")])
def test_a_completion_date_is_given_and_is_a_day(given: Unparsed | None) -> None:
    assert judged(a_report(completed_on=given)).rejects == {"date-valid"}


@pytest.mark.parametrize("amount", [None, Unparsed("two")])
@pytest.mark.parametrize(
    ("at", "part_of"),
    [
        ("/cme/0/credits", lambda amount: a_cme(credits=amount)),
        (
            "/cme/0/special_credits/0/credits",
            lambda amount: a_cme("NC", special_credits=a_special(amount)),
        ),
        ("/moc/0/credit_types/0/credits", lambda amount: a_moc(credit_types=types_of(Medical_Knowledge=amount))),
    ],
)
def test_every_amount_is_given_and_is_a_number(amount: Unparsed | None, at: str, part_of: object) -> None:
    verdict = judged(a_report(part_of(amount)))  # type: ignore[operator]
    assert verdict.rejects == {"amount-valid"}
    assert verdict.pointers("amount-valid") == [at]


def test_a_boards_total_may_be_left_to_its_largest_type() -> None:
    types = types_of(Lifelong_Learning=1.0, Patient_Safety=2.25)
    activity = an_activity(a_registration("ABO", "Lifelong Learning", "Patient Safety"))
    verdict = judged(a_report(a_moc("ABO", None, credit_types=types)), activity=activity)
    assert (verdict.rejects, verdict.warns) == (set(), {"total-inferred"})
    assert verdict.placement is not None
    assert [target.quarters for target in verdict.placement.targets] == [9]


def test_a_total_that_is_no_number_is_not_inferred() -> None:
    verdict = judged(a_report(a_moc(total=Unparsed("x"), credit_types=types_of(Medical_Knowledge=1.0))))
    assert (verdict.rejects, verdict.pointers("amount-valid")) == ({"amount-valid"}, ["/moc/0/total_credits"])


@pytest.mark.parametrize("given", ["123456789", "12345678901", "3234567893", "1234567890", "12345678９3"])
def test_an_npi_has_ten_digits_that_fit_together(given: str) -> None:
    assert judged(a_report(person=a_person(npi=given))).rejects == {"npi-valid"}


def test_a_right_npi_is_welcome() -> None:
    assert judged(a_report(person=a_person(npi=NPI))).findings == ()


@pytest.mark.parametrize("given", [None, "XYZ", "TN-M", "Tennessee"])
def test_a_certifying_board_is_known_and_no_state_board_is_one(given: str | None) -> None:
    verdict = judged(a_report(a_moc(given)))
    assert verdict.rejects == {"board-known"}


@pytest.mark.parametrize("given", ["ABPATH", "abpath", "American Board of Pathology", "american board of  pathology."])
def test_a_board_goes_by_code_and_name_without_case(given: str) -> None:
    verdict = judged(a_report(replace(a_moc("ABPath"), board=given)))
    assert (verdict.findings, verdict.boards) == ((), ("ABPath",))


@pytest.mark.parametrize(
    "given", ["TN", "tn", "Tennessee", "TENNESSEE", "TN-M", "Tennessee Board of Medical Examiners"]
)
def test_a_state_goes_by_letters_name_and_board(given: str) -> None:
    verdict = judged(a_report(a_cme(given)))
    assert (verdict.findings, verdict.boards) == ((), ("TN-M",))


@pytest.mark.parametrize("given", ["Ontario", "XX", "ABIM", "-"])
def test_what_licenses_no_physicians_is_no_state(given: str) -> None:
    assert judged(a_report(a_cme(given))).rejects == {"state-required"}


def test_cme_without_state_npi_or_learner_id_lacks_its_state() -> None:
    assert "state-required" in judged(a_report(a_cme(None))).rejects
    assert "state-required" in judged(a_report(a_cme(None), person=a_person(npi="1234567890"))).rejects
    assert "state-required" in judged(a_report(a_cme(None, license_id="444444"))).rejects


@pytest.mark.parametrize("board", ["ABA", "ABIM", "ABO", "ABOHNS", "ABPath", "ABP", "ABOS", "ABTS"])
def test_a_board_id_is_asked_for_by_every_board_but_abs(board: str) -> None:
    assert judged(a_report(a_moc(board, board_id=None))).rejects == {"board-id-required"}


def test_abs_is_reported_without_a_board_id() -> None:
    assert judged(a_report(a_moc("ABS", board_id=None))).findings == ()


def test_a_record_of_nothing_has_nothing_to_be_judged_by() -> None:
    assert judged(a_report(cme=(), moc=(), rems=None)).rejects == {"target-required"}


@pytest.mark.parametrize("profession", ["Physician", "PHYSICIAN", "physician "])
def test_a_physician_of_rems_education_may_have_cme_too(profession: str) -> None:
    activity = an_activity(rems={"type": "opioid"})
    assert judged(a_report(a_cme(), a_rems(profession=profession)), activity=activity).findings == ()


@pytest.mark.parametrize("profession", ["Nurse", "Pharmacist", "Other"])
@pytest.mark.parametrize("part", [a_cme(), a_moc()])
def test_others_than_physicians_have_neither_cme_nor_moc(profession: str, part: CmePart | MocPart) -> None:
    activity = an_activity(rems={"type": "opioid"})
    assert judged(a_report(part, a_rems(profession=profession)), activity=activity).rejects == {"physician-only"}
