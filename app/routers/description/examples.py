"""Examples: written where a story helps, else made from the schema, so that nothing lacks one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel

from app.routers.description.operations import Operation
from app.routers.description.schemas import Schema, named, resolved
from app.routers.description.values import FIELDS, PARAMETERS, TEXTS
from app.schemas.base import Example, Requests

_ABSENT: Any = object()
_PLAIN: dict[str, Any] = {"string": "text", "integer": 1, "number": 2.25, "boolean": True, "null": None}
_FORMATS = {
    "date": "2021-12-12",
    "date-time": "2021-12-20T15:00:00Z",
    "uri": "https://example.org",
    "uuid": "019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70",
    "binary": "(bytes of a file)",
}


@cache
def _models() -> dict[str, type[BaseModel]]:
    """Return the models of `app.schemas` by the names of their components."""
    found: dict[str, type[BaseModel]] = {}
    waiting = [BaseModel]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if model.__module__.startswith("app.schemas."):
            found[model.__name__.removesuffix("Out")] = model
    return found


def example_of(schema: Schema, schemas: Schema, field: str = "", given: Any = _ABSENT) -> Any:
    """Return an example that a schema accepts; `given` holds what it shows, as far as that is said."""
    shown: Example | None = getattr(_models().get(named(schema) or ""), "example", None)
    if shown is not None and (given is _ABSENT or isinstance(given, dict)):
        given = shown if given is _ABSENT else shown | given
    for place in (schema, resolved(schema, schemas)):
        if given is _ABSENT and place.get("examples"):
            return place["examples"][0]
    schema = resolved(schema, schemas)
    for choices in ("anyOf", "oneOf"):
        if choices in schema:
            return given if given is None else example_of(schema[choices][0], schemas, field, given)
    if "properties" in schema and given is not None:
        return _object(schema, schemas, {} if given is _ABSENT else given)
    if isinstance(given, list) and "items" in schema:
        return [example_of(schema["items"], schemas, field, each) for each in given]
    if given is not _ABSENT:
        return given
    return _made(schema, schemas, field)


def _object(schema: Schema, schemas: Schema, given: dict[str, Any]) -> dict[str, Any]:
    fields: Schema = schema["properties"]
    wanted = [name for name in fields if name in given or name in schema.get("required", ())] or list(fields)
    return {name: example_of(fields[name], schemas, name, given.get(name, _ABSENT)) for name in wanted}


def _made(schema: Schema, schemas: Schema, field: str) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "array":
        return [example_of(schema.get("items", {}), schemas, field)]
    if kind == "object":
        return {}
    if kind == "string":
        return FIELDS.get(field) or _FORMATS.get(schema.get("format", ""), _PLAIN["string"])
    return max(_PLAIN[kind], schema.get("minimum", _PLAIN[kind])) if kind in ("integer", "number") else _PLAIN[kind]


def describe_examples(operation: Operation) -> None:
    """Give every body, every answer and every parameter that an operation needs for its address an example."""
    for parameter in operation.said.get("parameters", ()):
        if parameter["in"] == "path" or (parameter["in"] == "query" and parameter["required"]):
            value = PARAMETERS.get((operation.path, parameter["name"]))
            parameter["example"] = value or example_of(parameter["schema"], operation.schemas, parameter["name"])
    for content in operation.said.get("requestBody", {}).get("content", {}).values():
        content["examples"] = dict(_of_request(content["schema"], operation.schemas))
    for _, response in operation.successes():
        for media_type, content in response.get("content", {}).items():
            if not {"example", "examples"} & content.keys():
                content["example"] = _of_answer(operation, media_type, content["schema"])


def _of_request(schema: Schema, schemas: Schema) -> Iterable[tuple[str, dict[str, Any]]]:
    examples = resolved(schema, schemas).get("examples", ())
    requests: Requests = getattr(_models().get(named(schema) or ""), "requests", {})
    for number, value in enumerate(examples, 1):
        yield ("example" if number == 1 else f"example_{number}"), {"summary": "An example", "value": value}
    for name, (summary, value) in requests.items():
        yield name, {"summary": summary, "value": value}
    if not examples and not requests:
        yield "example", {"summary": "An example", "value": example_of(schema, schemas)}


def _of_answer(operation: Operation, media_type: str, schema: Schema) -> Any:
    if media_type == "application/json":
        return example_of(schema, operation.schemas)
    return TEXTS.get(operation.path, "ok\n" if media_type == "text/plain" else _FORMATS["binary"])
