"""What is on file of physicians, and what a merge or split does with it, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from app.console.record_words import credit_in_words
from app.console.words import counted
from app.domain.amounts import format_quarters
from app.domain.credits import Completion, CreditStatus
from app.domain.identity.merges import MergeReason
from app.domain.identity.pairs import FieldLevel, PairSide
from app.domain.identity.physicians import FiledNumber, Physician

LEVELS = {
    FieldLevel.SAME: ("ok", "tick", "Same"),
    FieldLevel.RELATED: ("warn", "warn", "Related"),
    FieldLevel.ABSENT: ("plain", "dash", "Not on file of both"),
    FieldLevel.DIFFERENT: ("no", "stop", "Different"),
}
"""(kind, drawing, word) of each level."""
LOST = {
    MergeReason.ALREADY_REPORTED: "is withdrawn: the same credit stands already",
    MergeReason.ONE_RECORD_PER_DAY: "is added to the other record of the day, as its board takes one a day",
    MergeReason.SAME_COMPLETION: "is reported anew within the other record: several states are one amount",
}
"""What becomes of credit that does not simply move."""


class ComparedField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of two physicians."""

    label: str
    one: str
    other: str
    level: tuple[str, str, str] | None


class RecordFate(msgspec.Struct, frozen=True, kw_only=True):
    """A completion, and what becomes of it."""

    completion: Completion
    credits: str
    fate: str


def number_in_words(number: FiledNumber) -> str:
    """Return a licence or certification: `TN-M 44444`."""
    return f"{number.board} {number.number}"


def credits_in_words(completion: Completion) -> str:
    """Return the credit of a completion that was not withdrawn."""
    standing = [credit for credit in completion.credits if credit.status is not CreditStatus.WITHDRAWN]
    return ", ".join(map(credit_in_words, standing)) or "None"


def compare(one: PairSide, other: PairSide, levels: Mapping[str, FieldLevel]) -> Iterator[ComparedField]:
    """Yield the fields of two physicians side by side, with how they compare."""
    told = dict(_fields_of(other))
    for label, text in _fields_of(one):
        level = levels.get(_LEVELLED.get(label, ""))
        yield ComparedField(
            label=label, one=text, other=told[label], level=LEVELS[level] if level is not None else None
        )


_LEVELLED = {
    "Names": "names", "Suffix": "suffix", "Birth month and day": "date_of_birth", "NPI": "npi", "Licences": "licenses",
    "Certifications": "certifications", "Medical school": "medical_school",
}  # fmt: skip


def _fields_of(side: PairSide) -> Iterator[tuple[str, str]]:
    who: Physician = side.physician
    yield "Names", _listed(name.in_full for name in who.names)
    yield "Suffix", who.shown.suffix or "none"
    yield "Birth month and day", who.birth_date or "not on file"
    yield "NPI", who.npi or "not on file"
    yield "Licences", _listed(map(number_in_words, who.licenses))
    yield "Certifications", _listed(map(number_in_words, who.certifications))
    yield "Medical school", who.medical_school or "not on file"
    yield "Credit", _listed(f"{format_quarters(one.quarters)} for {one.board}" for one in side.credited)
    yield "Records", counted(side.completions, "record")
    yield "Physician's id", who.physician_id


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts) or "none"
