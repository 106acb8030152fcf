"""Which completion of another learner is the record that is sent: by its reference, or by all that it says."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.credits import CreditStatus
from app.domain.parsing import MonthDay
from tests.builders.judging import (
    BOARD_IDS,
    DAY,
    LINK,
    NPI,
    OTHER_NPI,
    Verdict,
    a_cme,
    a_completion,
    a_credit,
    a_learner,
    a_moc,
    a_person,
    a_report,
    judged,
)

RULE = "learner-changed"


def beside(report: Any, *credits: Any, **fields: Any) -> bool:
    """Whether Rebecca's record is refused beside a completion of somebody else in her name, under r:1."""
    given = credits or (a_credit(client_references=("r:1",)),)
    other = a_completion(*given, **({"subject": "learner-2", "completion_id": "other"} | fields))
    verdict: Verdict = judged(report, others=[other])
    assert verdict.match.learner is not None
    return RULE in verdict.rejects


@pytest.mark.parametrize(
    ("person", "same"),
    [
        ({}, True),
        ({"first_name": "Becca"}, True),
        ({"last_name": "Tester"}, True),
        ({"birth_date": "02/02"}, True),
        ({"first_name": "Test", "last_name": "Rebecca"}, True),
        ({"birth_date": None}, True),
        ({"npi": OTHER_NPI}, True),
        ({"npi": NPI}, True),
        ({"first_name": "Becca", "npi": OTHER_NPI}, False),
        ({"first_name": "Becca", "npi": NPI}, True),
        ({"first_name": "Becca", "birth_date": "02/02"}, False),
        ({"first_name": "Otto", "last_name": "Other"}, False),
        ({"first_name": None, "last_name": None, "birth_date": None}, False),
    ],
)
def test_under_one_reference_a_person_alike_is_the_same(person: dict[str, Any], same: bool) -> None:
    report = a_report(a_cme(client_reference="r:1"), person=a_person(npi=NPI))
    assert beside(report, **person) is same


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({}, True),
        ({"npi": OTHER_NPI}, True),
        ({"first_name": "Becca"}, False),
        ({"birth_date": "02/02"}, False),
        ({"completed_on": DAY.replace(day=11)}, False),
    ],
)
def test_without_a_reference_all_of_the_person_is_the_same(fields: dict[str, Any], same: bool) -> None:
    assert beside(a_report(), **fields) is same
    assert beside(a_report(a_cme(client_reference="r:2")), **fields) is same


@pytest.mark.parametrize(
    ("part", "credit", "same"),
    [
        (a_cme(license_id="444444"), a_credit(number_reported="0444444"), True),
        (a_cme(license_id="444444"), a_credit(number_reported=None), True),
        (a_cme(license_id="444444"), a_credit(number_reported="555555"), False),
        (a_cme("Tennessee"), a_credit("TN-O"), True),
        (a_cme("ME"), a_credit("TN-M"), False),
        (a_moc("ABIM"), a_credit("TN-M"), False),
        (a_moc("ABIM"), a_credit("ABIM", number_reported=BOARD_IDS["ABIM"]), True),
        (a_moc("ABIM"), a_credit("ABIM", number_reported="7"), False),
        (a_cme(), a_credit(status=CreditStatus.REJECTED), False),
        (a_cme(), a_credit(status=CreditStatus.WITHDRAWN), False),
    ],
)
def test_without_a_reference_it_is_for_one_state_or_board_and_no_number_differs(
    part: Any, credit: Any, same: bool
) -> None:
    assert beside(a_report(part), credit) is same


def test_an_npi_stands_for_any_state() -> None:
    report = a_report(a_cme(None), person=a_person(npi=NPI))
    assert beside(report, a_credit("CA-M"), npi=NPI)
    assert not beside(report, a_credit("CA-M"), npi=OTHER_NPI)


def test_somebody_known_by_learner_id_alone_is_nobody_alike() -> None:
    person = a_person(first_name=None, last_name=None, birth_date=None, learner_id=LINK)
    assert not beside(a_report(a_cme(client_reference="r:1"), person=person))


def test_what_is_corrected_in_place_of_its_learner_does_not_stand_in_its_own_way() -> None:
    other = a_completion(subject="learner-2", completion_id="other")
    assert judged(corrects=other, others=[other]).rejects == set()
    third = replace(other, completion_id="third")
    assert judged(corrects=other, others=[other, third]).rejects == {RULE}
    own = a_completion(completion_id="own")
    assert judged(corrects=own, others=[third]).rejects == set()


def test_a_twin_under_the_reference_of_a_session_is_told_by_the_number() -> None:
    twin = a_learner(first_name="Ruth", npi=OTHER_NPI)
    person = a_person(first_name="Ruth", npi=OTHER_NPI, birth_date=MonthDay(2, 1))
    report = a_report(a_cme(client_reference="r:1"), person=person)
    other = a_completion(a_credit(client_references=("r:1",)), subject="learner-2")
    assert judged(report, learners=[twin], others=[replace(other, npi=NPI)]).rejects == set()
    assert judged(report, learners=[twin], others=[other]).rejects == {RULE}
