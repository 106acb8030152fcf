"""Activity reports in XML, one for each completion, as the completions they report.

Certificates of one domain belong together: those of a state or an NPI are its CME and special credits, those of a
board its credit types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from app.domain.batches import Element, RawRow
from app.domain.learners import Person
from app.domain.reports import Action, Amount, CmePart, CompletionReport, MocPart, RemsPart, TypeAmount
from app.domain.states import find_state
from app.domain.words import code_key, id_key
from app.formats.cells import Misread, read_action, read_amount, read_birth_date, read_day, read_yes_no
from app.formats.element_paths import Found, Texts, attribute, by_path, ignored, inside, stands_once, text_at
from app.formats.places import NOWHERE, TOO_MANY_PARTS, Moved, Place, Record, Upload, along, misreading, refusal
from app.schemas.bounds import longest
from app.schemas.completions import CompletionIn

_MODULE = "Activity/Module"
_CERTIFICATE = f"{_MODULE}/CreditCertificate"
_PARTICIPANT = "Participants/Participant"

PATHS = {
    "/action": "XtensibleInfo/LearnerRecordAction",
    "/provider_id": "Activity/ProviderOrganization",
    "/activity_id": f"{_MODULE}/ModuleName",
    "/status": f"{_MODULE}/Status",
    "/completed_on": f"{_MODULE}/CompletedDateTime",
    "/learner": "Member",
    "/learner/first_name": "Member/Name/GivenName",
    "/learner/last_name": "Member/Name/FamilyName",
    "/learner/date_of_birth": "Member/PersonalInfo/BirthDate",
    "/rems": _PARTICIPANT,
    "/rems/local_id": f"{_PARTICIPANT}/LocalIdentifier",
    "/rems/profession": f"{_PARTICIPANT}/Profession",
    "/rems/state": f"{_PARTICIPANT}/StateOfPrimaryPractice",
    "/rems/dea_registration": f"{_PARTICIPANT}/DEARegistration",
    "/rems/practice_area": f"{_PARTICIPANT}/PracticeArea",
    "/rems/surgical_procedures": f"{_PARTICIPANT}/SurgicalProcedures",
    "/rems/time_in_practice": f"{_PARTICIPANT}/TimeInPractice",
}
"""Where in an activity report the parts of a record stand; each of them stands once."""
_ONCE = {path: pointer for pointer, path in PATHS.items()} | {
    "Activity": "", _MODULE: "/activity_id", "Member/Name": "/learner", "Member/PersonalInfo": "/learner",
    "Participants": "/rems",
}  # fmt: skip
_IN_CERTIFICATE = {
    "state": "UniqueID", "license_id": "UniqueID", "board": "UniqueID", "board_id": "UniqueID",
    "credits": "CreditReceived", "total_credits": "CreditReceived", "type": "CreditReceived",
    "client_reference": "CreditID",
}  # fmt: skip
_IN_CERTIFICATES = frozenset(_IN_CERTIFICATE.values())
_IN_CREDIT = ("activityCertification", "creditUnit", "numberOfCredits")
KNOWN = frozenset(
    {
        *_ONCE, _CERTIFICATE, "ReportingOrganization", "XtensibleInfo", "XtensibleInfo/ProviderID",
        f"{_MODULE}/ModuleName/moduleID", f"{_MODULE}/moduleID", f"{_PARTICIPANT}/LocalIdentifier/domain",
        *(f"{_CERTIFICATE}/{name}" for name in {*_IN_CERTIFICATES, "UniqueID/domain"}),
        *(f"{_CERTIFICATE}/CreditReceived/{name}" for name in _IN_CREDIT),
    }
)  # fmt: skip
"""Every element that is read, or known and of no use here."""
_PASSED = ("Activity/RegulatoryInformation",)
_NPI = "npi"
_MOST_CERTIFICATES = 500
_LONGEST = longest(CompletionIn, "/moc/0/board_id")
"""Of ids, domains and types."""
_LONGEST_TEXTS = {pointer: longest(CompletionIn, pointer) for pointer in PATHS}
_LONGEST_REFERENCE = longest(CompletionIn, "/client_reference")
_CME_TYPE = "amapracategory1"
_GENERAL = frozenset(
    {"", "moc", "cc", "moccc", "mocpoints", "ccpoints", "moccredit", "mocpoint", "points", "point",
     "maintenanceofcertification", "continuingcertification"}
)  # fmt: skip
"""What senders call a board's credit as a whole, with or without the board's code before it."""


@dataclass(slots=True, kw_only=True)
class _Certificate:
    """One certificate: for whom, what, how much."""

    path: str
    domain: str | None
    domain_key: str
    value: str | None
    value_key: str
    type: str | None
    type_key: str
    credits: Amount
    reference: str | None

    is_cme: bool
    """Whether it is AMA PRA credit."""

    @property
    def is_general(self) -> bool:
        """Whether it is a board's credit as a whole."""
        return self.type is not None and self.type_key.removeprefix(self.domain_key) in _GENERAL


@dataclass(slots=True)
class _Part:
    """Certificates that belong together."""

    first: _Certificate
    value: str | None
    value_key: str
    whole: _Certificate | None = None
    """The one for all of it: of a state its CME, of a board its general credit."""
    types: list[_Certificate] = field(default_factory=list)

    def takes(self, each: _Certificate, *, whole: bool) -> bool:
        """Tell whether a certificate belongs here; one that repeats the whole begins a part of its own."""
        if self.first.domain_key != each.domain_key or (whole and self.whole is not None):
            return False
        return self.value_key == each.value_key or not self.value_key or not each.value_key

    def amounts(self) -> tuple[TypeAmount, ...]:
        """Return its types."""
        return tuple(
            TypeAmount(type=each.type, credits=each.credits, client_reference=each.reference) for each in self.types
        )

    def moved(self, here: str, types: str) -> Moved:
        """Return where it stands: all of it, and each of its types."""
        first = self.whole or self.types[0]
        each_type = ((f"{here}/{types}/{place}", each.path) for place, each in enumerate(self.types))
        return ((here, first.path), *each_type)


class LearnerDocuments:
    """Reads the activity reports of one document."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def place(self, pointer: str, record: Record | None = None) -> Place:
        """Return the path of what a pointer names."""
        stands = along(pointer, record.moved) if record is not None else pointer
        if stands and not stands.startswith("/"):
            path, _, last = stands.partition("]/")
            inner = _IN_CERTIFICATE.get(last.rpartition("/")[2])
            return Place(column=f"{path.rstrip(']')}]" + (f"/{inner}" if inner else ""))
        while stands:
            if stands in PATHS:
                return Place(column=PATHS[stands])
            if stands.startswith("/certificates/"):
                return Place(column=f"{_CERTIFICATE}[{stands.rpartition('/')[2]}]")
            if stands in ("/cme", "/moc"):
                return Place(column=_CERTIFICATE)
            stands = stands.rpartition("/")[0]
        return NOWHERE

    def read(self, raw: RawRow) -> Record:
        """Return what an activity report says."""
        assert isinstance(raw.raw, dict) and "n" in raw.raw
        found = by_path(raw.raw, stop=_CERTIFICATE)
        provider = text_at(found, PATHS["/provider_id"])
        if provider is not None and provider.strip() not in ("", self._upload.provider_id):
            return Record(number=raw.number, report=None, findings=(_ANOTHERS,))
        if len(found.get(_CERTIFICATE, ())) > _MOST_CERTIFICATES:
            return Record(number=raw.number, report=None, findings=(TOO_MANY_PARTS,))
        texts = Texts()
        certificates, npi = _certificates(found, texts)
        cme, moc = _grouped(certificates)
        report = self._report(found, texts, npi, cme, moc)
        moved = (
            *(each for place, part in enumerate(cme) for each in part.moved(f"/cme/{place}", "special_credits")),
            *(each for place, part in enumerate(moc) for each in part.moved(f"/moc/{place}", "credit_types")),
        )
        if report.too_many_parts:
            texts.findings.append(TOO_MANY_PARTS)
        status = text_at(found, PATHS["/status"])
        findings = (
            *stands_once(found, _ONCE),
            *((_NOT_COMPLETED,) if status is not None and status.strip().lower() != "completed" else ()),
            *texts.findings,
            *ignored(found, KNOWN, _PASSED),
        )
        return Record(number=raw.number, report=report, findings=findings, moved=moved)

    def _report(
        self, found: Found, texts: Texts, npi: str | None, cme: list[_Part], moc: list[_Part]
    ) -> CompletionReport:
        def text(pointer: str) -> str | None:
            return texts.read(text_at(found, PATHS[pointer]), pointer, _LONGEST_TEXTS[pointer])

        upload, action = self._upload, text_at(found, PATHS["/action"])
        return CompletionReport(
            provider_id=upload.provider_id,
            activity_id=_activity_id(found, texts),
            completed_on=read_day(text_at(found, PATHS["/completed_on"])),
            permission=True,
            person=Person(
                first_name=text("/learner/first_name"),
                last_name=text("/learner/last_name"),
                birth_date=read_birth_date(text_at(found, PATHS["/learner/date_of_birth"])),
                npi=npi,
            ),
            cme=tuple(_cme(each) for each in cme),
            moc=tuple(_moc(each) for each in moc),
            rems=_rems(found, texts, text) if _PARTICIPANT in found else None,
            entry_method=upload.entry_method,
            received_at=upload.received_at,
            batch_id=upload.batch_id,
            action=read_action(action) if action is not None else Action.ADD,
        )


_ANOTHERS = refusal(
    "activity-known",
    "/provider_id",
    "The report is of another provider.",
    "Upload it for the provider that it names, or correct the seven-digit id in ProviderOrganization.",
)
_NOT_COMPLETED = refusal(
    "format", "/status", "Only completed activities are reported.", "Give Completed, or leave the report out."
)
_TWO_NPIS = refusal("format", "/learner/npi", "Two NPIs stand for one learner.", "Give the learner's own.")
_TWO_IDS = "Several ids of one certificate belong to different boards or states."


def _activity_id(found: Found, texts: Texts) -> str | None:
    """Return the activity's id, an attribute of the module's name; some senders have it at the module."""
    for path in (PATHS["/activity_id"], _MODULE):
        given = attribute(found[path][0], "moduleID") if path in found else None
        if given is not None:
            return texts.read(given, "/activity_id", _LONGEST_TEXTS["/activity_id"])
    return None


@lru_cache(maxsize=256)
def _numbered(place: int) -> tuple[str, str]:
    """Return the path of a certificate by its place, from 1, and a pointer to it."""
    return f"{_CERTIFICATE}[{place}]", f"/certificates/{place}"


@lru_cache(maxsize=1_024)
def _known_amount(text: str) -> Amount:
    return read_amount(text)


def _amount(text: str | None) -> Amount:
    """Read an amount; they repeat themselves, and are short."""
    return _known_amount(text) if text is not None and len(text) < 16 else read_amount(text)


def _certificates(found: Found, texts: Texts) -> tuple[list[_Certificate], str | None]:
    """Return the certificates in their order, and the NPI that stands beside another id."""
    certificates: list[_Certificate] = []
    npis: set[str] = set()
    for place, each in enumerate(found.get(_CERTIFICATE, ()), 1):
        path, pointer = _numbered(place)
        parts = inside(each)
        if not _IN_CERTIFICATES.issuperset(parts) or any("c" in inner for of in parts.values() for inner in of):
            by_path(each, found, _CERTIFICATE)
        texts.findings += [
            refusal("format", pointer, f"{name} stands twice.", "Send it once.")
            for name, of in parts.items()
            if len(of) > 1 and name != "UniqueID"
        ]
        domain, value, npi = _ids(parts.get("UniqueID", ()), pointer, texts)
        if npi is not None and domain is not None:
            npis.add(npi)
        received = parts["CreditReceived"][0] if "CreditReceived" in parts else Element(n="")
        reference = parts["CreditID"][0].get("t") if "CreditID" in parts else None
        amount = attribute(received, "numberOfCredits")
        kind = texts.read(attribute(received, "activityCertification"), pointer, _LONGEST)
        type_key = code_key(kind) if kind else ""
        certificates.append(
            _Certificate(
                path=path,
                domain=domain,
                domain_key=code_key(domain) if domain else "",
                value=value,
                value_key=id_key(value),
                type=kind,
                type_key=type_key,
                is_cme=type_key.startswith(_CME_TYPE),
                credits=_amount(received.get("t") if amount is None else amount),
                reference=texts.read(reference, pointer, _LONGEST_REFERENCE),
            )
        )
    if len(npis) > 1:
        texts.findings.append(_TWO_NPIS)
    return certificates, next(iter(npis), None)


def _ids(elements: Sequence[Element], pointer: str, texts: Texts) -> tuple[str | None, str | None, str | None]:
    """Return the domain and the id by which a board or state knows the learner, and the NPI.

    An NPI that stands alone is the id, and has no domain.
    """
    domain = value = npi = None
    for place, each in enumerate(elements):
        given = texts.read(attribute(each, "domain"), pointer, _LONGEST)
        number = texts.read(each.get("t"), pointer, _LONGEST)
        if given is not None and code_key(given) == _NPI:
            npi = number
        elif place and (domain, value) not in ((None, None), (given, number)):
            texts.findings.append(refusal("format", pointer, _TWO_IDS, "Send a certificate for each of them."))
        else:
            domain, value = given, number
    return (domain, value, npi) if domain is not None or value is not None else (None, npi, npi)


def _grouped(certificates: list[_Certificate]) -> tuple[list[_Part], list[_Part]]:
    """Return the certificates of states and NPIs, and those of boards, each as parts of one record."""
    with_cme = {each.domain_key for each in certificates if each.is_cme}
    cme: list[_Part] = []
    moc: list[_Part] = []
    for each in certificates:
        domain = each.domain
        is_cme = find_state(domain) is not None if domain else each.value is not None
        is_cme = is_cme or each.domain_key in with_cme
        parts, whole = (cme, each.is_cme) if is_cme else (moc, each.is_general)
        part = next((known for known in parts if known.takes(each, whole=whole)), None)
        if part is None:
            part = _Part(each, each.value, each.value_key)
            parts.append(part)
        elif not part.value_key:
            part.value, part.value_key = each.value, each.value_key
        if whole:
            part.whole = each
        else:
            part.types.append(each)
    for part in moc:
        if part.whole is not None and not part.types:
            # A board whose only certificate has a general name: it is the type, and the rules say whether it is one.
            part.types, part.whole = [part.whole], None
    return cme, moc


def _cme(part: _Part) -> CmePart:
    whole = part.whole
    return CmePart(
        state=part.first.domain,
        license_id=part.value,
        credits=whole.credits if whole is not None else None,
        special_credits=part.amounts(),
        client_reference=whole.reference if whole is not None else None,
    )


def _moc(part: _Part) -> MocPart:
    whole = part.whole
    return MocPart(
        board=part.first.domain,
        board_id=part.value,
        total_credits=whole.credits if whole is not None else None,
        credit_types=part.amounts(),
        client_reference=whole.reference if whole is not None else None,
    )


def _rems(found: Found, texts: Texts, text: Callable[[str], str | None]) -> RemsPart:
    surgical = "/rems/surgical_procedures"
    try:
        performs = read_yes_no(text_at(found, PATHS[surgical]))
    except Misread as misread:
        texts.findings.append(misreading(surgical, misread))
        performs = None
    return RemsPart(
        local_id=text("/rems/local_id"),
        profession=text("/rems/profession"),
        state=text("/rems/state"),
        dea_registration=text("/rems/dea_registration"),
        practice_area=text("/rems/practice_area"),
        surgical_procedures=performs,
        time_in_practice=text("/rems/time_in_practice"),
    )
