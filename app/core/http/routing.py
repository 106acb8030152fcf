"""Strict reading of requests: the route class of every router."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, TypeAlias

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import ErrorItem, InvalidRequest, Problem, UnsupportedMediaType
from app.core.http.exchange import Exchange
from app.core.http.request_heads import UTF_8, charset_of
from app.core.strict_json import read_json

ReadBody: TypeAlias = Callable[[bytes, str], Any]
"""Returns the values of a body; is given its `Content-Type` as well. Raises `Problem`."""


class StrictRoute(APIRoute):
    """A route that is served compiled, by `Application` only, and whose body is read strictly."""

    media_types: ClassVar[tuple[str, ...]] = ("application/json",)
    """Media types of a body."""
    shows_pages: ClassVar[bool] = False
    """Whether people see its answers in a browser: its problems are pages then, and it is no operation of the API."""
    problem_types: ClassVar[tuple[str, ...]] = ("application/problem+json",)
    """Media types of its problems."""
    tells_itself: ClassVar[frozenset[int]] = frozenset()
    """Statuses of problems for which `refuse` returns an answer in a shape of the route's own."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what refuses to serve: the framework's own way would read requests less strictly."""

        async def refuse(_: Request) -> Response:
            raise RuntimeError(f"{self.path} is served by an Application only")

        return refuse

    def reader_of(self, content_type: str) -> ReadBody | None:
        """Return what reads a body of a media type, None when that is not supported."""
        return read_json_body if _is_json(content_type) else None

    def refuse(self, problem: Problem, exchange: Exchange) -> Response | None:
        """Return the answer for a problem where the route has a shape of its own for it; None for the usual one."""
        return None

    def reads_slowly(self, content_type: str) -> bool:
        """Whether reading a body of a media type takes so long that others must not wait for it."""
        return False


def read_json_body(body: bytes, content_type: str) -> Any:
    """Return a body in JSON as values.

    Raises `UnsupportedMediaType` for a charset other than UTF-8 where it makes a difference, and the `Problem` of a
    body that is not strict JSON, or was encoded twice.
    """
    if not body.isascii() and charset_of(content_type) not in UTF_8:
        raise UnsupportedMediaType(
            "The Content-Type names a charset other than UTF-8, and the body has letters beyond ASCII. Encode it "
            "as UTF-8, and leave the charset out."
        )
    given = read_json(body)
    if isinstance(given, str) and given.lstrip()[:1] in ("{", "["):
        raise InvalidRequest(errors=[_ENCODED_TWICE])
    return given


_ENCODED_TWICE = ErrorItem(
    code="type",
    pointer="",
    detail="The body is a text that holds JSON: it was encoded twice.",
    hint="Send the object itself, not a text of it.",
)


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
