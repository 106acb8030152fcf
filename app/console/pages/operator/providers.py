"""Providers, and each as its own people see it: read only, and noted in the log."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.frame import page
from app.console.routes import PageRoute
from app.console.visitors import Operator
from app.domain.batches import Batch
from app.domain.clients import ProviderActedFor
from app.services.access import identity, looking_as
from app.services.access.looking_as import ProviderSeen
from app.services.batches import lookup
from app.services.context import read_async, transact_async

router = APIRouter(prefix="/operator", route_class=PageRoute, include_in_schema=False)
After = Annotated[str | None, Query(max_length=64)]
ROWS = 50
UPLOADS = 10


class ProvidersView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of providers."""

    providers: tuple[ProviderActedFor, ...]
    older: str


class AsProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as its people see it in one look."""

    seen: ProviderSeen
    uploads: tuple[Batch, ...]
    zone: str


@router.get("/providers")
async def list_providers(request: Request, visitor: Operator, after: After = None) -> Response:
    """List the providers by id."""
    found = await read_async(visitor.caller, identity.page, after=after, limit=ROWS + 1)
    providers = tuple(provider for provider, _ in found[:ROWS])
    older = f"/operator/providers?after={providers[-1].provider_id}" if len(found) > ROWS else ""
    return page(request, visitor, "pages/operator/providers.html", ProvidersView(providers=providers, older=older))


@router.get("/as/{provider_id}")
async def look_as_provider(request: Request, visitor: Operator, provider_id: str) -> Response:
    """Show a provider as its people see it; the log says that the operator looked."""
    caller = visitor.caller
    seen = await transact_async(caller, looking_as.look_as)
    uploads = await read_async(
        caller, lookup.page, before=None, limit=UPLOADS, kinds=[], statuses=[], to_fix=None
    )  # fmt: skip
    view = AsProviderView(seen=seen, uploads=tuple(uploads), zone=visitor.time_zone)
    return page(request, visitor, "pages/operator/as.html", view)
