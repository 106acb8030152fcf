"""Credit certificates of an activity report, put together to the CME and the boards of one record.

Certificates of one domain belong together: those of a state or an NPI are its CME and special credits, those of a
board its credit types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from app.domain.batches import Element
from app.domain.comparison_keys import code_key, id_key
from app.domain.reports import Amount, CmePart, MocPart, TypeAmount
from app.domain.states import find_state
from app.files.cells import read_amount
from app.files.mapping.element_paths import Found, Texts, attribute, by_path, inside
from app.files.mapping.locations import Moved, refusal
from app.schemas.bounds import longest
from app.schemas.completions import CompletionIn

PATH = "Activity/Module/CreditCertificate"
"""Where certificates stand."""
MOST = 500
"""Certificates of one report at most."""
_POINTER = "/certificates/"
"""What is wrong with a certificate by itself is said of its number, from 1: it may be of no part of the record."""
_INNER = {
    "state": "UniqueID", "license_id": "UniqueID", "board": "UniqueID", "board_id": "UniqueID",
    "credits": "CreditReceived", "total_credits": "CreditReceived", "type": "CreditReceived",
    "client_reference": "CreditID",
}  # fmt: skip
"""Elements of a certificate by the fields they fill."""
_ELEMENTS = frozenset(_INNER.values())
_IN_CREDIT = ("activityCertification", "creditUnit", "numberOfCredits")
KNOWN = frozenset(
    {
        PATH,
        *(f"{PATH}/{name}" for name in {*_ELEMENTS, "UniqueID/domain"}),
        *(f"{PATH}/CreditReceived/{name}" for name in _IN_CREDIT),
    }
)
"""Every element that is read, or known and of no use here."""
_NPI = "npi"
_LONGEST = longest(CompletionIn, "/moc/0/board_id")
"""Of ids, domains and types."""
_LONGEST_REFERENCE = longest(CompletionIn, "/client_reference")
_CME_TYPE = "amapracategory1"
_GENERAL = frozenset(
    {"", "moc", "cc", "moccc", "mocpoints", "ccpoints", "moccredit", "mocpoint", "points", "point",
     "maintenanceofcertification", "continuingcertification"}
)  # fmt: skip
"""What senders call a board's credit as a whole, with or without the board's code before it."""
_TWO_NPIS = refusal("format", "/learner/npi", "Two NPIs stand for one learner.", "Give the learner's own.")
_TWO_IDS = "Several ids of one certificate belong to different boards or states."


@dataclass(slots=True, kw_only=True)
class Certified:
    """What the certificates of a report say."""

    npi: str | None
    """The NPI that stands beside another id: the person's."""
    cme: tuple[CmePart, ...]
    moc: tuple[MocPart, ...]
    moved: Moved
    """Where each part stands."""


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


def read_certificates(found: Found, texts: Texts) -> Certified:
    """Return what the certificates say; what they hold that is not known is added to what was found."""
    certificates, npi = _certificates(found, texts)
    cme, moc = _grouped(certificates)
    return Certified(
        npi=npi,
        cme=tuple(_cme(each) for each in cme),
        moc=tuple(_moc(each) for each in moc),
        moved=(
            *(each for place, part in enumerate(cme) for each in part.moved(f"/cme/{place}", "special_credits")),
            *(each for place, part in enumerate(moc) for each in part.moved(f"/moc/{place}", "credit_types")),
        ),
    )


def column_of(stands: str) -> str | None:
    """Return the path of what stands in a certificate, None for what stands elsewhere."""
    if stands.startswith(_POINTER):
        return f"{PATH}[{stands.removeprefix(_POINTER)}]"
    if not stands.startswith(PATH):
        return None
    path, _, part = stands.partition("]")
    inner = _INNER.get(part.rpartition("/")[2])
    return f"{path}]/{inner}" if inner else f"{path}]"


@lru_cache(maxsize=256)
def _numbered(place: int) -> tuple[str, str]:
    """Return the path of a certificate by its place, from 1, and a pointer to it."""
    return f"{PATH}[{place}]", f"{_POINTER}{place}"


@lru_cache(maxsize=1_024)
def _known_amount(text: str) -> Amount:
    return read_amount(text)


def _amount(text: str | None) -> Amount:
    """Read an amount; they repeat themselves, and are short."""
    return _known_amount(text) if text is not None and len(text) < 16 else read_amount(text)


def _certificates(found: Found, texts: Texts) -> tuple[list[_Certificate], str | None]:
    """Return the certificates in their order, and the NPI that stands beside another id."""
    certificates: list[_Certificate] = []
    npis: dict[str, None] = {}
    for place, each in enumerate(found.get(PATH, ()), 1):
        path, pointer = _numbered(place)
        parts = inside(each)
        if not _ELEMENTS.issuperset(parts) or any("c" in inner for of in parts.values() for inner in of):
            by_path(each, found, PATH)
        texts.findings += [
            refusal("format", pointer, f"{name} stands twice.", "Send it once.")
            for name, of in parts.items()
            if len(of) > 1 and name != "UniqueID"
        ]
        domain, value, npi = _ids(parts.get("UniqueID", ()), pointer, texts)
        if npi is not None and domain is not None:
            npis[npi] = None
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
