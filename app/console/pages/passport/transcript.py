"""The transcript: read on the page as it is printed, published with a code, and taken as PDF or JSON."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm
from app.console.frame import Flash, file_headers, go_to, page
from app.console.once import submit_once
from app.console.pages.passport.confirming import lead_to_confirming
from app.console.pages.passport.periods import From, To, read_period, saved_links
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Physician
from app.core.errors import Conflict, Forbidden
from app.domain.passport.transcripts import Transcript, content_of
from app.services.context import read_async
from app.services.passport import my_credits, own_periods, publishing
from app.services.passport.publishing import MyTranscript

router = APIRouter(prefix="/passport", route_class=PageRoute, include_in_schema=False)
_YEAR = timedelta(days=365)


class TranscriptView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of the transcript shows."""

    form: DrawnForm
    transcript: Transcript
    first: str
    last: str
    periods: tuple[tuple[str, str], ...]
    """(address, words) of periods that are often wanted."""
    published: tuple[MyTranscript, ...]
    zone: str


@router.get("/transcript")
async def show_transcript(request: Request, visitor: Physician, first: From = "", to: To = "") -> Response:
    """Show what a transcript of a period says, before it is published."""
    return await _show(request, visitor, first, to)


async def _show(request: Request, visitor: Physician, first: str, to: str) -> Response:
    period, said = read_period(first, to)
    try:
        found = await read_async(visitor.caller, my_credits.look, period)
        published = await read_async(visitor.caller, publishing.list_mine)
        saved = await read_async(visitor.caller, own_periods.list_mine)
    except Forbidden:
        return lead_to_confirming(request)
    today = visitor.service.clock().date()
    view = TranscriptView(
        form=DrawnForm({"from": [first], "to": [to]}, said),
        transcript=found.transcript,
        first=first,
        last=to,
        periods=(
            (_address(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)), "Last year"),
            (_address(today - 2 * _YEAR, today), "The last two years"),
            ("/passport/transcript", "All"),
            *saved_links("/passport/transcript", saved),
        ),
        published=tuple(published),
        zone=visitor.time_zone,
    )
    return page(request, visitor, "pages/passport/transcript.html", view, 422 if said else 200)


def _address(first: date, last: date) -> str:
    return f"/passport/transcript?from={first:%m/%d/%Y}&to={last:%m/%d/%Y}"


@router.get("/transcript.pdf")
async def download_copy(request: Request, visitor: Physician, first: From = "", to: To = "") -> Response:
    """Send the transcript as a PDF to read: without a code, so that nobody takes it for the official one."""
    period, said = read_period(first, to)
    if said:
        return await _show(request, visitor, first, to)
    try:
        pdf = await publishing.copy_for_reading(visitor.caller, period)
    except Forbidden:
        return lead_to_confirming(request)
    return Response(pdf, media_type="application/pdf", headers=file_headers("transcript_copy.pdf"))


@router.get("/transcript.json")
async def download_json(request: Request, visitor: Physician, first: From = "", to: To = "") -> Response:
    """Send what the transcript says as JSON, in the form of which published transcripts give the digest."""
    period, said = read_period(first, to)
    if said:
        return await _show(request, visitor, first, to)
    try:
        found = await read_async(visitor.caller, my_credits.look, period)
    except Forbidden:
        return lead_to_confirming(request)
    return Response(
        content_of(found.transcript), media_type="application/json", headers=file_headers("transcript.json")
    )


@router.post("/transcript/publish")
async def publish_transcript(request: Request, visitor: Physician, sent: Sent) -> Response:
    """Publish the transcript of a period: print, sign and keep it under a code."""
    first, to = value_of(sent, "from"), value_of(sent, "to")
    period, said = read_period(first, to)
    if said:
        return await _show(request, visitor, first, to)
    try:
        prepared = await publishing.prepare(visitor.caller, period)
        done = await submit_once(request, visitor, sent, publishing.save, prepared)
    except Forbidden:
        return lead_to_confirming(request)
    except Conflict as refusal:
        return go_to(request, "/passport/transcript", Flash(text=refusal.detail, kind="no"))
    text = f"Published. Its verification code is {prepared.code}." if not done.again else "It was published already."
    return go_to(request, "/passport/transcript#published", Flash(text=text))


@router.get("/transcripts/{transcript_id}/pdf")
async def download_published(request: Request, visitor: Physician, transcript_id: str) -> Response:
    """Send a transcript as it was signed: the same bytes each time."""
    pdf = await read_async(visitor.caller, publishing.my_pdf, transcript_id)
    return Response(pdf, media_type="application/pdf", headers=file_headers("official_transcript.pdf"))
