"""Records of JSON documents: the elements that they stand for, which are read as those of XML are.

Numbers are read as the digits that were sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.core.errors import Problem
from app.core.strict_json import read_json
from app.domain.batches import Element, RawRow
from app.domain.findings import Finding
from app.files.document_members import ADDED, AS_SENT
from app.files.mapping.activity_bodies import ActivityRecord, blank_record
from app.files.mapping.activity_documents import ActivityDocuments
from app.files.mapping.completion_documents import CompletionDocuments
from app.files.mapping.locations import Location
from app.files.mapping.records import CompletionRecord
from app.files.mapping.refusals import refusal
from app.files.shapes import activities, learner_reports
from app.files.shapes.json_form import NotADocument, elements_of
from app.files.shapes.parts import Part
from app.schemas.faults import findings_of_problem

DEEPEST = 32
"""Levels of objects within a record; those of the documents have seven."""
_NO_OBJECT = refusal(
    "type", "", "A record is one JSON object.", "Send the members of one record in braces, as the example shows it."
)


class JsonCompletions(CompletionDocuments):
    """Maps the activity reports of one document."""

    def locate(self, pointer: str, record: CompletionRecord | None = None) -> Location:
        """Return the path of what a pointer names."""
        return _own_place(pointer, learner_reports.REPORT) or super().locate(pointer, record)

    def read(self, raw: RawRow) -> CompletionRecord:
        """Return what an activity report says."""
        element, findings = read_record(raw.raw, learner_reports.REPORT)
        if element is None:
            return CompletionRecord(number=raw.number, report=None, findings=findings)
        return self.read_element(raw.number, element)


class JsonActivities(ActivityDocuments):
    """Maps the activities of one document."""

    def locate(self, pointer: str, record: ActivityRecord | None = None) -> Location:
        """Return the name of the member that a pointer leads to."""
        return _own_place(pointer, activities.RECORD) or super().locate(pointer, record)

    def read(self, raw: RawRow) -> ActivityRecord:
        """Return what a record says of an activity."""
        element, findings = read_record(raw.raw, activities.RECORD)
        if element is None:
            return blank_record(raw.number, self._provider_id, findings)
        return self.read_element(raw.number, element)


def read_record(text: Any, shape: Part) -> tuple[Element | None, tuple[Finding, ...]]:
    """Return the element that the text of a record stands for; None, with the reason, where it stands for none."""
    assert isinstance(text, str)
    try:
        read_json(text, "The record")
    except Problem as problem:
        return None, findings_of_problem(problem)
    try:
        given = _AS_WRITTEN.decode(text)
        if not isinstance(given, Mapping):
            return None, (_NO_OBJECT,)
        if isinstance(as_sent := given.get(AS_SENT), str):
            # The record came back as text because it was not an object.
            return read_record(as_sent, shape)
        (element,) = elements_of({name: value for name, value in given.items() if name not in ADDED}, shape, DEEPEST)
    except NotADocument as fault:
        return None, (refusal("format", "", str(fault), "Send the record as the published schema describes it."),)
    return element, ()


def _refuse(constant: str) -> str:
    raise NotADocument(f"{constant} is no number that JSON has.")


_AS_WRITTEN = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)
"""Leaves numbers as texts."""


def _own_place(pointer: str, shape: Part) -> Location | None:
    """Return the place of a pointer into the record as it was sent, which names its members; None for any other."""
    first = pointer.split("/")[1:2]
    return Location(column=pointer) if first and first[0] in shape.by_name else None
