"""Schemas as generators of clients understand them: plain names, plain patterns, binary formats, no titles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]
REF = "#/components/schemas/"
_RUST_ESCAPE = re.compile(r"\\x\{([0-9a-f]{4})\}")
_MAPS = ("properties", "patternProperties", "$defs")


def named(schema: Schema) -> str | None:
    """Return the name of the component that a schema refers to."""
    reference = schema.get("$ref")
    return str(reference).removeprefix(REF) if isinstance(reference, str) else None


def resolved(schema: Schema, schemas: Schema) -> Schema:
    """Follow a reference to its component."""
    name = named(schema)
    while name is not None:
        schema = schemas[name]
        name = named(schema)
    return schema


def parts(schema: Any) -> Iterator[Schema]:
    """Yield a schema and every schema inside it; examples and enums are no schemas."""
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword in _MAPS:
        for inner in schema.get(keyword, {}).values():
            yield from parts(inner)
    for keyword in ("items", "additionalProperties", "not"):
        yield from parts(schema.get(keyword))
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inner in schema.get(keyword, ()):
            yield from parts(inner)


def tidy(schema: Schema) -> None:
    """Rewrite one schema, in place, so that every reader of OpenAPI 3.1 takes it for what it is."""
    # From the inside out: what is merged into its surroundings must be tidy by then.
    for part in reversed(list(parts(schema))):
        part.pop("title", None)
        if part.get("default", ...) is None:
            del part["default"]
        if isinstance(part.get("pattern"), str):
            # The pattern is Rust's; readers of the description have ECMA-262.
            part["pattern"] = _RUST_ESCAPE.sub(r"\\u\1", part["pattern"])
        if part.get("contentMediaType") == "application/octet-stream":
            part["format"] = "binary"
        _merge_null(part)


def _merge_null(part: Schema) -> None:
    """Say `type: [string, null]` for what is one simple type or null."""
    choices = part.get("anyOf", [])
    if len(choices) != 2 or choices[1] != {"type": "null"} or not isinstance(choices[0].get("type"), str):
        return
    if "enum" in choices[0] or "const" in choices[0]:
        return
    only = choices[0]
    del part["anyOf"]
    described = {name: part.pop(name) for name in tuple(part)}
    part.update(only | {"type": [only["type"], "null"]} | described)


def drop_null(schema: Schema) -> None:
    """Let a schema take values only: a parameter, or a field that is left out rather than null."""
    if isinstance(schema.get("type"), list):
        schema["type"] = next(kind for kind in schema["type"] if kind != "null")
    elif {"type": "null"} in schema.get("anyOf", ()):
        choices = [choice for choice in schema.pop("anyOf") if choice != {"type": "null"}]
        schema.update(choices[0] if len(choices) == 1 else {"anyOf": choices})


def rename(document: Any, names: dict[str, str]) -> None:
    """Let every reference follow components to their new names."""
    if isinstance(document, dict):
        name = named(document)
        if name in names:
            document["$ref"] = REF + names[name]
        for inner in document.values():
            rename(inner, names)
    elif isinstance(document, list):
        for inner in document:
            rename(inner, names)


def components_of(model: type[BaseModel]) -> Schema:
    """Return the component of a model, and those that it refers to, by name."""
    schema = model.model_json_schema(ref_template=REF + "{model}")
    referred_to: Schema = schema.pop("$defs", {})
    return referred_to | {model.__name__: schema}


def public_names(schemas: Schema) -> dict[str, str]:
    """Return the public name of every component whose model has another: answers bear the noun alone."""
    names = {name: name.removesuffix("Out") for name in schemas}
    return {name: public for name, public in names.items() if public not in schemas}


def referred(document: Any) -> Iterator[str]:
    """Yield every reference in a document."""
    if isinstance(document, dict):
        reference = document.get("$ref")
        if isinstance(reference, str):
            yield reference
        for inner in document.values():
            yield from referred(inner)
    elif isinstance(document, list):
        for inner in document:
            yield from referred(inner)
