"""Documents as they arrive in a request: with or without something around them, and with credentials beside them."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.batches import Element
from app.files.elements import local_name
from app.files.shapes import activities, learner_reports
from app.files.shapes.json_form import NotADocument, elements_of
from app.files.shapes.parts import Content, Part

DEEPEST = 64
"""Levels of elements; the deepest documents known have 12."""
_MOST_AROUND = 4
"""Levels that may stand around a document: that of an operation's name, and those of an envelope."""


CREDENTIALS = (
    Part(name="ProviderId", says="The provider acted for, where no header names it.", holds=Content.TEXT),
    Part(name="User", says="The client's id, in place of other credentials.", holds=Content.TEXT),
    Part(name="Password", says="Its API key.", holds=Content.TEXT),
)
"""What may stand beside the records of a document, or around them."""


class DocumentKind(enum.Enum):
    """What a document is of; the value is the name of the element that is one record."""

    LEARNERS = "ActivityReport"
    ACTIVITIES = "MedicalEducationMetrics"

    @property
    def root(self) -> str:
        """The name of a document's own root."""
        return _ROOTS[self]

    @property
    def holds(self) -> str:
        """What its records are, for people."""
        return "completions of learners" if self is DocumentKind.LEARNERS else "activities"


_ROOTS = {
    DocumentKind.LEARNERS: learner_reports.DOCUMENT.name,
    DocumentKind.ACTIVITIES: activities.DOCUMENT.name,
}


def _known(part: Part) -> Iterator[tuple[str, Part]]:
    """Yield a document's root, and what stands in it down to its records: each may be what is sent."""
    yield part.name, part
    if part.name not in {kind.value for kind in DocumentKind}:
        for within in part.parts:
            yield from _known(within)


_PARTS = dict([*_known(learner_reports.DOCUMENT), *_known(activities.DOCUMENT)])


def _with_attributes(part: Part) -> Iterator[tuple[str, Part]]:
    """Yield what has a text and something besides: its object is no element around a document."""
    if part.holds is not Content.NOTHING and part.attributes:
        yield part.name, part
    for within in part.parts:
        yield from _with_attributes(within)


_PARTS |= {name: part for name, part in _with_attributes(learner_reports.DOCUMENT) if name not in _PARTS}


def envelope_of_json(value: Any) -> Element:
    """Return a body in JSON as an element without a name around what it holds; raises `NotADocument`."""
    if not isinstance(value, Mapping):
        roots = " or ".join(_ROOTS.values())
        raise NotADocument(f"The body must be an object whose member is {roots}.")
    return {"n": "", "c": list(_members(value, _MOST_AROUND))}


def _members(value: Mapping[str, Any], levels: int) -> Iterator[Element]:
    for key, inner in value.items():
        name = key.strip()
        if (part := _PARTS.get(name)) is not None:
            yield from elements_of(inner, part, DEEPEST)
        elif isinstance(inner, Mapping) and levels:
            yield {"n": name, "c": list(_members(inner, levels - 1))}
        elif name:
            yield from elements_of(inner, Part(name=name, says="", holds=Content.TEXT), DEEPEST)


def find_records(root: Element, kind: DocumentKind) -> list[Element]:
    """Return the records of a kind in a document, in their order, whatever stands around them."""
    return list(_records(root, kind.value, _MOST_AROUND + 3))


def _records(element: Element, name: str, levels: int) -> Iterator[Element]:
    if local_name(element["n"]) == name:
        yield element
    elif levels:
        for child in element.get("c", ()):
            yield from _records(child, name, levels - 1)


def texts_around(root: Element, names: frozenset[str]) -> dict[str, list[str]]:
    """Return texts of elements and attributes with some names, in small letters, that stand outside of records.

    In the first record they are looked for among what the accreditor added, too.
    """
    found: dict[str, list[str]] = {}
    for element in _around(root, _MOST_AROUND + 3):
        for name, value in element.get("a", {}).items():
            if (key := local_name(name).lower()) in names:
                found.setdefault(key, []).append(value)
        if (key := local_name(element["n"]).lower()) in names and (text := element.get("t")):
            found.setdefault(key, []).append(text)
    return found


def _around(element: Element, levels: int) -> Iterator[Element]:
    yield element
    looked = False
    for child in element.get("c", ()):
        if local_name(child["n"]) not in _RECORDS:
            if levels:
                yield from _around(child, levels - 1)
        elif not looked:
            looked = True
            for inner in child.get("c", ()):
                if local_name(inner["n"]) == "XtensibleInfo":
                    yield from (one for one in inner.get("c", ()) if local_name(one["n"]) in _IN_RECORDS)


_RECORDS = frozenset(kind.value for kind in DocumentKind)
_IN_RECORDS = frozenset(("User", "Password"))
"""Not `ProviderID`: in a record that is the id of whoever sends for the provider."""
