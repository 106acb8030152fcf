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
    ParameterUnknown,
    Problem,
)
from app.core.http.near_misses import hint_at_field, hint_at_list
from app.core.http.request_heads import as_documented
from app.core.http.sentences import code_of, sentence_of
from app.core.strict_json import pointer_of

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100
"""At most so many faults are listed: a request can have more than anybody will read."""


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


def _error_item(error: Mapping[str, Any], body: Any = None) -> ErrorItem:
    """Return one validation error of Pydantic as an error item; what was sent is never given back.

    `body` is the type of the body, where it is known: it says which field may be meant by one that is not.
    """
    kind = str(error["type"])
    source, *location = error["loc"]
    code = code_of(kind)
    detail, hint = sentence_of(error)
    if source == "body":
        if not location and detail.startswith("Must "):
            detail = f"The body must {detail.removeprefix('Must ')}"
            hint = hint_at_list(body) if isinstance(error.get("input"), list) else hint
        elif kind == "missing" and not location:
            detail, hint = "The request has no body.", "Send one; with curl: --data-binary @FILE."
        elif kind == "extra_forbidden" and body is not None:
            hint = hint_at_field(body, location)
        return ErrorItem(code=code, pointer=pointer_of(location), detail=detail, hint=hint)
    name = str(location[0]) if location else ""
    if source == "header":
        return ErrorItem(code=code, header=as_documented(name), detail=detail, hint=hint)
    return ErrorItem(code=code, parameter=name, detail=detail, hint=hint)


def invalid_request(
    faults: Sequence[Mapping[str, Any]], of_head: Sequence[ErrorItem] = (), body: Any = None
) -> Problem:
    """Return the problem of a request of which values are wrong: those of its body, or of its address and head.

    `of_head` are faults of address and head that no validation found; `body` is the type of its body.
    """
    # Nothing more is said of a parameter or header that cannot be what it is to be.
    told = {name for item in of_head for name in (item.parameter, (item.header or "").lower()) if name}
    faults = [fault for fault in faults if fault["loc"][0] == "body" or str(fault["loc"][-1]).lower() not in told]
    number = len(faults) + len(of_head)
    items = [*of_head, *(_error_item(fault, body) for fault in faults[:MAX_ERRORS])][:MAX_ERRORS]
    kind: type[Problem] = ParameterInvalid
    if any(item.code == ParameterUnknown.code for item in of_head):
        kind = ParameterUnknown
    elif any(item.pointer is not None for item in items):
        kind = InvalidRequest
    return kind(f"{number} faults; the first {MAX_ERRORS} are listed." if number > MAX_ERRORS else "", errors=items)


def error_items(errors: Sequence[Mapping[str, Any]], body: Any = None) -> list[ErrorItem]:
    """Return validation errors of one part of the body as error items, their pointers relative to that part."""
    return [_error_item({**error, "loc": ("body", *error["loc"])}, body) for error in errors[:MAX_ERRORS]]
