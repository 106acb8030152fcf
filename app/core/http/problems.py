"""Problem details (RFC 9457): one handler for every error, one shape for every answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.core.errors import (
    ErrorItem,
    Internal,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    ParameterInvalid,
    Problem,
    TooLarge,
    Unreadable,
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


class WrappedProblem(HTTPException):
    """A problem found while the body is read, as the only exception that the framework lets through there."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status)
        self.problem = problem


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


def request_id_of(request: Request) -> str:
    """Return the id that the request has in the log."""
    return str(request.scope.get("state", {}).get("request_id", ""))


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


def _methods_at(app: FastAPI, path: str) -> set[str]:
    """Return every method that an address accepts; the framework knows only those of the first route that matches."""
    routes = (context.original_route for context in iter_route_contexts(app.routes))
    matching = (route for route in routes if isinstance(route, Route) and route.path_regex.match(path))
    return {method for route in matching for method in route.methods or ()}


def install(app: FastAPI) -> None:
    """Install the handlers that answer every error of an application as a problem."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return problem_response(error, request_id_of(request))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error, WrappedProblem):
            return problem_response(error.problem, request_id_of(request))
        kind = {404: NotFound, 405: MethodNotAllowed, 413: TooLarge, 400: Unreadable}.get(error.status_code, Internal)
        headers = dict(error.headers or {})
        if kind is MethodNotAllowed:
            headers["Allow"] = ", ".join(sorted(_methods_at(app, request.scope["path"])))
        return problem_response(kind(headers=headers), request_id_of(request))

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = error.errors()
        items = [_error_item(fault) for fault in faults[:MAX_ERRORS]]
        kind = InvalidRequest if any(item.pointer is not None for item in items) else ParameterInvalid
        detail = f"{len(faults)} faults; the first {MAX_ERRORS} are listed." if len(faults) > MAX_ERRORS else ""
        return problem_response(kind(detail, errors=items), request_id_of(request))
