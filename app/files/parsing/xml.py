"""XML documents: one element a record, whatever prefixes and namespaces the sender uses.

No document type, no entities, no network. Elements are forgotten as soon as they are handed on.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from app.domain.batches import BatchKind, Element, FileFault, FileFaultCode, FileFormat, Head
from app.files.parsing.limits import Limits
from app.files.parsing.sources import SAVE_AS, Source, too_large, unreadable

RECORDS = {
    BatchKind.LEARNER_COMPLETIONS: ("ActivityReport", ("ACCMELearnerReports", "ActivityReports")),
    BatchKind.ACTIVITIES: ("MedicalEducationMetrics", ("ACCMEActivities",)),
}
"""For each kind, the element of one record and the roots that hold them."""
SAFELY: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""How every XML is parsed here."""
_DOCTYPE = "The document has a document type (DOCTYPE). Remove it."
_WEB_PAGE = f"This is a web page, whatever its name says. {SAVE_AS}"
_OTHERS = {
    **dict.fromkeys(("html", "head", "body", "meta", "table", "div"), _WEB_PAGE),
    "workbook": f"This is an XML spreadsheet of Excel 2003. {SAVE_AS}",
    "document": f"This is a flat OpenDocument file. {SAVE_AS}",
}
"""Roots of what is called a sheet and is none, in lower case."""
_WEB = re.compile(rb"<(!doctype\s+)?html\b", re.IGNORECASE)
"""Told before it is parsed: hardly a web page is well-formed."""
_NOT_UTF_16 = re.compile(rb"""<\?xml\s[^<>\x00]{0,100}?encoding\s*=\s*["']utf-16""", re.IGNORECASE)
"""A declaration that can be read byte by byte is not in UTF-16, as programs that write it from a string may say."""


_END_OF_TEXT = b"\x1a"


class Counted:
    """A file as a stream that knows how much of it has come since the last record."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._since = 0
        self._at_start = True

    def read(self, size: int = 0) -> bytes:
        """Return the next bytes; raises `FileFault` when one record has too many."""
        piece = _without_blanks(self._source.read()) if self._at_start else self._source.read()
        self._at_start = False
        if piece.endswith(_END_OF_TEXT):
            # No document has it anywhere; old programs write it after one.
            more = self._source.read()
            piece = piece + more if more else piece.rstrip(_END_OF_TEXT)
        self._since += len(piece)
        if self._since > self._limits.record:
            raise too_large("A record is too long, or there is too much between two records.")
        return piece

    def record(self) -> None:
        """Note that a record has ended."""
        self._since = 0


def read_document(source: Source, kind: BatchKind, limits: Limits) -> tuple[Head, Iterator[tuple[int, Element]]]:
    """Return the head and the records of a document; raises `FileFault`."""
    first = _without_blanks(source.first)
    encoding = "utf-8" if _NOT_UTF_16.match(first) else None
    root = _root(first.rstrip(_END_OF_TEXT), encoding)
    if kind not in RECORDS or root not in RECORDS[kind][1]:
        raise _unknown(root, kind)
    records = _records(Counted(source, limits), RECORDS[kind][0], limits, encoding)
    one = next(records, None)
    if one is None:
        raise FileFault(FileFaultCode.NO_ROWS, f"The document has no {RECORDS[kind][0]}.")
    around, element = one
    return Head(format=FileFormat.XML, root=around), _numbered(element, records)


def _numbered(first: Element, rest: Iterator[tuple[Element | None, Element]]) -> Iterator[tuple[int, Element]]:
    yield 1, first
    for number, (_, element) in enumerate(rest, start=2):
        yield number, element


def _without_blanks(first: bytes) -> bytes:
    """Return the beginning of a document without blanks before its declaration, which no parser takes."""
    return first.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")


def _root(first: bytes, encoding: str | None) -> str:
    """Return the local name of the root, which the first bytes must show; a document type is refused before it."""
    if web := _WEB.match(first):
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
        raise broken(error) from None
    raise unreadable("The document has no element.")


def _unknown(root: str, kind: BatchKind) -> FileFault:
    if root.lower() in _OTHERS:
        return FileFault(FileFaultCode.KIND_UNKNOWN, _OTHERS[root.lower()])
    for other, (_, roots) in RECORDS.items():
        if root in roots and other is not kind:
            return FileFault(FileFaultCode.KIND_UNKNOWN, f"The document holds {other.value}. Upload it as these.")
    if kind not in RECORDS:
        detail = "Records of this kind have no XML form. Use the spreadsheet, tab-delimited text or NDJSON."
        return FileFault(FileFaultCode.KIND_UNKNOWN, detail)
    return FileFault(FileFaultCode.KIND_UNKNOWN, f"The document's root must be {RECORDS[kind][1][0]}.")


def _records(
    stream: Counted, name: str, limits: Limits, encoding: str | None
) -> Iterator[tuple[Element | None, Element]]:
    """Yield the records; with each also the elements around the first."""
    around: Element | None = None
    count = 0
    try:
        for _, element in etree.iterparse(stream, events=("end",), tag=f"{{*}}{name}", encoding=encoding, **SAFELY):
            if any(str(etree.QName(above).localname) == name for above in element.iterancestors()):
                raise unreadable(f"An {name} stands within another. Close each before the next.", row=count + 1)
            if around is None:
                around = _around(element)
            count += 1
            if count > limits.rows:
                raise too_large("The document has too many records. Split it.", row=count)
            stream.record()
            yield around, _element(element, limits.depth, count)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except (etree.XMLSyntaxError, LookupError) as error:
        raise broken(error) from None


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


def _element(element: Any, depth: int, number: int) -> Element:
    if depth == 0:
        raise too_deep(number)
    each: Element = {"n": str(element.tag)}
    if element.attrib:
        each["a"] = dict(element.attrib)
    if element.text and not element.text.isspace():
        each["t"] = element.text
    inner = [_element(child, depth - 1, number) for child in element if isinstance(child.tag, str)]
    if inner:
        each["c"] = inner
    return each


def too_deep(number: int | None = None) -> FileFault:
    """Return the fault of elements that are nested too deeply."""
    return FileFault(FileFaultCode.TOO_DEEP, "Its elements are nested too deeply.", row=number)


def broken(error: Exception) -> FileFault:
    """Return what the parser's complaint means. Its own words are kept back: they may hold what the file holds."""
    said = str(error).lower()
    if "depth" in said or "nested" in said:
        return too_deep()
    if "memory" in said:
        return too_large("The file asks for more memory than is taken. Split its records into several files.")
    row = getattr(error, "lineno", None) or None
    where = "" if row is None else f" (line {row})"
    if "entity" in said or "doctype" in said:
        return unreadable(f"The document uses an entity that is not one of XML's own{where}. Write the text itself.")
    if "huge" in said or "too long" in said or "too large" in said:
        return too_large(f"A text in the document is too long{where}.")
    return unreadable(f"The document is no well-formed XML{where}: it breaks off, or its tags do not fit.")
