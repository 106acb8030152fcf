"""Medical education metrics in XML, one for each activity, as the activities they register.

Senders nest these documents differently, so that elements are found by name, wherever in the document they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.domain.batches import Element, RawRow
from app.domain.comparison_keys import code_key
from app.domain.reports import Action
from app.files.cells import read_action, read_amount, read_day, read_whole, read_yes_no
from app.files.elements import local_name
from app.files.mapping.activity_bodies import ActivityRecord, record_of
from app.files.mapping.element_paths import Texts, attribute, by_path, ignored_names
from app.files.mapping.locations import Place, nearest
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
"""Of a registration with a board: its fields, by the names of elements."""
_REGISTRATION = "MOCRegistration"

NAMES: Mapping[str, str] = {
    "/action": "activityRecordAction", "/ama_pra_credits": "credits", "/commercial_support": "commercialSupport",
    "/rems": "REMS", "/moc": "MOCRegistrations",
    **_TEXTS, **_DAYS, **_WHOLE, **_YES_NO, **_LISTS,
    **dict.fromkeys(_IDS.values(), "identifier"),
}  # fmt: skip
"""Elements by what they say of an activity."""
KNOWN = frozenset(
    {
        *NAMES.values(), *_BOARD.values(), _REGISTRATION, "ContentOutlines", "ReportDescription", "ActivityDescription",
        "Lom", "lom", "general", "catalog", "entry", "string", "healthcareMetadata", "healthcareEducation",
        "targetAudience", "activityLocation", "ParticipationMetrics", "XtensibleInfo", "credit", "numberOfCredits",
        "source", "amount", "inKind", "type",
    }
)  # fmt: skip
"""Names of the elements that are read, or known and of no use here."""
_PASSED = frozenset({"ReportDescription", "targetAudience", *_LISTS.values()})
"""Elements of which what is in them need not be known."""


class ActivityDocuments:
    """Reads the activities of one document."""

    def __init__(self, provider_id: str) -> None:
        self._provider_id = provider_id

    def place(self, pointer: str, record: ActivityRecord | None = None) -> Place:
        """Return the name of the element that a pointer leads to."""
        parts = pointer.split("/")
        if pointer.startswith("/moc/") and len(parts) > 3 and parts[3] in _BOARD:
            return Place(column=f"MOCRegistrations/{_REGISTRATION}[{int(parts[2]) + 1}]/{_BOARD[parts[3]]}")
        return nearest(pointer, NAMES)

    def read(self, raw: RawRow) -> ActivityRecord:
        """Return what a document says of an activity."""
        assert isinstance(raw.raw, dict) and "n" in raw.raw
        document = _Document(raw.raw)
        given = {"/action": Action.ADD} | dict(document.fields())
        boards = [document.board(place, each) for place, each in enumerate(document.registrations)]
        known = KNOWN
        if outlines := document.outlines():
            # Beside the registrations, they can only be those of the one board that there is.
            if len(boards) == 1:
                boards[0]["content_outline"] += outlines
            else:
                known -= {_BOARD["content_outline"]}
        findings = (*document.texts.findings, *ignored_names(by_path(raw.raw), known, _PASSED))
        return record_of(raw.number, self._provider_id, given, boards, findings, ())


class _Document:
    """The elements of one document by name."""

    def __init__(self, root: Element) -> None:
        self.texts = Texts()
        self.registrations = _every(root, _REGISTRATION)
        self._named: dict[str, list[Element]] = {}
        for each in _outside(root, _REGISTRATION):
            self._named.setdefault(local_name(each["n"]), []).append(each)

    def every(self, name: str) -> list[Element]:
        """Return every element of a name that stands outside the registrations."""
        return self._named.get(name, [])

    def outlines(self) -> list[str]:
        """Return content outlines that stand beside the registrations."""
        return self._list("/moc/0/content_outline", self.every(_BOARD["content_outline"]))

    def fields(self) -> Iterator[tuple[str, Any]]:
        """Yield what the document says, by pointer."""
        for pointer, name in _TEXTS.items():
            yield pointer, self._text(pointer, _said(self.every(name)))
        for pointer, name in _DAYS.items():
            yield pointer, read_day(_said(self.every(name)))
        for pointer, name in (_WHOLE | _YES_NO).items():
            read: Callable[[str | None], Any] = read_whole if pointer in _WHOLE else read_yes_no
            yield pointer, self.texts.meant(read, _said(self.every(name)), pointer)
        for pointer, name in _LISTS.items():
            yield pointer, self._list(pointer, self.every(name))
        for each in self.every("identifier"):
            pointer = _IDS.get(code_key(attribute(each, "catalog") or ""), "")
            if pointer:
                yield pointer, self._text(pointer, attribute(each, "entry") or each.get("t"))
        if action := _said(self.every("activityRecordAction")):
            yield "/action", read_action(action)
        amounts = [read_amount(each.get("t")) for credits in self.every("credits") for each in _leaves(credits)]
        yield "/ama_pra_credits", next((each for each in amounts if isinstance(each, float)), next(iter(amounts), None))
        yield from self._rems()
        yield from self._support()

    def board(self, place: int, registration: Element) -> dict[str, Any]:
        """Return a registration with a board."""
        given: dict[str, Any] = {}
        for name, element in _BOARD.items():
            pointer = f"/moc/{place}/{name}"
            found = _every(registration, element)
            if name in ("credit_types", "content_outline"):
                given[name] = [text for each in found if (text := self._text(pointer, each.get("t"))) is not None]
            else:
                text = _said(found)
                read = {"points": read_amount, "credit_claim_date": read_day}.get(name)
                given[name] = read(text) if read is not None else self._text(pointer, text)
        return given

    def _text(self, pointer: str, text: str | None) -> str | None:
        return self.texts.read(text, pointer, longest(ActivityIn, pointer))

    def _list(self, pointer: str, elements: list[Element]) -> list[str]:
        texts = [each.get("t") for element in elements for each in _leaves(element)]
        return [text for each in texts if (text := self._text(pointer, each)) is not None]

    def _rems(self) -> Iterator[tuple[str, Any]]:
        for each in self.every("REMS"):
            yield "/rems/type", self._text("/rems/type", attribute(each, "type") or each.get("t"))
            yield "/rems/identifier", self._text("/rems/identifier", attribute(each, "identifier"))

    def _support(self) -> Iterator[tuple[str, Any]]:
        """Yield the commercial support: Yes or No, or who gave how much."""
        sources, amounts = [], []
        for each in self.every("commercialSupport"):
            source = self._text("/commercial_support/{n}/source", attribute(each, "source"))
            if source is not None:
                sources.append(source)
                amounts.append(attribute(each, "amount"))
                continue
            answer = self.texts.meant(read_yes_no, each.get("t"), "/commercial_support")
            if answer is not None:
                yield "/commercial_support", answer
        yield "/commercial_support/{n}/source", sources
        if any(each is not None for each in amounts):
            yield "/commercial_support/{n}/amount", amounts


def _said(elements: list[Element]) -> str | None:
    """Return the first text in elements, or in those within them."""
    return next((text for element in elements for each in _leaves(element) if (text := each.get("t"))), None)


def _leaves(element: Element) -> Iterator[Element]:
    """Yield the elements that have none within them."""
    if not element.get("c"):
        yield element
    for each in element.get("c", ()):
        yield from _leaves(each)


def _every(element: Element, name: str) -> list[Element]:
    return [each for each in _outside(element, "") if local_name(each["n"]) == name]


def _outside(element: Element, name: str) -> Iterator[Element]:
    """Yield everything within an element but what is within those of a name."""
    for each in element.get("c", ()):
        yield each
        if local_name(each["n"]) != name:
            yield from _outside(each, name)
