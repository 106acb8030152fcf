"""What is on file of a provider, and who changes it."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.frame import page
from app.console.pages.settings.confirming import settings_of
from app.console.routes import PageRoute
from app.console.visitors import Manager
from app.core.errors import NotFound
from app.domain.clients import ProviderActedFor
from app.services.access import identity
from app.services.context import read_async

router = APIRouter(prefix="/p/{provider_id}/settings/provider", route_class=PageRoute, include_in_schema=False)


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """What is on file of a provider."""

    address: str
    provider: ProviderActedFor
    support: str


@router.get("")
async def show_provider(request: Request, visitor: Manager, provider_id: str) -> Response:
    """Show what is on file of the provider."""
    found = await read_async(visitor.caller, identity.acted_for)
    if found is None:
        raise NotFound
    view = ProviderView(
        address=settings_of(visitor), provider=found, support=visitor.service.settings.support_contact
    )  # fmt: skip
    return page(request, visitor, "pages/settings/provider.html", view)
