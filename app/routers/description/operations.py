"""An operation of the description beside the route that declares it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.core.http.deprecation import Deprecated, deprecated_parameters, deprecation_of
from app.routers.callers import PUBLIC, declared_routes, scope_of
from app.routers.description.schemas import Schema, resolved

METHODS = ("get", "put", "post", "delete", "patch")


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path: what the document says of it, and what its route declares."""

    method: str
    path: str
    said: dict[str, Any]
    route: APIRoute
    schemas: Schema

    @property
    def id(self) -> str:
        """The operation's id."""
        return str(self.said["operationId"])

    @property
    def scope(self) -> str | None:
        """The scope it needs, None when anybody may call it."""
        scope = scope_of(self.route)
        return None if scope == PUBLIC else scope

    @property
    def takes_body(self) -> bool:
        """Whether it reads a body."""
        return "requestBody" in self.said

    @property
    def path_parameters(self) -> list[str]:
        """Names of what stands in its path."""
        return [each["name"] for each in self.said.get("parameters", ()) if each["in"] == "path"]

    @property
    def takes_parameters(self) -> bool:
        """Whether there is a parameter that can be wrong."""
        return bool(self.said.get("parameters"))

    def takes_header(self, name: str) -> bool:
        """Tell whether it reads a header of its own."""
        given = self.said.get("parameters", ())
        return any(each["in"] == "header" and each["name"].lower() == name.lower() for each in given)

    @property
    def deprecation(self) -> Deprecated | None:
        """Since when it is deprecated, if it is."""
        return deprecation_of(self.route)

    @property
    def deprecates_parameters(self) -> dict[str, Deprecated]:
        """Which of its query parameters are deprecated."""
        return deprecated_parameters(self.route)

    def successes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield status and response of every answer that is no problem."""
        for status, response in self.said["responses"].items():
            if status.startswith("2"):
                yield status, response

    def answers_a_version(self) -> bool:
        """Tell whether a success is a resource with its version: such an answer can be a minimal one."""
        return any("version" in self.body_of(response).get("properties", {}) for _, response in self.successes())

    def body_of(self, response: dict[str, Any]) -> Schema:
        """Return the schema of a JSON answer with its references followed, empty when there is none."""
        content = response.get("content", {}).get("application/json", {})
        return resolved(content.get("schema", {}), self.schemas)


def operations(document: dict[str, Any], app: FastAPI) -> list[Operation]:
    """Return every operation of a document, with its route."""
    routes = {route.operation_id or route.name: route for route in declared_routes(app)}
    return [
        Operation(
            method=method,
            path=path,
            said=said,
            route=routes[said["operationId"]],
            schemas=document["components"]["schemas"],
        )
        for path, item in document["paths"].items()
        for method, said in item.items()
        if method in METHODS
    ]
