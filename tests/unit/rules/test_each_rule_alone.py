"""Every rule has a case that only it catches: without the rule, the record would pass in silence."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from app.domain.activities import Activity
from app.domain.findings import Severity
from app.domain.parsing import Unparsed
from app.domain.reports import MOST_REFERENCES, Action, CmePart, CorrectionKind, MocPart, RemsPart
from app.rules.engine import ACTIVITY_RULES, COMPLETION_RULES
from tests.builders.judging import (
    DAY,
    NPI,
    OTHER_NPI,
    PROVIDER,
    Verdict,
    a_cme,
    a_completion,
    a_credit,
    a_learner,
    a_moc,
    a_person,
    a_registration,
    a_rems,
    a_report,
    a_special,
    advised,
    an_activity,
    judged,
    types_of,
)

LATE = "reported-within-30-days"


def _judged(*parts: CmePart | MocPart | RemsPart, **fields: object) -> Verdict:
    """Judge a record of these parts, every other thing being right."""
    return judged(a_report(*parts, **fields))


def _standing(*parts: CmePart | MocPart, held: tuple[object, ...], **fields: object) -> Verdict:
    return judged(a_report(*parts, **fields), standing=[a_completion(*held)])


REMS_ACTIVITY = an_activity(rems={"type": "opioid"})
BOTH = types_of(Patient_Safety=2.0, Improvement_in_Medical_Practice=2.0)
NAMESAKE = a_learner("learner-2", npi=None, licenses={"TN-M": "555555"})

REFUSED: dict[str, Verdict] = {
    "activity-known": _judged(activity_id="999999999"),
    "activity-id-valid": _judged(activity_id="12345"),
    "activity-reportable": judged(activity=an_activity(description=None)),
    "within-accreditation": judged(accredited=False),
    "permission": _judged(permission=None),
    "permission-withdrawn": judged(unpermitted=[(PROVIDER, a_learner().physician_id, None, None)]),
    "target-required": _judged(cme=()),
    "name-required": _judged(person=a_person(first_name=None)),
    "name-legible": _judged(person=a_person(first_name="Rebec?a")),
    "birth-date-required": _judged(person=a_person(birth_date=None)),
    "birth-date-valid": _judged(person=a_person(birth_date=Unparsed("13/45"))),
    "date-valid": _judged(completed_on=Unparsed("2021-02-30")),
    "amount-valid": _judged(a_cme(credits=Unparsed("two"))),
    "npi-valid": _judged(person=a_person(npi="1234567890")),
    "board-known": _judged(a_moc("ABXYZ")),
    "state-required": _judged(a_cme("Ontario")),
    "board-id-required": _judged(a_moc("ABIM", board_id=None)),
    "completed-not-future": judged(
        a_report(completed_on=date(2021, 12, 22)), activity=an_activity(end_date=date(2022, 6, 30))
    ),
    "completed-after-start": _judged(completed_on=date(2020, 12, 31)),
    "cme-by-end": judged(activity=an_activity(end_date=date(2021, 12, 11))),
    "rems-by-end": judged(a_report(a_rems()), activity=replace(REMS_ACTIVITY, end_date=date(2021, 12, 11))),
    "moc-by-claim-date": judged(a_report(a_moc()), activity=an_activity(end_date=date(2021, 12, 11))),
    "board-registered": judged(a_report(a_moc("ABIM")), activity=an_activity(a_registration("ABA"))),
    "board-collaborates": _judged(a_moc("ABS"), completed_on=date(2021, 2, 28)),
    "board-once": _judged(a_cme("TN"), a_cme("Tennessee")),
    "credit-type-required": _judged(a_moc(credit_types=())),
    "credit-type-registered": _judged(a_moc(credit_types=types_of(Patient_Safety=2.0))),
    "credit-type-once": _judged(a_moc(credit_types=types_of(Medical_Knowledge=2.0, MK=2.0))),
    "credit-positive": _judged(a_cme(credits=0.0)),
    "credit-quarter": _judged(a_cme(credits=1.1)),
    "cme-maximum": _judged(a_cme(credits=10.25)),
    "moc-maximum": _judged(a_moc(total=10.25)),
    "cumulative-maximum": judged(
        a_report(a_cme(credits=2.0)), standing=[a_completion(a_credit(credits=9), completed_on=date(2021, 12, 1))]
    ),
    "credit-type-within-total": _judged(a_moc(total=2.0, credit_types=types_of(Medical_Knowledge=2.25))),
    "special-credit": _judged(a_cme("TN", special_credits=a_special())),
    "learner-unmatched": judged(learners=[a_learner(birth_date="01/01")]),
    "learner-ambiguous": judged(learners=[a_learner(), NAMESAKE]),
    "certified-by-board": judged(a_report(a_cme(), a_moc()), learners=[a_learner(certifications={})]),
    "physician-only": judged(a_report(a_cme(), a_rems(profession="Nurse")), activity=REMS_ACTIVITY),
    "rems-identifier-required": judged(a_report(a_rems(local_id=None)), activity=REMS_ACTIVITY),
    "rems-profession-known": judged(a_report(a_rems(profession="Wizard")), activity=REMS_ACTIVITY),
    "rems-activity": _judged(a_rems()),
    "reference-reused": _standing(
        a_cme(credits=3.0, client_reference="ccid:a:1"), held=(a_credit(client_references=("ccid:a:1",)),)
    ),
    "learner-changed": judged(others=[a_completion(a_credit(), physician_id="learner-2", subject="learner-2")]),
    "reference-shared": judged(
        a_report(client_reference="r:1", completed_on=date(2021, 12, 13), correction=CorrectionKind.BY_REFERENCE),
        corrects=a_completion(a_credit(client_references=("r:1",)), a_credit("ABIM")),
    ),
    "action-valid": _judged(action=None),
    "delete-unknown": _judged(action=Action.DELETE),
    "delete-ambiguous": judged(
        a_report(action=Action.DELETE),
        standing=[a_completion(), a_completion(a_credit(credits=3), occasion=2)],
    ),
    "one-record-per-day": _standing(a_moc("ABA", 3.0), held=(a_credit("ABA"),)),
}

WARNED: dict[str, Verdict] = {
    LATE: _judged(completed_on=date(2021, 11, 19)),
    "credit-type-left-off": judged(
        a_report(a_moc()), activity=an_activity(a_registration("ABIM", "Medical Knowledge", "Patient Safety"))
    ),
    "amount-unusual": judged(a_report(a_cme(credits=100.25)), activity=an_activity(format="manuscript-review")),
    "states-differ": _judged(a_cme("TN", 2.0), a_cme("ME", 1.0)),
    "total-inferred": _judged(a_moc(total=None, credit_types=types_of(Medical_Knowledge=2.0))),
    "second-record-same-day": _standing(a_cme(credits=3.0), held=(a_credit(credits=2),)),
    "already-reported": _standing(a_cme(), held=(a_credit(),)),
    "references-full": _standing(
        a_cme(client_reference="one:more"),
        a_moc(),
        held=(a_credit(client_references=tuple(f"r:{number}" for number in range(MOST_REFERENCES))),),
    ),
    "already-withdrawn": judged(a_report(action=Action.DELETE), gone=[(DAY, 1, "TN-M")]),
    "aba-equals-ama": judged(a_report(a_moc("ABA")), activity=an_activity(a_registration("ABA", points=5.0))),
    "aba-outline": judged(a_report(a_moc("ABA")), activity=an_activity(a_registration("ABA", content_outline=()))),
    "abim-six-digits": judged(
        a_report(a_moc(board_id="12345")), learners=[a_learner(certifications={"ABIM": "12345"})]
    ),
    "abim-within-cme": _judged(a_cme(credits=1.0), a_moc(total=2.0)),
    "abim-practice-assessment": judged(
        a_report(a_moc(credit_types=types_of(Practice_Assessment=2.0))),
        activity=an_activity(a_registration("ABIM", "Practice Assessment")),
    ),
    "abo-not-both": judged(
        a_report(a_moc("ABO", credit_types=BOTH)),
        activity=an_activity(a_registration("ABO", "Patient Safety", "Improvement in Medical Practice")),
    ),
    "abp-birth-date": _judged(a_moc("ABP"), person=a_person(birth_date=None)),
    "rems-answers-listed": judged(a_report(a_rems(practice_area="Alchemy")), activity=REMS_ACTIVITY),
    "daily-credits-unusual": judged(a_report(a_moc("ABS", 12.25)), activity=an_activity(ama_pra_credits=20.0)),
}

NEVER_ALONE: dict[str, tuple[Verdict, str]] = {
    "licence-unknown": (
        _judged(a_cme(license_id="999999")),
        "a number that nobody holds is held by no learner, so nobody can be matched by it either",
    ),
    "npi-unknown": (
        _judged(person=a_person(npi=OTHER_NPI)),
        "an NPI that nobody has is had by no learner, so nobody can be matched by it either",
    ),
}

_FIXED = an_activity()
_SERIES = {"format": "regularly-scheduled-series", "ama_pra_credits": 52.0}
_LISTING = {"url": "https://education.example.org/a", "fee": "no", "registration": "open"}


def _joint(**fields: object) -> Activity:
    return replace(_FIXED, details={"joint_accreditation": fields})


_COUNTED = {"physicians": 1, "others": 2, "professions": [{"profession": "Nurse", "learners": 3}]}
_OF_PHARMACY = {"credit_amounts": [{"type": "Pharmacy", "credits": 2.0}], "pharmacy": {"credits": 1.0}}
_NURSING = {"type": "Nursing", "credits": 2.0}

ACTIVITIES: dict[str, Activity] = {
    "title-required": replace(_FIXED, title=None),
    "activity-id-valid": replace(_FIXED, activity_id="12345"),
    "internal-id-legible": replace(_FIXED, internal_id="#REF!"),
    "format-known": replace(_FIXED, format="seance"),
    "date-valid": replace(_FIXED, end_date=Unparsed("2021-02-30")),
    "dates-in-order": replace(_FIXED, start_date=date(2022, 1, 1)),
    "within-accreditation": replace(_FIXED, start_date=date(1999, 1, 1), end_date=date(1999, 12, 31)),
    "span-limit": an_activity(**_SERIES, end_date=date(2022, 1, 2)),
    "span-unusual": replace(_FIXED, format="committee-learning", end_date=date(2022, 1, 2)),
    "claim-date-order": an_activity(a_registration(credit_claim_date=date(2021, 12, 30))),
    "credit-positive": replace(_FIXED, ama_pra_credits=0.0),
    "credit-quarter": an_activity(a_registration(points=1.1)),
    "board-known": an_activity(a_registration("ABXYZ", "Lifelong Learning")),
    "board-once": an_activity(a_registration("ABIM"), a_registration("American Board of Internal Medicine", "MK")),
    "credit-type-known": an_activity(a_registration("ABIM", "Basket Weaving")),
    "credit-type-once": an_activity(a_registration("ABIM", "Medical Knowledge", "MK")),
    "aba-equals-ama": an_activity(a_registration("ABA", points=5.0)),
    "aba-outline": an_activity(a_registration("ABA", content_outline=())),
    "abim-practice-assessment": an_activity(a_registration("ABIM", "Practice Assessment")),
    "abo-not-both": an_activity(a_registration("ABO", "Patient Safety", "Improvement in Medical Practice")),
    "rems-type-known": replace(_FIXED, rems={"type": "Isotretinoin"}),
    "joint-accreditation-only": _joint(interprofessional=True),
    "profession-listed": _joint(professions=["Wizard"]),
    "other-credit-listed": _joint(credits=["Wizardry"]),
    "other-credit-quarter": _joint(credit_amounts=[_NURSING | {"credits": 1.2}]),
    "other-credit-once": _joint(credit_amounts=[_NURSING, _NURSING | {"type": "Nursing Contact Hours"}]),
    "other-credit-agrees": _joint(**_OF_PHARMACY),
    "learner-counts-add-up": replace(_FIXED, details={"learner_counts": _COUNTED}),
    "pharmacy-live-date": _joint(pharmacy={"live_date": "2022-01-01"}),
    "universal-activity-number": _joint(pharmacy={"universal_activity_number": "UAN-1"}),
    "rss-session-amount": an_activity(**(_SERIES | {"ama_pra_credits": 1.0})),
    "listing-incomplete": replace(_FIXED, listing_public=True, details={"listing": _LISTING | {"fee": None}}),
    "listing-home-page": replace(
        _FIXED, listing_public=True, details={"listing": _LISTING | {"url": "https://education.example.org/"}}
    ),
}


def test_every_rule_about_records_has_a_case_of_its_own() -> None:
    tables = [set(REFUSED), set(WARNED), set(NEVER_ALONE)]
    assert set().union(*tables) == set(COMPLETION_RULES)
    assert sum(len(table) for table in tables) == len(COMPLETION_RULES)


def test_every_rule_about_activities_has_a_case_of_its_own() -> None:
    assert set(ACTIVITIES) == set(ACTIVITY_RULES)


def test_the_defaults_of_the_tests_are_beyond_reproach() -> None:
    assert judged().findings == ()
    assert judged(a_report(a_cme(), a_cme("ME"), a_moc("ABIM"), a_moc("ABA"), a_moc("ABS"))).findings == ()
    assert advised(_FIXED) == (set(), set())
    assert judged(a_report(a_cme(license_id=NPI), completed_on=DAY)).findings == ()


@pytest.mark.parametrize("rule", REFUSED)
def test_a_record_is_refused_by_one_rule_only(rule: str) -> None:
    assert REFUSED[rule].rejects == {rule}
    assert COMPLETION_RULES[rule].severity is Severity.REJECT


@pytest.mark.parametrize("rule", WARNED)
def test_a_record_is_accepted_with_one_warning_only(rule: str) -> None:
    assert WARNED[rule].rejects == set()
    assert WARNED[rule].warns - ({LATE} - {rule}) == {rule}
    assert COMPLETION_RULES[rule].severity is Severity.WARNING


@pytest.mark.parametrize("rule", NEVER_ALONE)
def test_an_unknown_number_is_told_beside_the_miss_that_it_causes(rule: str) -> None:
    verdict, why = NEVER_ALONE[rule]
    assert verdict.rejects == {rule, "learner-unmatched"}, why


@pytest.mark.parametrize("rule", ACTIVITIES)
def test_an_activity_is_told_of_by_one_rule_only(rule: str) -> None:
    warns = ACTIVITY_RULES[rule].severity is Severity.WARNING
    assert advised(ACTIVITIES[rule], joint=rule != "joint-accreditation-only") == (
        (set(), {rule}) if warns else ({rule}, set())
    )


def test_what_a_rule_says_has_a_place_and_advice() -> None:
    for verdict in (*REFUSED.values(), *WARNED.values()):
        for finding in verdict.findings:
            assert finding.detail.endswith(".") and finding.hint.endswith((".", "?"))
            assert finding.pointer == "" or finding.pointer.startswith("/")
