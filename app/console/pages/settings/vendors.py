"""Vendors that may act for a provider: granted by their id once its name was seen, revoked at once."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said
from app.console.frame import Flash, go_to, page
from app.console.once import NOTHING_AGAIN, submit_once
from app.console.pages.settings.confirming import ConfirmView, ask_first, settings_of
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Manager, Visitor
from app.core.errors import NotFound
from app.domain.clients import Grant, Role
from app.services.access import grants
from app.services.context import read_async

router = APIRouter(prefix="/p/{provider_id}/settings/vendors", route_class=PageRoute, include_in_schema=False)
VendorId = Annotated[str, Path(max_length=64)]
MOST = 500


class VendorsView(msgspec.Struct, frozen=True, kw_only=True):
    """Vendors with a grant, and the form that begins another."""

    address: str
    grants: tuple[Grant, ...]
    may_give: bool
    """Whether who looks is of the provider: a vendor lets nobody else in."""
    form: DrawnForm
    zone: str


@router.get("")
async def list_vendors(request: Request, visitor: Manager, provider_id: str) -> Response:
    """List the vendors that may act for the provider."""
    return await _show(request, visitor, DrawnForm(), 200)


@router.post("")
async def look_up_vendor(request: Request, visitor: Manager, provider_id: str, sent: Sent) -> Response:
    """Show the name of the vendor with an id before it is granted anything."""
    given = value_of(sent, "vendor")
    try:
        found = await read_async(visitor.caller, grants.look_up, given[:64])
    except NotFound:
        said = Said(pointer="vendor", text="No vendor has this id.", hint="Ask the vendor for it: it begins with cli_.")
        return await _show(request, visitor, DrawnForm(sent, [said]), 422)
    here = f"{settings_of(visitor)}/vendors"
    if found.granted_at is not None:
        return go_to(request, here, Flash(text=f"{found.name} may act for you already.", kind="warn"))
    view = ConfirmView(
        heading=f"Let {found.name} act for you?",
        sentences=(
            "From now on it may register activities, report, correct, withdraw, upload and read in your name.",
            "You can take that back at any time, at once.",
        ),
        action=f"{here}/{found.client_id}/grant",
        verb=f"Let {found.name} act for you",
        back=here,
        dangerous=False,
    )
    return ask_first(request, visitor, view)


@router.post("/{vendor_id}/grant")
async def grant_vendor(
    request: Request, visitor: Manager, provider_id: str, vendor_id: VendorId, sent: Sent
) -> Response:
    """Let a vendor act for the provider from now on."""
    done = await submit_once(request, visitor, sent, grants.give, vendor_id)
    flash = Flash(text=f"{done.result[0].name} may act for you now.") if done.result is not None else NOTHING_AGAIN
    return go_to(request, f"{settings_of(visitor)}/vendors", flash)


@router.get("/{vendor_id}/revoke")
async def ask_to_revoke(request: Request, visitor: Manager, provider_id: str, vendor_id: VendorId) -> Response:
    """Say what taking a grant back does."""
    found = await read_async(visitor.caller, grants.look_up, vendor_id, revoked=True)
    here = f"{settings_of(visitor)}/vendors"
    view = ConfirmView(
        heading=f"Take the right to act for you from {found.name}?",
        sentences=(
            "It ends at once: the vendor's next request for you is refused.",
            "Rows of its files that were not reached are rejected.",
            "What it has reported stays as it is.",
        ),
        action=f"{here}/{vendor_id}/revoke",
        verb="Take it back",
        back=here,
    )
    return ask_first(request, visitor, view)


@router.post("/{vendor_id}/revoke")
async def revoke_vendor(
    request: Request, visitor: Manager, provider_id: str, vendor_id: VendorId, sent: Sent
) -> Response:
    """Take a grant back, at once."""
    done = await submit_once(request, visitor, sent, grants.take, vendor_id)
    own = visitor.caller.client.role is Role.VENDOR and not done.again
    flash = NOTHING_AGAIN if done.again else Flash(text="The vendor may not act for this provider any longer.")
    return go_to(request, "/" if own else f"{settings_of(visitor)}/vendors", flash)


async def _show(request: Request, visitor: Visitor, form: DrawnForm, status: int) -> Response:
    caller = visitor.caller
    found = await read_async(
        caller, grants.page, provider_ids=[caller.provider_id], client_ids=[], after=None, limit=MOST
    )  # fmt: skip
    view = VendorsView(
        address=settings_of(visitor), grants=tuple(found), may_give=caller.client.role is Role.PROVIDER,
        form=form, zone=visitor.time_zone,
    )  # fmt: skip
    return page(request, visitor, "pages/settings/vendors.html", view, status)
