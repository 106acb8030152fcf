"""Maximum lengths of texts, read from the schemas: files are held to the same as the API."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel


@cache
def longest(model: type[BaseModel], pointer: str) -> int | None:
    """Return the maximum length of the text at a JSON Pointer, in characters; None where there is no such text.

    In a list, any part of the pointer stands for the index.
    """
    schema = _schema_of(model)
    found: dict[str, Any] | None = schema
    for part in pointer.split("/")[1:]:
        found = _within(schema, found, part) if found is not None else None
    texts = [choice for choice in _choices(schema, found or {}) if choice.get("type") == "string"]
    bound = texts[0].get("maxLength") if texts else None
    return int(bound) if bound is not None else None


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a model, made once: it takes some hundredths of a second, and fifty texts are asked for."""
    return model.model_json_schema()


def _choices(schema: dict[str, Any], part: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the alternatives of a part of a schema, with references followed."""
    choices = part.get("anyOf", [part])
    return [schema["$defs"][choice["$ref"].rpartition("/")[2]] if "$ref" in choice else choice for choice in choices]


def _within(schema: dict[str, Any], part: dict[str, Any], name: str) -> dict[str, Any] | None:
    for choice in _choices(schema, part):
        if name in choice.get("properties", {}):
            inner: dict[str, Any] = choice["properties"][name]
            return inner
        if "items" in choice:
            items: dict[str, Any] = choice["items"]
            return items
    return None
