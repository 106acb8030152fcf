"""Callers: every route declares in its signature who may call it, for whom, and with which headers.

    CompletionsReader = Annotated[Caller, caller("completions:read")]

    @router.get("/{completion_id}")
    async def get_completion(caller: CompletionsReader, completion_id: CompletionId) -> Response: …

`access_of(route)` reads the declaration back. What `admission_of(route)` returns runs before anything of a request is
read: it answers 401 for an unknown key and 403 for a missing scope. The provider acted for is resolved after that, as a
dependency.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal, cast

import msgspec
from fastapi import Depends, FastAPI, Header, Request
from fastapi.routing import APIRoute

from app.core.errors import ErrorItem, Forbidden, ParameterInvalid, Unauthenticated
from app.core.http.application import routes_of
from app.core.http.compiled_routes import Admit
from app.core.http.exchange import Exchange
from app.core.http.preferences import read_preferences
from app.core.http.routing import StrictRoute
from app.domain.access.credentials import CredentialKind, RefusedKey
from app.domain.clients import Role
from app.routers.bearer_keys import Presented, present_bearer, refused_key, wrong_credentials
from app.routers.passport.sessions import NOT_BY_KEY, SESSION, admit_physician
from app.services.access import authentication
from app.services.access.authentication import Client, ClientCache
from app.services.access.rates import RateLimits
from app.services.access.scopes import SCOPES
from app.services.context import Caller, Service

PUBLIC = "public"
"""The scope of routes that need no key."""


ANY_SCOPE = "any"
"""The scope of routes that every key opens."""


class Ownership(enum.Enum):
    """Whose records an operation is about."""

    PROVIDER = "provider"
    """A provider's, which the client acts for."""
    PROVIDERS = "providers"
    """A provider's, or of all providers that the client acts for when it names none."""
    PROVIDER_OR_BOARD = "provider-or-board"
    """The board's for a board's client, else one provider's."""
    PROVIDER_OR_BOARDS = "provider-or-boards"
    """The same; and those of all boards for an operator who names no provider."""
    PROVIDERS_OR_BOARD = "providers-or-board"
    """The board's for a board's client, else those of one provider or of all."""
    CLIENT = "client"
    """The client's own: no provider is acted for."""


class RouteAccess(msgspec.Struct, frozen=True, kw_only=True):
    """A route's declaration about its callers."""

    scope: str
    """One of `SCOPES`, `ANY_SCOPE`, `SESSION`, or `PUBLIC`."""
    ownership: Ownership | None = None
    """None where anybody may call."""
    idempotent: Literal["request", "file"] | None = None
    """Takes an `Idempotency-Key`: the fingerprint is of the request, or of a file and known once that has arrived."""
    prefers: Literal["minimal", "wait"] | None = None
    """Honours `Prefer: return=minimal`, or `Prefer: wait=…`."""
    present: Callable[[Exchange], Awaitable[Presented]] = present_bearer
    """Finds what a request presents to say who calls; raises `Unauthenticated`."""


class AccessDependency:
    """A dependency that holds what its route declares, and resolves nothing."""

    def __init__(self, access: RouteAccess) -> None:
        self.access = access

    async def __call__(self) -> None:
        """Do nothing: the declaration is read with `access_of`."""


class CallerDependency(AccessDependency):
    """Resolves the caller of a request. Its signature has those headers that the route declares."""

    def __init__(self, access: RouteAccess) -> None:
        super().__init__(access)
        headers: dict[str, Any] = {}
        if access.ownership is not Ownership.CLIENT:
            headers["provider"] = _PROVIDER_HEADERS[access.ownership or Ownership.PROVIDER]
        if access.idempotent is not None:
            headers["idempotency_key"] = _IDEMPOTENCY_KEY
        if access.prefers is not None:
            headers["prefer"] = _PREFER[access.prefers]
        self.__signature__ = Signature(
            [
                Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, header])
                for name, header in headers.items()
            ]
        )

    async def resolve(
        self,
        exchange: Exchange,
        *,
        provider: str | None = None,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> Caller:
        """Return who calls, and for which provider."""
        if idempotency_key is not None and not idempotency_key.strip():
            raise ParameterInvalid(errors=[_BLANK_KEY])
        client: Client = exchange.client
        provider_id = await self._provider(exchange, client, provider)
        rates = cast("RateLimits", exchange.meter)
        if provider_id is not None:
            # Once the right to act for it is known: nobody else can use up what a provider may.
            rates.charge_provider(provider_id)
        hashed = idempotency_key is not None and self.access.idempotent == "request"
        return Caller(
            service=exchange.scope["app"].state.service,
            client=client,
            provider=provider_id,
            request_id=exchange.request_id,
            idempotency_key=idempotency_key,
            prefers=read_preferences(prefer),
            fingerprint=await _fingerprint(exchange) if hashed else "",
            scope=None if self.access.scope in (ANY_SCOPE, SESSION) else self.access.scope,
            meter=rates,
        )

    async def _provider(self, exchange: Exchange, client: Client, named: str | None) -> str | None:
        """Return the provider acted for; raises `ProviderRequired` or `Forbidden`."""
        if self.access.ownership is Ownership.CLIENT:
            return None
        if self.access.ownership in _ALSO_BOARDS and client.board is not None:
            if named is not None:
                raise Forbidden("A board's client acts for no provider.")
            return None
        # Boards are live: a test client, though it be an operator's, sees nothing of theirs.
        sees_boards = client.role is Role.OPERATOR and not client.test
        if self.access.ownership is Ownership.PROVIDER_OR_BOARDS and sees_boards and named is None:
            return None
        if self.access.ownership in _SEVERAL and authentication.means_all_providers(client, named):
            return None
        provider_id = authentication.choose_provider(client, named)
        if not exchange.provider_moved and authentication.is_own_provider(client, provider_id):
            return provider_id
        service: Service = exchange.scope["app"].state.service
        return await service.database.read_by_key_async(
            lambda connection: authentication.resolve_provider(connection, client, provider_id)
        )


_BLANK_KEY = ErrorItem(
    code=ParameterInvalid.code,
    header="Idempotency-Key",
    detail="The key is blank.",
    hint="Send a text of your own, such as a UUID, or leave the header out.",
)
_PROVIDER = Header(
    alias="PARS-Provider",
    max_length=64,
    description="Provider acted for; required of vendors, operators and clients of several providers. "
    "To a test client it means the provider's sandbox.",
    examples=["0008001"],
)
_PROVIDER_OR_ALL = Header(
    alias="PARS-Provider",
    max_length=64,
    description="Provider acted for. Without it, a vendor or a client of several providers means all that it acts for; "
    "an operator has to name one. To a test client it means the provider's sandbox.",
    examples=["0008001"],
)
_PROVIDER_OR_BOARD = Header(
    alias="PARS-Provider",
    max_length=64,
    description="Provider acted for; required of vendors and clients of several providers. A board's client leaves it "
    "out, and so does an operator who looks for boards' batches. To a test client it means the provider's sandbox.",
    examples=["0008001"],
)
_PROVIDER_HEADERS = {
    Ownership.PROVIDER: _PROVIDER,
    Ownership.PROVIDER_OR_BOARD: _PROVIDER_OR_BOARD,
    Ownership.PROVIDER_OR_BOARDS: _PROVIDER_OR_BOARD,
    Ownership.PROVIDERS: _PROVIDER_OR_ALL,
    Ownership.PROVIDERS_OR_BOARD: _PROVIDER_OR_ALL,
}
_ALSO_BOARDS = {Ownership.PROVIDER_OR_BOARD, Ownership.PROVIDER_OR_BOARDS, Ownership.PROVIDERS_OR_BOARD}
_SEVERAL = {Ownership.PROVIDERS, Ownership.PROVIDERS_OR_BOARD}
_IDEMPOTENCY_KEY = Header(
    alias="Idempotency-Key",
    max_length=255,
    description="Names the request: sent again with it, it is answered the same and nothing happens twice.",
    json_schema_extra={"pattern": "[^\\s\\x85]"},
)
_PREFER = {
    "minimal": Header(
        alias="Prefer",
        max_length=1_000,
        description="`return=minimal` for 204 without the resource, with its `ETag` and `Location` (RFC 7240).",
        examples=["return=minimal"],
    ),
    "wait": Header(
        alias="Prefer",
        max_length=1_000,
        description="`wait=20` waits so many seconds for the work to be done, 60 at most (RFC 7240).",
        examples=["wait=20"],
    ),
}


def caller(
    scope: str,
    *,
    ownership: Ownership = Ownership.PROVIDER,
    idempotent: Literal["request", "file"] | None = None,
    prefers: Literal["minimal", "wait"] | None = None,
) -> Any:
    """Return the dependency that resolves the caller of a route with this access."""
    if scope not in (*SCOPES, ANY_SCOPE, SESSION):
        raise ValueError(f"{scope} is not a scope")
    access = RouteAccess(scope=scope, ownership=ownership, idempotent=idempotent, prefers=prefers)
    return Depends(CallerDependency(access))


Public = Depends(AccessDependency(RouteAccess(scope=PUBLIC)))
"""Marks a router or route that needs no key."""
ActivitiesReader = Annotated[Caller, caller("activities:read")]
ActivitiesRegistrar = Annotated[Caller, caller("activities:write", idempotent="request", prefers="minimal")]
ActivitiesEditor = Annotated[Caller, caller("activities:write", prefers="minimal")]
ActivitiesRemover = Annotated[Caller, caller("activities:write")]
CompletionsReader = Annotated[Caller, caller("completions:read")]
CompletionsReporter = Annotated[Caller, caller("completions:write", idempotent="request", prefers="minimal")]
CompletionsEditor = Annotated[Caller, caller("completions:write", prefers="minimal")]
CompletionsWriter = Annotated[Caller, caller("completions:write")]
LearnersValidator = Annotated[Caller, caller("learners:validate")]
BatchesUploader = Annotated[
    Caller, caller("batches:write", ownership=Ownership.PROVIDER_OR_BOARD, idempotent="file", prefers="wait")
]
BatchesWaiter = Annotated[Caller, caller("batches:read", ownership=Ownership.PROVIDER_OR_BOARDS, prefers="wait")]
BatchesReader = Annotated[Caller, caller("batches:read", ownership=Ownership.PROVIDER_OR_BOARDS)]
BatchesKeeper = Annotated[Caller, caller("batches:write", ownership=Ownership.PROVIDER_OR_BOARDS)]
BatchesMender = Annotated[
    Caller, caller("batches:write", ownership=Ownership.PROVIDER_OR_BOARDS, idempotent="request", prefers="wait")
]
WebhooksManager = Annotated[Caller, caller("webhooks:manage", ownership=Ownership.PROVIDERS_OR_BOARD)]
WebhooksEditor = Annotated[Caller, caller("webhooks:manage", ownership=Ownership.PROVIDERS_OR_BOARD, prefers="minimal")]
EventsReader = Annotated[Caller, caller("completions:read", ownership=Ownership.PROVIDERS)]
GrantsReader = Annotated[Caller, caller("clients:manage", ownership=Ownership.CLIENT)]
GrantsKeeper = Annotated[Caller, caller("clients:manage")]
BoardReader = Annotated[Caller, caller("board:feed", ownership=Ownership.CLIENT)]
TranscriptsReader = Annotated[Caller, caller("transcripts:read", ownership=Ownership.CLIENT)]
Operator = Annotated[Caller, caller("operator", ownership=Ownership.CLIENT)]
ClientsManager = Annotated[Caller, caller("clients:manage", ownership=Ownership.CLIENT)]
OperatorReader = Annotated[Caller, caller("operator", ownership=Ownership.CLIENT)]
OperatorWriter = Annotated[
    Caller, caller("operator", ownership=Ownership.CLIENT, idempotent="request", prefers="minimal")
]
OperatorCreator = Annotated[Caller, caller("operator", ownership=Ownership.CLIENT, idempotent="request")]
OperatorActor = Annotated[Caller, caller("operator", ownership=Ownership.CLIENT)]
OperatorEditor = Annotated[Caller, caller("operator", ownership=Ownership.CLIENT, prefers="minimal")]
DownloadsMaker = Annotated[Caller, caller(ANY_SCOPE)]
AnyClient = Annotated[Caller, caller(ANY_SCOPE, ownership=Ownership.CLIENT)]
Physician = Annotated[Caller, caller(SESSION, ownership=Ownership.CLIENT)]
"""A physician in their browser; whether the account is confirmed, the services ask."""
PhysicianPublishing = Annotated[Caller, caller(SESSION, ownership=Ownership.CLIENT, idempotent="request")]


def service_of(request: Request) -> Service:
    """Return the running installation."""
    service: Service = request.app.state.service
    return service


def admission_of(route: StrictRoute) -> Admit | None:
    """Return what finds the client of a request to a route by its key, and holds it against the route's scope.

    It raises `Unauthenticated` for a key or token that is missing or opens nothing, `RateLimited` for too many of
    either, `Forbidden` for one without the scope. None for a route that needs no key, as pages for people do.
    A physician's own routes are opened by a session; where a request has a key as well, the key decides.
    """
    if route.shows_pages:
        return None
    access = access_of(route)
    if access is None or access.scope == PUBLIC:
        return None
    scope = access.scope

    async def admit(exchange: Exchange) -> None:
        if scope == SESSION and b"authorization" not in exchange.headers:
            await admit_physician(exchange)
            return
        state = exchange.scope["app"].state
        rates: RateLimits = state.rates
        try:
            presented = await access.present(exchange)
            client = state.clients.get(presented.key) or await _look_up(exchange, state, presented)
            if presented.user is not None and not await _is_of(exchange, client, presented.user):
                raise wrong_credentials()
        except Unauthenticated as refusal:
            raise rates.refusal_of(exchange.host, refusal) from None
        exchange.client, exchange.presented = client, presented
        if missing := rates.admit(client.client_id):
            await rates.refuse(client.client_id, missing)
        exchange.meter = rates
        if scope != ANY_SCOPE and scope not in client.scopes:
            raise Forbidden(_lacking(client, scope))

    return admit


async def _look_up(exchange: Exchange, state: Any, presented: Presented) -> Client:
    """Return the client of a key or token as the database has it; raises `Unauthenticated`."""
    cache: ClientCache = state.clients
    key = presented.key
    service: Service = state.service
    async with state.rates.turn_of(exchange.host) or nullcontext():
        found = await service.database.read_by_key_async(lambda connection: cache.look_up(connection, service, key))
    if isinstance(found, RefusedKey):
        raise refused_key(key, found) if presented.user is None else wrong_credentials()
    return found


async def _is_of(exchange: Exchange, client: Client, user: str) -> bool:
    """Whether a client's key was sent as that of somebody it is: the client, its board, or one it may act for."""
    if user in (client.client_id, client.board) or (
        authentication.is_own_provider(client, user) and not exchange.provider_moved
    ):
        return True
    service: Service = exchange.scope["app"].state.service
    return await service.database.read_by_key_async(
        lambda connection: authentication.may_act_for(connection, client, user)
    )


def _lacking(client: Client, scope: str | None) -> str:
    if scope == SESSION:
        return NOT_BY_KEY
    if client.credential is not None and client.credential.kind is CredentialKind.TOKEN:
        return f"The token lacks the scope {scope}. Ask for it at POST /oauth/token; a client lacks it if that refuses."
    return f"The client lacks the scope {scope}. Scopes are given when a client is made, or changed."


async def _fingerprint(exchange: Exchange) -> str:
    """Return a digest of what makes two requests the same: method, path, query and body."""
    return hashlib.sha256(f"{exchange.line}\n".encode() + await exchange.body()).hexdigest()


def access_of(route: APIRoute) -> RouteAccess | None:
    """Return what a route declares about its callers, None when it declares nothing."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, AccessDependency):
            return dependant.call.access
        waiting.extend(dependant.dependencies)
    return None


def scope_of(route: APIRoute) -> str | None:
    """Return the scope a route declares, `PUBLIC`, or None when it declares none."""
    access = access_of(route)
    return access.scope if access is not None else None


def declared_routes(app: FastAPI) -> list[APIRoute]:
    """Return every route of the API, those of included routers as well; pages for people are none of it."""
    routes = [route for route in routes_of(app) if isinstance(route, APIRoute)]
    return [route for route in routes if not getattr(route, "shows_pages", False)]


def refuse_undeclared(app: FastAPI) -> None:
    """Stop the start when a route does not declare who may call it."""
    undeclared = [route.path for route in declared_routes(app) if access_of(route) is None]
    if undeclared:
        raise RuntimeError(f"routes without a declared scope: {', '.join(undeclared)}")
