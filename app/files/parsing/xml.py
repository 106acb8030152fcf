"""XML documents: one element a record, whatever prefixes and namespaces the sender uses.

No document type, no entities, no network. Elements are dropped as soon as they were yielded.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from app.domain.batches import BatchKind, Element, FileFault, FileFaultCode, FileFormat, FileHead
from app.files.parsing.faults import SAVE_AS, too_deep, too_large, unreadable
from app.files.parsing.limits import Limits
from app.files.parsing.recognition import Beginning, Parsed
from app.files.parsing.sources import IncomingFile

NEEDS_SEEKING = False
RECORDS = {
    BatchKind.LEARNER_COMPLETIONS: ("ActivityReport", ("ACCMELearnerReports", "ActivityReports")),
    BatchKind.ACTIVITIES: ("MedicalEducationMetrics", ("ACCMEActivities",)),
}
"""For each kind, the element of a record and the roots that hold records."""
SAFELY: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""Options of every XML parser here."""
_DOCTYPE = "The document has a document type (DOCTYPE). Remove it."
_WEB_PAGE = f"This is a web page, whatever its name says. {SAVE_AS}"
_OTHERS = {
    **dict.fromkeys(("html", "head", "body", "meta", "table", "div"), _WEB_PAGE),
    "workbook": f"This is an XML spreadsheet of Excel 2003. {SAVE_AS}",
    "document": f"This is a flat OpenDocument file. {SAVE_AS}",
}
"""Roots of other documents that are called sheets, in lower case."""
WEB = re.compile(rb"<(!doctype\s+)?html\b", re.IGNORECASE)
"""Recognised before it is parsed: hardly any web page is well-formed."""
_NOT_UTF_16 = re.compile(rb"""<\?xml\s[^<>\x00]{0,100}?encoding\s*=\s*["']utf-16""", re.IGNORECASE)
"""A declaration of UTF-16 in single bytes is wrong: programs that make a document from a string write it."""


_END_OF_TEXT = b"\x1a"
_MOST_ATTRIBUTES = 128
"""Of one element; reading them takes the square of their number: a megabyte of them would take half a minute."""
_LONGEST_NAME = 1_000
"""With its namespace, which every element repeats: a long one, once in a document, would fill the memory."""


class DocumentStream:
    """A document as a stream that counts the bytes since the last record."""

    def __init__(self, source: IncomingFile, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._since = 0
        self._at_start = True

    def read(self, size: int = 0) -> bytes:
        """Return the next bytes; raises `FileFault` when one record has too many."""
        piece = without_blanks(self._source.read()) if self._at_start else self._source.read()
        self._at_start = False
        if piece.endswith(_END_OF_TEXT):
            # Old programs write it after a document; anywhere else it stays.
            more = self._source.read()
            piece = piece + more if more else piece.rstrip(_END_OF_TEXT)
        self._since += len(piece)
        if self._since > self._limits.record:
            raise too_large("A record is too long, or there is too much between two records.")
        return piece

    def record(self) -> None:
        """Note the end of a record."""
        self._since = 0


def recognise(beginning: Beginning) -> bool:
    """Return True for text that begins with a tag."""
    return beginning.text.startswith("<")


def parse(source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
    """Return the elements of the records; raises `FileFault`."""
    head, records = read_document(source, kind, limits)
    return Parsed(head=head, records=records)


def read_document(
    source: IncomingFile, kind: BatchKind, limits: Limits
) -> tuple[FileHead, Iterator[tuple[int, Element]]]:
    """Return the head and the records of a document; raises `FileFault`."""
    first = without_blanks(source.first)
    encoding = encoding_of(first)
    root = root_name(first.rstrip(_END_OF_TEXT), encoding)
    if kind not in RECORDS or root not in RECORDS[kind][1]:
        raise _wrong_root(root, kind)
    records = _records(DocumentStream(source, limits), RECORDS[kind][0], limits, encoding)
    one = next(records, None)
    if one is None:
        raise FileFault(FileFaultCode.NO_ROWS, f"The document has no {RECORDS[kind][0]}.")
    around, element = one
    return FileHead(format=FileFormat.XML, root=around), _numbered(element, records)


def _numbered(first: Element, rest: Iterator[tuple[Element | None, Element]]) -> Iterator[tuple[int, Element]]:
    yield 1, first
    for number, (_, element) in enumerate(rest, start=2):
        yield number, element


def without_blanks(first: bytes) -> bytes:
    """Return the beginning of a document without blanks before its declaration, which no parser takes."""
    return first.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")


def encoding_of(first: bytes) -> str | None:
    """Return the encoding of a document by its first bytes where its own declaration is wrong; None for any other."""
    return "utf-8" if _NOT_UTF_16.match(first) else None


def root_name(first: bytes, encoding: str | None) -> str:
    """Return the local name of the root, which the first bytes must show; a document type is refused before it."""
    if web := WEB.match(first):
        raise unreadable(_WEB_PAGE) if web[1] else FileFault(FileFaultCode.KIND_UNKNOWN, _WEB_PAGE)
    parser = etree.XMLPullParser(events=("start",), encoding=encoding, **SAFELY)
    try:
        for at in range(0, len(first), 1024):
            parser.feed(first[at : at + 1024])
            for _, found in parser.read_events():
                element: Any = found
                if element.getroottree().docinfo.doctype:
                    raise unreadable(_DOCTYPE)
                return str(etree.QName(element).localname)
            if b"<!DOCTYPE" in first[: at + 1024].replace(b"\x00", b""):
                raise unreadable(_DOCTYPE)
    except (etree.XMLSyntaxError, LookupError) as error:
        raise fault_of(error) from None
    raise unreadable("The document has no element.")


def _wrong_root(root: str, kind: BatchKind) -> FileFault:
    if root.lower() in _OTHERS:
        return FileFault(FileFaultCode.KIND_UNKNOWN, _OTHERS[root.lower()])
    for other, (_, roots) in RECORDS.items():
        if root in roots and other is not kind:
            return FileFault(
                FileFaultCode.KIND_UNKNOWN,
                f"The document holds {other.value}. Upload it as {other.value}.",
                looks_like=other,
            )
    if kind not in RECORDS:
        detail = "Records of this kind have no XML form. Use a workbook, tab-delimited text or NDJSON."
        return FileFault(FileFaultCode.KIND_UNKNOWN, detail)
    return FileFault(FileFaultCode.KIND_UNKNOWN, f"The document's root must be {RECORDS[kind][1][0]}.")


def _records(
    stream: DocumentStream, name: str, limits: Limits, encoding: str | None
) -> Iterator[tuple[Element | None, Element]]:
    """Yield the records, each with the elements around the first one."""
    around: Element | None = None
    count = 0
    try:
        for _, element in etree.iterparse(stream, events=("end",), tag=f"{{*}}{name}", encoding=encoding, **SAFELY):
            if any(str(etree.QName(above).localname) == name for above in element.iterancestors()):
                raise unreadable(f"An {name} is within another. Close each before the next.", row=count + 1)
            if around is None:
                around = _around(element)
            count += 1
            if count > limits.rows:
                raise too_large("The document has too many records. Split it.", row=count)
            stream.record()
            yield around, element_of(element, limits.depth, count)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except (etree.XMLSyntaxError, LookupError) as error:
        raise fault_of(error) from None


def _around(element: Any) -> Element | None:
    """Return the elements around a record, outermost first, without anything else in them."""
    found: Element | None = None
    for above in element.iterancestors():
        outer: Element = {"n": str(above.tag)}
        if attributes := _attributes_of(above, 1):
            outer["a"] = {str(name): str(value) for name, value in attributes}
        if found is not None:
            outer["c"] = [found]
        found = outer
    return found


def element_of(element: Any, depth: int, number: int) -> Element:
    """Return an element as it is kept, with all within it; raises `FileFault` for one that is too deep."""
    if depth == 0:
        raise too_deep(number)
    # Each attribute of lxml's that is asked for makes objects of its own: none is asked for twice.
    kept: Element = {"n": element.tag}
    if attributes := _attributes_of(element, number):
        kept["a"] = dict(attributes)
    if len(kept["n"]) > _LONGEST_NAME or any(len(name) > _LONGEST_NAME for name, _ in attributes):
        raise too_large("A name or a namespace is too long.", row=number)
    text = element.text
    if text and not text.isspace():
        kept["t"] = text
    if len(element):
        inner = [element_of(child, depth - 1, number) for child in element if isinstance(child.tag, str)]
        if inner:
            kept["c"] = inner
    return kept


def _attributes_of(element: Any, number: int) -> list[tuple[str, str]]:
    if len(element.attrib) > _MOST_ATTRIBUTES:
        raise too_large("An element has more attributes than are taken.", row=number)
    found: list[tuple[str, str]] = element.items()
    return found


def fault_of(error: Exception) -> FileFault:
    """Return the fault of a parser's error. Its own message is not used: it may quote the file."""
    reason = str(error).lower()
    if "depth" in reason or "nested" in reason:
        return too_deep()
    if "memory" in reason:
        return too_large("The file asks for more memory than is taken. Split its records into several files.")
    row = getattr(error, "lineno", None) or None
    where = "" if row is None else f" (line {row})"
    if "entity" in reason or "doctype" in reason:
        return unreadable(f"The document uses an entity that XML does not define{where}. Write the text itself.")
    if "huge" in reason or "too long" in reason or "too large" in reason:
        return too_large(f"A text in the document is too long{where}.")
    return unreadable(f"The document is not well-formed XML{where}: it is incomplete, or its tags do not match.")
