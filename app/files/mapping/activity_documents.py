"""Medical education metrics, one for each activity, as the activities they register.

Senders nest these documents differently: elements are found by name, wherever in the document they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.batches import Element, RawRow
from app.domain.findings import Finding, Severity
from app.domain.identity.comparison_keys import code_key
from app.domain.parsing import read_activity_id
from app.domain.reports import Action
from app.files.cells import read_action, read_amount, read_day, read_yes_no
from app.files.mapping import activity_groups, joint_accreditation
from app.files.mapping.activity_bodies import ActivityRecord, record_of
from app.files.mapping.element_paths import attribute, by_path, warn_of_unknown_names
from app.files.mapping.locations import Location, nearest
from app.files.mapping.named_elements import NamedElements, first_leaf_text, named_within
from app.schemas.activities import ActivityIn
from app.schemas.bounds import longest

_TEXTS = {
    "/title": ("title",),
    "/description": ("description",),
    "/format": ("activityFormat",),
    "/location/city": ("city",),
    "/location/state": ("stateOrProvince", "state"),
    "/location/country": ("country",),
    "/providership": ("activitySponsorship",),
    "/listing/fee": ("FeeForParticipation",),
    "/listing/registration": ("ActivityRegistration",),
}
"""Elements of which a document has one; of two that differ, neither is chosen. Some have an older name, too."""
_DAYS = {"/start_date": ("startDateTime",), "/end_date": ("endDateTime",)}
_YES_NO = {
    "/listing/public": ("ForPublicList",),
    "/mips": ("IsMeritBasedIncentivePaymentSystem",),
    "/joint_accreditation/interprofessional": ("isInterprofessional",),
    "/close": ("closeActivityRecord",),
}
_ONCE = _TEXTS | _DAYS | _YES_NO | {"/action": ("activityRecordAction",)}
_LISTS = {"/delivery_methods": "DeliveryMethods", "/commendation_tags": "CommendationTags"}
_IDS = {"accmeactivityid": "/activity_id", "provideractivityid": "/internal_id", "url": "/listing/url"}
_BOARD = {
    "board": "boardName", "points": "mocPoints", "credit_types": "MOCCreditType",
    "credit_claim_date": "CreditClaimDate", "content_outline": "ContentOutline",
}  # fmt: skip
"""Fields of a registration with a board, with the names of their elements."""
_REGISTRATION = "MOCRegistration"

NAMES: Mapping[str, str] = {
    "/ama_pra_credits": "credits", "/joint_providers": "nonAccreditedProvider",
    "/commercial_support": "commercialSupport", "/commercial_support/{n}": "commercialSupportAmount",
    "/measured_outcomes": "MeasuredOutcomes", "/learner_counts": "participantsByCategory", "/rems": "REMS",
    "/moc": "MOCRegistrations", "/listing/specialties": "specialty", "/joint_accreditation/credits": "credits",
    "/joint_accreditation/professions": "profession", "/joint_accreditation/credit_amounts": "credits",
    **joint_accreditation.NAMES,
    **{pointer: names[0] for pointer, names in _ONCE.items()}, **_LISTS,
    **dict.fromkeys(_IDS.values(), "identifier"),
}  # fmt: skip
"""Elements by the pointers of what they hold."""
KNOWN = frozenset(
    {
        *NAMES.values(), *_BOARD.values(), _REGISTRATION, "ReportDescription", "ReportingStartDate", "ReportingEndDate",
        "ActivityDescription", "Lom", "lom", "general", "catalog", "entry", "keyword", "id", "source", "string",
        "healthcareMetadata", "healthcareEducation", "credit", "activityCertification", "numberOfCredits",
        "targetAudience", "activityLocation", "state", "ParticipationMetrics", "category", "numberOfParticipants",
        "PhysicianLearners", "OtherLearners", "XtensibleInfo", "ProviderID", "InKindSupports", "InKindSupport",
        "currency", "supportSource", "value", "amount", "inKind", "MeasuredOutcome", "MeasurementType",
        "ContentOutlines", "ContentOutlineSelections", "ContentOutlineSource", "ContentOutlineKeys", "ContentKeyword",
        "ContentKeywordValue", "CommendationTag", "DeliveryMethod", "REMSType", "REMSRelatedIdentifier", "type",
    }
)  # fmt: skip
"""Names of the elements that are read, or known and not used here."""
UNKEPT = frozenset(
    {
        "HasPharmacyRecertifications", "PharmacyRecertificationRequirements",
        "HasPharmacyContentTags", "PharmacyContentTags", "HasStateContentTags", "StateContentTags",
    }
)  # fmt: skip
"""Names of elements that are known, and that an activity has no place for."""
_UNNAMED_WITHIN = frozenset({"ReportDescription", "MeasuredOutcomes", *_LISTS.values()})
"""Elements in which others may have any name."""


class ActivityDocuments:
    """Maps the activities of one document."""

    def __init__(self, provider_id: str) -> None:
        self._provider_id = provider_id

    def locate(self, pointer: str, record: ActivityRecord | None = None) -> Location:
        """Return the name of the element that a pointer leads to."""
        parts = pointer.split("/")
        if pointer.startswith("/moc/") and len(parts) > 3 and parts[3] in _BOARD:
            return Location(column=f"MOCRegistrations/{_REGISTRATION}[{int(parts[2]) + 1}]/{_BOARD[parts[3]]}")
        return nearest(pointer, NAMES)

    def read(self, raw: RawRow) -> ActivityRecord:
        """Return what a document says of an activity."""
        assert isinstance(raw.raw, dict) and "n" in raw.raw
        return self.read_element(raw.number, raw.raw)

    def read_element(self, number: int, root: Element) -> ActivityRecord:
        """Return what the element of an activity says of it."""
        elements = NamedElements(root, apart=_REGISTRATION, described=_UNNAMED_WITHIN)
        given = {"/action": Action.ADD} | dict(_fields(elements))
        boards = [_board(elements, place, found) for place, found in enumerate(elements.apart(_REGISTRATION))]
        if not activity_groups.add_outlines(elements, boards):
            elements.unkept["content outline of a board that is not registered here"] = None
        found = by_path(root)
        elements.unkept |= {name: None for path in found if (name := path.rpartition("/")[2]) in UNKEPT}
        findings = (
            *elements.texts.findings,
            *warn_of_unknown_names(found, KNOWN | UNKEPT, _UNNAMED_WITHIN | UNKEPT),
            *_warn_of_unkept(elements.unkept),
        )
        return record_of(number, self._provider_id, given, boards, findings, ())


def _fields(elements: NamedElements) -> Iterator[tuple[str, Any]]:
    """Yield what the document says, by pointer."""
    for pointer, names in _ONCE.items():
        elements.refuse_different(pointer, *names)
    for pointer, names in _TEXTS.items():
        yield pointer, elements.text(pointer, first_leaf_text(elements.named(*names)))
    for pointer, names in _DAYS.items():
        yield pointer, read_day(first_leaf_text(elements.named(*names)))
    for pointer, names in _YES_NO.items():
        yield pointer, elements.texts.convert(read_yes_no, first_leaf_text(elements.named(*names)), pointer)
    for pointer, name in _LISTS.items():
        yield pointer, elements.texts_of(pointer, elements.named(name))
    if action := first_leaf_text(elements.named("activityRecordAction")):
        yield "/action", read_action(action)
    yield from _identifiers(elements)
    yield from _rems(elements)
    yield from activity_groups.read_credits(elements)
    yield from joint_accreditation.read_elements(elements)
    yield from activity_groups.read_support(elements)
    yield from activity_groups.read_outcomes(elements)
    yield from activity_groups.read_participants(elements)


def _identifiers(elements: NamedElements) -> Iterator[tuple[str, Any]]:
    ids: dict[str, list[str]] = {}
    for identifier in elements.named("identifier"):
        pointer = _IDS.get(code_key(attribute(identifier, "catalog") or ""), "")
        if pointer:
            text = elements.texts.attribute(identifier, "entry", pointer) or identifier.get("t")
            ids.setdefault(pointer, []).append(text or "")
            yield pointer, _id(elements, pointer, text)
        elif catalog := (attribute(identifier, "catalog") or "").strip():
            elements.unkept[f"identifier of the catalog {catalog[:_SHORT]}"] = None
    for pointer, texts in ids.items():
        elements.texts.refuse_different(texts, pointer, f"The {NAMES[pointer]} of this catalog")


def _id(elements: NamedElements, pointer: str, text: str | None) -> str | None:
    if pointer == "/internal_id":
        return elements.texts.read_own_id(text, pointer, longest(ActivityIn, pointer))
    kept = elements.text(pointer, text)
    return read_activity_id(kept) if pointer == "/activity_id" else kept


def _rems(elements: NamedElements) -> Iterator[tuple[str, Any]]:
    given: dict[str, list[str]] = {"type": [], "identifier": []}
    for rems in elements.named("REMS"):
        within = "" if rems.get("c") else rems.get("t", "")
        given["type"].append(elements.one_of("/rems/type", rems, "REMSType", "type") or within)
        given["identifier"].append(
            elements.one_of("/rems/identifier", rems, "REMSRelatedIdentifier", "identifier") or ""
        )
    for name, older in (("type", "REMSType"), ("identifier", "REMSRelatedIdentifier")):
        given[name] += elements.texts_of(f"/rems/{name}", elements.named(older))
        elements.texts.refuse_different(given[name], f"/rems/{name}", f"{name} of REMS")
        said = next((text for text in given[name] if text.strip()), None)
        yield f"/rems/{name}", elements.text(f"/rems/{name}", said)


def _board(elements: NamedElements, place: int, registration: Element) -> dict[str, Any]:
    """Return a registration with a board."""
    given: dict[str, Any] = {}
    for name, element in _BOARD.items():
        pointer = f"/moc/{place}/{name}"
        found = named_within(registration, element)
        if name in ("credit_types", "content_outline"):
            given[name] = elements.texts_of(pointer, found)
        else:
            elements.refuse_unequal(found, pointer, element)
            text = first_leaf_text(found)
            read = {"points": read_amount, "credit_claim_date": read_day}.get(name)
            given[name] = read(text) if read is not None else elements.text(pointer, text)
    return given


_SHORT = 60


def _warn_of_unkept(names: Mapping[str, None]) -> tuple[Finding, ...]:
    """Return the warning that names what is known, was sent, and has no place in an activity."""
    if not names:
        return ()
    return (
        Finding(
            rule="element-ignored",
            severity=Severity.WARNING,
            pointer="",
            detail=f"Elements that are known, and not kept here, were passed over: {', '.join(sorted(names))}.",
            hint="Nothing to do: the rest of the record is judged without them.",
        ),
    )
