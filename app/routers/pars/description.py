"""What the description of the API says of documents: both forms of each, with an example."""

from __future__ import annotations

from typing import Any

from app.files.shapes.envelopes import DocumentKind
from app.routers.description.responses import Responses
from app.routers.pars import examples, schemas
from app.routers.pars.forms import JSON, TEXT_XML, XML, write_envelope

_SENT = {
    DocumentKind.LEARNERS: (schemas.REPORTS, "learner-reports", examples.LEARNERS),
    DocumentKind.ACTIVITIES: (schemas.METRICS, "activities", examples.ACTIVITIES),
}


def document_body(kind: DocumentKind) -> dict[str, Any]:
    """Return what is described of a body that is a document of a kind."""
    prefix, file, example = _SENT[kind]
    return _body(prefix, example, f"The same as XML, as {_schema_link(file)} describes it.")


def match_body() -> dict[str, Any]:
    """Return what is described of a body that asks for a learner's match."""
    return _body(schemas.MATCH, examples.MATCH, "The same elements as XML, in one of any name.")


def _schema_link(file: str) -> str:
    return f"[{file}.xsd](/v1/templates/{file}.xsd)"


def _body(prefix: str, example: dict[str, Any], in_xml: str) -> dict[str, Any]:
    as_xml = {"schema": {"type": "string", "description": in_xml, "examples": [write_envelope(example)]}}
    content = {JSON: {"schema": schemas.reference_to(prefix)}, XML: as_xml, TEXT_XML: as_xml}
    return {"requestBody": {"required": True, "content": content}}


def _answered(prefix: str, example: dict[str, Any], file: str = "") -> Responses:
    """Return what is described of an answer. Its forms have one schema: functions of clients return one type."""
    in_xml = "In XML, its members are elements"
    if file:
        in_xml += f": those of {_schema_link(file)}, and what JSON has besides"
    content = {"schema": schemas.reference_to(prefix), "example": example}
    described = f"The records in their order, and what became of each. {in_xml}"
    return {200: {"description": described, "content": dict.fromkeys((JSON, XML, TEXT_XML), content)}}


LEARNERS_SAVED = _answered(schemas.SAVED_REPORTS, examples.LEARNERS_SAVED)
LEARNERS_FOUND = _answered(schemas.FOUND_REPORTS, examples.LEARNERS_FOUND, "learner-reports")
LEARNER_FOUND: Responses = {
    status: response | {"headers": {"ETag": {"$ref": "#/components/headers/ETag"}}}
    for status, response in LEARNERS_FOUND.items()
}
"""One, with its version."""
LEARNER_DELETED = _answered(schemas.SAVED_REPORTS, examples.LEARNER_DELETED)
ACTIVITIES_SAVED = _answered(schemas.SAVED_METRICS, examples.ACTIVITIES_SAVED)
ACTIVITIES_FOUND = _answered(schemas.FOUND_METRICS, examples.ACTIVITIES_FOUND, "activities")
MATCHED = _answered(schemas.MATCHED, examples.MATCHED)
TRANSCRIPT_FOUND = _answered(schemas.TRANSCRIPTS, examples.TRANSCRIPT_FOUND)
CREDITS_TOTALLED = _answered(schemas.CREDITS, examples.CREDITS_TOTALLED)
