"""Providers: each leads to its pages as its own people see them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.frame import page
from app.console.routes import PageRoute
from app.console.visitors import Operator
from app.domain.clients import ProviderActedFor
from app.services.access import identity
from app.services.context import read_async

router = APIRouter(prefix="/operator", route_class=PageRoute, include_in_schema=False)
After = Annotated[str | None, Query(max_length=64)]
ROWS = 50


class ProvidersView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of providers."""

    providers: tuple[ProviderActedFor, ...]
    older: str


@router.get("/providers")
async def list_providers(request: Request, visitor: Operator, after: After = None) -> Response:
    """List the providers by id."""
    found = await read_async(visitor.caller, identity.page, after=after, limit=ROWS + 1)
    providers = tuple(provider for provider, _ in found[:ROWS])
    older = f"/operator/providers?after={providers[-1].provider_id}" if len(found) > ROWS else ""
    return page(request, visitor, "pages/operator/providers.html", ProvidersView(providers=providers, older=older))
