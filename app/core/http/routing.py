"""Strict reading of requests: the route class that every router uses."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import (
    ErrorItem,
    NotFound,
    ParameterInvalid,
    ParameterUnknown,
    Problem,
    UnsupportedMediaType,
)
from app.core.http.deprecation import deprecated_parameters, deprecation_of, headers_for
from app.core.http.problems import MOST_ERRORS, Raised
from app.core.strict_json import read_json


class StrictRequest(Request):
    """A request whose JSON is read strictly: by depth, by grammar, by Unicode."""

    async def json(self) -> Any:
        """Return the body as Python values; raises `Raised` with the problem."""
        try:
            return read_json(await self.body())
        except Problem as problem:
            raise Raised(problem) from None


class StrictRoute(APIRoute):
    """Refuses unknown query parameters and bodies that are not JSON, before anything else is done."""

    media_types: ClassVar[tuple[str, ...]] = ("application/json",)
    """What a body may be."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        handle = super().get_route_handler()
        known = _query_parameters(self.dependant)
        takes_json = self.body_field is not None
        old, old_parameters = deprecation_of(self), deprecated_parameters(self)

        async def strictly(request: Request) -> Response:
            if old is not None or old_parameters:
                request.scope.setdefault("state", {})["headers"] = headers_for(
                    dict.fromkeys(request.query_params), old, old_parameters
                )
            if "\x00" in request.scope["path"]:
                raise NotFound("There is nothing here.")
            authenticate = getattr(request.app.state, "authenticate", None)
            if authenticate is not None:
                # 401 and 403 come before anything of the request is read.
                await authenticate(request, self)
            unknown = (
                [name for name in request.query_params if name not in known] if request.scope["query_string"] else []
            )
            if unknown:
                raise ParameterUnknown(
                    errors=[
                        ErrorItem(
                            code=ParameterUnknown.code, parameter=name[:100], detail="This parameter is not known."
                        )
                        for name in list(dict.fromkeys(unknown))[:MOST_ERRORS]
                    ],
                )
            broken = [name for name, value in request.query_params.multi_items() if "\x00" in value]
            if broken:
                detail = "The text has a character that cannot be kept."
                raise ParameterInvalid(
                    errors=[ErrorItem(code=ParameterInvalid.code, parameter=broken[0], detail=detail)],
                )
            reader = self.reader_of(request.headers.get("content-type", "")) if takes_json else _as_json
            if reader is None:
                taken = " or ".join(self.media_types)
                raise UnsupportedMediaType(f"The body must have another media type; send Content-Type: {taken}.")
            return await handle(reader(request))

        return strictly

    def reader_of(self, content_type: str) -> Callable[[Request], Request] | None:
        """Return what reads a body of a media type, None when it is not taken."""
        return _as_json if _is_json(content_type) else None


def _as_json(request: Request) -> Request:
    return StrictRequest(request.scope, request.receive)


def _query_parameters(dependant: Any) -> frozenset[str]:
    names: set[str] = set()
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            names |= {inner.alias or name for name, inner in model.model_fields.items()}
        else:
            names.add(field.alias)
    for inner in dependant.dependencies:
        names |= _query_parameters(inner)
    return frozenset(names)


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
