"""The document as a whole: what the framework writes, completed in one order of steps."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from app.routers.description.examples import describe_examples
from app.routers.description.headers import HEADERS, describe_headers
from app.routers.description.links import describe_links
from app.routers.description.operations import Operation, operations
from app.routers.description.problems import describe_problems, problem_examples
from app.routers.description.schemas import (
    Schema,
    components_of,
    drop_null,
    parts,
    public_names,
    referred,
    rename,
    tidy,
)
from app.routers.description.texts import EVENTS_TAG, LICENSE, TAGS, bearer_description
from app.routers.description.webhooks import webhooks
from app.schemas.batch_form import BatchForm
from app.schemas.events import EVENTS
from app.schemas.problems import ProblemOut

BEARER = "bearer"
"""Name of the one way to authenticate."""
ABSENT_NOT_NULL = ("ProblemOut", "ErrorItem", "BulkItemOut", "EventIdsOut")
"""Answers whose optional fields are left out rather than null."""
UNDECLARED: tuple[type[BaseModel], ...] = (ProblemOut, BatchForm, *EVENTS)
"""Models of what is sent and answered beside the parameters and return values of routes."""
_SAID = {"200": "Done", "201": "Made", "202": "Accepted; it is worked on", "204": "Done; there is nothing to tell"}


def document_of(app: FastAPI, *, summary: str, description: str, contact: dict[str, Any]) -> dict[str, Any]:
    """Describe an application whose routes declare their scopes and problems as this project's do."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=summary,
        description=description,
        contact=contact,
        license_info=LICENSE,
        servers=[{"url": "/", "description": "This installation"}],
        routes=app.routes,
    )
    schemas = _schemas(document)
    known = operations(document, app)
    _declare_problems(known)
    for each in known:
        _tidy_operation(each)
    for schema in schemas.values():
        tidy(schema)
    for name in ABSENT_NOT_NULL:
        for field in schemas.get(name, {}).get("properties", {}).values():
            drop_null(field)
    _shorten(document, schemas)
    for each in known:
        _complete(each)
    describe_links(known)
    document["webhooks"] = webhooks(schemas)
    document["components"] = {
        "securitySchemes": {BEARER: {"type": "http", "scheme": "bearer", "description": bearer_description()}},
        "headers": _used(document, "headers", HEADERS),
        "examples": _used(document, "examples", problem_examples()),
        "schemas": dict(sorted(schemas.items())),
    }
    document["tags"] = _tags(known)
    return document


def _schemas(document: dict[str, Any]) -> Schema:
    schemas: Schema = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for model in UNDECLARED:
        for name, schema in components_of(model).items():
            schemas.setdefault(name, schema)
    return schemas


def _declare_problems(known: list[Operation]) -> None:
    for each in known:
        describe_problems(each)


def _tidy_operation(operation: Operation) -> None:
    _say_what_headers_do(operation)
    for parameter in operation.said.get("parameters", ()):
        if parameter["in"] == "header" and parameter["name"].islower():
            parameter["name"] = parameter["name"].title()
        # The text stands at the parameter: twice would be noise.
        parameter["schema"].pop("description", None)
        parameter["schema"].pop("examples", None)
        tidy(parameter["schema"])
        drop_null(parameter["schema"])
    for status, response in operation.successes():
        if response["description"] == "Successful Response":
            response["description"] = _SAID.get(status, "Done")
    bodies = [operation.said.get("requestBody", {}), *operation.said["responses"].values()]
    for body in bodies:
        for media_type, content in body.get("content", {}).items():
            schema = content.setdefault("schema", {})
            if not schema and media_type != "application/json":
                schema.update({"type": "string", "format": "binary"})
            tidy(schema)


def _say_what_headers_do(operation: Operation) -> None:
    """Require `If-Match` where nothing goes without it, and leave `return=minimal` out where it changes nothing."""
    if not operation.answers_a_version():
        given = operation.said.get("parameters", [])
        given[:] = [each for each in given if "return=minimal" not in each["schema"].get("examples", ())]
    for parameter in operation.said.get("parameters", ()):
        if parameter["name"].lower() == "if-match" and "428" in operation.said["responses"]:
            parameter["required"] = True


def _shorten(document: dict[str, Any], schemas: Schema) -> None:
    names = public_names(schemas)
    for old, new in names.items():
        schemas[new] = schemas.pop(old)
    rename(document, names)


def _complete(operation: Operation) -> None:
    said = operation.said
    needs = f"Needs the scope `{operation.scope}`." if operation.scope else "Anybody may call it."
    said["summary"] = operation.id.replace("_", " ").capitalize()
    old = operation.deprecation
    said["description"] = "\n\n".join([said["description"], *([old.sentence()] if old else []), needs])
    said["security"] = [{BEARER: [operation.scope]}] if operation.scope else []
    if old is not None:
        said["deprecated"] = True
    for name, since in operation.deprecates_parameters.items():
        for parameter in said["parameters"]:
            if (parameter["in"], parameter["name"]) == ("query", name):
                parameter["deprecated"] = True
                parameter["description"] = f"{parameter.get('description', '')} {since.sentence()}".strip()
    describe_headers(operation)
    describe_examples(operation)


def _used(document: dict[str, Any], kind: str, components: dict[str, Any]) -> dict[str, Any]:
    used = set(referred(document["paths"]))
    return {name: each for name, each in components.items() if f"#/components/{kind}/{name}" in used}


def _tags(known: list[Operation]) -> list[dict[str, str]]:
    used = {tag for each in known for tag in each.said.get("tags", ())} | {EVENTS_TAG}
    return [tag for tag in TAGS if tag["name"] in used]


def unnamed_enums(document: dict[str, Any]) -> list[str]:
    """Return the components that hold an enum without a name of its own: generators would have to invent one."""
    return [
        name
        for name, schema in document["components"]["schemas"].items()
        for part in parts(schema)
        if "enum" in part and part is not schema
    ]
