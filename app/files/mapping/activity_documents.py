"""Medical education metrics in XML, one for each activity, as the activities they register.

Senders nest these documents differently: elements are found by name, wherever in the document they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.domain.batches import Element, RawRow
from app.domain.identity.comparison_keys import code_key
from app.domain.parsing import read_activity_id
from app.domain.reports import Action
from app.files.cells import read_action, read_amount, read_day, read_whole, read_yes_no
from app.files.elements import local_name
from app.files.mapping.activity_bodies import ActivityRecord, record_of
from app.files.mapping.element_paths import TextReader, attribute, by_path, warn_of_unknown_names
from app.files.mapping.locations import Location, nearest
from app.schemas.activities import ActivityIn
from app.schemas.bounds import longest

_TEXTS = {
    "/title": "title",
    "/description": "description",
    "/format": "activityFormat",
    "/location/city": "city",
    "/location/state": "state",
    "/location/country": "country",
    "/providership": "activitySponsorship",
    "/listing/fee": "FeeForParticipation",
    "/listing/registration": "ActivityRegistration",
}
_DAYS = {"/start_date": "startDateTime", "/end_date": "endDateTime"}
_WHOLE = {"/learner_counts/physicians": "PhysicianLearners", "/learner_counts/others": "OtherLearners"}
_YES_NO = {
    "/listing/public": "ForPublicList",
    "/mips": "IsMeritBasedIncentivePaymentSystem",
    "/close": "closeActivityRecord",
}
_LISTS = {
    "/delivery_methods": "DeliveryMethods",
    "/measured_outcomes": "MeasuredOutcomes",
    "/commendation_tags": "CommendationTags",
}
_IDS = {"accmeactivityid": "/activity_id", "provideractivityid": "/internal_id", "url": "/listing/url"}
_BOARD = {
    "board": "boardName", "points": "mocPoints", "credit_types": "MOCCreditType",
    "credit_claim_date": "CreditClaimDate", "content_outline": "ContentOutline",
}  # fmt: skip
"""Fields of a registration with a board, with the names of their elements."""
_REGISTRATION = "MOCRegistration"
_ONCE = _TEXTS | _DAYS | _WHOLE | _YES_NO | {"/action": "activityRecordAction"}
"""Elements of which a document has one; of two, neither is chosen."""

NAMES: Mapping[str, str] = {
    "/action": "activityRecordAction", "/ama_pra_credits": "credits", "/commercial_support": "commercialSupport",
    "/rems": "REMS", "/moc": "MOCRegistrations",
    **_TEXTS, **_DAYS, **_WHOLE, **_YES_NO, **_LISTS,
    **dict.fromkeys(_IDS.values(), "identifier"),
}  # fmt: skip
"""Elements by the pointers of what they hold."""
KNOWN = frozenset(
    {
        *NAMES.values(), *_BOARD.values(), _REGISTRATION, "ContentOutlines", "ReportDescription", "ActivityDescription",
        "Lom", "lom", "general", "catalog", "entry", "string", "healthcareMetadata", "healthcareEducation",
        "targetAudience", "activityLocation", "ParticipationMetrics", "XtensibleInfo", "credit", "numberOfCredits",
        "source", "amount", "inKind", "type",
    }
)  # fmt: skip
"""Names of the elements that are read, or known and not used here."""
_UNNAMED_WITHIN = frozenset({"ReportDescription", "targetAudience", *_LISTS.values()})
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
        elements = _MetricsElements(raw.raw)
        given = {"/action": Action.ADD} | dict(elements.fields())
        boards = [elements.board(place, element) for place, element in enumerate(elements.registrations)]
        known = KNOWN
        if outlines := elements.outlines():
            # Beside the registrations, they can only be those of the one board that there is.
            if len(boards) == 1:
                boards[0]["content_outline"] += outlines
            else:
                known -= {_BOARD["content_outline"]}
        findings = (*elements.texts.findings, *warn_of_unknown_names(by_path(raw.raw), known, _UNNAMED_WITHIN))
        return record_of(raw.number, self._provider_id, given, boards, findings, ())


class _MetricsElements:
    """The elements of one document by name."""

    def __init__(self, root: Element) -> None:
        self.texts = TextReader()
        self.registrations = _named(root, _REGISTRATION)
        self._by_name: dict[str, list[Element]] = {}
        for element in _walk_outside(root, _REGISTRATION):
            self._by_name.setdefault(local_name(element["n"]), []).append(element)
        self._stated: dict[str, list[Element]] = {}
        for element in _walk_outside(root, _REGISTRATION, *_UNNAMED_WITHIN):
            self._stated.setdefault(local_name(element["n"]), []).append(element)

    def named(self, name: str) -> list[Element]:
        """Return every element of a name that stands outside the registrations."""
        return self._by_name.get(name, [])

    def outlines(self) -> list[str]:
        """Return content outlines that stand beside the registrations."""
        return self._list("/moc/0/content_outline", self.named(_BOARD["content_outline"]))

    def fields(self) -> Iterator[tuple[str, Any]]:
        """Yield what the document says, by pointer."""
        ids: dict[str, list[str]] = {}
        for pointer, name in _ONCE.items():
            self._refuse_different(self._stated.get(name, []), pointer, name)
        for pointer, name in _TEXTS.items():
            yield pointer, self._text(pointer, _first_text(self.named(name)))
        for pointer, name in _DAYS.items():
            yield pointer, read_day(_first_text(self.named(name)))
        for pointer, name in (_WHOLE | _YES_NO).items():
            read: Callable[[str | None], Any] = read_whole if pointer in _WHOLE else read_yes_no
            yield pointer, self.texts.convert(read, _first_text(self.named(name)), pointer)
        for pointer, name in _LISTS.items():
            yield pointer, self._list(pointer, self.named(name))
        for identifier in self.named("identifier"):
            pointer = _IDS.get(code_key(attribute(identifier, "catalog") or ""), "")
            if pointer:
                text = self.texts.attribute(identifier, "entry", pointer) or identifier.get("t")
                ids.setdefault(pointer, []).append(text or "")
                yield pointer, self._id(pointer, text)
        for pointer, texts in ids.items():
            self.texts.refuse_different(texts, pointer, f"The {NAMES[pointer]} of this catalog")
        if action := _first_text(self.named("activityRecordAction")):
            yield "/action", read_action(action)
        amounts = [read_amount(leaf.get("t")) for credits in self.named("credits") for leaf in _leaves(credits)]
        numbers = [amount for amount in amounts if isinstance(amount, float)]
        self.texts.refuse_different(map(str, numbers), "/ama_pra_credits", NAMES["/ama_pra_credits"])
        yield "/ama_pra_credits", next(iter(numbers), next(iter(amounts), None))
        yield from self._rems()
        yield from self._support()

    def board(self, place: int, registration: Element) -> dict[str, Any]:
        """Return a registration with a board."""
        given: dict[str, Any] = {}
        for name, element in _BOARD.items():
            pointer = f"/moc/{place}/{name}"
            found = _named(registration, element)
            if name in ("credit_types", "content_outline"):
                given[name] = [text for leaf in found if (text := self._text(pointer, leaf.get("t"))) is not None]
            else:
                self._refuse_different(found, pointer, element)
                text = _first_text(found)
                read = {"points": read_amount, "credit_claim_date": read_day}.get(name)
                given[name] = read(text) if read is not None else self._text(pointer, text)
        return given

    def _refuse_different(self, elements: list[Element], pointer: str, name: str) -> None:
        """Add a finding for elements of one name that say different things: none of it may get lost."""
        if len(elements) > 1:
            self.texts.refuse_different([_first_text([element]) or "" for element in elements], pointer, name)

    def _text(self, pointer: str, text: str | None) -> str | None:
        return self.texts.read(text, pointer, longest(ActivityIn, pointer))

    def _id(self, pointer: str, text: str | None) -> str | None:
        if pointer == "/internal_id":
            return self.texts.read_own_id(text, pointer, longest(ActivityIn, pointer))
        kept = self._text(pointer, text)
        return read_activity_id(kept) if pointer == "/activity_id" else kept

    def _list(self, pointer: str, elements: list[Element]) -> list[str]:
        sent = [leaf.get("t") for element in elements for leaf in _leaves(element)]
        return [kept for text in sent if (kept := self._text(pointer, text)) is not None]

    def _rems(self) -> Iterator[tuple[str, Any]]:
        given: dict[str, list[str]] = {"type": [], "identifier": []}
        for rems in self.named("REMS"):
            kind = self.texts.attribute(rems, "type", "/rems/type") or rems.get("t")
            identifier = self.texts.attribute(rems, "identifier", "/rems/identifier")
            given["type"].append(kind or "")
            given["identifier"].append(identifier or "")
            yield "/rems/type", self._text("/rems/type", kind)
            yield "/rems/identifier", self._text("/rems/identifier", identifier)
        for name, texts in given.items():
            self.texts.refuse_different(texts, f"/rems/{name}", f"{name} of REMS")

    def _support(self) -> Iterator[tuple[str, Any]]:
        """Yield the commercial support: Yes or No, or who gave how much."""
        sources, amounts = [], []
        for support in self.named("commercialSupport"):
            source = self._text("/commercial_support/{n}/source", attribute(support, "source"))
            if source is not None:
                sources.append(source)
                amounts.append(attribute(support, "amount"))
                continue
            answer = self.texts.convert(read_yes_no, support.get("t"), "/commercial_support")
            if answer is not None:
                yield "/commercial_support", answer
        yield "/commercial_support/{n}/source", sources
        if any(amount is not None for amount in amounts):
            yield "/commercial_support/{n}/amount", amounts


def _first_text(elements: list[Element]) -> str | None:
    """Return the first text in elements, or in those within them."""
    return next((text for element in elements for leaf in _leaves(element) if (text := leaf.get("t"))), None)


def _leaves(element: Element) -> Iterator[Element]:
    """Yield the elements that have none within them."""
    if not element.get("c"):
        yield element
    for child in element.get("c", ()):
        yield from _leaves(child)


def _named(element: Element, name: str) -> list[Element]:
    return [inner for inner in _walk_outside(element, "") if local_name(inner["n"]) == name]


def _walk_outside(element: Element, *names: str) -> Iterator[Element]:
    """Yield everything within an element, but not what is within those of some names."""
    for child in element.get("c", ()):
        yield child
        if local_name(child["n"]) not in names:
            yield from _walk_outside(child, *names)
