"""The components of the API's description for documents under `/pars`: made from their shapes, as schema files are."""

from __future__ import annotations

from typing import Any

from app.files.shapes import activities, answers, learner_reports, matches
from app.files.shapes.components import ComponentNames, Components, as_answered, extend
from app.files.shapes.parts import Part
from app.routers.description.schemas import REF
from app.routers.pars import examples

REPORTS, METRICS, MATCH = "ParsReport", "ParsMetrics", "ParsMatch"
"""Beginnings of the names of what is sent."""
SAVED_REPORTS, SAVED_METRICS, MATCHED = "ParsSavedReport", "ParsSavedMetrics", "ParsMatched"
FOUND_REPORTS, FOUND_METRICS = "ParsFoundReport", "ParsFoundMetrics"
TRANSCRIPTS, CREDITS = "ParsTranscript", "ParsCredits"
"""And of what is answered."""


def _added(document: Part, name: str, *more: str) -> tuple[Part, ...]:
    """Return the parts that the answer to a record, or one within it, has of some names."""
    parts = {part.name: part for part in _within(document, name).parts}
    return tuple(parts[one] for one in more)


def _within(part: Part, name: str) -> Part:
    if part.name == name:
        return part
    return next(found for within in part.parts if (found := _find(within, name)) is not None)


def _find(part: Part, name: str) -> Part | None:
    if part.name == name:
        return part
    return next((found for within in part.parts if (found := _find(within, name)) is not None), None)


def _found_reports() -> Part:
    of_record = _added(answers.LEARNERS, "ActivityReport", "Number", "Outcome", "LearnerId")
    of_certificate = _added(answers.LEARNERS, "CreditCertificate", "Board", "Status", "Code", "Message")
    found = as_answered(learner_reports.DOCUMENT)
    return extend(found, {"ActivityReport": of_record, "CreditCertificate": of_certificate})


def _found_metrics() -> Part:
    more = _added(answers.ACTIVITIES, "MedicalEducationMetrics", "ActivityStatus", "Missing")
    return extend(as_answered(activities.DOCUMENT), {"MedicalEducationMetrics": more})


_DOCUMENTS: tuple[tuple[str, Part, str, dict[str, Any]], ...] = (
    (REPORTS, learner_reports.DOCUMENT, "Completions to report.", examples.LEARNERS),
    (METRICS, activities.DOCUMENT, "Activities to save.", examples.ACTIVITIES),
    (MATCH, matches.DOCUMENT, "What is known of a learner.", examples.MATCH),
    (SAVED_REPORTS, answers.LEARNERS, "What became of completions.", examples.LEARNERS_SAVED),
    (SAVED_METRICS, answers.ACTIVITIES, "What became of activities.", examples.ACTIVITIES_SAVED),
    (FOUND_REPORTS, _found_reports(), "Completions that were reported.", examples.LEARNERS_FOUND),
    (FOUND_METRICS, _found_metrics(), "Activities on file.", examples.ACTIVITIES_FOUND),
    (MATCHED, answers.MATCH, "Whether it fits one physician.", examples.MATCHED),
    (TRANSCRIPTS, answers.TRANSCRIPTS, "Transcripts of licensees.", examples.TRANSCRIPT_FOUND),
    (CREDITS, answers.CREDITS, "Totals of a licensee.", examples.CREDITS_TOTALLED),
)
_SENT = (REPORTS, METRICS, MATCH)


def components() -> Components:
    """Return the components of all documents, by name."""
    found: Components = {}
    for prefix, root, says, example in _DOCUMENTS:
        names = ComponentNames(prefix, REF, sent=prefix in _SENT)
        names.add_document(root, says=says, example=example, is_list=prefix == TRANSCRIPTS)
        found |= names.components
    return found


def reference_to(prefix: str) -> dict[str, Any]:
    """Return the reference to a document."""
    return {"$ref": f"{REF}{prefix}Document"}
