"""Routes compiled from their signatures: who calls, what is read, what is called and answered is worked out at start.

A route is declared as FastAPI's routes are, and described by it; serving it solves nothing anew. In this order:

    admit    who calls, before anything else is read                     401, 403
    head     what is accepted, what stands twice, codings, unknown names 406, 415; 422 with the values
    body     read once, by its media type                                400, 413, 415, 422
    values   dependencies, then path, query, headers, body: every fault of them and of the head at once
    call     the route's function, and what it returns as an answer
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from inspect import iscoroutinefunction
from typing import Any, TypeAlias, cast

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from app.core.errors import Conflict, ErrorItem, Problem, ProviderMoved
from app.core.http.accepting import JSON, accepts_any, not_acceptable
from app.core.http.deprecation import deprecated_parameters, deprecation_of, headers_for
from app.core.http.exchange import Exchange
from app.core.http.problems import invalid_request
from app.core.http.query_values import NOTHING, Faults, compile_query, validated
from app.core.http.request_heads import (
    CODINGS,
    declared_headers,
    join_headers,
    misspelt_headers,
    query_faults,
    query_parameters,
    refuse_codings,
    refuse_media_type,
)
from app.core.http.routing import StrictRoute

Serve: TypeAlias = Callable[[Exchange], Awaitable[Response]]
Admit: TypeAlias = Callable[[Exchange], Awaitable[None]]
"""Finds out who calls; raises `Unauthenticated`, `Forbidden`."""
_Values: TypeAlias = dict[str, Any]
_Solve: TypeAlias = Callable[[Exchange, Any, Faults, bool], Awaitable[_Values]]
"""Given the body, the faults found so far, and whether values are judged only: then no dependency is called."""
_SLOW_READERS = ThreadPoolExecutor(2, "slow bodies")
"""Threads of their own: however many slow bodies wait, answers are compressed and databases asked beside them."""


def compile_route(route: StrictRoute, admit: Admit | None) -> Serve:
    """Return what serves a route; raises `ValueError` for a signature that cannot be compiled."""
    takes_json = route.body_field is not None
    takes_body = takes_json or "requestBody" in (route.openapi_extra or {})
    known, declared = query_parameters(route.dependant), declared_headers(route.dependant)
    if takes_body:
        declared |= {b"content-type", *CODINGS}
    deprecation, deprecated = deprecation_of(route), deprecated_parameters(route)
    offered, body_type = offered_types(route), _body_type(route.dependant)
    solve = _compile(route.dependant, route.path)
    call = _coroutine(route.dependant, route.path)
    answer = _answering(route)

    async def serve(exchange: Exchange) -> Response:
        if deprecation is not None or deprecated:
            exchange.added += headers_for(dict.fromkeys(exchange.query), deprecation, deprecated)
        if admit is not None:
            await admit(exchange)
        headers = exchange.headers
        if offered and b"accept" in headers and not accepts_any(headers[b"accept"], offered):
            raise not_acceptable(offered)
        of_head: list[ErrorItem] = []
        if exchange.repeats_headers:
            of_head += join_headers(exchange.scope, declared)
            exchange.read_headers()
            headers = exchange.headers
        if declared:
            of_head += misspelt_headers(headers, declared)
        if query := exchange.scope["query_string"]:
            of_head += query_faults(exchange.query, known, query)
        if takes_body:
            refuse_codings(headers)
        body = await _read_body(route, exchange) if takes_json else NOTHING
        faults: Faults = []
        values = await solve(exchange, body, faults, bool(of_head))
        if faults or of_head:
            raise invalid_request(faults, of_head, body_type)
        try:
            return answer(await call(**values), values)
        except ProviderMoved:
            if takes_body and not takes_json and not exchange.keeps_body:
                raise _moved_under_way() from None
        # Once more, for the provider that it is now.
        exchange.provider_moved = True
        values = await solve(exchange, body, [], False)
        return answer(await call(**values), values)

    return serve if type(route).refuse is StrictRoute.refuse else _refusing(route, serve)


def _refusing(route: StrictRoute, serve: Serve) -> Serve:
    """Return what serves a route and tells problems in the route's own shape."""

    async def serve_or_refuse(exchange: Exchange) -> Response:
        try:
            return await serve(exchange)
        except Problem as problem:
            refusal = route.refuse(problem, exchange)
            if refusal is None:
                raise
            return refusal

    return serve_or_refuse


def _moved_under_way() -> Conflict:
    """Return the problem of a body that was read as it arrived, and cannot be read again."""
    detail = "The provider was merged into another one while the file arrived. Nothing was stored."
    hint = "Send the file again: the id that you name means the provider that it is now."
    item = ErrorItem(code=Conflict.code, header="PARS-Provider", detail=detail, hint=hint)
    return Conflict(detail, errors=[item], headers={"Retry-After": "1"})


def offered_types(route: APIRoute) -> frozenset[str]:
    """Return the media types of a route's successful answers; none where there is but one text, for whoever asks."""
    declared = [given.get("content", {}) for status, given in route.responses.items() if str(status).startswith("2")]
    offered = {media_type for content in declared for media_type in content}
    if route.response_model is not None and not _is_text(route):
        offered.add(JSON)
    return frozenset(offered)


def _is_text(route: APIRoute) -> bool:
    response_class: Any = getattr(route.response_class, "value", route.response_class)
    return route.response_model is None or issubclass(response_class, PlainTextResponse | HTMLResponse)


def _body_type(dependant: Dependant) -> Any:
    """Return the type of a route's body, None where it takes none."""
    if dependant.body_params:
        return dependant.body_params[0].field_info.annotation
    return next(filter(None, map(_body_type, dependant.dependencies)), None)


async def _read_body(route: StrictRoute, exchange: Exchange) -> Any:
    content_type = exchange.header(b"content-type") or ""
    read = route.reader_of(content_type)
    if read is None:
        raise refuse_media_type(content_type, route.media_types)
    body = await exchange.body()
    if not body:
        return NOTHING
    if route.reads_slowly(content_type):
        return await asyncio.get_running_loop().run_in_executor(_SLOW_READERS, read, body, content_type)
    return read(body, content_type)


def _compile(dependant: Dependant, path: str) -> _Solve:
    """Return what finds the arguments of a function: those of its dependencies, of the request, and of its parts."""
    unknown = (
        dependant.websocket_param_name, dependant.http_connection_param_name, dependant.background_tasks_param_name,
        dependant.security_scopes_param_name, *dependant.cookie_params, *dependant.body_params[1:],
    )  # fmt: skip
    if any(unknown):
        raise ValueError(f"{path}: a route takes no {next(filter(None, unknown))}")
    inner = [(needed.name, _compile_dependency(needed, path)) for needed in dependant.dependencies]
    of_path = [(field.name, field.alias, field) for field in dependant.path_params]
    of_query = compile_query(dependant.query_params) if dependant.query_params else None
    of_headers = [(field.name, field.alias.lower().encode(), field) for field in dependant.header_params]
    of_body = dependant.body_params[0] if dependant.body_params else None
    request, response = dependant.request_param_name, dependant.response_param_name

    async def solve(exchange: Exchange, body: Any, faults: Faults, judge_only: bool) -> _Values:
        values: _Values = {}
        for name, resolve in inner:
            resolved = await resolve(exchange, body, faults, judge_only)
            if name is not None:
                values[name] = resolved
        for name, alias, field in of_path:
            values[name] = validated(field, exchange.path_values[alias], ("path", alias), faults)
        if of_query is not None:
            values |= of_query(exchange.query, faults)
        for name, header, field in of_headers:
            given = exchange.header(header)
            values[name] = validated(field, NOTHING if given is None else given, ("header", field.alias), faults)
        if of_body is not None:
            values[of_body.name] = validated(of_body, body, ("body",), faults)
        if request is not None:
            values[request] = exchange.request()
        if response is not None:
            values[response] = Response()
        return values

    return solve


def _compile_dependency(dependant: Dependant, path: str) -> _Solve:
    """Return what resolves a dependency; nothing is called once its own arguments have a fault."""
    solve = _compile(dependant, path)
    resolves: Callable[..., Awaitable[Any]] | None = getattr(dependant.call, "resolve", None)
    call = _coroutine(dependant, path) if resolves is None else None

    async def resolve(exchange: Exchange, body: Any, faults: Faults, judge_only: bool) -> Any:
        before = len(faults)
        values = await solve(exchange, body, faults, judge_only)
        if judge_only or len(faults) > before:
            return None
        if resolves is not None:
            return await resolves(exchange, **values)
        assert call is not None
        return await call(**values)

    return resolve


def _coroutine(dependant: Dependant, path: str) -> Callable[..., Awaitable[Any]]:
    call = dependant.call
    if not (iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__)):
        raise ValueError(f"{path}: {call} is no coroutine function")
    return cast("Callable[..., Awaitable[Any]]", call)


def _answering(route: StrictRoute) -> Callable[[Any, _Values], Response]:
    """Return what makes an answer of what the route's function returns."""
    status = route.status_code or 200
    response_class: Any = getattr(route.response_class, "value", route.response_class)
    adapter = TypeAdapter(route.response_model) if route.response_model is not None else None
    as_text = _is_text(route)
    template, unset = route.dependant.response_param_name, route.response_model_exclude_unset

    def answer(returned: Any, values: _Values) -> Response:
        if isinstance(returned, Response):
            return returned
        if adapter is None or as_text:
            return cast("Response", response_class(returned, status))
        body = adapter.dump_json(returned, by_alias=True, exclude_unset=unset)
        response = Response(body, status, media_type="application/json")
        if template is not None:
            response.status_code = values[template].status_code or status
            set_by_route = values[template].raw_headers
            response.raw_headers += [header for header in set_by_route if header[0] != b"content-length"]
        return response

    return answer
