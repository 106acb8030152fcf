"""Credit certificates of an activity report, grouped into the CME and the boards of one record.

Certificates of one domain belong together: those of a state or an NPI are its CME and special credits, those of a
board its credit types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from app.domain.batches import Element
from app.domain.identity.comparison_keys import code_key, id_key
from app.domain.parsing import plain_or_none, read_license_id, read_npi
from app.domain.reports import Amount, CmePart, MocPart, TypeAmount
from app.domain.states import find_state
from app.files.cells import read_amount
from app.files.document_members import OWN_CREDIT_ID
from app.files.elements import local_name
from app.files.mapping.element_paths import ElementsByPath, TextReader, by_path, children_of
from app.files.mapping.locations import PrefixMap
from app.files.mapping.refusals import refusal
from app.schemas.bounds import longest
from app.schemas.completions import CompletionIn

PATH = "Activity/Module/CreditCertificate"
"""The path of certificates."""
MOST = 500
"""Most certificates of one report."""
_POINTER = "/certificates/"
"""Pointers of findings about a certificate by itself, before its number from 1: no part of the record may have it."""
_INNER = {
    "state": "UniqueID", "license_id": "UniqueID", "board": "UniqueID", "board_id": "UniqueID",
    "credits": "CreditReceived", "total_credits": "CreditReceived", "type": "CreditReceived",
    "client_reference": "CreditID",
}  # fmt: skip
"""Elements of a certificate by the fields they fill."""
_ELEMENTS = frozenset(_INNER.values())
_IN_CREDIT = frozenset({"activityCertification", "creditUnit", "numberOfCredits"})
_USUAL = (("UniqueID", "CreditReceived"), ("UniqueID", "CreditReceived", "CreditID"))
_NOTHING: Mapping[str, str] = {}
_REMEMBERED = 100
"""Characters of what is remembered: domain, type and amount have fewer."""
KNOWN = frozenset(
    {
        PATH,
        *(f"{PATH}/{name}" for name in {*_ELEMENTS, "UniqueID/domain"}),
        *(f"{PATH}/CreditReceived/{name}" for name in _IN_CREDIT),
    }
)
"""Every element that is read, or known and not used here."""
_NPI = "npi"
_LONGEST = longest(CompletionIn, "/moc/0/board_id")
"""Characters of ids, domains and types."""
LONGEST_REFERENCE = longest(CompletionIn, "/client_reference")
_CME_TYPE = "amapracategory1"
_GENERAL = frozenset(
    {"", "moc", "cc", "moccc", "mocpoints", "ccpoints", "moccredit", "mocpoint", "points", "point",
     "maintenanceofcertification", "continuingcertification"}
)  # fmt: skip
"""Names of a board's credit as a whole, by comparison key; the board's code may stand before them."""
_TWO_NPIS = refusal("format", "/learner/npi", "There are two NPIs for one learner.", "Give the learner's own.")
_TWO_IDS = "One certificate has ids of different boards or states."


class CertifiedCredit(msgspec.Struct, frozen=True, kw_only=True):
    """The credit of a report, as its certificates have it."""

    npi: str | None
    """The person's: an NPI beside another id."""
    cme: tuple[CmePart, ...]
    moc: tuple[MocPart, ...]
    prefixes: PrefixMap
    """Which certificate each part stands in."""


class _Certificate(msgspec.Struct, frozen=True, kw_only=True):
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
        """Whether it names a board's credit as a whole."""
        return self.type is not None and self.type_key.removeprefix(self.domain_key) in _GENERAL


class _CertificateGroup(msgspec.Struct):
    """Certificates that become one part of a record: one state's CME, or one board."""

    first: _Certificate
    value: str | None
    value_key: str
    whole: _Certificate | None = None
    """The certificate of all of it: a state's CME, a board's general credit."""
    types: list[_Certificate] = msgspec.field(default_factory=list)

    def takes(self, certificate: _Certificate, *, whole: bool) -> bool:
        """Whether a certificate belongs here; one that repeats the whole begins a group of its own."""
        if self.first.domain_key != certificate.domain_key or (whole and self.whole is not None):
            return False
        return self.value_key == certificate.value_key or not self.value_key or not certificate.value_key

    def amounts(self) -> tuple[TypeAmount, ...]:
        """Return its types."""
        return tuple(
            TypeAmount(type=held.type, credits=held.credits, client_reference=held.reference) for held in self.types
        )

    def prefixes(self, here: str, types: str) -> PrefixMap:
        """Return where it stands: all of it, and each of its types."""
        first = self.whole or self.types[0]
        of_types = ((f"{here}/{types}/{place}", held.path) for place, held in enumerate(self.types))
        return ((here, first.path), *of_types)


def read_certificates(found: ElementsByPath, texts: TextReader) -> CertifiedCredit:
    """Return the credit of the certificates; elements in them that are not known are added to those found."""
    certificates, npi = _certificates(found, texts)
    cme, moc = _group(certificates)
    return CertifiedCredit(
        npi=npi,
        cme=tuple(map(_cme, cme)),
        moc=tuple(map(_moc, moc)),
        prefixes=(
            *(pair for place, group in enumerate(cme) for pair in group.prefixes(f"/cme/{place}", "special_credits")),
            *(pair for place, group in enumerate(moc) for pair in group.prefixes(f"/moc/{place}", "credit_types")),
        ),
    )


def column_of(pointer: str) -> str | None:
    """Return the path of something within a certificate; None for what is elsewhere."""
    if pointer.startswith(_POINTER):
        return f"{PATH}[{pointer.removeprefix(_POINTER)}]"
    if not pointer.startswith(PATH):
        return None
    path, _, part = pointer.partition("]")
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
    """Return an amount; short ones are remembered, because they repeat."""
    return _known_amount(text) if text is not None and len(text) < 16 else read_amount(text)


def _certificates(found: ElementsByPath, texts: TextReader) -> tuple[list[_Certificate], str | None]:
    """Return the certificates in their order, and the NPI where one stands beside another id."""
    certificates: list[_Certificate] = []
    npis: dict[str, None] = {}
    for place, element in enumerate(found.get(PATH, ()), 1):
        path, pointer = _numbered(place)
        usual = _read_usual(path, pointer, element, texts)
        if usual is not None:
            certificates.append(usual)
            continue
        parts = children_of(element)
        if not _ELEMENTS.issuperset(parts) or any("c" in inner for elements in parts.values() for inner in elements):
            by_path(element, found, PATH)
        texts.findings += [
            refusal("format", pointer, f"{name} occurs twice.", "Send it once.")
            for name, elements in parts.items()
            if len(elements) > 1 and name != "UniqueID"
        ]
        domain, value, npi = _ids(parts.get("UniqueID", ()), pointer, texts)
        if npi is not None and domain is not None:
            npis[npi] = None
        received = parts["CreditReceived"][0] if "CreditReceived" in parts else Element(n="")
        reference = parts["CreditID"][0].get("t") if "CreditID" in parts else None
        amount = texts.attribute(received, "numberOfCredits", pointer)
        if amount is not None and (text := received.get("t")) and text.strip() and _amount(text) != _amount(amount):
            texts.refuse_different((amount, text), pointer, "The amount of CreditReceived")
        kind = plain_or_none(texts.read(texts.attribute(received, "activityCertification", pointer), pointer, _LONGEST))
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
                reference=_reference(reference, pointer, texts),
            )
        )
    if len(npis) > 1:
        texts.findings.append(_TWO_NPIS)
    return certificates, next(iter(npis), None)


class _Said(msgspec.Struct, frozen=True):
    """What a certificate says that many others say, too."""

    domain: str
    domain_key: str
    type: str | None
    type_key: str
    credits: Amount


def _read_usual(path: str, pointer: str, element: Element, texts: TextReader) -> _Certificate | None:
    """Return a certificate as nearly all are: an id of a board or state, what was received, and perhaps a key.

    None for any other, and where there is something to find.
    """
    parts = element.get("c", [])
    if tuple([local_name(part["n"]) for part in parts]) not in _USUAL:
        return None
    unique, received, *keys = parts
    whose = unique.get("a", _NOTHING)
    if "c" in unique or len(whose) != 1 or "domain" not in whose or received.get("t") or (keys and "c" in keys[0]):
        return None
    credit = _credit(received)
    if credit is None:
        return None
    domain, (type, amount) = whose["domain"], credit
    if len(domain) + len(type or "") + len(amount or "") > _REMEMBERED:
        return None
    said = _say(domain, type, amount)
    if said is None:
        return None
    number = read_license_id(texts.read(unique.get("t"), pointer, _LONGEST))
    return _Certificate(
        path=path,
        domain=said.domain,
        domain_key=said.domain_key,
        value=number,
        value_key=id_key(number),
        type=said.type,
        type_key=said.type_key,
        is_cme=said.type_key.startswith(_CME_TYPE),
        credits=said.credits,
        reference=_reference(keys[0].get("t"), pointer, texts) if keys else None,
    )


def _credit(received: Element) -> tuple[str | None, str | None] | None:
    """Return type and amount, of attributes or of elements; None where something else stands there, or both."""
    given: Mapping[str, str] = received.get("a", _NOTHING)
    inner = received.get("c", ())
    if inner:
        if given or any("c" in part or "a" in part for part in inner):
            return None
        given = {local_name(part["n"]): part.get("t", "") for part in inner}
        if len(given) != len(inner):
            return None
    if not _IN_CREDIT.issuperset(given):
        return None
    return given.get("activityCertification"), given.get("numberOfCredits") or None


@lru_cache(maxsize=1_024)
def _say(domain: str, type: str | None, amount: str | None) -> _Said | None:
    """Return what texts of a certificate say; None where there is something to find, or the id is an NPI."""
    texts = TextReader()
    given = plain_or_none(texts.read(domain, "", _LONGEST))
    kind = plain_or_none(texts.read(type, "", _LONGEST))
    if texts.findings or given is None or code_key(given) == _NPI:
        return None
    return _Said(given, code_key(given), kind, code_key(kind) if kind else "", read_amount(amount))


def _reference(text: str | None, pointer: str, texts: TextReader) -> str | None:
    """Return the sender's key of a certificate; none for one that we have given in a document of our own."""
    own = text is not None and text.startswith(OWN_CREDIT_ID)
    return None if own else texts.read_own_id(text, pointer, LONGEST_REFERENCE)


def _ids(elements: Sequence[Element], pointer: str, texts: TextReader) -> tuple[str | None, str | None, str | None]:
    """Return the domain and the id by which a board or state knows the learner, and the NPI.

    An NPI that stands alone is the id, and has no domain.
    """
    domain = value = npi = None
    for place, element in enumerate(elements):
        given = plain_or_none(texts.read(texts.attribute(element, "domain", pointer), pointer, _LONGEST))
        number = texts.read(element.get("t"), pointer, _LONGEST)
        if given is not None and code_key(given) == _NPI:
            npi = read_npi(number)
        elif place and (domain, value) not in ((None, None), (given, read_license_id(number))):
            texts.findings.append(refusal("format", pointer, _TWO_IDS, "Send a certificate for each of them."))
        else:
            domain, value = given, read_license_id(number)
    return (domain, value, npi) if domain is not None or value is not None else (None, npi, npi)


def _group(certificates: list[_Certificate]) -> tuple[list[_CertificateGroup], list[_CertificateGroup]]:
    """Return the certificates of states and NPIs, and those of boards, each grouped into parts of one record."""
    with_cme = {certificate.domain_key for certificate in certificates if certificate.is_cme}
    cme: list[_CertificateGroup] = []
    moc: list[_CertificateGroup] = []
    for certificate in certificates:
        domain = certificate.domain
        is_cme = find_state(domain) is not None if domain else certificate.value is not None
        is_cme = is_cme or certificate.domain_key in with_cme
        groups, whole = (cme, certificate.is_cme) if is_cme else (moc, certificate.is_general)
        group = next((known for known in groups if known.takes(certificate, whole=whole)), None)
        if group is None:
            group = _CertificateGroup(certificate, certificate.value, certificate.value_key)
            groups.append(group)
        elif not group.value_key:
            group.value, group.value_key = certificate.value, certificate.value_key
        if whole:
            group.whole = certificate
        else:
            group.types.append(certificate)
    for group in moc:
        if group.whole is not None and not group.types:
            # A board's only certificate has a general name: it is the type, and the rules say whether it is one.
            group.types, group.whole = [group.whole], None
    return cme, moc


def _cme(group: _CertificateGroup) -> CmePart:
    whole = group.whole
    return CmePart(
        state=group.first.domain,
        license_id=group.value,
        credits=whole.credits if whole is not None else None,
        special_credits=group.amounts(),
        client_reference=whole.reference if whole is not None else None,
    )


def _moc(group: _CertificateGroup) -> MocPart:
    whole = group.whole
    return MocPart(
        board=group.first.domain,
        board_id=group.value,
        total_credits=whole.credits if whole is not None else None,
        credit_types=group.amounts(),
        client_reference=whole.reference if whole is not None else None,
    )
