"""The description as a judge: whatever the application answers has to be what `/openapi.json` says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from httpx import Response
from jsonschema_rs import Draft202012Validator

from app.routers.description.generators import closed

DOCUMENT = Path(__file__).resolve().parents[2] / "openapi" / "openapi.json"
MAY_BE_ABSENT = {
    "Link", "Idempotency-Replayed", "Retry-After", "Content-Disposition", "Preference-Applied", "RateLimit",
    "RateLimit-Policy",
}  # fmt: skip
METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True)
class Described:
    """One operation of the document."""

    method: str
    path: str
    said: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.said["operationId"])

    @property
    def bodies(self) -> dict[str, Any]:
        """Examples of its JSON body, by name."""
        content = self.said.get("requestBody", {}).get("content", {}).get("application/json", {})
        return {name: example["value"] for name, example in content.get("examples", {}).items()}

    def parameters(self, place: str) -> dict[str, Any]:
        return {
            parameter["name"]: parameter for parameter in self.said.get("parameters", ()) if parameter["in"] == place
        }


class Contract:
    """A document, and what is wrong with answers by it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.operations = [
            Described(method, path, said)
            for path, item in document["paths"].items()
            for method, said in item.items()
            if method in METHODS
        ]
        self._found = sorted(
            ((_pattern(operation.path), operation) for operation in self.operations),
            # Of as many parameters, the one with an ending is meant first: `{id}.pdf` before `{id}`.
            key=lambda one: (one[1].path.count("{"), one[1].path.endswith("}")),
        )
        self._validators: dict[str, Draft202012Validator] = {}

    def operation(self, method: str, path: str) -> Described | None:
        """Return the operation that a request reaches."""
        for pattern, operation in self._found:
            if operation.method == method.lower() and pattern.fullmatch(path):
                return operation
        return None

    def invalid(self, schema: dict[str, Any], value: Any) -> Iterator[str]:
        """Yield what a schema has against a value."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = schema | {"components": {"schemas": self.document["components"]["schemas"]}}
            self._validators[key] = Draft202012Validator(whole, validate_formats=True)
        for error in self._validators[key].iter_errors(value):
            yield f"/{'/'.join(map(str, error.instance_path))}: {error.message}"

    def faults(self, method: str, path: str, status: int, headers: Any, body: bytes) -> Iterator[str]:
        """Yield where an answer is not as the document says; what reaches no operation is not judged."""
        operation = self.operation(method, path)
        if operation is None:
            return
        response = operation.said["responses"].get(str(status))
        if response is None:
            yield f"{operation.id}: status {status} is not described"
            return
        yield from (f"{operation.id} {status}: {header}" for header in self._headers(response, headers))
        media_type = headers.get("content-type", "").partition(";")[0]
        if not response.get("content"):
            yield from [f"{operation.id} {status}: a body that is not described"] if body else []
            return
        if media_type not in response["content"]:
            yield f"{operation.id} {status}: media type {media_type} is not described"
        elif media_type in ("application/json", "application/problem+json"):
            schema = response["content"][media_type]["schema"]
            # A file is described as bytes, whatever they are: a JSON document is JSON all the same.
            given = body.decode() if schema.get("format") == "binary" and json.loads(body) else json.loads(body)
            found = self.invalid(schema, given)
            yield from (f"{operation.id} {status}: {example}" for example in found)

    def _headers(self, response: dict[str, Any], headers: Any) -> Iterator[str]:
        described = response.get("headers", {})
        for name in self.document["components"]["headers"]:
            if name in headers and name not in described:
                yield f"header {name} is not described"
            if name not in headers and name in described and name not in MAY_BE_ABSENT:
                yield f"header {name} is absent"


def _pattern(path: str) -> re.Pattern[str]:
    """Return what an address of a path looks like; internal ids may hold slashes."""
    parts = re.split(r"(\{[^}]+\})", path)
    wild = {"{internal_id}": ".+"}
    return re.compile("".join(wild.get(part, "[^/]+") if part[:1] == "{" else re.escape(part) for part in parts), re.S)


def read_document() -> dict[str, Any]:
    """Return the description that is committed: `tests/structure` holds it against the code, once for all tests."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return document


@cache
def committed() -> Contract:
    """Return the contract that is committed."""
    return Contract(closed(read_document()))


def as_described(response: Response) -> None:
    """Hold every answer of every test against the description of the API."""
    request = response.request
    response.read()
    found = list(
        committed().faults(request.method, request.url.path, response.status_code, response.headers, response.content)
    )
    assert found == [], found
