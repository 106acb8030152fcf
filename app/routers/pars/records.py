"""The records of a document that was sent."""

from __future__ import annotations

from app.core.errors import ErrorItem, InvalidRequest
from app.domain.batches import Element
from app.files.shapes.envelopes import DocumentKind, find_records

MOST_RECORDS = 500
"""Records of one document, as of a bulk request."""


def records_of(document: Element, kind: DocumentKind) -> list[Element]:
    """Return the records of a document; raises `InvalidRequest` for none, too many, or those of another kind."""
    found = find_records(document, kind)
    if not found:
        other = next((one for one in DocumentKind if find_records(document, one)), None)
        holds = f"It holds {other.holds}" if other is not None else f"It has no {kind.value}"
        raise _refusal(
            "type",
            f"The document is none of {kind.holds}. {holds}.",
            f"Send {kind.root} with a {kind.value} for each record.",
        )
    if len(found) > MOST_RECORDS:
        raise _refusal(
            "too-long",
            f"The document has {len(found)} records; {MOST_RECORDS} are taken at once.",
            "Send several documents, or upload it as a file: POST /v1/batches takes the same document.",
        )
    return found


def _refusal(code: str, detail: str, hint: str) -> InvalidRequest:
    return InvalidRequest(errors=[ErrorItem(code=code, pointer="", detail=detail, hint=hint)])
