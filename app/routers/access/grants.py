"""`/v1/grants`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator

from app.core.http.routing import StrictRoute
from app.domain.parsing import plain_text
from app.routers.callers import GrantsKeeper, GrantsReader
from app.routers.paging import open_page
from app.schemas.access.grants import GrantOut, GrantPage, GrantQuery, VendorGrantOut
from app.services.access import grants
from app.services.context import read_async, read_by_key_async, transact_async

PATH = "/v1/grants"
router = APIRouter(prefix=PATH, tags=["Grants"], route_class=StrictRoute)
VendorId = Annotated[
    str, Path(max_length=64, description="The vendor's client id, as the vendor tells it."), AfterValidator(plain_text)
]


@router.get("", response_model=GrantPage)
async def list_grants(caller: GrantsReader, query: Annotated[GrantQuery, Query()], response: Response) -> GrantPage:
    """List the grants that stand: those that the client's providers gave, or those that a vendor has.

    An operator lists all. Grants of others are not there, and filters find nothing of them.
    """
    asked = await open_page(caller, query, PATH)
    found = await read_async(
        caller,
        grants.page,
        provider_ids=asked.query.provider_id,
        client_ids=asked.query.client_id,
        after=tuple(asked.after) if asked.after else None,
        limit=asked.limit,
    )
    page = asked.page(found, response, lambda grant: [grant.provider_id, grant.client_id])
    return GrantPage(data=[GrantOut.of(grant) for grant in page.rows], next_cursor=page.cursor)


@router.get("/{vendor_id}", response_model=VendorGrantOut)
async def get_grant(caller: GrantsKeeper, vendor_id: VendorId) -> VendorGrantOut:
    """Look up a vendor by its client id, before it is given anything, and whether it may act for the provider now.

    There is no list of vendors: each tells its client id, which `GET /v1/me` shows it, to providers it works for.
    """
    found = await read_by_key_async(caller, grants.look_up, vendor_id)
    return VendorGrantOut.of(found, caller.provider_id)


@router.put(
    "/{vendor_id}",
    response_model=VendorGrantOut,
    responses={201: {"model": VendorGrantOut, "description": "Granted"}},
)
async def give_grant(caller: GrantsKeeper, vendor_id: VendorId, response: Response) -> VendorGrantOut:
    """Let a vendor act for the provider from now on: 201, and 200 if it could already.

    It may do everything for the provider that its scopes allow: register, report, correct, withdraw, upload, read.
    """
    found, new = await transact_async(caller, grants.give, vendor_id)
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"{PATH}/{vendor_id}"
    return VendorGrantOut.of(found, caller.provider_id)


@router.delete("/{vendor_id}", status_code=204, response_class=Response)
async def take_grant(caller: GrantsKeeper, vendor_id: VendorId) -> Response:
    """Take a vendor's grant back; a vendor may give its own up.

    It ends at once: the vendor's next request for the provider is refused, rows of its files that were not reached are
    rejected, its webhooks and events of the provider stop. What it has reported stays as it is.
    """
    await transact_async(caller, grants.take, vendor_id)
    return Response(status_code=204)
