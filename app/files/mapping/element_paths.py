"""Elements of XML documents, looked through by local name: senders differ in prefixes, and in having namespaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias, TypeVar

from app.domain.batches import Element
from app.domain.findings import Finding, Severity
from app.files.cells import Misread, read_text
from app.files.elements import local_name
from app.files.mapping.locations import misreading, refusal

T = TypeVar("T")
Known: TypeAlias = frozenset[str]
"""Paths of the elements that are read, by local names."""
Found: TypeAlias = dict[str, list[Element]]
"""Elements by their path."""
_FEW = 10
_SHORT = 60


def inside(element: Element) -> Found:
    """Return the elements within an element, by local name."""
    found: Found = {}
    for each in element.get("c", ()):
        found.setdefault(local_name(each["n"]), []).append(each)
    return found


def by_path(element: Element, into: dict[str, list[Element]] | None = None, path: str = "", stop: str = "") -> Found:
    """Return everything within an element by its path, in the order of the document.

    What is in the elements at the path `stop` is left to the caller.
    """
    found = into if into is not None else {}
    for each in element.get("c", ()):
        inner = _joined(path, each["n"])
        known = found.get(inner)
        if known is None:
            found[inner] = [each]
        else:
            known.append(each)
        if "c" in each and inner != stop:
            by_path(each, found, inner, stop)
    return found


@lru_cache(maxsize=4_096)
def _joined(path: str, name: str) -> str:
    return f"{path}/{local_name(name)}" if path else local_name(name)


def attribute(element: Element, name: str) -> str | None:
    """Return an attribute, or the text of an element of that name within: senders write either."""
    for key, value in element.get("a", {}).items():
        if local_name(key) == name:
            return value
    return next((each.get("t") for each in element.get("c", ()) if local_name(each["n"]) == name), None)


class Texts:
    """Texts of one record, with what is to be said of those that cannot be kept."""

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
        except Misread as misread:
            self.findings.append(misreading(pointer, misread))
            return misread.kept

    def meant(self, read: Callable[[str | None], T], text: str | None, pointer: str) -> T | None:
        """Return what a text means, None for one that cannot be meant."""
        try:
            return read(text)
        except Misread as misread:
            self.findings.append(misreading(pointer, misread))
            return None


def ignored(found: Found, known: Known, passed: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """Return the warning that names the elements that are not known, without what is in them.

    What is in the elements `passed` is known, and of no use here.
    """
    strange = {path for path in found.keys() - known if not path.startswith(passed)}
    if not strange:
        return ()
    return _warned(sorted(path for path in strange if path.rpartition("/")[0] not in strange))


def ignored_names(found: Found, known: Known, passed: Known) -> tuple[Finding, ...]:
    """Return the same warning where elements are known by their names alone."""
    strange = {path for path in found if path.rpartition("/")[2] not in known}
    topmost = (path for path in strange if not any(path.startswith(f"{other}/") for other in strange))
    return _warned(sorted(path for path in topmost if passed.isdisjoint(path.split("/")[:-1])))


def _warned(names: list[str]) -> tuple[Finding, ...]:
    if not names:
        return ()
    told = ", ".join(name[-_SHORT:] for name in names[:_FEW]) + (", …" if len(names) > _FEW else "")
    return (
        Finding(
            rule="element-ignored",
            severity=Severity.WARNING,
            pointer="",
            detail=f"What is not known was ignored: {told}.",
            hint="Nothing to do unless it was meant to be reported; then check its name and place.",
        ),
    )


def stands_once(found: Found, once: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return a refusal for everything that may stand once and stands several times: none of it may get lost."""
    return tuple(
        refusal("format", once[path], f"{path} stands {len(elements)} times.", "Send it once in a record.")
        for path, elements in found.items()
        if len(elements) > 1 and path in once
    )


def text_at(found: Found, path: str) -> str | None:
    """Return the text of the first element at a path, None where there is none."""
    elements = found.get(path)
    return elements[0].get("t", "") if elements else None
