"""What generators of clients need of a description, as they are: each step names the generator that stumbled."""

from __future__ import annotations

import json
import re
from typing import Any

from app.routers.description.headers import HEADERS
from app.routers.description.operations import Operation
from app.routers.description.schemas import Schema, parts, reached
from app.schemas.queries import DAY_OR_INSTANT

MINIMAL = "x-minimal-response"
"""Under this key an operation holds its answer to `Prefer: return=minimal`, a Response Object."""


HELD = "x-held-response"
"""Under this key an operation holds its answer to a report that waits, with `on_unmatched=hold`, a Response Object."""


PAGE = "x-html"
"""Under this key an operation that answers programs with JSON holds what it answers a browser with."""


def set_pages_apart(operation: Operation) -> None:
    """Move the page for browsers from the contents of an answer that is JSON: functions of clients return one type.

    Nobody gets it without `Accept: text/html`, which generated clients would send with a choice of both.
    """
    for _, response in operation.successes():
        content = response.get("content", {})
        if {"application/json", "text/html"} <= content.keys():
            operation.spec[PAGE] = content.pop("text/html")


def set_minimal_answers_apart(operation: Operation) -> None:
    """Move the answer without a body from the responses to a member of its own, where another success has one.

    Beside it, openapi-fetch and openapi-ts type every answer as possibly undefined. Nobody gets it without asking.
    """
    responses = operation.spec["responses"]
    others = [status for status, _ in operation.successes() if status != "204"]
    if "204" in responses and others:
        minimal = responses.pop("204")
        # No references: tools that look for components which nothing refers to do not look in here.
        minimal["headers"] = {name: HEADERS.get(name, header) for name, header in minimal["headers"].items()}
        operation.spec[MINIMAL] = minimal


def set_held_answers_apart(operation: Operation) -> None:
    """Move the answer to a report that is held from the responses to a member of its own.

    Functions of clients return one type. Nobody gets it without `on_unmatched=hold`.
    """
    if any(parameter["name"] == "on_unmatched" for parameter in operation.spec.get("parameters", ())):
        held = operation.spec["responses"].pop("202", None)
        if held is not None:
            operation.spec[HELD] = held


def name_enum_values(schemas: Schema) -> None:
    """Name every value of every enum, with the enum's name before it.

    The constants of a Go package share one room: two enums with `pending` do not compile without such names.
    """
    for name, schema in schemas.items():
        if "enum" in schema:
            schema["x-enum-varnames"] = [_constant(f"{name}_{value}") for value in schema["enum"]]


def _constant(words: str) -> str:
    """Return `BATCH_STATUS_QUEUED` for `BatchStatus_queued`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words)
    return re.sub(r"[^A-Z0-9]+", "_", apart.upper())


def drop_defaults(document: dict[str, Any], schemas: Schema) -> None:
    """Say in words what a field of a request means when it is left out.

    openapi-typescript takes a field with a default for one that is always there, and requires it of whoever sends.
    """
    for name in reached(_requests(document), schemas):
        for part in parts(schemas[name]):
            if "default" in part:
                value = part.pop("default")
                told = f"Left out, it is `{value if isinstance(value, str) else json.dumps(value)}`."
                part["description"] = f"{part['description']} {told}" if "description" in part else told


def open_answers(document: dict[str, Any], schemas: Schema) -> None:
    """Let answers have fields that are not described yet, as the promise of additive growth says.

    Clients in Go refuse an answer with a field that is new to them, unless its schema allows others. What is also sent
    stays closed: unknown fields of a request are refused.
    """
    for name in reached(_answers(document), schemas) - reached(_requests(document), schemas):
        if schemas[name].get("additionalProperties") is False:
            schemas[name]["additionalProperties"] = True


def _requests(document: dict[str, Any]) -> list[Any]:
    return [operation.get("requestBody") for item in document["paths"].values() for operation in item.values()]


def _answers(document: dict[str, Any]) -> list[Any]:
    return [operation["responses"] for item in document["paths"].values() for operation in item.values()]


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """Return a description as the judge of this version, for tests and drills: as strict as generators let none be.

    Answers have no other field and may be minimal, and a text that is a date or an instant is one that exists.
    """
    judged: dict[str, Any] = json.loads(json.dumps(document))
    for name, schema in judged["components"]["schemas"].items():
        if name != "Problem" and schema.get("additionalProperties") is True:
            schema["additionalProperties"] = False
    for operation in (spec for item in judged["paths"].values() for spec in item.values()):
        if MINIMAL in operation:
            operation["responses"]["204"] = operation.pop(MINIMAL)
        if HELD in operation:
            operation["responses"]["202"] = operation.pop(HELD)
        if PAGE in operation:
            operation["responses"]["200"]["content"]["text/html"] = operation.pop(PAGE)
        for parameter in operation.get("parameters", ()):
            if parameter["schema"].get("pattern") == DAY_OR_INSTANT:
                formats = ("date", "date-time")
                parameter["schema"] = {"anyOf": [{"type": "string", "format": format} for format in formats]}
    return judged
