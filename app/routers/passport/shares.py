"""`/v1/passport/shares`: the links by which physicians show a transcript, and what their receivers read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import AfterValidator
from starlette.responses import Response, StreamingResponse

from app.core.errors import Conflict, NotFound, RateLimited
from app.core.http.browser_headers import SECRET_ADDRESS
from app.core.http.routing import StrictRoute
from app.domain.parsing import plain_text
from app.domain.passport.shares import ShareKind
from app.routers.callers import Physician, Public, service_of
from app.routers.openapi import binary, problems
from app.routers.passport.own import PDF, sent_period
from app.schemas.passport.shares import (
    MadeShareOut,
    PublishedHereOut,
    SharedTranscriptOut,
    ShareIn,
    ShareOut,
    SharesOut,
)
from app.services.context import read_async, transact_async
from app.services.passport import shares
from app.services.passport.shares import ShareRequest, ShownShare
from app.services.people import mail

PATH = "/v1/passport/shares"
router = APIRouter(prefix=PATH, tags=["CME Passport"], route_class=StrictRoute)
received = APIRouter(prefix=PATH, tags=["CME Passport"], route_class=StrictRoute, dependencies=[Public])
ShareId = Annotated[str, Path(max_length=64, description="The link's id."), AfterValidator(plain_text)]
Token = Annotated[str, Path(max_length=1_000, description="What stands in the link behind `/s/`.")]
GONE = "This link shows nothing: it has ended, or it is not whole."


@router.post("", status_code=201, response_model=MadeShareOut, responses=problems(Conflict))
async def create_share(caller: Physician, body: ShareIn) -> Response:
    """Make a link that shows your transcript to whoever has it. What opens it is answered only this once.

    A fixed one publishes a transcript, which counts among the twenty of a day, and as 40 requests. A hundred links work
    at once. It takes no `Idempotency-Key`: when the answer is lost, end the link that you did not see.
    """
    asked = ShareRequest(
        receiver=body.receiver,
        period=sent_period(body),
        fixed=body.shows is ShareKind.FIXED,
        last_day=body.last_day,
        days=body.days,
        mails_views=body.mails_views,
    )
    prepared = await shares.prepare(caller, asked)
    made = await transact_async(caller, shares.create, asked, prepared)
    link = mail.address_of(caller.service, f"/s/{made.token}")
    code = prepared.code if prepared is not None else ""
    out = MadeShareOut.made(made.share, code=code, token=made.token, link=link)
    headers = {"Location": PATH, "Cache-Control": "no-store, no-transform"}
    return Response(out.model_dump_json(), 201, headers=headers, media_type="application/json")


@router.get("", response_model=SharesOut)
async def list_shares(caller: Physician) -> SharesOut:
    """List the links that you gave, with the days on which each was opened."""
    found = await read_async(caller, shares.list_mine)
    return SharesOut(data=[ShareOut.of(one.share, one.views, code=one.code, works=one.works) for one in found])


@router.post("/{share_id}/end", response_model=ShareOut)
async def end_share(caller: Physician, share_id: ShareId) -> ShareOut:
    """End a link at once: it shows nothing any longer. One that has ended stays as it is."""
    await transact_async(caller, shares.end, share_id)
    one = await read_async(caller, shares.mine, share_id)
    return ShareOut.of(one.share, one.views, code=one.code, works=one.works)


@received.get("/{token}", response_model=SharedTranscriptOut, responses=problems(RateLimited))
async def read_share(request: Request, token: Token) -> Response:
    """Read what a link shows. Anybody who has it may; each time counts as a view that its physician sees, by its day.

    `HEAD` counts none. A link that has ended, is over or never was is answered alike.
    """
    if request.method == "HEAD":
        return await _told(request, token, "application/json")
    found = await _view(request, token)
    body = SharedTranscriptOut.of(found.share, found.transcript, _published(found)).model_dump_json()
    return Response(body, headers=SECRET_ADDRESS, media_type="application/json")


@received.get(
    "/{token}.pdf",
    response_class=Response,
    responses=binary(PDF, description="The transcript") | problems(RateLimited),
)
async def read_share_file(request: Request, token: Token) -> Response:
    """Take what a link shows as a PDF: as it was signed, or a copy to read where the link follows changes.

    Each time is counted for the physician; `HEAD` counts none.
    """
    if request.method == "HEAD":
        return await _told(request, token, PDF)
    found = await _view(request, token, pdf=True)
    name = "official_transcript.pdf" if found.verified is not None else "transcript_copy.pdf"
    headers = SECRET_ADDRESS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(await shares.pdf_of(service_of(request), found), headers=headers, media_type=PDF)


async def _told(request: Request, token: str, media_type: str) -> Response:
    """Return the head of what a link shows, and count nothing; raises `NotFound`."""
    _admit(request)
    service = service_of(request)
    if await service.database.read_by_key_async(lambda connection: shares.find(connection, service, token)) is None:
        raise _gone()
    # Of one that is not begun, no length is told.
    return StreamingResponse(iter(()), headers=SECRET_ADDRESS, media_type=media_type)


async def _view(request: Request, token: str, *, pdf: bool = False) -> ShownShare:
    _admit(request)
    found = await shares.view(service_of(request), token, pdf=pdf)
    if found is None:
        raise _gone()
    return found


def _admit(request: Request) -> None:
    """Count a link that is opened as the forms of pages are that open one; raises `RateLimited`."""
    request.app.state.rates.admit_sign_in(request.client.host if request.client is not None else None)


def _gone() -> NotFound:
    return NotFound(GONE, headers=SECRET_ADDRESS)


def _published(found: ShownShare) -> PublishedHereOut | None:
    verified = found.verified
    if verified is None:
        return None
    return PublishedHereOut.of(verified.code, verified.published, verified.changes)
