"""XML documents: one element a record, whatever prefixes and namespaces the sender uses.

No document type, no entities, no network. Elements are forgotten as soon as they are handed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from app.domain.batches import BatchKind, Element, FileFault, FileFaultCode, FileFormat, Head
from app.formats.limits import Limits
from app.formats.sources import unreadable

RECORDS = {
    BatchKind.LEARNER_COMPLETIONS: ("ActivityReport", ("ACCMELearnerReports", "ActivityReports")),
    BatchKind.ACTIVITIES: ("MedicalEducationMetrics", ("ACCMEActivities",)),
}
"""For each kind, the element of one record and the roots that hold them."""
_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


class _Bounded:
    """A file as a stream of bounded pieces."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = 65_536) -> bytes:
        """Return the next bytes."""
        return self._file.read(min(size, 65_536) if size > 0 else 65_536)


def read_document(file: BinaryIO, kind: BatchKind, limits: Limits) -> tuple[Head, Iterator[tuple[int, Element]]]:
    """Return the head and the records of a document; raises `FileFault`."""
    root = _root(file)
    if kind not in RECORDS or root not in RECORDS[kind][1]:
        raise _unknown(root, kind)
    file.seek(0)
    records = _records(file, RECORDS[kind][0], limits)
    first = next(records, None)
    if first is None:
        raise FileFault(FileFaultCode.NO_ROWS, f"The document has no {RECORDS[kind][0]}.")
    around, element = first
    head = Head(format=FileFormat.XML, root=around)
    return head, _numbered(element, records)


def _numbered(first: Element, rest: Iterator[tuple[Element | None, Element]]) -> Iterator[tuple[int, Element]]:
    yield 1, first
    for number, (_, element) in enumerate(rest, start=2):
        yield number, element


def _root(file: BinaryIO) -> str:
    """Return the local name of the root, which the first bytes must show."""
    file.seek(0)
    parser = etree.XMLPullParser(events=("start",), **_OPTIONS)
    try:
        for _ in range(16):
            piece = file.read(4_096)
            if not piece:
                break
            parser.feed(piece)
            for _, found in parser.read_events():
                element: Any = found
                if element.getroottree().docinfo.doctype:
                    raise unreadable("The document has a document type (DOCTYPE). Remove it.")
                return str(etree.QName(element).localname)
    except etree.XMLSyntaxError as error:
        raise _broken(error) from None
    raise unreadable("The document has no element.")


def _unknown(root: str, kind: BatchKind) -> FileFault:
    for other, (_, roots) in RECORDS.items():
        if root in roots and other is not kind:
            return FileFault(FileFaultCode.KIND_UNKNOWN, f"The document holds {other.value}. Upload it as these.")
    if kind not in RECORDS:
        detail = "Records of this kind have no XML form. Use the spreadsheet, tab-delimited text or NDJSON."
        return FileFault(FileFaultCode.KIND_UNKNOWN, detail)
    return FileFault(FileFaultCode.KIND_UNKNOWN, f"The document's root must be {RECORDS[kind][1][0]}.")


def _records(file: BinaryIO, name: str, limits: Limits) -> Iterator[tuple[Element | None, Element]]:
    """Yield the records; with the first also the elements around them."""
    around: Element | None = None
    count = 0
    try:
        for _, element in etree.iterparse(_Bounded(file), events=("end",), tag=f"{{*}}{name}", **_OPTIONS):
            if around is None:
                if element.getroottree().docinfo.doctype:
                    raise unreadable("The document has a document type (DOCTYPE). Remove it.")
                around = _around(element)
            count += 1
            if count > limits.rows:
                raise FileFault(FileFaultCode.TOO_LARGE, "The document has too many records. Split it.")
            yield around, _element(element)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise _broken(error) from None


def _around(element: Any) -> Element | None:
    """Return the elements around a record, outermost first, without anything else in them."""
    found: Element | None = None
    for above in element.iterancestors():
        each: Element = {"n": str(above.tag)}
        if above.attrib:
            each["a"] = {str(name): str(value) for name, value in above.attrib.items()}
        if found is not None:
            each["c"] = [found]
        found = each
    return found


def _element(element: Any) -> Element:
    each: Element = {"n": str(element.tag)}
    if element.attrib:
        each["a"] = {str(name): str(value) for name, value in element.attrib.items()}
    if element.text and not element.text.isspace():
        each["t"] = element.text
    inner = [_element(child) for child in element if isinstance(child.tag, str)]
    if inner:
        each["c"] = inner
    return each


def _broken(error: etree.XMLSyntaxError) -> FileFault:
    said = str(error).lower()
    row = error.lineno or None
    if "depth" in said or "nested" in said:
        return FileFault(FileFaultCode.TOO_DEEP, "The document's elements are nested too deeply.", row=row)
    if "entity" in said or "doctype" in said:
        return unreadable("The document uses an entity that is not one of XML's own. Write the text itself.", row=row)
    return unreadable("The document is no well-formed XML: it breaks off, or its tags do not fit.", row=row)
