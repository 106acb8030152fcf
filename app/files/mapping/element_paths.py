"""Elements of XML documents by local name: senders differ in prefixes, and in having namespaces at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TypeAlias, TypeVar

from app.domain.batches import Element
from app.domain.findings import Finding, Severity
from app.files.cells import CellFault, check_own_id, read_text
from app.files.elements import local_name
from app.files.mapping.refusals import cell_refusal, refusal

T = TypeVar("T")
Paths: TypeAlias = frozenset[str]
"""Paths of elements, by local names."""
ElementsByPath: TypeAlias = dict[str, list[Element]]
_FEW = 10
_SHORT = 60
_NONE: Mapping[str, str] = {}


def children_of(element: Element) -> ElementsByPath:
    """Return the elements within an element, by local name."""
    found: ElementsByPath = {}
    for child in element.get("c", ()):
        found.setdefault(local_name(child["n"]), []).append(child)
    return found


def by_path(element: Element, into: ElementsByPath | None = None, path: str = "", stop: str = "") -> ElementsByPath:
    """Return everything within an element by its path, in the order of the document.

    The elements at the path `stop` are not looked into.
    """
    found = into if into is not None else {}
    for child in element.get("c", ()):
        inner = _join(path, child["n"])
        known = found.get(inner)
        if known is None:
            found[inner] = [child]
        else:
            known.append(child)
        if "c" in child and inner != stop:
            by_path(child, found, inner, stop)
    return found


@lru_cache(maxsize=4_096)
def _join(path: str, name: str) -> str:
    return f"{path}/{local_name(name)}" if path else local_name(name)


def attribute(element: Element, name: str) -> str | None:
    """Return an attribute, or the text of an element of that name within: senders write either."""
    return next(iter(_written(element, name)), None)


def _written(element: Element, name: str) -> list[str]:
    """Return every attribute of a name, then the texts of the elements of that name within."""
    values = [value for key, value in element.get("a", {}).items() if local_name(key) == name]
    if "c" in element:
        values += [text for child in element["c"] if local_name(child["n"]) == name and (text := child.get("t"))]
    return values


class TextReader:
    """Reads the texts of one record, and collects findings about those that cannot be kept."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def read(self, text: str | None, pointer: str, longest: int | None) -> str | None:
        """Return a text as it is kept, None for a blank one."""
        if text is None:
            return None
        if text.isalnum() and len(text) <= (longest or len(text)):
            return text
        try:
            return read_text(text, longest)
        except CellFault as fault:
            self.findings.append(cell_refusal(pointer, fault))
            return fault.kept

    def attribute(self, element: Element, name: str, pointer: str) -> str | None:
        """Return what `attribute` does; one that stands twice and says two things is a finding."""
        if "c" not in element and name in (given := element.get("a", _NONE)):
            names = "".join(given)
            if ":" not in names and "}" not in names:
                # Nearly every element: no prefixes, nothing within.
                return given[name]
        values = _written(element, name)
        if len(values) > 1:
            self.refuse_different(values, pointer, name)
        return values[0] if values else None

    def refuse_different(self, values: Iterable[str], pointer: str, name: str) -> None:
        """Add a finding where one thing is said in several places, and not the same in all of them."""
        if len({value.strip() for value in values} - {""}) > 1:
            self.findings.append(refusal("format", pointer, f"{name} is given twice, and differs.", "Give it once."))

    def read_own_id(self, text: str | None, pointer: str, longest: int | None) -> str | None:
        """Return an id that the sender has made, as it is shown; None for a blank one."""
        if text is None or text.isascii():
            return self.read(text, pointer, longest)
        try:
            return check_own_id(text, longest)
        except CellFault as fault:
            self.findings.append(cell_refusal(pointer, fault))
            return fault.kept

    def convert(self, read: Callable[[str | None], T], text: str | None, pointer: str) -> T | None:
        """Return what a text means; None where it cannot be what it should."""
        try:
            return read(text)
        except CellFault as fault:
            self.findings.append(cell_refusal(pointer, fault))
            return None


def warn_of_unknown_paths(found: ElementsByPath, known: Paths, passed: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """Return the warning that names the elements at unknown paths, without the elements in them.

    Everything in the elements `passed` is known, and not used here.
    """
    if known.issuperset(found):
        return ()
    strange = {path for path in found.keys() - known if not path.startswith(passed)}
    if not strange:
        return ()
    return _warning(sorted(path for path in strange if path.rpartition("/")[0] not in strange))


def warn_of_unknown_names(found: ElementsByPath, known: Paths, passed: Paths) -> tuple[Finding, ...]:
    """Return the same warning where elements are known by their names alone, wherever they stand."""
    strange = {path for path in found if path.rpartition("/")[2] not in known}
    topmost: list[str] = []
    # In this order what stands within an element follows it at once.
    for path in sorted(strange, key=lambda path: path.split("/")):
        if not topmost or not path.startswith(f"{topmost[-1]}/"):
            topmost.append(path)
    return _warning(sorted(path for path in topmost if passed.isdisjoint(path.split("/")[:-1])))


def _warning(names: list[str]) -> tuple[Finding, ...]:
    if not names:
        return ()
    listed = ", ".join(name[-_SHORT:] for name in names[:_FEW]) + (", …" if len(names) > _FEW else "")
    return (
        Finding(
            rule="element-ignored",
            severity=Severity.WARNING,
            pointer="",
            detail=f"Elements that are not known were ignored: {listed}.",
            hint="Nothing to do, unless they were meant to be reported: then check their names and places.",
        ),
    )


def refuse_repeats(found: ElementsByPath, once: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return a refusal for every element that may occur once and occurs again: none of it may get lost."""
    again = [path for path, elements in found.items() if len(elements) > 1 and path in once]
    return tuple(
        refusal("format", once[path], f"{path} occurs {len(found[path])} times.", "Send it once in a record.")
        for path in again
    )


def text_at(found: ElementsByPath, path: str) -> str | None:
    """Return the text of the first element at a path, None where there is none."""
    elements = found.get(path)
    return elements[0].get("t", "") if elements else None
