"""Interprofessional education: professions, their credit, and the universal activity numbers of pharmacists' education.

Jointly accredited providers teach professions together, each of which has credit of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from app.domain.identity.comparison_keys import code_key
from app.domain.rems import Answers, keys_of, listed

AMA_PRA = "AMA PRA Category 1"
PHARMACY = "Pharmacy"
PHYSICIAN = "Physician"
OTHERS = frozenset({"other", "others"})
"""Keys of participants whose profession is not told."""

TARGET_ANSWERS: Answers = {
    PHYSICIAN: ("Physicians", "MD", "DO"),
    "Nurse": ("Nurses", "RN", "Registered Nurse", "Registered Nurses"),
    "Pharmacist": ("Pharmacists",),
    "Pharmacy Technician": ("Pharmacy Technicians",),
    "Physician Assistant": ("Physician Assistants", "PA", "Physician Associate", "Physician Associates"),
    "Psychologist": ("Psychologists",),
    "Optometrist": ("Optometrists",),
    "Social Worker": ("Social Workers",),
    "Dentist": ("Dentists",),
    "Allied Dental Staff": (),
    "Registered Dietitian": ("Registered Dietitians", "Dietitian", "Dietitians"),
    "Dietetic Technician Registered": ("Dietetic Technicians Registered", "Dietetic Technicians, Registered"),
    "Athletic Trainer": ("Athletic Trainers",),
}
"""Professions that interprofessional education is for, each with what else means it."""
OTHER_CREDIT_ANSWERS: Answers = {
    "IPCE": ("IPCE Credit", "Interprofessional Continuing Education"),
    AMA_PRA: ("AMA PRA", "AMA PRA Category 1 Credit", "AMA PRA Category 1 Credits"),
    "Nursing": ("Nursing Contact Hours", "ANCC", "NCPD"),
    PHARMACY: ("ACPE", "Pharmacy Contact Hours"),
    "AAPA Category 1": ("AAPA", "AAPA Category 1 CME"),
    "Psychologist": ("Psychology", "APA"),
    "Optometrist": ("Optometry", "COPE"),
    "Social Worker": ("Social Work", "ASWB"),
    "Dentist": ("Dentistry", "ADA CERP", "CERP"),
    "Dietetic CPEU": ("CPEU", "CDR"),
    "Athletic Training CEU": ("Athletic Trainer", "Athletic Training", "BOC"),
}
"""Credit of these professions, each with what else means it."""
IN_DOCUMENTS = {
    "Registered Dietitian": "registered dietitians",
    "Dietetic Technician Registered": "dietetic technicians registered",
    "Athletic Trainer": "athletic trainers",
}
"""Categories of participants that documents do not name as the list does."""
_PROFESSIONS, _CREDITS = keys_of(TARGET_ANSWERS), keys_of(OTHER_CREDIT_ANSWERS)


def profession_named(text: str) -> str | None:
    """Return a profession in the words of the list, None for one that is not listed."""
    return listed(_PROFESSIONS, text)


def credit_named(text: str) -> str | None:
    """Return a kind of credit in the words of the list, None for one that is not listed."""
    return listed(_CREDITS, text)


def as_listed(joint: Mapping[str, Any]) -> dict[str, Any]:
    """Return joint accreditation with professions and credit in the words of their lists."""
    named = dict(joint)
    if joint.get("professions"):
        named["professions"] = _once(profession_named(text) or text for text in joint["professions"])
    if joint.get("credits"):
        named["credits"] = _once(credit_named(text) or text for text in joint["credits"])
    if joint.get("credit_amounts"):
        named["credit_amounts"] = [
            {**row, "type": credit_named(row["type"]) or row["type"]} for row in joint["credit_amounts"]
        ]
    return named


def counts_as_listed(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers of learners with professions in the words of the list."""
    named = dict(counts)
    if counts.get("professions"):
        named["professions"] = [
            {**row, "profession": profession_named(row["profession"]) or row["profession"]}
            for row in counts["professions"]
        ]
    return named


def amount_of(joint: Mapping[str, Any], name: str) -> float | None:
    """Return the amount of a kind of credit, None where none is given."""
    wanted = code_key(credit_named(name) or name)
    for row in joint.get("credit_amounts") or ():
        if code_key(credit_named(row["type"]) or row["type"]) == wanted:
            amount: float | None = row.get("credits")
            return amount
    return None


def kinds_of(joint: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """Yield the kinds of credit beside AMA PRA Category 1, each with its amount if it has one."""
    for name in joint.get("credits") or ():
        if credit_named(name) != AMA_PRA:
            yield name, amount_of(joint, name)


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


class UniversalNumber(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a universal activity number of pharmacists' education."""

    provider: str
    """Without the letters before it."""
    designator: str
    """0000 of an activity of the provider alone, 9999 of one with others."""
    year: int
    """Two digits, of the day on which the activity starts."""
    sequence: int
    format: str
    """L live, H at home, B both."""
    topic: str
    audience: str
    """P pharmacists, T technicians."""


_DASHES = re.compile(r"[\s\u2010-\u2015\u2212-]+")
_UNIVERSAL_NUMBER = re.compile(
    r"\A(?:[A-Z]{2}-?)?(\d{4,7})-(\d{4})-(?:20)?(\d{2})-(\d{1,4})-([A-Z])-?(\d{2})-?([A-Z])\Z", re.ASCII
)


def read_universal_number(text: str) -> UniversalNumber | None:
    """Return the parts of `JA0008001-0000-26-012-L05-P`, with any dashes; None for anything else."""
    parts = _UNIVERSAL_NUMBER.match(_DASHES.sub("-", text.strip()).upper())
    if parts is None:
        return None
    provider, designator, year, sequence, format, topic, audience = parts.groups()
    return UniversalNumber(
        provider=provider,
        designator=designator,
        year=int(year),
        sequence=int(sequence),
        format=format,
        topic=topic,
        audience=audience,
    )
