"""Strict reading of requests: the route class of every router."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import ErrorItem, InvalidRequest, NotFound, Problem, UnsupportedMediaType
from app.core.http.deprecation import deprecated_parameters, deprecation_of, headers_for
from app.core.http.problems import WrappedProblem
from app.core.http.request_heads import (
    UTF_8,
    charset_of,
    check_query,
    declared_headers,
    join_headers,
    query_parameters,
    refuse_codings,
    refuse_media_type,
)
from app.core.strict_json import read_json


class StrictRequest(Request):
    """A request whose JSON is read strictly: its grammar, its Unicode, each member once."""

    async def json(self) -> Any:
        """Return the body as Python values; raises `WrappedProblem`."""
        try:
            given = read_json(await self.text_body())
            if isinstance(given, str) and given.lstrip()[:1] in ("{", "["):
                raise InvalidRequest(errors=[_ENCODED_TWICE])
        except Problem as problem:
            raise WrappedProblem(problem) from None
        return given

    @property
    def charset(self) -> str:
        """The charset that the sender names, empty for none."""
        return charset_of(self.headers.get("content-type", ""))

    async def text_body(self) -> bytes:
        """Return the body; raises `UnsupportedMediaType` for a charset other than UTF-8 where it makes a difference."""
        body = await self.body()
        if self.charset not in UTF_8 and not body.isascii():
            raise UnsupportedMediaType(
                "The Content-Type names a charset other than UTF-8, and the body has letters beyond ASCII. Encode it "
                "as UTF-8, and leave the charset out."
            )
        return body


_ENCODED_TWICE = ErrorItem(
    code="type",
    pointer="",
    detail="The body is a text that holds JSON: it was encoded twice.",
    hint="Send the object itself, not a text of it.",
)


class StrictRoute(APIRoute):
    """Refuses unknown query parameters and bodies that are not JSON, before anything else is done."""

    media_types: ClassVar[tuple[str, ...]] = ("application/json",)
    """Media types of a body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        handle = super().get_route_handler()
        known, declared = query_parameters(self.dependant), declared_headers(self.dependant)
        takes_json = self.body_field is not None
        takes_body = takes_json or "requestBody" in (self.openapi_extra or {})
        if takes_body:
            declared |= {b"content-type"}
        deprecation, deprecated = deprecation_of(self), deprecated_parameters(self)

        async def strictly(request: Request) -> Response:
            if deprecation is not None or deprecated:
                request.scope.setdefault("state", {})["headers"] = headers_for(
                    dict.fromkeys(request.query_params), deprecation, deprecated
                )
            if "\x00" in request.scope["path"]:
                raise NotFound("There is nothing here.")
            authenticate = getattr(request.app.state, "authenticate", None)
            if authenticate is not None:
                # 401 and 403 come before anything of the request is read.
                await authenticate(request, self)
            join_headers(request.scope, declared)
            if request.scope["query_string"]:
                check_query(request.query_params, known)
            if takes_body:
                refuse_codings(request.scope)
            content_type = request.headers.get("content-type", "") if takes_json else ""
            reader = self.reader_of(content_type) if takes_json else _as_json
            if reader is None:
                raise refuse_media_type(content_type, self.media_types)
            return await handle(reader(request))

        return strictly

    def reader_of(self, content_type: str) -> Callable[[Request], Request] | None:
        """Return what reads a body of a media type, None when that is not supported."""
        return _as_json if _is_json(content_type) else None


def _as_json(request: Request) -> Request:
    return StrictRequest(request.scope, request.receive)


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
