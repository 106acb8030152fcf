"""The OpenAPI document of an installation, and what routes declare for it."""

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
from app.routers.description.webhooks import webhooks_of

__all__ = ["binary", "describe", "describe_webhooks", "form", "names_of", "operation_id", "problems"]


def binary(*media_types: str, status: int = 200, description: str = "The file") -> Responses:
    """Declare that a route answers with a file; parameters of a media type are dropped, its header has them."""
    schema = {"type": "string", "format": "binary"}
    plain = [media_type.partition(";")[0] for media_type in media_types]
    return {status: {"description": description, "content": {media_type: {"schema": schema} for media_type in plain}}}


def form(model: type[BaseModel]) -> dict[str, Any]:
    """Declare the form of a route that reads its body itself, as it arrives."""
    content = {"multipart/form-data": {"schema": {"$ref": REF + model.__name__}}}
    return {"requestBody": {"required": True, "content": content}}


def _list_boards_and_formats(schemas: dict[str, Any], catalogue: Catalogue) -> None:
    """Add the values that the catalogue has to the fields for boards and formats; a new board needs no change here."""
    certifying = [board for board in catalogue.boards.values() if board.kind is BoardKind.CERTIFYING]
    licensing = sorted(board.code for board in catalogue.boards.values() if board.kind is BoardKind.LICENSING)
    boards = "Certifying boards: " + "; ".join(f"`{board.code}` {board.name}" for board in certifying) + "."
    states = f"Licensing boards: {', '.join(f'`{code}`' for code in licensing)}."
    formats = "Formats: " + ", ".join(f"`{known.code}`" for known in ACTIVITY_FORMATS) + "."
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


def _forbid_nul_in_queries(paths: dict[str, Any]) -> None:
    """Give the text parameters of every query the pattern that `StrictRoute` enforces."""
    for operation in (spec for item in paths.values() for spec in item.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                _forbid_nul(parameter["schema"])


def _forbid_nul(schema: dict[str, Any]) -> None:
    if schema.get("type") == "string" and not {"enum", "const", "format", "pattern"} & schema.keys():
        schema["pattern"] = r"^[^\x00]*$"
    for inner in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        _forbid_nul(inner)


def operation_id(route: APIRoute) -> str:
    """Name an operation after its function: stable, and readable in generated clients."""
    return route.name


def describe(app: FastAPI, catalogue: Catalogue, *, support: str, server: str) -> dict[str, Any]:
    """Return the OpenAPI document, with the boards and formats of the catalogue.

    `support` is the contact of the installation: an address, or a few words. `server` is the address of the API, empty
    where it is not known.
    """
    if app.openapi_schema is None:
        document = document_of(
            app,
            summary=texts.SUMMARY,
            description=texts.DESCRIPTION,
            contact=texts.contact(support),
            server=server or "/",
        )
        _list_boards_and_formats(document["components"]["schemas"], catalogue)
        _forbid_nul_in_queries(document["paths"])
        app.openapi_schema = document
    return app.openapi_schema


def describe_webhooks(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of what the application sends to webhook endpoints."""
    described = app.openapi()
    return webhooks_of(described["info"], described["openapi"])


def names_of(document: dict[str, Any]) -> set[str]:
    """Return the names on which clients generated from a document depend."""
    items = (document.get("paths", {}) | document.get("webhooks", {})).values()
    operations = {f"operation {spec['operationId']}" for item in items for spec in item.values()}
    return operations | {f"schema {name}" for name in document["components"]["schemas"]}
