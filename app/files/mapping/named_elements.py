"""Elements of a document by their names, wherever they stand, and what could not be read or kept of them."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.batches import Element
from app.files.elements import local_name
from app.files.mapping.element_paths import TextReader, attribute
from app.schemas.activities import ActivityIn
from app.schemas.bounds import longest


class NamedElements:
    """The elements of one activity's document."""

    def __init__(self, root: Element, *, apart: str, described: frozenset[str]) -> None:
        """Elements of the name `apart` are looked into by themselves; those within `described` say nothing of it."""
        self.texts = TextReader()
        self.unkept: dict[str, None] = {}
        """Names of what is known and was sent, and that a record has no place for."""
        self._root = root
        self._by_name = _sorted(walk_outside(root, apart))
        self._stated = _sorted(walk_outside(root, apart, *described))

    def named(self, *names: str) -> list[Element]:
        """Return every element of some names, in the order of these."""
        return [element for name in names for element in self._by_name.get(name, ())]

    def apart(self, name: str) -> list[Element]:
        """Return every element of a name that is looked into by itself."""
        return named_within(self._root, name)

    def refuse_different(self, pointer: str, *names: str) -> None:
        """Add a finding where elements of these names say different things of the activity."""
        stated = [element for name in names for element in self._stated.get(name, ())]
        self.refuse_unequal(stated, pointer, names[0])

    def refuse_unequal(self, elements: list[Element], pointer: str, name: str) -> None:
        """Add a finding for elements that say different things: none of it may get lost."""
        if len(elements) > 1:
            self.texts.refuse_different([first_leaf_text([element]) or "" for element in elements], pointer, name)

    def text(self, pointer: str, text: str | None) -> str | None:
        """Return a text as it is kept."""
        return self.texts.read(text, pointer, longest(ActivityIn, pointer))

    def one_of(self, pointer: str, element: Element, *names: str) -> str | None:
        """Return an attribute of an element, or the text of an element within it, by the first name that has one."""
        for name in names:
            if (given := self.texts.attribute(element, name, pointer)) is not None:
                return self.text(pointer, given)
        return None

    def texts_of(self, pointer: str, elements: list[Element]) -> list[str]:
        """Return the texts of elements, or of those within them, without blank ones."""
        sent = [leaf.get("t") for element in elements for leaf in leaves(element)]
        return [kept for text in sent if (kept := self.text(pointer, text)) is not None]


def written_in(element: Element, *names: str) -> str | None:
    """Return an attribute, or the text of an element within, by the first name that has one."""
    return next((text for name in names if (text := attribute(element, name)) is not None), None)


def first_leaf_text(elements: list[Element]) -> str | None:
    """Return the first text in elements, or in those within them."""
    return next((text for element in elements for leaf in leaves(element) if (text := leaf.get("t"))), None)


def leaves(element: Element) -> Iterator[Element]:
    """Yield the elements that have none within them."""
    if not element.get("c"):
        yield element
    for child in element.get("c", ()):
        yield from leaves(child)


def named_within(element: Element, *names: str) -> list[Element]:
    """Return the elements of some names within an element, in the order of the document."""
    return [inner for inner in walk_outside(element, "") if local_name(inner["n"]) in names]


def walk_outside(element: Element, *names: str) -> Iterator[Element]:
    """Yield everything within an element, but not what is within those of some names."""
    for child in element.get("c", ()):
        yield child
        if local_name(child["n"]) not in names:
            yield from walk_outside(child, *names)


def _sorted(elements: Iterator[Element]) -> dict[str, list[Element]]:
    by_name: dict[str, list[Element]] = {}
    for element in elements:
        by_name.setdefault(local_name(element["n"]), []).append(element)
    return by_name
