"""JSON documents: one object a record, in one list, whatever the document's size.

A record is decoded to find where it ends, and goes on as the text that was sent: numbers keep their digits, and what is
wrong with one record is told of that record. What stands around the records is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from app.domain.batches import BatchKind, Element, FileFault, FileFaultCode, FileFormat, FileHead
from app.files.document_members import ATTRIBUTES
from app.files.parsing.faults import too_large, unreadable
from app.files.parsing.limits import Limits
from app.files.parsing.recognition import Beginning, Parsed
from app.files.parsing.sources import END_OF_TEXT, IncomingFile, TextLines

NEEDS_SEEKING = False
RECORDS = {
    BatchKind.LEARNER_COMPLETIONS: ("ACCMELearnerReports", "ActivityReports", "ActivityReport"),
    BatchKind.ACTIVITIES: ("ACCMEActivities", "MedicalEducationMetrics"),
}
"""For each kind, the members in which its records stand, from the outside; the last one has them."""
_FIRST = re.compile(r'\{\s*(?:"\$[^"\\]*"\s*:\s*"[^"\\]*"\s*,\s*)*"([^"\\]*)"\s*:')
"""The first member of a document; those that only say which schema it has may stand before it."""
_BLANK = re.compile(r"[ \t\r\n]*")
_NEAR = 64
"""A fault so near to the end of what has arrived may be only that the rest has not."""
_decode = json.JSONDecoder().raw_decode


def recognise(beginning: Beginning) -> bool:
    """Return True for an object whose first member is one of those in which records stand."""
    return beginning.text.startswith("{") and _first_member(beginning.text) is not None


def _first_member(text: str) -> str | None:
    found = _FIRST.match(text)
    return found[1] if found is not None and any(found[1] in chain for chain in RECORDS.values()) else None


def parse(source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
    """Return the texts of the records; raises `FileFault`."""
    first = _first_member(Beginning(source.first).text)
    if kind not in RECORDS or first not in RECORDS[kind]:
        raise _another_kind(first, kind)
    lines = TextLines(source, limits)
    document = _Document(lines, RECORDS[kind], limits)
    records = document.records()
    one = next(records, None)
    if one is None:
        raise FileFault(FileFaultCode.NO_ROWS, f"The document has no {RECORDS[kind][-1]}.")
    head = FileHead(format=FileFormat.JSON, root=document.root, encoding=lines.encoding)
    return Parsed(head=head, records=_numbered(one, records, limits), lines=lines)


def _numbered(first: str, rest: Iterator[str], limits: Limits) -> Iterator[tuple[int, str]]:
    yield 1, first
    for number, text in enumerate(rest, 2):
        if number > limits.rows:
            raise too_large("The document has too many records. Split it.", row=number)
        yield number, text


def _another_kind(first: str | None, kind: BatchKind) -> FileFault:
    if kind not in RECORDS:
        detail = "Records of this kind have no document. Use a workbook, tab-delimited text or NDJSON."
        return FileFault(FileFaultCode.KIND_UNKNOWN, detail)
    other = next(other for other, chain in RECORDS.items() if first in chain)
    return FileFault(
        FileFaultCode.KIND_UNKNOWN, f"The document holds {other.value}. Upload it as {other.value}.", looks_like=other
    )


class _Document:
    """A document as it arrives: its text from some place on, and the members that were entered."""

    def __init__(self, lines: TextLines, chain: tuple[str, ...], limits: Limits) -> None:
        self._pieces = lines.texts()
        self._chain = chain
        self._limits = limits
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._entered: list[Element] = []

    @property
    def root(self) -> Element:
        """The members around the records, outermost first, with what is kept of what stands in them."""
        found: Element = {"n": self._chain[-1]}
        for element in reversed(self._entered):
            found = {**element, "c": [found]}
        return found

    def records(self) -> Iterator[str]:
        """Yield the text of each record; raises `FileFault`."""
        yield from self._within(self._chain, "{")
        while self._peek() == END_OF_TEXT:
            self._at += 1
        if self._peek():
            raise self._fault("There is something after the end of the document. Send one document in a file")

    def _within(self, chain: tuple[str, ...], opened: str) -> Iterator[str]:
        """Yield the records in the object that comes next, or in a list of such objects."""
        self._take(opened)
        closing = "]" if opened == "[" else "}"
        while (at := self._peek()) != closing:
            if opened == "[":
                yield from self._within(chain, "{")
            elif at == '"':
                yield from self._member(chain)
            else:
                raise self._fault("A member is expected")
            if self._peek() != closing:
                self._take(",")
        self._take(closing)

    def _member(self, chain: tuple[str, ...]) -> Iterator[str]:
        name = json.loads(self._value())
        self._take(":")
        at = self._peek()
        if name == chain[-1]:
            yield from self._listed() if at == "[" else iter([self._value()])
        elif name in chain and at in "{[":
            if not any(entered["n"] == name for entered in self._entered):
                self._entered.append({"n": name})
            yield from self._within(chain[chain.index(name) + 1 :], at)
        else:
            self._keep(name, self._value())

    def _listed(self) -> Iterator[str]:
        self._take("[")
        while self._peek() != "]":
            yield self._value()
            if self._peek() != "]":
                self._take(",")
        self._take("]")

    def _keep(self, name: str, text: str) -> None:
        """Keep what a document says of itself; nothing else, which may be anything: a password, for one."""
        if name in ATTRIBUTES and text.startswith('"') and self._entered:
            self._entered[-1].setdefault("a", {})[name] = json.loads(text)

    def _peek(self) -> str:
        """Return the next character that is not blank; an empty text at the end."""
        while True:
            found = _BLANK.match(self._text, self._at)
            self._at = found.end() if found is not None else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _take(self, character: str) -> None:
        if self._peek() != character:
            raise self._fault(f"{character} is expected" if self._text[self._at :] else "It ends too early")
        self._at += 1

    def _value(self) -> str:
        """Return the text of the value that comes next."""
        self._peek()
        while True:
            try:
                _, end = _decode(self._text, self._at)
            except ValueError as error:
                end = self._end_of_fault(error)
            if end - self._at > self._limits.record:
                raise too_large("A record is too long, or there is too much between two records.", row=self._row())
            if end < len(self._text) or self._ended:
                text = self._text[self._at : end]
                self._at = end
                return text
            self._more(len(self._text) - self._at)

    def _end_of_fault(self, error: ValueError) -> int:
        """Return where more is needed to tell whether a value is well-formed; raises `FileFault` where it is clear."""
        at, missing = getattr(error, "pos", self._at), str(error).startswith("Unterminated")
        if self._ended or (at < len(self._text) - _NEAR and not missing):
            self._at = at
            raise self._fault("It is not JSON") from None
        return len(self._text)

    def _more(self, least: int = 0) -> bool:
        """Take in more of the file, as much again as `least`; return False at its end."""
        self._line += self._text.count("\n", 0, self._at)
        kept = [self._text[self._at :]]
        self._at = 0
        taken = 0
        while taken <= least and not self._ended:
            piece = next(self._pieces, None)
            if piece is None:
                self._ended = True
            else:
                kept.append(piece)
                taken += len(piece)
        self._text = "".join(kept)
        return taken > 0

    def _row(self) -> int:
        return self._line + self._text.count("\n", 0, self._at)

    def _fault(self, what: str) -> FileFault:
        return unreadable(f"{what} (line {self._row()}).", row=self._row())
