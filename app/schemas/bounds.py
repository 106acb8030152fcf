"""How long a text may be, as the schemas say it: one bound for every door that a text may come through."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel


@cache
def longest(model: type[BaseModel], pointer: str) -> int | None:
    """Return how many characters the text at a JSON Pointer may have; None where the schema has no such text.

    Any part of the pointer may stand for the place in a list.
    """
    schema = model.model_json_schema()
    found: dict[str, Any] | None = schema
    for part in pointer.split("/")[1:]:
        found = _within(schema, found, part) if found is not None else None
    texts = [each for each in _choices(schema, found or {}) if each.get("type") == "string"]
    bound = texts[0].get("maxLength") if texts else None
    return int(bound) if bound is not None else None


def _choices(schema: dict[str, Any], part: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a part of a schema may be, references followed."""
    choices = part.get("anyOf", [part])
    return [schema["$defs"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in choices]


def _within(schema: dict[str, Any], part: dict[str, Any], name: str) -> dict[str, Any] | None:
    for each in _choices(schema, part):
        if name in each.get("properties", {}):
            inner: dict[str, Any] = each["properties"][name]
            return inner
        if "items" in each:
            items: dict[str, Any] = each["items"]
            return items
    return None
