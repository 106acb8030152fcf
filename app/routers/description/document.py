"""The OpenAPI document: what the framework writes from the routes, completed in a fixed order of steps."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from app.core.http.browsers import COOKIE
from app.routers.description.examples import describe_examples
from app.routers.description.generators import (
    drop_defaults,
    name_enum_values,
    open_answers,
    set_held_answers_apart,
    set_minimal_answers_apart,
    set_pages_apart,
)
from app.routers.description.headers import HEADERS, describe_headers
from app.routers.description.links import describe_links
from app.routers.description.operations import Operation, operations_of
from app.routers.description.problems import describe_problems, problem_examples
from app.routers.description.schemas import (
    Schema,
    components_of,
    drop_null,
    parts,
    public_names,
    references,
    rename,
    tidy,
)
from app.routers.description.texts import (
    LICENSE,
    PARS_CREDENTIALS,
    PARS_SCHEMES,
    SESSION_COOKIE,
    TAGS,
    bearer_description,
)
from app.routers.pars import schemas as pars
from app.routers.passport.sessions import SESSION
from app.schemas.batch_form import BatchForm
from app.schemas.problems import ProblemOut

BEARER = "bearer"
"""Name of the security scheme of clients: keys and tokens are both sent as bearers."""
ABSENT_NOT_NULL = ("ProblemOut", "ErrorItem", "BulkItemOut", "EventIdsOut", "BatchCountsOut")
"""Answers whose optional fields are left out rather than null."""
UNDECLARED: tuple[type[BaseModel], ...] = (ProblemOut, BatchForm)
"""Models of bodies that no route declares: problems, and a form that is read as it arrives."""
_DEFAULT_DESCRIPTIONS = {
    "200": "Done",
    "201": "Created",
    "202": "Accepted; the work goes on",
    "204": "Done; the answer has no body",
}


def document_of(
    app: FastAPI, *, summary: str, description: str, contact: dict[str, Any], server: str = "/"
) -> dict[str, Any]:
    """Return the OpenAPI document of an application whose routes declare their scopes and problems."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=summary,
        description=description,
        contact=contact,
        license_info=LICENSE,
        servers=[{"url": server, "description": "This installation"}],
        routes=app.routes,
    )
    schemas = _collect_schemas(document)
    operations = operations_of(document, app)
    for operation in operations:
        describe_problems(operation)
    for operation in operations:
        _tidy_operation(operation)
    for schema in schemas.values():
        tidy(schema)
    for name in ABSENT_NOT_NULL:
        for field in schemas.get(name, {}).get("properties", {}).values():
            drop_null(field)
    _rename_schemas(document, schemas)
    for operation in operations:
        _complete_operation(operation)
    describe_links(operations)
    for operation in operations:
        set_minimal_answers_apart(operation)
        set_held_answers_apart(operation)
        set_pages_apart(operation)
    name_enum_values(schemas)
    drop_defaults(document, schemas)
    open_answers(document, schemas)
    document["components"] = {
        "securitySchemes": {
            # A token is sent as a bearer. A scheme of its own makes clients in Go need a library of OAuth to compile.
            BEARER: {"type": "http", "scheme": "bearer", "description": bearer_description()},
            **PARS_SCHEMES,
            SESSION: {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": SESSION_COOKIE},
        },
        "headers": _referred_to(document, "headers", HEADERS),
        "examples": _referred_to(document, "examples", problem_examples()),
        "schemas": dict(sorted(schemas.items())),
    }
    document["tags"] = _tags_of(operations)
    return document


def _collect_schemas(document: dict[str, Any]) -> Schema:
    schemas: Schema = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= pars.components()
    for model in UNDECLARED:
        for name, schema in components_of(model).items():
            schemas.setdefault(name, schema)
    return schemas


def _tidy_operation(operation: Operation) -> None:
    _adjust_headers(operation)
    for parameter in operation.spec.get("parameters", ()):
        if parameter["in"] == "header" and parameter["name"].islower():
            parameter["name"] = parameter["name"].title()
        # The parameter has the description; the framework repeats it in the schema.
        parameter["schema"].pop("description", None)
        parameter["schema"].pop("examples", None)
        tidy(parameter["schema"])
        drop_null(parameter["schema"])
        # No values are what a list that is absent has anyway, and some generators cannot write such a default.
        if parameter["schema"].get("default") == []:
            del parameter["schema"]["default"]
    for status, response in operation.successes():
        if response["description"] == "Successful Response":
            response["description"] = _DEFAULT_DESCRIPTIONS.get(status, "Done")
    bodies = [operation.spec.get("requestBody", {}), *operation.spec["responses"].values()]
    for body in bodies:
        for media_type, content in body.get("content", {}).items():
            schema = content.setdefault("schema", {})
            if not schema and media_type != "application/json":
                schema.update({"type": "string", "format": "binary"})
            tidy(schema)


def _adjust_headers(operation: Operation) -> None:
    """Require `If-Match` where a request without it is refused; drop `return=minimal` where it has no effect."""
    if not operation.answers_a_version():
        parameters = operation.spec.get("parameters", [])
        parameters[:] = [
            parameter for parameter in parameters if "return=minimal" not in parameter["schema"].get("examples", ())
        ]
    for parameter in operation.spec.get("parameters", ()):
        if parameter["name"].lower() == "if-match" and "428" in operation.spec["responses"]:
            parameter["required"] = True


def _rename_schemas(document: dict[str, Any], schemas: Schema) -> None:
    names = public_names(schemas)
    for name, public in names.items():
        schemas[public] = schemas.pop(name)
    rename(document, names)


def _complete_operation(operation: Operation) -> None:
    spec, deprecation = operation.spec, operation.deprecation
    access = f"Needs the scope `{operation.scope}`." if operation.scope else "Any key will do."
    access = "Needs the session of a physician; no key opens it." if operation.needs_session else access
    access = access if operation.needs_key else "Anybody may call it."
    spec["summary"] = operation.id.replace("_", " ").capitalize()
    spec["description"] = "\n\n".join(
        [spec["description"], *([deprecation.sentence()] if deprecation is not None else []), access]
    )
    scopes = [operation.scope] if operation.scope else []
    scheme = SESSION if operation.needs_session else BEARER
    spec["security"] = [{scheme: scopes}] if operation.needs_key else []
    if operation.takes_pars_credentials:
        spec["security"] += [dict.fromkeys(names, scopes) for names in PARS_CREDENTIALS]
    if deprecation is not None:
        spec["deprecated"] = True
    for name, deprecated in operation.deprecated_parameters.items():
        for parameter in spec["parameters"]:
            if (parameter["in"], parameter["name"]) == ("query", name):
                parameter["deprecated"] = True
                parameter["description"] = f"{parameter.get('description', '')} {deprecated.sentence()}".strip()
    describe_headers(operation)
    describe_examples(operation)


def _referred_to(document: dict[str, Any], kind: str, components: dict[str, Any]) -> dict[str, Any]:
    """Return the components of a kind that the paths refer to."""
    used = set(references(document["paths"]))
    return {name: component for name, component in components.items() if f"#/components/{kind}/{name}" in used}


def _tags_of(operations: list[Operation]) -> list[dict[str, str]]:
    used = {tag for operation in operations for tag in operation.spec.get("tags", ())}
    return [tag for tag in TAGS if tag["name"] in used]


def unnamed_enums(document: dict[str, Any]) -> list[str]:
    """Return the components that hold an inline enum, for which generators of clients would invent a name."""
    return [
        name
        for name, schema in document["components"]["schemas"].items()
        for part in parts(schema)
        if "enum" in part and part is not schema
    ]
