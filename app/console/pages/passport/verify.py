"""Verification: whether a transcript is genuine, and whether what it says is still true. For everybody."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said
from app.console.frame import go_to, page
from app.console.pages.passport.secret import secret_page
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import OUR_PAGES
from app.core.http.multipart import read_multipart
from app.domain.passport.verification_codes import parse_verification_code
from app.services.context import Service
from app.services.passport import verification
from app.services.passport.verification import VerifiedTranscript

router = APIRouter(prefix="/verify", route_class=PageRoute, include_in_schema=False, dependencies=[OUR_PAGES])


class VerifyView(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages of verification show."""

    form: DrawnForm
    found: VerifiedTranscript | None = None
    same: bool | None = None
    """Whether a file that was compared is the one that was published; None where none was."""


@router.get("")
async def show_verification(request: Request) -> Response:
    """Ask for a code."""
    return page(request, None, "pages/passport/verify.html", VerifyView(form=DrawnForm()))


@router.post("")
async def read_code(request: Request, sent: Sent) -> Response:
    """Lead to the transcript of a code, however it was typed."""
    typed = value_of(sent, "code")
    code = parse_verification_code(typed)
    if code is None:
        said = Said(pointer="code", text="Not a verification code.", hint="It has 12 letters and digits, as printed.")
        return page(request, None, "pages/passport/verify.html", VerifyView(form=DrawnForm(sent, [said])), 422)
    return go_to(request, f"/verify/{code}")


@router.get("/{code}")
async def show_verified(request: Request, code: str) -> Response:
    """Show what was printed, and what has changed since."""
    found = await _find(request, code)
    return _not_found(request, code) if found is None else _show(request, VerifyView(form=DrawnForm(), found=found))


@router.post("/{code}/compare")
async def compare_pdf(request: Request, code: str) -> Response:
    """Say whether a file is the PDF that was published, byte for byte; the file is not kept."""
    # The code before the file: nobody without one sends what has to be read.
    found = await _find(request, code)
    if found is None:
        return _not_found(request, code)
    form = await read_multipart(request.headers.get("content-type", ""), request.stream(), "file", _drop)
    if len(form.files) > 1:
        said = Said(pointer="file", text="There is more than one file.", hint="Choose the PDF alone, then compare.")
        return _show(request, VerifyView(form=DrawnForm({}, [said]), found=found), 422)
    if not form.size:
        said = Said(pointer="file", text="There is no file.", hint="Choose the PDF, then compare.")
        return _show(request, VerifyView(form=DrawnForm({}, [said]), found=found), 422)
    return _show(request, VerifyView(form=DrawnForm(), found=found, same=found.is_pdf(form.digest)))


async def _drop(_piece: bytes) -> None:
    """Keep nothing of a file: its digest is made as it arrives."""


async def _find(request: Request, code: str) -> VerifiedTranscript | None:
    """Return the transcript of a code; raises `RateLimited` for an address that has tried too many others."""
    service: Service = request.app.state.service
    rates, host = request.app.state.rates, request.client.host if request.client is not None else None
    rates.admit_code(host)
    found = await service.database.read_async(
        lambda connection: verification.verify(connection, service, code), whose="verification"
    )
    if found is None:
        rates.count_wrong_code(host)
    return found


def _not_found(request: Request, code: str) -> Response:
    said = Said(
        pointer="code",
        text="No transcript has this code.",
        hint="Compare it with the printed one, letter by letter. If they are the same, the transcript is not genuine.",
    )
    return _show(request, VerifyView(form=DrawnForm({"code": [code[:40]]}, [said])), 404)


def _show(request: Request, view: VerifyView, status: int = 200) -> Response:
    return secret_page(request, "pages/passport/verify.html", view, status)
