"""Headers of answers, derived from what an operation declares."""

from __future__ import annotations

from typing import Any

from app.routers.description.operations import Operation

HEADERS: dict[str, Any] = {
    "X-Request-Id": {
        "description": "Identifies the request in the operator's log. An id that the caller sends is kept.",
        "schema": {"type": "string", "maxLength": 128},
        "example": "019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70",
    },
    "ETag": {
        "description": "The version of the resource, for `If-Match`.",
        "schema": {"type": "string"},
        "example": '"1"',
    },
    "Location": {
        "description": "Address of the new resource.",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/v1/activities/201759558",
    },
    "Link": {
        "description": 'The next page (RFC 8288), `rel="next"`; absent on the last page.',
        "schema": {"type": "string"},
        "example": '</v1/activities?limit=50&cursor=zXk2>; rel="next"',
    },
    "Idempotency-Replayed": {
        "description": "Present when this is a stored answer, to an earlier request with the same `Idempotency-Key`.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Preference-Applied": {
        "description": "Present when `Prefer: return=minimal` was applied (RFC 7240): the answer has no body.",
        "schema": {"type": "string"},
        "example": "return=minimal",
    },
    "Retry-After": {
        "description": "Seconds to wait before sending the request again.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 5,
    },
    "RateLimit-Policy": {
        "description": "The rate of the client (draft-ietf-httpapi-ratelimit-headers): `q` requests at once, made good "
        "within `w` seconds. In a 429 that of the limit that was reached.",
        "schema": {"type": "string"},
        "example": '"client";q=1000;w=5',
    },
    "RateLimit": {
        "description": "What is left of it: `r` requests now, all of them after `t` seconds.",
        "schema": {"type": "string"},
        "example": '"client";r=998;t=1',
    },
    "WWW-Authenticate": {
        "description": "How to authenticate (RFC 6750).",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
    "Content-Disposition": {
        "description": "The name of the file.",
        "schema": {"type": "string"},
        "example": 'attachment; filename="rejected.xlsx"',
    },
    "Deprecation": {
        "description": "When this was deprecated (RFC 9745): `@` and seconds since 1970.",
        "schema": {"type": "string", "pattern": "^@-?[0-9]+$"},
        "example": "@1767225600",
    },
    "Sunset": {
        "description": "From when on this may be removed (RFC 8594).",
        "schema": {"type": "string"},
        "example": "Fri, 01 Jan 2027 00:00:00 GMT",
    },
}
"""Every header of the document. To add one: an entry here, and a line in `_success_headers` or `_problem_headers`."""


def describe_headers(operation: Operation) -> None:
    """Add the headers of every answer; those that a route declares itself stay."""
    deprecation = operation.deprecation or min(
        operation.deprecated_parameters.values(), key=lambda deprecated: deprecated.since, default=None
    )
    for status, response in operation.spec["responses"].items():
        names = ["X-Request-Id"]
        names += _success_headers(operation, status, response) if status < "4" else _problem_headers(operation, status)
        if deprecation is not None:
            names += ["Deprecation"] + ["Sunset"] * bool(deprecation.sunset) + ["Link"] * bool(deprecation.link)
        described = {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(names)}
        response["headers"] = described | response.get("headers", {})


def _success_headers(operation: Operation, status: str, response: dict[str, Any]) -> list[str]:
    fields = operation.body_of(response).get("properties", {})
    names = []
    prefers = operation.takes_header("Prefer") and operation.method != "delete"
    revalidates = "304" in operation.spec["responses"] and status in ("200", "304")
    if "version" in fields or revalidates or (status == "204" and prefers):
        names.append("ETag")
    if prefers and status == "204":
        names.append("Preference-Applied")
    creates = {"201", "202"} & operation.spec["responses"].keys()
    if creates and status in ("200", "201", "202", "204"):
        names.append("Location")
    if operation.method == "get" and "null" in fields.get("next_cursor", {}).get("type", ()):
        names.append("Link")
    if operation.takes_header("Idempotency-Key"):
        names.append("Idempotency-Replayed")
    if operation.needs_key:
        names += ["RateLimit-Policy", "RateLimit"]
    if any(body.get("schema", {}).get("format") == "binary" for body in response.get("content", {}).values()):
        names.append("Content-Disposition")
    return names


def _problem_headers(operation: Operation, status: str) -> list[str]:
    if status == "401":
        return ["WWW-Authenticate"]
    if status == "429":
        return ["Retry-After", "RateLimit-Policy", "RateLimit"]
    if status == "503" or (status == "409" and operation.takes_header("Idempotency-Key")):
        return ["Retry-After"]
    return []
