"""Problem details (RFC 9457): one shape for every error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from app.core.errors import (
    ErrorItem,
    InvalidRequest,
    ParameterInvalid,
    Problem,
)
from app.core.strict_json import pointer_of

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100
"""At most so many faults are listed: a request can have more than anybody will read."""

_CODES = {
    "extra_forbidden": "field-unknown",
    "string_too_long": "too-long",
    "too_long": "too-long",
    "missing": "type",
}
_FORMATS = ("pattern", "finite", "greater", "less", "literal", "enum", "parsing", "size", "from_", "unicode")


def problem_body(problem: Problem, request_id: str) -> dict[str, Any]:
    """Return the body of a problem's answer, as values of JSON."""
    body: dict[str, Any] = {
        "type": f"/problems/{problem.code}",
        "title": problem.title(),
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.errors:
        body["errors"] = msgspec.to_builtins(problem.errors)
    return body | problem.extra


def problem_response(problem: Problem, request_id: str) -> Response:
    """Return the answer for a problem."""
    headers: Mapping[str, str] = {"Cache-Control": "no-store", **problem.headers}
    body = json.dumps(problem_body(problem, request_id), ensure_ascii=False, separators=(",", ":"))
    return Response(body, problem.status, headers=headers, media_type=MEDIA_TYPE)


def _error_item(error: Mapping[str, Any]) -> ErrorItem:
    """Return one validation error of Pydantic as an error item; what was sent is never given back."""
    kind = str(error["type"])
    source, *location = error["loc"]
    code = _CODES.get(kind) or ("format" if any(word in kind for word in _FORMATS) else "type")
    detail = _DETAILS.get(kind) or _sentence(str(error["msg"]))
    if kind == "missing" and source == "body" and not location:
        detail = "The request has no body."
    if source == "body":
        return ErrorItem(code=code, pointer=pointer_of(location), detail=detail)
    name = str(location[0]) if location else ""
    if source == "header":
        return ErrorItem(code=code, header=name, detail=detail)
    return ErrorItem(code=code, parameter=name, detail=detail)


def invalid_request(faults: Sequence[Mapping[str, Any]]) -> Problem:
    """Return the problem of a request of which values are wrong: those of its body, or of its address and head."""
    items = [_error_item(fault) for fault in faults[:MAX_ERRORS]]
    kind = InvalidRequest if any(item.pointer is not None for item in items) else ParameterInvalid
    detail = f"{len(faults)} faults; the first {MAX_ERRORS} are listed." if len(faults) > MAX_ERRORS else ""
    return kind(detail, errors=items)


def error_items(errors: Sequence[Mapping[str, Any]]) -> list[ErrorItem]:
    """Return validation errors of one part of the body as error items, their pointers relative to that part."""
    return [_error_item({**error, "loc": ("body", *error["loc"])}) for error in errors[:MAX_ERRORS]]


_DETAILS = {
    "extra_forbidden": "This field is not known.",
    "missing": "This is required.",
    "string_pattern_mismatch": "The text has a character that cannot be stored.",
    "finite_number": "Not a finite number, or too large to be read.",
}


def _sentence(message: str) -> str:
    """Return a message of Pydantic as a sentence."""
    text = message.removeprefix("Input ").removeprefix("Value error, ").rstrip(".")
    return text[:1].upper() + text[1:] + "."
