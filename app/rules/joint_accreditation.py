"""Rules about interprofessional education: whose it is, its professions and credit, and pharmacists' education.

To add one: as in `activities.py`, which asks them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from app.domain.activities import Activity
from app.domain.amounts import in_quarters, on_grid
from app.domain.identity.comparison_keys import code_key
from app.domain.joint_accreditation import (
    AMA_PRA,
    OTHER_CREDIT_ANSWERS,
    OTHERS,
    PHARMACY,
    PHYSICIAN,
    TARGET_ANSWERS,
    UniversalNumber,
    credit_named,
    profession_named,
    read_universal_number,
)
from app.domain.parsing import Unparsed, read_date
from app.rules.activity_case import ActivityCase
from app.rules.engine import Fault, Scope, rule

_DESCRIPTION = "accreditor's description of activity documents"
_COUNTS = "accreditor: learners other than physicians are counted"
_NUMBERS = "accreditor of pharmacy education: universal activity numbers"
_JOINT = "/joint_accreditation"
_PHARMACY = f"{_JOINT}/pharmacy"
_LIVE = frozenset({"live-course", "regularly-scheduled-series"})
_AT_HOME = frozenset({"enduring-material", "journal-cme", "internet-searching-and-learning"})
_HERE = Mapping[str, Any]


def amounts_in(activity: Activity) -> Iterator[tuple[str, float]]:
    """Yield the amounts of other credit, with their pointers."""
    for place, row in enumerate(activity.joint_accreditation.get("credit_amounts") or ()):
        yield f"{_JOINT}/credit_amounts/{place}/credits", row["credits"]


def live_date_of(activity: Activity) -> date | Unparsed | None:
    """Return when the live part of a pharmacists' certificate program begins."""
    return read_date(_pharmacy(activity).get("live_date"))


@rule("joint-accreditation-only", Scope.ACTIVITY, source=_DESCRIPTION, warns=True, needs=("joint",))
def joint_accreditation_only(case: ActivityCase) -> Iterator[Fault]:
    """Interprofessional education, its professions and its credit are of jointly accredited providers.

    An accreditation may be entered late, so that it is kept as it was sent.
    """
    joint, given = case.activity.joint_accreditation, []
    if joint.get("interprofessional"):
        given.append("interprofessional")
    given += [name for name in ("professions", "credits", "credit_amounts") if joint.get(name)]
    if any(value is not None for value in _pharmacy(case.activity).values()):
        given.append("pharmacy")
    if given and not case.joint:
        detail = f"The provider is not jointly accredited; sent were: {', '.join(given)}."
        hint = "Leave them out. If the provider is jointly accredited, the operator enters it."
        yield Fault(f"{_JOINT}/{given[0]}", detail, hint)


@rule("profession-listed", Scope.ACTIVITY, source=_DESCRIPTION, warns=True)
def profession_listed(case: ActivityCase) -> Iterator[Fault]:
    """Professions that an activity is for, or is counted for, are on the list."""
    activity = case.activity
    for place, name in enumerate(activity.joint_accreditation.get("professions") or ()):
        if profession_named(name) is None:
            yield _not_listed(f"{_JOINT}/professions/{place}", "profession", TARGET_ANSWERS)
    for place, row in enumerate(_counted(activity)):
        if profession_named(row["profession"]) is None and code_key(row["profession"]) not in OTHERS:
            yield _not_listed(f"/learner_counts/professions/{place}/profession", "profession", TARGET_ANSWERS)


@rule("other-credit-listed", Scope.ACTIVITY, source=_DESCRIPTION, warns=True)
def other_credit_listed(case: ActivityCase) -> Iterator[Fault]:
    """Kinds of credit beside AMA PRA Category 1 are on the list."""
    for place, name in enumerate(case.activity.joint_accreditation.get("credits") or ()):
        if credit_named(name) is None:
            yield _not_listed(f"{_JOINT}/credits/{place}", "kind of credit", OTHER_CREDIT_ANSWERS)


@rule("other-credit-quarter", Scope.ACTIVITY, source=_DESCRIPTION, warns=True)
def other_credit_quarter(case: ActivityCase) -> Iterator[Fault]:
    """Amounts of credit beside AMA PRA Category 1 are multiples of 0.25, though some professions count otherwise."""
    for pointer, amount in amounts_in(case.activity):
        if in_quarters(amount) > 0 and not on_grid(amount):
            yield Fault(pointer, f"{amount:g} is not a multiple of 0.25.", "Check the amount; it is kept as it is.")


@rule("other-credit-once", Scope.ACTIVITY, source=_DESCRIPTION)
def other_credit_once(case: ActivityCase) -> Iterator[Fault]:
    """Each kind of credit has one amount."""
    rows = case.activity.joint_accreditation.get("credit_amounts") or ()
    for place in _repeated(credit_named(row["type"]) or row["type"] for row in rows):
        pointer = f"{_JOINT}/credit_amounts/{place}/type"
        yield Fault(pointer, "This kind of credit has two amounts.", "Give each kind once.")


@rule("other-credit-agrees", Scope.ACTIVITY, source=_DESCRIPTION)
def other_credit_agrees(case: ActivityCase) -> Iterator[Fault]:
    """AMA PRA Category 1 is not among other credit, and pharmacy credit that is stated twice is the same."""
    stated = _pharmacy(case.activity).get("credits")
    for place, row in enumerate(case.activity.joint_accreditation.get("credit_amounts") or ()):
        pointer, kind = f"{_JOINT}/credit_amounts/{place}", credit_named(row["type"])
        if kind == AMA_PRA:
            yield Fault(f"{pointer}/type", f"{AMA_PRA} is not among other credit.", "Give it in ama_pra_credits.")
        elif kind == PHARMACY and stated is not None and in_quarters(stated) != in_quarters(row["credits"]):
            detail = f"{row['credits']:g} here, and {stated:g} in pharmacy.credits."
            yield Fault(f"{pointer}/credits", detail, "Give one of them, or the same in both.")


@rule("learner-counts-add-up", Scope.ACTIVITY, source=_COUNTS)
def learner_counts_add_up(case: ActivityCase) -> Iterator[Fault]:
    """Learners counted by profession are no physicians, each profession once, and no more than all others."""
    rows, pointer = _counted(case.activity), "/learner_counts/professions"
    for place, row in enumerate(rows):
        if profession_named(row["profession"]) == PHYSICIAN:
            yield Fault(
                f"{pointer}/{place}/profession",
                "Physicians are not among the others.",
                "Count them in learner_counts.physicians.",
            )
    for place in _repeated(profession_named(row["profession"]) or row["profession"] for row in rows):
        yield Fault(f"{pointer}/{place}/profession", "This profession is counted twice.", "Give each profession once.")
    total = (case.activity.details.get("learner_counts") or {}).get("others")
    counted = sum(row["learners"] for row in rows)
    if rows and total is not None and counted > total:
        detail = f"{counted:,} are counted by profession, and {total:,} are no physicians altogether."
        yield Fault("/learner_counts/others", detail, "Correct one of them, or leave the number of others out.")


@rule("pharmacy-live-date", Scope.ACTIVITY, source=_DESCRIPTION, warns=True)
def pharmacy_live_date(case: ActivityCase) -> Iterator[Fault]:
    """The live part of a pharmacists' certificate program begins within the activity."""
    start, end, live = case.activity.start_date, case.activity.end_date, live_date_of(case.activity)
    if isinstance(start, date) and isinstance(end, date) and isinstance(live, date) and not start <= live <= end:
        detail = f"The live part on {live} is outside the activity's {start} to {end}."
        yield Fault(f"{_PHARMACY}/live_date", detail, "Check the dates.")


@rule("universal-activity-number", Scope.ACTIVITY, source=_NUMBERS, warns=True)
def universal_activity_number(case: ActivityCase) -> Iterator[Fault]:
    """Each part of a universal activity number says what the activity says.

    Provider, 0000 or 9999 with others, year of the start, sequence, format, topic, and P or T for the audience.
    """
    pharmacy = _pharmacy(case.activity)
    for name, audience in (("universal_activity_number", "P"), ("technician_activity_number", "T")):
        text = (pharmacy.get(name) or "").strip()
        if not text:
            continue
        number = read_universal_number(text)
        differences = [_FORM] if number is None else _differences(case.activity, pharmacy, number, audience)
        for detail in differences:
            yield Fault(f"{_PHARMACY}/{name}", detail, "Check the number, and what it is compared with.")


_FORM = "This is no universal activity number, such as JA0008001-0000-26-012-L05-P."


def _differences(activity: Activity, pharmacy: _HERE, number: UniversalNumber, audience: str) -> Iterator[str]:
    """Yield what each part says otherwise than the activity; what the activity does not say is not compared."""
    own = activity.provider_id
    if len(number.provider) == len(own) and number.provider != own:
        yield f"Its provider is {number.provider}, yours is {own}."
    designators = {"direct": "0000", "joint": "9999"}
    expected = designators.get(activity.providership or "", number.designator)
    if number.designator not in designators.values():
        yield f"Its designator {number.designator} is neither 0000 nor 9999."
    elif number.designator != expected:
        yield f"Its designator {number.designator} is not {expected}, as the providership is {activity.providership}."
    start = activity.start_date
    if isinstance(start, date) and number.year != start.year % 100:
        yield f"Its year is {number.year:02}, the activity starts in {start.year}."
    sequence = pharmacy.get("sequence_number")
    if sequence is not None and number.sequence != sequence:
        yield f"Its sequence is {number.sequence}, the activity's is {sequence}."
    elif not number.sequence:
        yield "Its sequence is 0: it is a number from 1 to 9999."
    yield from _of_format(activity, number.format)
    topic = pharmacy.get("topic")
    if topic is not None and number.topic != topic:
        yield f"Its topic is {number.topic}, the activity's is {topic}."
    if number.audience != audience:
        words = {"P": "pharmacists", "T": "technicians"}
        yield f"Its audience is {number.audience}; the number of {words[audience]} ends in {audience}."


def _of_format(activity: Activity, letter: str) -> Iterator[str]:
    kind = activity.kind
    if letter not in "LHB":
        yield f"Its format {letter} is none of L (live), H (at home) and B (both)."
    elif kind is not None and ((letter == "H" and kind.code in _LIVE) or (letter == "L" and kind.code in _AT_HOME)):
        words = {"L": "live", "H": "at home"}
        yield f"Its format {letter} is {words[letter]}, the activity's is {kind.name}."


def _not_listed(pointer: str, what: str, answers: Mapping[str, Any]) -> Fault:
    return Fault(pointer, f"This {what} is not on the list.", f"Give one of: {', '.join(answers)}.")


def _pharmacy(activity: Activity) -> _HERE:
    pharmacy: _HERE = activity.joint_accreditation.get("pharmacy") or {}
    return pharmacy


def _counted(activity: Activity) -> list[dict[str, Any]]:
    """Return the numbers of learners by profession."""
    counted: list[dict[str, Any]] = (activity.details.get("learner_counts") or {}).get("professions") or []
    return counted


def _repeated(names: Iterable[str]) -> Iterator[int]:
    """Yield the places of names that were there before."""
    seen: set[str] = set()
    for place, name in enumerate(names):
        key = code_key(name)
        if key in seen:
            yield place
        seen.add(key)
