"""Interprofessional education: what its rules say of numbers of learners, of credit, and of universal numbers."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.activities import Activity
from app.rules.activities import judge_activity
from tests.builders.judging import CATALOGUE, PROVIDER, advised, an_activity

FINE: tuple[set[str], set[str]] = (set(), set())
NUMBER = f"JA{PROVIDER}-0000-21-012-L05-P"


def joint(**fields: Any) -> Activity:
    return an_activity(details={"joint_accreditation": fields})


def differences(number: str, **fields: Any) -> list[str]:
    pharmacy = {"sequence_number": 12, "topic": "05"} | fields.pop("pharmacy", {})
    activity = replace(joint(pharmacy={"universal_activity_number": number} | pharmacy), **fields)
    return [finding.detail for finding in judge_activity(activity, CATALOGUE)]


@pytest.mark.parametrize(
    "same",
    [
        NUMBER, NUMBER.removeprefix("JA"), NUMBER.replace("-", " \u2013 "), NUMBER.replace("L05", "L-05").lower(),
        NUMBER.replace("-21-", "-2021-"), NUMBER.replace("-012-", "-0012-"), NUMBER.replace("-L05", "-B05"),
        f"JA-{NUMBER[2:]}", f"  {NUMBER}  ",
    ],
)  # fmt: skip
def test_a_universal_number_that_says_what_the_activity_says_is_fine(same: str) -> None:
    assert differences(same) == []


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (NUMBER.replace(PROVIDER, "0000009"), "provider"), (NUMBER.replace("-0000-", "-9999-"), "designator 9999"),
        (NUMBER.replace("-0000-", "-1234-"), "designator 1234"), (NUMBER.replace("-21-", "-22-"), "year is 22"),
        (NUMBER.replace("-012-", "-13-"), "sequence is 13"), (NUMBER.replace("L05", "H05"), "format H is at home"),
        (NUMBER.replace("L05", "X05"), "format X"), (NUMBER.replace("L05", "L06"), "topic is 06"),
        (NUMBER[:-1] + "T", "audience is T"), ("UAN-1", "no universal activity number"),
        ("JA0008001-0000-21-012-L05", "no universal activity number"),
    ],
)  # fmt: skip
def test_each_part_that_differs_is_told(number: str, says: str) -> None:
    (detail,) = differences(number)
    assert says in detail


def test_every_part_that_differs_is_told_at_once() -> None:
    assert len(differences("JA0000009-9999-22-013-H06-T")) == 7


def test_what_the_activity_does_not_say_is_not_compared() -> None:
    silent = {"sequence_number": None, "topic": None}
    assert differences(NUMBER.replace("-012-", "-77-").replace("L05", "L99"), pharmacy=silent) == []
    assert differences(NUMBER.replace("-0000-", "-9999-"), providership=None) == []
    # Four digits are a provider's number with another accreditor.
    assert differences(NUMBER.replace(PROVIDER, "0062")) == []
    assert differences(NUMBER.replace("-012-", "-0-"), pharmacy=silent) != []


def test_technicians_have_a_number_of_their_own() -> None:
    technicians = {"technician_activity_number": f"{NUMBER[:-1]}T"}
    assert advised(joint(pharmacy=technicians), joint=True) == FINE
    technicians = {"technician_activity_number": NUMBER}
    assert advised(joint(pharmacy=technicians), joint=True) == (set(), {"universal-activity-number"})


@pytest.mark.parametrize(
    ("counts", "refused"),
    [
        ({"others": 3, "professions": [{"profession": "Nurse", "learners": 3}]}, False),
        ({"others": 9, "professions": [{"profession": "Nurse", "learners": 3}]}, False),
        ({"others": None, "professions": [{"profession": "Nurse", "learners": 3}]}, False),
        ({"others": 2, "professions": [{"profession": "Nurse", "learners": 3}]}, True),
        ({"others": 9, "professions": [{"profession": "Physicians", "learners": 3}]}, True),
        ({"others": 9, "professions": [{"profession": name, "learners": 1} for name in ("Nurse", "RN")]}, True),
    ],
)
def test_learners_by_profession_are_no_more_than_the_others(counts: dict[str, Any], refused: bool) -> None:
    assert advised(an_activity(details={"learner_counts": counts})) == (
        {"learner-counts-add-up"} if refused else set(),
        set(),
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"interprofessional": False}, set()), ({"professions": [], "credits": []}, set()),
        ({"pharmacy": {"credits": None, "topic": None}}, set()), ({"professions": ["Nurse"]}, {"professions"}),
        ({"credits": ["IPCE"], "pharmacy": {"topic": "05"}}, {"credits", "pharmacy"}),
    ],
)  # fmt: skip
def test_a_provider_without_joint_accreditation_is_told_what_is_not_its_own(
    fields: dict[str, Any], said: set[str]
) -> None:
    found = judge_activity(replace(joint(**fields), jointly_accredited=False), CATALOGUE)
    assert [finding.rule for finding in found] == ["joint-accreditation-only"] * bool(said)
    assert all(name in found[0].detail for name in said)
    assert not judge_activity(replace(joint(**fields), jointly_accredited=True), CATALOGUE)
    assert not judge_activity(joint(**fields), CATALOGUE)


@pytest.mark.parametrize(
    ("amounts", "refused", "warned"),
    [
        ([("Nursing", 2.0), ("Pharmacy", 0.25)], set(), set()),
        ([("Nursing", 0.0)], {"credit-positive"}, set()),
        ([("Nursing", -1.0)], {"credit-positive"}, set()),
        ([("Nursing", 1.33)], set(), {"other-credit-quarter"}),
        ([("AMA PRA Category 1 Credits", 10.0)], {"other-credit-agrees"}, set()),
        ([("Nursing", 1.0), ("ANCC", 1.0)], {"other-credit-once"}, set()),
    ],
)
def test_amounts_of_other_credit(amounts: list[tuple[str, float]], refused: set[str], warned: set[str]) -> None:
    rows = [{"type": name, "credits": amount} for name, amount in amounts]
    assert advised(joint(credit_amounts=rows), joint=True) == (refused, warned)


def test_a_live_date_that_is_no_day_is_refused() -> None:
    assert advised(joint(pharmacy={"live_date": "2021-02-30"}), joint=True) == ({"date-valid"}, set())
    assert advised(joint(pharmacy={"live_date": "2021-12-31"}), joint=True) == FINE
