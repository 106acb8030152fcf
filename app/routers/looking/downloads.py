"""`/v1/downloads`: exports by links that work once."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response, StreamingResponse

from app.core.errors import DownloadGone, Forbidden, InvalidRequest, ParameterInvalid, RangeRefused, RateLimited
from app.core.http.routing import StrictRoute
from app.routers.callers import DownloadsMaker, Public, service_of
from app.routers.looking.exports import FILE, send_export
from app.routers.openapi import problems
from app.schemas.looking.downloads import DownloadIn, DownloadOut, of_body
from app.services.access.rates import RateLimits
from app.services.context import read_async, transact_async
from app.services.looking import downloads, exports

PATH = "/v1/downloads"
router = APIRouter(prefix=PATH, tags=["Downloads"], route_class=StrictRoute)
_SECRET = {"Cache-Control": "no-store, no-transform"}
"""No cache keeps it, and nothing compresses it."""
_WHOLE = re.compile(r"\s*bytes\s*=\s*0\s*-\s*", re.ASCII | re.IGNORECASE)
"""The range of a whole file."""


@router.post("", status_code=201, response_model=DownloadOut, responses=problems(InvalidRequest, Forbidden))
async def create_download(caller: DownloadsMaker, body: DownloadIn) -> Response:
    """Make a link by which an export is taken once, within ten minutes, without a key: for browsers.

    Names and dates that it filters by stand in the body, and so in no address and no log. The link leads to what your
    client may have when it is followed: once your key is ended, or a grant or a scope is gone, it leads to nothing.
    Whoever has the link has the file: show it to nobody else. It takes no `Idempotency-Key`: make another.
    """
    query = body.listed()
    try:
        # Counting rows may take long: not within the transaction that writes, which others wait for.
        await read_async(caller, exports.open_export, body.kind, body.format, query)
    except ParameterInvalid as problem:
        raise of_body(problem) from None
    made = await transact_async(caller, downloads.create, body.kind, body.format, query)
    out = DownloadOut(url=f"{PATH}/{made.token}", expires_at=made.expires_at)
    headers = _SECRET | {"Location": out.url}
    return Response(out.model_dump_json(), 201, headers=headers, media_type="application/json")


@router.get(
    "/{token}",
    response_class=StreamingResponse,
    dependencies=[Public],
    responses=FILE | problems(DownloadGone, RangeRefused, RateLimited),
)
async def get_download(
    request: Request, token: Annotated[str, Path(max_length=64, description="What stands in the link.")]
) -> Response:
    """Take the file of a link. The request that begins to get it uses the link up, whether it arrives whole or not.

    HEAD says what would come and uses nothing up; so does a request for a part of the file, which is refused: a file
    that is made as it is sent has no parts.
    """
    service = service_of(request)
    request_id = request.scope["state"].get("request_id")
    # It counts as a request of whoever made it, and waits for its turn among theirs: it may count a million rows.
    maker = await service.database.read_by_key_async(lambda connection: downloads.maker_of(connection, token))
    rates: RateLimits = request.app.state.rates
    if missing := rates.admit(maker):
        await rates.refuse(maker, missing)
    found = await service.database.read_async(
        lambda connection: downloads.follow(connection, service, token, request_id), whose=maker
    )
    rates.charge_provider(found.caller.provider_id)
    is_head = request.method == "HEAD"
    asked_range = request.headers.get("range")
    if asked_range is not None and not _WHOLE.fullmatch(asked_range) and not is_head:
        raise RangeRefused(headers={"Accept-Ranges": "none"})
    if is_head:
        return send_export(found.caller, found.export, is_head=True)
    slot = exports.take_slot(found.caller)
    try:
        await transact_async(found.caller, downloads.use, found.link)
    except BaseException:
        slot.give_back()
        raise
    return send_export(found.caller, found.export, is_head=False, slot=slot)
