"""The application: FastAPI describes it, and one layer serves every request of it.

Of FastAPI's own handling nothing is entered: neither its middlewares, nor its matching of routes, nor its solving of
dependencies. Its lifespan, its state and its description are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any, TypeAlias

import msgspec
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.errors import Conflict, CutOff, Internal, Problem, Unreadable
from app.core.http.addresses import other_origin, wrong_method, wrong_path
from app.core.http.compiled_routes import Admit, Serve, compile_route
from app.core.http.exchange import BodyBounds, Exchange
from app.core.http.problems import problem_response
from app.core.http.route_table import RouteTable
from app.core.http.routing import StrictRoute
from app.core.http.telemetry import note_request
from app.core.logging import error_fields, log

ShowProblem: TypeAlias = Callable[[Exchange, Problem, bool | None], Response | None]
"""Returns the page for a problem, None where none is shown; is told whether a route shows pages, None without one."""
UNMATCHED = "unmatched"
"""The route of requests that none serves."""


class Served(msgspec.Struct, frozen=True):
    """A route, and what serves it."""

    path: str
    serve: Serve
    bounds: BodyBounds
    shows_pages: bool


class Application(FastAPI):
    """A FastAPI application whose requests are all served by compiled routes."""

    def __init__(
        self,
        *,
        admission: Callable[[StrictRoute], Admit | None],
        bounds: BodyBounds,
        upload_bounds: BodyBounds,
        uploads: frozenset[tuple[str, str]] = frozenset(),
        show_problem: ShowProblem | None = None,
        **described: Any,
    ) -> None:
        """Let `admission` say what finds out who calls a route.

        Bodies are bounded by `bounds`, and by `upload_bounds` at the methods and paths of `uploads`. `show_problem`
        makes the pages that browsers are shown for problems.
        """
        self._admission = admission
        self._bounds = bounds
        self._upload_bounds = upload_bounds
        self._uploads = uploads
        self._show_problem = show_problem
        super().__init__(**described)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request without what the framework looks up for each; all else is the framework's."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        await self.middleware_stack(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Return what serves requests, made of the routes that there are by now."""
        table: RouteTable[Served] = RouteTable()
        public: list[str] = []
        for route in self._routes():
            serve = compile_route(route, self._admission(route)) if isinstance(route, StrictRoute) else _plainly(route)
            methods = sorted(route.methods or ())
            upload = any((method, route.path) in self._uploads for method in methods)
            bounds = self._upload_bounds if upload else self._bounds
            table.add(methods, route.path, Served(route.path, serve, bounds, getattr(route, "shows_pages", False)))
            public += [route.path] * route.include_in_schema
        return HttpLayer(self.router, table, tuple(dict.fromkeys(public)), self._show_problem)

    def include_router(self, router: APIRouter, **options: Any) -> None:
        """Serve the routes of a router as they are; raises `ValueError` for what would change them."""
        if any(options.values()):
            raise ValueError(f"{', '.join(options)}: a prefix belongs to the router, not to its inclusion")
        super().include_router(router)

    def _routes(self) -> Iterator[Route]:
        for route in routes_of(self):
            if not isinstance(route, Route) or (isinstance(route, APIRoute) and not isinstance(route, StrictRoute)):
                # Served plainly, its dependencies would not be asked who calls.
                raise ValueError(f"{getattr(route, 'path', route)}: {type(route).__name__} cannot be compiled")
            yield route


def routes_of(app: FastAPI) -> Iterator[BaseRoute]:
    """Yield the routes of an application and of the routers included in it, as they were declared.

    FastAPI's own walk solves the dependencies of each anew, for what an inclusion may have changed: that is half of the
    time in which an application is built.
    """
    for route in app.routes:
        included = getattr(route, "original_router", None)
        yield from (route,) if included is None else included.routes


def _plainly(route: Route) -> Serve:
    """Return what serves a route whose function takes a request and returns a response."""

    async def serve(exchange: Exchange) -> Any:
        return await route.endpoint(exchange.request())

    return serve


class HttpLayer:
    """All that surrounds a request: its id, its route, its errors, what is counted and logged of it."""

    def __init__(
        self, framework: ASGIApp, table: RouteTable[Served], public: Sequence[str], show_problem: ShowProblem | None
    ) -> None:
        """Serve the routes of a table; those at the paths of `public` are named to who asks for another."""
        self._framework = framework
        self._table = table
        self._public = public
        self._show_problem = show_problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; what is no request is the framework's."""
        if scope["type"] != "http":
            await self._framework(scope, receive, send)
            return
        begun = perf_counter()
        exchange, route = Exchange(scope, receive, send), UNMATCHED
        for_page: bool | None = None
        try:
            if exchange.repeats_headers and sum(name == b"host" for name, _ in scope["headers"]) > 1:
                raise Unreadable("The header Host stands twice.")
            found = self._table.find("GET" if exchange.is_head else scope["method"], scope["path"])
            if found is None or "\x00" in scope["path"]:
                raise self._refusal(exchange)
            served, exchange.path_values = found
            route, exchange.bounds, for_page = served.path, served.bounds, served.shows_pages
            await exchange.answer(await served.serve(exchange))
        except Problem as problem:
            await self._tell(exchange, problem, for_page)
        except CutOff as reason:
            await self._tell(exchange, Conflict(str(reason)), for_page, str(reason))
        except ClientDisconnect:
            if not exchange.status:
                await self._tell(exchange, Unreadable("The body was cut off before its end."), for_page)
        except Exception as error:
            log.error("request failed", request_id=exchange.request_id, **error_fields(error))
            await self._tell(exchange, Internal(), for_page)
        finally:
            client_id = exchange.client.client_id if exchange.client is not None else None
            seconds = perf_counter() - begun
            note_request(route, scope["method"], exchange.status or 500, seconds, exchange.request_id, client_id)

    def _refusal(self, exchange: Exchange) -> Problem:
        method, path = exchange.scope["method"], exchange.scope["path"]
        methods = [] if "\x00" in path else self._table.methods_at(path)
        if not methods:
            return wrong_path(path, self._public)
        if method == "OPTIONS" and b"access-control-request-method" in exchange.headers:
            return other_origin(methods)
        with_colon = ":".join(path.rsplit("/", 1))
        meant = with_colon in self._public and method in self._table.methods_at(with_colon)
        return wrong_method(methods, with_colon if meant else None)

    async def _tell(self, exchange: Exchange, problem: Problem, for_page: bool | None, reason: str = "") -> None:
        """Answer with a problem; where an answer has begun, leave it without its end."""
        if exchange.status:
            # Returning without the end of the answer makes the server close the connection where it stands.
            log.warning("answer cut off", request_id=exchange.request_id, reason=reason or problem.code)
            return
        shown = self._show_problem(exchange, problem, for_page) if self._show_problem is not None else None
        await exchange.answer(shown or problem_response(problem, exchange.request_id))
