"""An operation of the document together with the route that declares it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.core.http.deprecation import Deprecated, deprecated_parameters, deprecation_of
from app.routers.callers import ANY_SCOPE, PUBLIC, declared_routes, scope_of
from app.routers.description.schemas import Schema, resolve
from app.routers.passport.sessions import SESSION

METHODS = ("get", "put", "post", "delete", "patch")


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path: its part of the document, and its route."""

    method: str
    path: str
    spec: dict[str, Any]
    """The Operation Object of the document, completed in place."""
    route: APIRoute
    schemas: Schema

    @property
    def id(self) -> str:
        """The operation's id."""
        return str(self.spec["operationId"])

    @property
    def scope(self) -> str | None:
        """The scope it needs; None when anybody may call it, any key opens it, or no key does."""
        scope = scope_of(self.route)
        return None if scope in (PUBLIC, ANY_SCOPE, SESSION) else scope

    @property
    def needs_key(self) -> bool:
        """Whether it needs a key, or the session of a physician."""
        return scope_of(self.route) != PUBLIC

    @property
    def needs_session(self) -> bool:
        """Whether the session of a physician opens it, and no key."""
        return scope_of(self.route) == SESSION

    @property
    def takes_pars_credentials(self) -> bool:
        """Whether it takes the credentials of clients that speak PARS beside those of everybody."""
        return self.path.startswith("/pars/")

    @property
    def takes_body(self) -> bool:
        """Whether it reads a body."""
        return "requestBody" in self.spec

    @property
    def path_parameters(self) -> list[str]:
        """Names of the parameters in its path."""
        return [parameter["name"] for parameter in self.spec.get("parameters", ()) if parameter["in"] == "path"]

    @property
    def takes_parameters(self) -> bool:
        """Whether it has any parameter, which can be invalid."""
        return bool(self.spec.get("parameters"))

    @property
    def takes_lists(self) -> bool:
        """Whether a query parameter may be repeated: then an address may become too long."""
        schemas = [parameter["schema"] for parameter in self.spec.get("parameters", ()) if parameter["in"] == "query"]
        choices = [choice for schema in schemas for choice in (schema, *schema.get("anyOf", ()))]
        return any(choice.get("type") == "array" for choice in choices)

    def takes_header(self, name: str) -> bool:
        """Whether it declares this header as a parameter."""
        parameters = self.spec.get("parameters", ())
        return name.lower() in {given["name"].lower() for given in parameters if given["in"] == "header"}

    @property
    def deprecation(self) -> Deprecated | None:
        """Since when it is deprecated; None when it is not."""
        return deprecation_of(self.route)

    @property
    def deprecated_parameters(self) -> dict[str, Deprecated]:
        """Its deprecated query parameters, by name."""
        return deprecated_parameters(self.route)

    def successes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield status and response of every answer that is no problem."""
        for status, response in self.spec["responses"].items():
            if status.startswith("2"):
                yield status, response

    def answers_a_version(self) -> bool:
        """Whether a success is a resource with its version: `Prefer: return=minimal` applies to no other."""
        return any("version" in self.body_of(response).get("properties", {}) for _, response in self.successes())

    def body_of(self, response: dict[str, Any]) -> Schema:
        """Return the schema of a JSON answer with its references followed, empty when there is none."""
        content = response.get("content", {}).get("application/json", {})
        return resolve(content.get("schema", {}), self.schemas)


def operations_of(document: dict[str, Any], app: FastAPI) -> list[Operation]:
    """Return every operation of a document, with its route."""
    routes = {route.operation_id or route.name: route for route in declared_routes(app)}
    return [
        Operation(
            method=method,
            path=path,
            spec=spec,
            route=routes[spec["operationId"]],
            schemas=document["components"]["schemas"],
        )
        for path, item in document["paths"].items()
        for method, spec in item.items()
        if method in METHODS
    ]
