"""Schemas as generators understand them: named enums, plain patterns, binary formats, no noise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
REF = "#/components/schemas/"
_RUST_ESCAPE = re.compile(r"\\x\{([0-9a-f]{4})\}")
_MAPS = ("properties", "patternProperties", "$defs")

ENUM_NAMES: dict[str, str] = {
    "Credit.status": "CreditStatus",
    "Credit.kind": "CreditKind",
    "Credit.delivery": "Delivery",
    "Finding.severity": "Severity",
    "Listing.fee": "Fee",
    "Listing.registration": "RegistrationMode",
    "ActivityIn.delivery_methods": "DeliveryMethod",
    "ActivityIn.providership": "Providership",
    "MedicalSchool.degree": "Degree",
    "ReportedCompletion.outcome": "Outcome",
    "Completion.entry_method": "EntryMethod",
    "GetBoardFeedFile.format": "FileFormat",
    "Batch.format": "BatchFormat",
    "Batch.kind": "BatchKind",
    "BatchForm.on_unmatched": "OnUnmatched",
    "Batch.status": "BatchStatus",
    "FileError.code": "FileErrorCode",
    "Row.outcome": "RowOutcome",
    "GetBatchFile.which": "BatchFile",
    "GetTemplate.file": "TemplateFile",
    "FeedEvent.event": "FeedEventKind",
    "DecisionIn.decision": "Verdict",
    "DecisionIn.reason_code": "Refusal",
    "Decided.result": "DecisionResult",
    "WebhookEndpoint.status": "EndpointStatus",
    "WebhookEndpoint.event_types": "EventKind",
    "WebhookEndpoint.disabled_reason": "DisabledReason",
    "WebhookDelivery.status": "DeliveryStatus",
    "WebhookDelivery.last_outcome": "AttemptOutcome",
    "ActivityFormat.span_bound": "SpanBound",
    "MeasuredOutcome.outcome": "OutcomeMeasured",
}
"""Names of enums by a place where they stand. Any other is named after the place where it stands first."""
NAMES = {
    "ReportedOut": "ReportedCompletion",
    "RemsOut": "RemsParticipation",
    "LocationOut": "ActivityLocation",
    "TypeOut": "TypeAmount",
    "TypeIn": "TypeAmountIn",
    "ChangeOut": "BoardChange",
    "FormatOut": "ActivityFormat",
    "FormatList": "ActivityFormatList",
    "Support": "CommercialSupport",
}
"""Names of schemas that stand alone better than those in the code, where the module says the rest."""


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


def without_null(schema: Schema) -> None:
    """Say of every optional field of an object that it is absent rather than null."""
    for field in schema["properties"].values():
        if isinstance(field.get("type"), list):
            field["type"] = next(each for each in field["type"] if each != "null")
        elif "anyOf" in field:
            choices = [each for each in field.pop("anyOf") if each != {"type": "null"}]
            field.update(choices[0] if len(choices) == 1 else {"anyOf": choices})


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


def public_names(schemas: Schema) -> dict[str, str]:
    """Return shorter names: what is answered bears the noun alone, unless the bare noun is something else."""
    shorter = {name: NAMES.get(name) or name.removesuffix("Out") for name in schemas}
    return {old: new for old, new in shorter.items() if new not in schemas}


def name_form(said: dict[str, Any], schemas: Schema) -> None:
    """Make a component, by its title, of the form of an operation that reads it by itself: no model declares it."""
    for content in said.get("requestBody", {}).get("content", {}).values():
        if "properties" in content.get("schema", {}):
            name = content["schema"]["title"]
            schemas[name] = content["schema"]
            content["schema"] = {"$ref": REF + name}


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


def hoist_enums(schemas: Schema, elsewhere: list[tuple[str, Schema]]) -> None:
    """Give every enum one component and one name; the same values are the same enum wherever they stand.

    `elsewhere` holds (operation.parameter, schema) for the schemas of parameters.
    """
    places = [
        (owner.partition(".")[0], field or owner.partition(".")[2], part)
        for owner, schema in [*list(schemas.items()), *elsewhere]
        for field, part in _fields(schema)
        if part.get("type") == "string" and part.get("enum") and part is not schemas.get(owner)
    ]
    known = {
        tuple(part["enum"]): ENUM_NAMES[f"{owner}.{field}"]
        for owner, field, part in places
        if f"{owner}.{field}" in ENUM_NAMES
    }
    for owner, field, part in places:
        values = tuple(part["enum"])
        name = known.setdefault(values, _free(schemas, owner, field))
        schemas.setdefault(name, {"type": "string", "enum": list(values)})
        kept = {keyword: part[keyword] for keyword in ("description", "default", "examples") if keyword in part}
        part.clear()
        part.update({"$ref": REF + name} | kept)


def _free(schemas: Schema, owner: str, field: str) -> str:
    noun = re.sub(r"(In|Out|Patch)$", "", owner)
    name = noun + "".join(word.capitalize() for word in re.split(r"[_\W]+", field) if word)
    return name if name not in schemas else f"{name}Value"


def _fields(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield every part of a schema with the field it belongs to."""
    named_fields = schema.get("properties", {})
    for name, field in named_fields.items():
        for part in parts(field):
            yield name, part
    rest = {name: value for name, value in schema.items() if name != "properties"}
    for part in parts(rest):
        if part is not rest:
            yield "", part
    if not named_fields:
        yield "", schema
