"""How the API describes itself."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.formats import ACTIVITY_FORMATS
from app.routers.description import texts
from app.routers.description.document import document_of
from app.routers.description.problems import problems
from app.routers.description.responses import Responses
from app.routers.description.schemas import REF

__all__ = ["binary", "describe", "form", "names_of", "operation_id", "problems"]


def binary(*media_types: str, status: int = 200, description: str = "The file") -> Responses:
    """Declare that a route answers with the bytes of a file; parameters of a media type are left to its header."""
    schema = {"type": "string", "format": "binary"}
    plain = [each.partition(";")[0] for each in media_types]
    return {status: {"description": description, "content": {each: {"schema": schema} for each in plain}}}


def form(model: type[BaseModel]) -> dict[str, Any]:
    """Declare the form of a route that reads its body itself, as it arrives."""
    content = {"multipart/form-data": {"schema": {"$ref": REF + model.__name__}}}
    return {"requestBody": {"required": True, "content": content}}


def _name_what_is_known(schemas: dict[str, Any], catalogue: Catalogue) -> None:
    """Let the fields for boards and formats say what they take, so that a new board needs no change here."""
    certifying = [b for b in catalogue.boards.values() if b.kind is BoardKind.CERTIFYING]
    licensing = sorted(b.code for b in catalogue.boards.values() if b.kind is BoardKind.LICENSING)
    boards = "Certifying boards: " + "; ".join(f"`{b.code}` {b.name}" for b in certifying) + "."
    states = f"Licensing boards: {', '.join(f'`{code}`' for code in licensing)}."
    formats = "Formats: " + ", ".join(f"`{each.code}`" for each in ACTIVITY_FORMATS) + "."
    for name, field, text in (
        ("MocIn", "board", boards),
        ("MocRegistration", "board", boards),
        ("CmeIn", "state", states),
        ("ValidationIn", "board", boards),
        ("ValidationIn", "state", states),
        ("ActivityIn", "format", formats),
        ("ActivityPatch", "format", formats),
    ):
        described = schemas[name]["properties"][field]
        described["description"] = f"{described.get('description', '').rstrip('.')}. {text}"


def _say_that_queries_take_no_nul(paths: dict[str, Any]) -> None:
    """Give the texts of every query the pattern that `StrictRoute` holds them to."""
    for operation in (each for item in paths.values() for each in item.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                _forbid_nul(parameter["schema"])


def _forbid_nul(schema: dict[str, Any]) -> None:
    if schema.get("type") == "string" and not {"enum", "const", "format", "pattern"} & schema.keys():
        schema["pattern"] = r"^[^\x00]*$"
    for inner in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        _forbid_nul(inner)


def operation_id(route: APIRoute) -> str:
    """Name an operation after its function: stable, and good to read in generated clients."""
    return route.name


def describe(app: FastAPI, catalogue: Catalogue, support: str) -> dict[str, Any]:
    """Return the OpenAPI document; the boards and formats it names are those of the catalogue.

    `support` is whom users ask: an address, or a few words.
    """
    if app.openapi_schema is None:
        document = document_of(
            app, summary=texts.SUMMARY, description=texts.DESCRIPTION, contact=texts.contact(support)
        )
        _name_what_is_known(document["components"]["schemas"], catalogue)
        _say_that_queries_take_no_nul(document["paths"])
        app.openapi_schema = document
    return app.openapi_schema


def names_of(document: dict[str, Any]) -> set[str]:
    """Return the names that clients generated from a document are built on."""
    operations = {f"operation {said['operationId']}" for item in document["paths"].values() for said in item.values()}
    return operations | {f"schema {name}" for name in document["components"]["schemas"]}
