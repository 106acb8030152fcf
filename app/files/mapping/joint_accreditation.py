"""Interprofessional education in files: of documents its elements, of rows its cells, and both as the API has them.

Several of a kind are written as a list, each with its number after it: `Nursing (2); Pharmacy (1.5)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from app.domain.amounts import say_what_it_is
from app.domain.choices import Labelled, PharmacyActivityType, PharmacyTopic
from app.domain.findings import Finding
from app.domain.identity.comparison_keys import code_key
from app.domain.joint_accreditation import AMA_PRA, credit_named
from app.domain.parsing import Unparsed
from app.files.cells import CellFault, read_amount, read_day, read_whole
from app.files.mapping.named_elements import NamedElements, first_leaf_text
from app.files.mapping.refusals import cell_refusal, refusal

_JOINT, _COUNTS = "/joint_accreditation", "/learner_counts"
_PHARMACY = f"{_JOINT}/pharmacy"
NAMES: Mapping[str, str] = {
    f"{_PHARMACY}/universal_activity_number": "UANPharmacy",
    f"{_PHARMACY}/technician_activity_number": "UANPharmacyTech",
    f"{_PHARMACY}/activity_type": "PharmacyActivityType",
    f"{_PHARMACY}/topic": "PharmacyActivityTopic",
    f"{_PHARMACY}/live_date": "PharmacyLiveDate",
    f"{_PHARMACY}/sequence_number": "PharmacySequenceNumber",
}
"""Elements of pharmacists' education by the pointers of what they hold."""
_WITH_NUMBER = re.compile(r"\A(.*\S)\s*\(([^()]*)\)\s*\Z", re.DOTALL)
_TOPIC = re.compile(r"\A\s*(\d{1,2})(?!\d)")
_LONGEST = 64


def read_elements(elements: NamedElements) -> Iterator[tuple[str, Any]]:
    """Yield the professions that a document is for, and what it says of pharmacists' education."""
    professions = f"{_JOINT}/professions"
    yield professions, elements.texts_of(f"{professions}/0", elements.named("profession"))
    for pointer, name in NAMES.items():
        elements.refuse_different(pointer, name)
        text = first_leaf_text(elements.named(name))
        if pointer.endswith("/live_date"):
            yield pointer, read_day(text)
        elif pointer.endswith("/sequence_number"):
            yield pointer, elements.texts.convert(read_whole, text, pointer)
        else:
            yield pointer, elements.text(pointer, text)


def body_of(given: Mapping[str, Any], found: list[Finding]) -> dict[str, Any]:
    """Return joint accreditation in the shape of the API; fields that a file leaves blank are not there."""
    pointer = f"{_JOINT}/credits"
    kinds = [_with_number(read_amount, one, pointer, found) for one in given.get(pointer) or ()]
    amounts = [{"type": name, "credits": amount} for name, amount in kinds if amount is not None]
    fields = {
        "interprofessional": given.get(f"{_JOINT}/interprofessional"),
        "professions": given.get(f"{_JOINT}/professions"),
        "credits": [name for name, _ in kinds],
        "credit_amounts": amounts,
        "pharmacy": _filled(_pharmacy(given)),
    }
    return _filled(fields)


def counts_of(given: Mapping[str, Any], found: list[Finding]) -> dict[str, Any]:
    """Return numbers of learners in the shape of the API."""
    pointer = f"{_COUNTS}/professions"
    rows = [_with_number(read_whole, one, pointer, found) for one in given.get(pointer) or ()]
    for name, number in rows:
        if number is None:
            detail = f"How many were of the profession {name!r} is missing." if name else "A profession is missing."
            found.append(refusal("format", pointer, detail, "Write each as: Nurse (12)."))
    fields = {
        "physicians": given.get(f"{_COUNTS}/physicians"),
        "others": given.get(f"{_COUNTS}/others"),
        "professions": [{"profession": name, "learners": number} for name, number in rows if number is not None],
    }
    return _filled(fields)


def beside(joint: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return joint accreditation as it stands, without what follows from what a file gives."""
    if "credits" not in given:
        return joint
    stands = {name: value for name, value in joint.items() if name != "credit_amounts"}
    if pharmacy := joint.get("pharmacy"):
        stands["pharmacy"] = {name: value for name, value in pharmacy.items() if name != "credits"}
    return stands


def counts_beside(details: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return numbers of learners as they stand; without that of others, where a file gives it by profession."""
    stands: Mapping[str, Any] = details.get("learner_counts") or {}
    return {name: value for name, value in stands.items() if name != "others" or "professions" not in given}


def with_kinds_as_named(joint: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a file gives with the kinds of credit as they stand, where it has the same: AMA PRA is none of them.

    A document has the amount of AMA PRA Category 1 among them, and says nothing of whether it was named as one. Amounts
    stand beside the kinds in it: in which order they were given otherwise does not change them.
    """
    stands = list(joint.get("credits") or ())
    same = [name for name in stands if credit_named(name) != AMA_PRA]
    if not stands or "credits" not in given or list(map(_kind, same)) != list(map(_kind, given["credits"])):
        return given
    amounts, kept = joint.get("credit_amounts"), {}
    if amounts and _by_kind(amounts) == _by_kind(given.get("credit_amounts") or ()):
        kept = {"credit_amounts": amounts}
    return {**given, "credits": stands, **kept}


def _by_kind(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, float]]:
    return sorted((_kind(row["type"]), row["credits"]) for row in rows)


def _kind(name: str) -> str:
    return code_key(credit_named(name) or name)


def _pharmacy(given: Mapping[str, Any]) -> dict[str, Any]:
    values = {pointer.rpartition("/")[2]: given.get(pointer) for pointer in NAMES}
    topic, live = values["topic"], values["live_date"]
    if isinstance(topic, str):
        number = _TOPIC.match(topic)
        values["topic"] = number[1].zfill(2) if number is not None else _code(PharmacyTopic, topic)
    if isinstance(values["activity_type"], str):
        values["activity_type"] = _code(PharmacyActivityType, values["activity_type"])
    if isinstance(live, Unparsed):
        values["live_date"] = live.text[:_LONGEST]
    elif isinstance(live, date):
        values["live_date"] = live.isoformat()
    return values


def _code(values: type[Labelled], text: str) -> str:
    """Return the code of a label, with or without the number before it; anything else as it is."""
    key = code_key(text)
    for member in values:
        if key in (code_key(member.label), code_key(member.label.partition("-")[2]), code_key(member.value)):
            return member.value
    return text


def _with_number(
    read: Callable[[Any], Any], one: str | tuple[str, Any], pointer: str, found: list[Finding]
) -> tuple[str, Any]:
    """Return a name and its number: of a row `Nursing (2)`, of a document both as they were read."""
    if isinstance(one, tuple):
        name, number = one
    else:
        parts = _WITH_NUMBER.match(one)
        try:
            name, number = (parts[1], read(parts[2])) if parts is not None else (one, None)
        except CellFault as fault:
            found.append(cell_refusal(pointer, fault))
            return one, 0
    if isinstance(number, Unparsed):
        found.append(refusal("amount-valid", pointer, say_what_it_is(number.text), "Write each as: Nursing (2)."))
        number = None
    return name, number


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value not in ([], {})}
