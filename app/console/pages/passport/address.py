"""The links by which a new mail address is proven, and confirmed or stopped from the old one: a button does it."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.pages.passport.secret import secret_page
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import OUR_PAGES
from app.core.errors import NotFound
from app.domain.people.address_changes import ChangeOutcome
from app.services.context import Service, operator, transact_async
from app.services.passport import address_changes

router = APIRouter(prefix="/passport/address", route_class=PageRoute, include_in_schema=False, dependencies=[OUR_PAGES])


class AddressView(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages of such a link show."""

    token: str = ""
    is_old: bool = False
    outcome: str = ""
    """What has come of it; `waits` while the other address has not said anything, `none` for a link that ended."""


@router.get("/{token}")
async def show_address_link(request: Request, token: str) -> Response:
    """Show what the link does; nothing is done, and nobody named."""
    service: Service = request.app.state.service
    found = await service.database.read_by_key_async(
        lambda connection: address_changes.find(connection, service, token)
    )
    if found is None:
        return _show(request, AddressView(outcome="none"), 410)
    return _show(request, AddressView(token=token, is_old=found.is_old))


@router.post("/{token}")
async def use_address_link(request: Request, token: str, sent: Sent) -> Response:
    """Prove the new address, or confirm or stop the change from the old one."""
    caller = operator(request.app.state.service)
    try:
        outcome = await transact_async(caller, address_changes.use, token, stop=value_of(sent, "do") == "stop")
    except NotFound:
        return _show(request, AddressView(outcome="none"), 410)
    return _show(request, AddressView(outcome=_WORDS[outcome]))


_WORDS = {None: "waits"} | {outcome: outcome.value for outcome in ChangeOutcome}


def _show(request: Request, view: AddressView, status: int = 200) -> Response:
    return secret_page(request, "pages/passport/address.html", view, status)
