"""Schemas as generators of clients need them: public names, plain patterns, binary formats, no titles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]
REF = "#/components/schemas/"
_RUST_ESCAPE = re.compile(r"\\x\{([0-9a-f]{4})\}")
_MAPS = ("properties", "patternProperties", "$defs")


def components_of(model: type[BaseModel]) -> Schema:
    """Return the component of a model, and those that it refers to, by name."""
    schema = model.model_json_schema(ref_template=REF + "{model}")
    inner: Schema = schema.pop("$defs", {})
    return inner | {model.__name__: schema}


def component_name(schema: Schema) -> str | None:
    """Return the name of the component that a schema refers to, None when it is no reference."""
    reference = schema.get("$ref")
    return str(reference).removeprefix(REF) if isinstance(reference, str) else None


def resolve(schema: Schema, schemas: Schema) -> Schema:
    """Follow references until the schema itself."""
    name = component_name(schema)
    while name is not None:
        schema = schemas[name]
        name = component_name(schema)
    return schema


def parts(schema: Any) -> Iterator[Schema]:
    """Yield a schema and every schema inside it, but not examples and values of enums."""
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
    """Rewrite a schema in place, so that every reader of OpenAPI 3.1 understands it the same."""
    # From the inside out: a part must be tidy before it is merged into its surroundings.
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
    """Write `type: [string, null]` for one simple type or null."""
    choices = part.get("anyOf", [])
    if len(choices) != 2 or choices[1] != {"type": "null"} or not isinstance(choices[0].get("type"), str):
        return
    if "enum" in choices[0] or "const" in choices[0]:
        return
    only = choices[0]
    del part["anyOf"]
    rest = {keyword: part.pop(keyword) for keyword in tuple(part)}
    part.update(only | {"type": [only["type"], "null"]} | rest)


def drop_null(schema: Schema) -> None:
    """Rewrite the schema of a value that is left out rather than null."""
    if isinstance(schema.get("type"), list):
        schema["type"] = next(kind for kind in schema["type"] if kind != "null")
    elif {"type": "null"} in schema.get("anyOf", ()):
        choices = [choice for choice in schema.pop("anyOf") if choice != {"type": "null"}]
        schema.update(choices[0] if len(choices) == 1 else {"anyOf": choices})


def public_names(schemas: Schema) -> dict[str, str]:
    """Return the public names of components whose models have another: answers are named without `Out`."""
    names = {name: name.removesuffix("Out") for name in schemas}
    return {name: public for name, public in names.items() if public not in schemas}


def rename(document: Any, names: dict[str, str]) -> None:
    """Let every reference follow components to their new names."""
    if isinstance(document, dict):
        name = component_name(document)
        if name in names:
            document["$ref"] = REF + names[name]
        for inner in document.values():
            rename(inner, names)
    elif isinstance(document, list):
        for inner in document:
            rename(inner, names)


def reached(start: Any, schemas: Schema) -> set[str]:
    """Return the names of the components to which a part of a document leads, directly or through others."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        names = {reference.removeprefix(REF) for reference in references(waiting.pop()) if reference.startswith(REF)}
        waiting += [schemas[name] for name in names - found]
        found |= names
    return found


def references(document: Any) -> Iterator[str]:
    """Yield every reference in a document."""
    if isinstance(document, dict):
        reference = document.get("$ref")
        if isinstance(reference, str):
            yield reference
        for inner in document.values():
            yield from references(inner)
    elif isinstance(document, list):
        for inner in document:
            yield from references(inner)
