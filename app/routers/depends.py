"""Who calls: keys, scopes, the provider acted for. Every route names its caller in its signature."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request, Security
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from msgspec.structs import replace
from pydantic import BaseModel
from starlette.responses import Response

from app.core.errors import ErrorItem, Forbidden, ParameterInvalid, Unauthenticated
from app.core.http.preferences import read_preferences
from app.core.http.problems import request_id_of
from app.routers.description.responses import Responses
from app.services.access import callers
from app.services.access.callers import Client, Clients
from app.services.context import Caller, Service, Work, transact_async
from app.services.idempotency import Answer, once
from app.services.preconditions import seen

PUBLIC = "public"
bearer = HTTPBearer(scheme_name="bearer", auto_error=False)


def service_of(request: Request) -> Service:
    """Return the running installation."""
    service: Service = request.app.state.service
    return service


async def admit(request: Request, route: APIRoute) -> None:
    """Find out who calls before the request is read; refuses an unknown key, and a client without the scope."""
    scope = scope_of(route)
    if scope == PUBLIC:
        return
    given = await bearer(request)
    if given is None:
        raise Unauthenticated(headers={"WWW-Authenticate": "Bearer"})
    kept: Clients = request.app.state.clients
    client = kept.remembered(given.credentials)
    if client is None:
        client = await service_of(request).database.read_async(lambda conn: kept.find(conn, given.credentials))
    if client is None:
        raise Unauthenticated(headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    request.state.client_id = client.client_id
    if scope not in client.scopes:
        raise Forbidden(f"The client lacks the scope {scope}.")
    request.state.client = client


async def client_of(
    request: Request, _scopes: SecurityScopes, _given: HTTPAuthorizationCredentials | None = Security(bearer)
) -> Client:
    """Return the client that was admitted; the parameters tell the API's description what it needs."""
    client: Client = request.state.client
    return client


_Provider = Annotated[
    str | None,
    Header(
        alias="PARS-Provider",
        max_length=64,
        description="Provider acted for; required of vendors, operators and clients of several providers. "
        "To a test client it means the provider's sandbox.",
        examples=["0008001"],
    ),
]


_Prefer = Annotated[
    str | None,
    Header(
        alias="Prefer",
        max_length=1_000,
        description="`return=minimal` for an answer without the resource (RFC 7240).",
        examples=["return=minimal"],
    ),
]


async def _caller(request: Request, client: Client, provider: str | None, key: str | None = None) -> Caller:
    service = service_of(request)
    provider_id = callers.named_provider(client, provider)
    if not callers.knows_itself(client, provider_id):
        asked = provider_id
        provider_id = await service.database.read_async(lambda conn: callers.must_act_for(conn, client, asked))
    return Caller(
        service=service,
        client=client,
        provider=provider_id,
        request_id=request_id_of(request),
        idempotency_key=key,
        prefers=read_preferences(request.headers.get("prefer")),
        fingerprint=await _fingerprint(request) if key is not None else "",
    )


async def _fingerprint(request: Request) -> str:
    """Return a digest of what makes a request the same one: method, path, query and body."""
    return hashlib.sha256(f"{line_of(request)}\n".encode() + await request.body()).hexdigest()


def line_of(request: Request) -> str:
    """Return what a request asks for: method, path and query."""
    return f"{request.method} {request.url.path}?{request.url.query}"


def _requires(scope: str) -> Any:
    async def authorise(
        request: Request, client: Client = Security(client_of, scopes=[scope]), provider: _Provider = None
    ) -> Caller:
        return await _caller(request, client, provider)

    return Depends(_declared(authorise, scope))


def _itself(scope: str) -> Any:
    """Admit a client on operations that belong to no provider."""

    async def authorise(request: Request, client: Client = Security(client_of, scopes=[scope])) -> Caller:
        return Caller(service=service_of(request), client=client, provider=None, request_id=request_id_of(request))

    return Depends(_declared(authorise, scope))


def _of_provider_or_board(scope: str, *, prefers: bool = False) -> Any:
    """Admit a board's client for its board, and any other for the provider it acts for."""

    async def authorise(
        request: Request, client: Client = Security(client_of, scopes=[scope]), provider: _Provider = None
    ) -> Caller:
        return await _either(request, client, provider)

    async def authorise_change(
        request: Request,
        client: Client = Security(client_of, scopes=[scope]),
        provider: _Provider = None,
        _prefer: _Prefer = None,
    ) -> Caller:
        return await _either(request, client, provider)

    return Depends(_declared(authorise_change if prefers else authorise, scope))


async def _either(request: Request, client: Client, provider: str | None) -> Caller:
    if client.board is None:
        return await _caller(request, client, provider)
    if provider is not None:
        raise Forbidden("A board's client acts for no provider.")
    return Caller(
        service=service_of(request),
        client=client,
        provider=None,
        request_id=request_id_of(request),
        prefers=read_preferences(request.headers.get("prefer")),
    )


def _changes(scope: str) -> Any:
    async def authorise(
        request: Request,
        client: Client = Security(client_of, scopes=[scope]),
        provider: _Provider = None,
        _prefer: _Prefer = None,
    ) -> Caller:
        return await _caller(request, client, provider)

    return Depends(_declared(authorise, scope))


_IDEMPOTENCY_KEY = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description="Names the request: sent again with it, it is answered the same and nothing happens twice.",
        json_schema_extra={"pattern": "[^\\s\\x85]"},
    ),
]
_Wait = Annotated[
    str | None,
    Header(
        alias="Prefer",
        max_length=1_000,
        description="`wait=20` waits so many seconds for the work to be done, 60 at most (RFC 7240).",
        examples=["wait=20"],
    ),
]


def _refuse_blank(key: str | None) -> None:
    if key is not None and not key.strip():
        item = ErrorItem(code=ParameterInvalid.code, header="Idempotency-Key", detail="The key is blank.")
        raise ParameterInvalid(errors=[item])


def _waits(scope: str) -> Any:
    """Admit a client that may wait for work that goes on."""

    async def authorise(
        request: Request,
        client: Client = Security(client_of, scopes=[scope]),
        provider: _Provider = None,
        _prefer: _Wait = None,
    ) -> Caller:
        return await _caller(request, client, provider)

    return Depends(_declared(authorise, scope))


def _uploads(scope: str) -> Any:
    """Admit a client that sends a file: what makes the request the same one is known once the file has arrived."""

    async def authorise(
        request: Request,
        client: Client = Security(client_of, scopes=[scope]),
        provider: _Provider = None,
        key: _IDEMPOTENCY_KEY = None,
        _prefer: _Wait = None,
    ) -> Caller:
        _refuse_blank(key)
        return replace(await _caller(request, client, provider), idempotency_key=key)

    return Depends(_declared(authorise, scope))


def _creates(scope: str) -> Any:
    async def authorise(
        request: Request,
        client: Client = Security(client_of, scopes=[scope]),
        provider: _Provider = None,
        key: _IDEMPOTENCY_KEY = None,
        _prefer: _Prefer = None,
    ) -> Caller:
        _refuse_blank(key)
        return await _caller(request, client, provider, key)

    return Depends(_declared(authorise, scope))


def _declared(authorise: Callable[..., Awaitable[Any]], scope: str) -> Callable[..., Awaitable[Any]]:
    if scope not in callers.SCOPES:
        raise ValueError(f"{scope} is no scope")
    authorise.scope = scope  # type: ignore[attr-defined]
    return authorise


async def _anybody() -> None:
    """Mark a route that anybody may call."""


_anybody.scope = PUBLIC  # type: ignore[attr-defined]
Public = Depends(_anybody)
ActivitiesReader = Annotated[Caller, _requires("activities:read")]
ActivitiesWriter = Annotated[Caller, _creates("activities:write")]
ActivitiesRemover = Annotated[Caller, _requires("activities:write")]
ActivitiesEditor = Annotated[Caller, _changes("activities:write")]
CompletionsReader = Annotated[Caller, _requires("completions:read")]
CompletionsWriter = Annotated[Caller, _requires("completions:write")]
CompletionsEditor = Annotated[Caller, _changes("completions:write")]
CompletionsReporter = Annotated[Caller, _creates("completions:write")]
BoardReader = Annotated[Caller, _itself("board:feed")]
OperatorReader = Annotated[Caller, _itself("operator")]
WebhooksManager = Annotated[Caller, _of_provider_or_board("webhooks:manage")]
WebhooksEditor = Annotated[Caller, _of_provider_or_board("webhooks:manage", prefers=True)]
LearnersValidator = Annotated[Caller, _requires("learners:validate")]
BatchesUploader = Annotated[Caller, _uploads("batches:write")]
BatchesWaiter = Annotated[Caller, _waits("batches:write")]
BatchesClient = Annotated[Caller, _requires("batches:write")]


IfMatch = Annotated[str | None, Header(max_length=1_000, description="The `ETag` that the resource must still have.")]
IfNoneMatch = Annotated[
    str | None, Header(max_length=1_000, description="The `ETag` that is known already; answered 304 while it stands.")
]


def scope_of(route: APIRoute) -> str | None:
    """Return the scope a route declares, "public", or None when it declares none."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        scope = getattr(dependant.call, "scope", None)
        if isinstance(scope, str):
            return scope
        waiting.extend(dependant.dependencies)
    return None


def declared_routes(app: FastAPI) -> list[APIRoute]:
    """Return every route of the API, those of included routers as well."""
    contexts = iter_route_contexts(app.routes)
    return [context.original_route for context in contexts if isinstance(context.original_route, APIRoute)]


def refuse_undeclared(app: FastAPI) -> None:
    """Stop the start when a route does not say who may call it."""
    undeclared = [route.path for route in declared_routes(app) if scope_of(route) is None]
    if undeclared:
        raise RuntimeError(f"routes without a declared scope: {', '.join(undeclared)}")


async def answered(caller: Caller, produce: Callable[[Work], Answer]) -> Response:
    """Do a creating request once, in a transaction of its own, and send its answer after the commit."""
    return send(caller, await transact_async(caller, once, produce))


MINIMAL: Responses = {204: {"description": "Done; `Prefer: return=minimal` asked for no more"}}
NOT_MODIFIED: Responses = {304: {"description": "What `If-None-Match` names still stands"}}


def send(caller: Caller, answer: Answer) -> Response:
    """Send an answer as the caller prefers it, saying so when it was given before."""
    headers = answer.headers | ({"Idempotency-Replayed": "true"} if answer.replayed else {})
    if caller.prefers.minimal and "ETag" in headers:
        headers["Preference-Applied"] = "return=minimal"
        # A 201 promises what was made: readers of JSON, generated clients among them, fail on one without a body.
        return Response(status_code=204, headers=headers)
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


def shown(resource: BaseModel, version: int, if_none_match: str | None) -> Response:
    """Send a resource with its version as `ETag`, or only that it still stands."""
    # It may be kept by whoever asked, and by nobody between; each time they ask whether it still stands.
    headers = {"ETag": f'"{version}"', "Cache-Control": "private, no-cache"}
    if seen(if_none_match, version):
        return Response(status_code=304, headers=headers)
    return Response(resource.model_dump_json(), headers=headers, media_type="application/json")
