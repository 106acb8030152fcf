"""Routes are compiled from their signatures: all of the API's are, and one that cannot be stops the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Body, Cookie, Depends, FastAPI
from fastapi.security import SecurityScopes
from fastapi.testclient import TestClient

from app.core.http.compiled_routes import compile_route
from app.core.http.routing import StrictRoute
from app.main import create_app
from app.routers.callers import declared_routes


def plain() -> None:
    """Take nothing, and wait for nothing."""


async def with_cookie(crumb: Annotated[str, Cookie()]) -> None:
    """Take a cookie."""


async def with_task(later: BackgroundTasks) -> None:
    """Leave work for later."""


async def with_two_bodies(one: Annotated[int, Body()], two: Annotated[int, Body()]) -> None:
    """Take a body of two parts."""


async def with_scopes(scopes: SecurityScopes) -> None:
    """Take the framework's own scopes."""


async def opened() -> Any:
    """Yield what is closed afterwards."""
    yield 1


async def with_opened(value: Annotated[int, Depends(opened)]) -> None:
    """Take what has to be closed."""


async def with_plain(value: Annotated[None, Depends(plain)]) -> None:
    """Take what a plain function returns, which would hold up the loop."""


@pytest.mark.parametrize(
    "function", [plain, with_cookie, with_task, with_two_bodies, with_scopes, with_opened, with_plain]
)
def test_a_signature_that_cannot_be_compiled_stops_the_start(function: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="/x"):
        compile_route(StrictRoute("/x", function, methods=["POST"]), None)


def routes() -> Iterator[StrictRoute]:
    for route in declared_routes(create_app()):
        assert isinstance(route, StrictRoute), route.path
        yield route


def test_every_route_of_the_api_is_compiled() -> None:
    paths = [route.path for route in routes() if compile_route(route, None) is not None]
    assert sum(path.startswith("/v1/") for path in paths) > 40


def test_the_frameworks_own_way_serves_no_route() -> None:
    """It would read requests less strictly: whoever puts a router into a plain application is told."""
    app = FastAPI()
    app.router.routes.append(next(route for route in routes() if route.path == "/v1/rules"))
    with pytest.raises(RuntimeError, match="served by an Application only"):
        TestClient(app).get("/v1/rules")
