"""Headers of answers, as they follow from what an operation declares."""

from __future__ import annotations

from typing import Any

from app.routers.description.operations import Operation

HEADERS: dict[str, Any] = {
    "X-Request-Id": {
        "description": "Finds the request in the operator's log. A caller's own is taken over.",
        "schema": {"type": "string", "maxLength": 128},
        "example": "019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70",
    },
    "ETag": {
        "description": "The resource's version, for `If-Match`.",
        "schema": {"type": "string"},
        "example": '"1"',
    },
    "Location": {
        "description": "Address of what was made.",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/v1/activities/201759558",
    },
    "Link": {
        "description": 'The next page (RFC 8288), `rel="next"`; absent on the last.',
        "schema": {"type": "string"},
        "example": '</v1/activities?limit=50&cursor=zXk2>; rel="next"',
    },
    "Idempotency-Replayed": {
        "description": "Present when this answer was given before to the same `Idempotency-Key`.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Preference-Applied": {
        "description": "Present when `Prefer: return=minimal` was heeded (RFC 7240): the answer has no body then.",
        "schema": {"type": "string"},
        "example": "return=minimal",
    },
    "Retry-After": {
        "description": "Seconds to wait before the request is sent again.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 5,
    },
    "WWW-Authenticate": {
        "description": "How to authenticate (RFC 6750).",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
    "Content-Disposition": {
        "description": "A name for the file.",
        "schema": {"type": "string"},
        "example": 'attachment; filename="rejected.xlsx"',
    },
    "Deprecation": {
        "description": "Since when this is deprecated (RFC 9745), `@` and seconds since 1970.",
        "schema": {"type": "string", "pattern": "^@-?[0-9]+$"},
        "example": "@1767225600",
    },
    "Sunset": {
        "description": "From when on this may be gone (RFC 8594).",
        "schema": {"type": "string"},
        "example": "Fri, 01 Jan 2027 00:00:00 GMT",
    },
}
"""Every header that is described; a new one needs a line in `_of_success` or `_of_problem` as well."""


def describe_headers(operation: Operation) -> None:
    """Write the headers of every answer; those that a route described itself stay."""
    old = operation.deprecation or min(
        operation.deprecates_parameters.values(), key=lambda each: each.since, default=None
    )
    for status, response in operation.said["responses"].items():
        names = ["X-Request-Id"]
        names += _of_success(operation, status, response) if status < "4" else _of_problem(operation, status)
        if old is not None:
            names += ["Deprecation"] + ["Sunset"] * bool(old.sunset) + ["Link"] * bool(old.link)
        described = {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(names)}
        response["headers"] = described | response.get("headers", {})


def _of_success(operation: Operation, status: str, response: dict[str, Any]) -> list[str]:
    fields = operation.body_of(response).get("properties", {})
    names = []
    prefers = operation.takes_header("Prefer") and operation.method != "delete"
    if "version" in fields or status == "304" or (status == "204" and prefers):
        names.append("ETag")
    if prefers and status == "204":
        names.append("Preference-Applied")
    makes = {"201", "202"} & operation.said["responses"].keys()
    if makes and status in ("200", "201", "202", "204"):
        names.append("Location")
    if operation.method == "get" and "null" in fields.get("next_cursor", {}).get("type", ()):
        names.append("Link")
    if operation.takes_header("Idempotency-Key"):
        names.append("Idempotency-Replayed")
    if any(each.get("schema", {}).get("format") == "binary" for each in response.get("content", {}).values()):
        names.append("Content-Disposition")
    return names


def _of_problem(operation: Operation, status: str) -> list[str]:
    if status == "401":
        return ["WWW-Authenticate"]
    if status in ("429", "503") or (status == "409" and operation.takes_header("Idempotency-Key")):
        return ["Retry-After"]
    return []
