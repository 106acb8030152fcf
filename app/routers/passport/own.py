"""`/v1/passport`: a physician's own credits and transcripts, for programs of theirs and pages of ours."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from msgspec.structs import replace
from pydantic import AfterValidator
from starlette.responses import Response

from app.core.errors import Conflict, ErrorItem, InvalidRequest, ParameterInvalid, Problem
from app.core.http.routing import StrictRoute
from app.domain.parsing import plain_text
from app.domain.passport.transcripts import TranscriptPeriod, content_of
from app.routers.answers import send
from app.routers.callers import Physician, PhysicianPublishing
from app.routers.openapi import binary, problems
from app.schemas.base import Day
from app.schemas.passport.own_transcripts import (
    CompletedDays,
    OwnCreditsOut,
    OwnRecordOut,
    PublishedTranscriptOut,
    PublishedTranscriptsOut,
    TranscriptContentOut,
    TranscriptPublishIn,
)
from app.services.context import Work, read_async, transact_async
from app.services.idempotency import Answer, once
from app.services.passport import my_credits, publishing
from app.services.passport.publishing import MyTranscript, Prepared

PATH = "/v1/passport"
PDF = "application/pdf"
router = APIRouter(prefix=PATH, tags=["CME Passport"], route_class=StrictRoute)
From = Annotated[Day | None, Query(alias="from", description="First day of completion.")]
To = Annotated[Day | None, Query(description="Last day of completion.")]
OwnTranscriptId = Annotated[str, Path(max_length=1_000, description="The transcript's id."), AfterValidator(plain_text)]


def period_of(first: Day | None, last: Day | None, problem: type[Problem], **place: str) -> TranscriptPeriod:
    """Return the days from a first to a last one; raises a problem at a place for one that ends before it begins."""
    if first is not None and last is not None and last < first:
        detail = "The last day is before the first."
        code = "format" if problem is InvalidRequest else problem.code
        raise problem(errors=[ErrorItem(code=code, detail=detail, hint="Swap them, or leave one out.", **place)])
    return TranscriptPeriod(first=first, last=last)


def sent_period(body: CompletedDays) -> TranscriptPeriod:
    """Return the days that a body names; raises `InvalidRequest`."""
    return period_of(body.completed_from, body.completed_to, InvalidRequest, pointer="/completed_to")


def _asked(first: Day | None, last: Day | None) -> TranscriptPeriod:
    return period_of(first, last, ParameterInvalid, parameter="to")


@router.get("/credits", response_model=OwnCreditsOut)
async def list_own_credits(caller: Physician, first: From = None, to: To = None) -> OwnCreditsOut:
    """Read everything that was reported of you, and where it stands at each board.

    What was withdrawn, and why a board rejected something, stands here and not on a transcript.
    """
    found = await read_async(caller, my_credits.look, _asked(first, to))
    records = [OwnRecordOut.of(one.completion, one.activity, one.provider, one.flags) for one in found.records]
    return OwnCreditsOut.of(found.transcript.name, found.transcript.rows, records)


@router.get("/transcript", response_model=TranscriptContentOut)
async def get_own_transcript(caller: Physician, first: From = None, to: To = None) -> Response:
    """Read what your transcript of a period says now, in the canonical form of which published ones give the digest."""
    found = await read_async(caller, my_credits.look, _asked(first, to))
    return Response(content_of(found.transcript), media_type="application/json")


@router.get("/transcript.pdf", response_class=Response, responses=binary(PDF, description="A copy for reading"))
async def get_own_transcript_copy(caller: Physician, first: From = None, to: To = None) -> Response:
    """Take your transcript of a period as a PDF to read: without a code, so that nobody takes it for the official one.

    It counts as 40 requests.
    """
    pdf = await publishing.copy_for_reading(caller, _asked(first, to))
    return send_pdf(pdf, "transcript_copy.pdf")


@router.post("/transcripts", status_code=201, response_model=PublishedTranscriptOut, responses=problems(Conflict))
async def publish_transcript(caller: PhysicianPublishing, body: TranscriptPublishIn) -> Response:
    """Publish your transcript of a period: it is printed, signed and kept under a code that anybody can verify.

    Twenty a day, here and on the pages together. It counts as 40 requests.
    """
    prepared = await publishing.prepare(caller, sent_period(body))
    answer = await transact_async(caller, once, lambda work: _publish(work, prepared))
    shown = await read_async(caller, publishing.mine, answer.body)
    # What is kept under the key is the id alone: the code is stored sealed, and nowhere else.
    return send(caller, replace(answer, body=_shown(shown).model_dump_json()))


def _publish(work: Work, prepared: Prepared) -> Answer:
    published = publishing.save(work, prepared)
    location = f"{PATH}/transcripts/{published.transcript_id}.pdf"
    return Answer(status=201, body=published.transcript_id, headers={"Location": location})


@router.get("/transcripts", response_model=PublishedTranscriptsOut)
async def list_own_transcripts(caller: Physician) -> PublishedTranscriptsOut:
    """List the transcripts that you have published, each with its code."""
    found = await read_async(caller, publishing.list_mine)
    return PublishedTranscriptsOut(data=[_shown(one) for one in found])


@router.get(
    "/transcripts/{transcript_id}.pdf",
    response_class=Response,
    responses=binary(PDF, description="The signed transcript"),
)
async def get_own_transcript_file(caller: Physician, transcript_id: OwnTranscriptId) -> Response:
    """Take a transcript as it was signed: the same bytes each time."""
    return send_pdf(await read_async(caller, publishing.my_pdf, transcript_id), "official_transcript.pdf")


def _shown(one: MyTranscript) -> PublishedTranscriptOut:
    return PublishedTranscriptOut.of(one.published, one.code)


def send_pdf(pdf: bytes, name: str) -> Response:
    """Send a PDF as a file that is kept by nobody."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(pdf, media_type=PDF, headers=headers)
