"""What the receiver of a link sees: a button first, then the transcript. Nobody has to sign in, and nothing is kept.

Programs that look into mails open links and press nothing: they count no view.
"""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.frame import file_headers
from app.console.pages.passport.secret import secret_page
from app.console.routes import PageRoute
from app.console.visitors import OUR_PAGES
from app.core.http.browser_headers import SECRET_ADDRESS
from app.services.context import Service
from app.services.passport import shares
from app.services.passport.shares import ShownShare

router = APIRouter(prefix="/s", route_class=PageRoute, include_in_schema=False, dependencies=[OUR_PAGES])


class ReceivedView(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages of a link show."""

    token: str = ""
    found: ShownShare | None = None


@router.get("/{token}")
async def show_button(request: Request, token: str) -> Response:
    """Show the button that opens a link; nothing is counted, and nobody named."""
    service: Service = request.app.state.service
    share = await service.database.read_by_key_async(lambda connection: shares.find(connection, service, token))
    if share is None:
        return _show(request, "gone_share.html", ReceivedView(), 404)
    return _show(request, "share_closed.html", ReceivedView(token=token))


@router.post("/{token}")
async def open_share(request: Request, token: str) -> Response:
    """Count a view, and show the transcript."""
    found = await shares.view(request.app.state.service, token)
    if found is None:
        return _show(request, "gone_share.html", ReceivedView(), 404)
    return _show(request, "share_opened.html", ReceivedView(token=token, found=found))


@router.post("/{token}/pdf")
async def take_pdf(request: Request, token: str) -> Response:
    """Send the transcript as a PDF: as it was signed, or one to read where the link follows changes."""
    service: Service = request.app.state.service
    found = await shares.view(service, token, pdf=True)
    if found is None:
        return _show(request, "gone_share.html", ReceivedView(), 404)
    name = "official_transcript.pdf" if found.verified is not None else "transcript_copy.pdf"
    pdf = await shares.pdf_of(service, found)
    return Response(pdf, media_type="application/pdf", headers=file_headers(name) | SECRET_ADDRESS)


def _show(request: Request, template: str, view: ReceivedView, status: int = 200) -> Response:
    return secret_page(request, f"pages/passport/{template}", view, status)
