"""Questions for a learner's match: what is known of one person, by elements' names, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from app.domain.batches import Element
from app.domain.findings import Finding
from app.domain.identity.comparison_keys import code_key
from app.domain.parsing import MonthDay
from app.domain.states import find_state
from app.files.cells import read_birth_date
from app.files.elements import local_name, walk
from app.files.mapping.element_paths import TextReader, attribute, by_path, warn_of_unknown_names

_FIELDS = {
    "first_name": ("GivenName", "FirstName"),
    "last_name": ("FamilyName", "LastName"),
    "date_of_birth": ("BirthDate", "DateOfBirth"),
    "state": ("StateOfLicensure", "LicensingState"),
    "license_id": ("StateMedicalLicenseID", "LicensingID"),
    "board": ("CertifyingBoard",),
    "board_id": ("CertifyingBoardID",),
    "npi": ("NPI",),
    "medical_school": ("MedicalSchool",),
}
"""What a question has, with the names of the elements that say it."""
_UNIQUE_ID = "UniqueID"
_AROUND = (
    "Member", "Name", "PersonalInfo", "Licensure", "Certification", "domain", "ProviderId", "ProviderID", "User",
    "Password", "GetLearnerMatch", "LearnerMatch", "LearnerMatchRequest", "Learner", "XtensibleInfo", "Activity",
    "Module", "CreditCertificate", "ActivityReport", "ActivityReports", "ACCMELearnerReports",
)  # fmt: skip
KNOWN = frozenset((*(name for names in _FIELDS.values() for name in names), _UNIQUE_ID, *_AROUND))
PLACES = {f"/{field}": names[0] for field, names in _FIELDS.items()}
"""The names of elements by the pointers of what they say."""
LONGEST = 300
"""Characters of a text."""


class MatchQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says of somebody who is looked for, as the body of a validation, and what was found in it."""

    body: dict[str, str]
    findings: tuple[Finding, ...]


def read_match(root: Element) -> MatchQuestion:
    """Return what a document asks; what it says twice, and not the same, is a finding."""
    texts = TextReader()
    said: dict[str, list[str]] = {}
    for field, text in _said(root):
        kept = texts.read(text, f"/{field}", LONGEST)
        if kept is not None:
            said.setdefault(field, []).append(kept)
    for field, given in said.items():
        texts.refuse_different(given, f"/{field}", PLACES[f"/{field}"])
    body = {field: given[0] for field, given in said.items()}
    if (born := body.get("date_of_birth")) is not None:
        read = read_birth_date(born)
        body["date_of_birth"] = str(read) if isinstance(read, MonthDay) else born
    unknown = warn_of_unknown_names(by_path(root), KNOWN, frozenset())
    return MatchQuestion(body=body, findings=(*texts.findings, *unknown))


def _said(root: Element) -> Iterator[tuple[str, str]]:
    """Yield what a document says, by field; a number says also whose it is."""
    fields = {name: field for field, names in _FIELDS.items() for name in names}
    for element in walk(root):
        name, text = local_name(element["n"]), element.get("t", "")
        if name == _UNIQUE_ID:
            yield from _of_number(text, (attribute(element, "domain") or "").strip())
        elif name in fields and not element.get("c"):
            yield fields[name], text


def _of_number(text: str, domain: str) -> Iterator[tuple[str, str]]:
    if code_key(domain) == "npi":
        yield "npi", text
    elif not domain:
        yield "license_id", text
    else:
        whose = "state" if find_state(domain.partition("-")[0]) is not None or domain.upper() == "ZZNC" else "board"
        yield whose, domain
        yield ("license_id" if whose == "state" else "board_id"), text
