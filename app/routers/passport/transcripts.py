"""`/v1/transcripts`: what boards, and the operator, read of the physicians that they license or certify."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from app.core.http.routing import StrictRoute
from app.routers.callers import TranscriptsReader
from app.routers.openapi import binary
from app.schemas.passport.transcripts import (
    LearnersTotalsOut,
    TranscriptSearchIn,
    TranscriptsOut,
    TranscriptTotalsIn,
)
from app.services.passport import licensees

PATH = "/v1/transcripts"
router = APIRouter(tags=["Transcripts"], route_class=StrictRoute)
TranscriptId = Annotated[str, Path(max_length=1_000, description="What the search answered as `transcript_id`.")]
PDF = "application/pdf"


@router.post(f"{PATH}:search", response_model=TranscriptsOut)
async def search_transcripts(caller: TranscriptsReader, body: TranscriptSearchIn) -> TranscriptsOut:
    """Look one of your licensees up, and read their transcript.

    You see who has a licence or certification of your board on file, also one that has lapsed. Everybody else is
    answered as somebody who is not on file, and so is who does not fit exactly. Names, numbers and birth dates are sent
    as a body, for addresses are logged on their way.
    """
    return TranscriptsOut.of(await licensees.look_up(caller, body.as_question()))


@router.post(f"{PATH}:totals", response_model=LearnersTotalsOut)
async def total_transcripts(caller: TranscriptsReader, body: TranscriptTotalsIn) -> LearnersTotalsOut:
    """Add up what was reported for one of your licensees, by days of completion or of submission.

    Whom you see, and how everybody else is answered, is as with the search.
    """
    return LearnersTotalsOut.of(await licensees.look_up(caller, body.as_question()))


@router.get(
    f"{PATH}/{{transcript_id}}.pdf", response_class=Response, responses=binary(PDF, description="The signed transcript")
)
async def get_transcript_file(caller: TranscriptsReader, transcript_id: TranscriptId) -> Response:
    """Take a transcript that was found as a PDF, signed, with a code that anybody can verify.

    It is published when it is taken first, and says what is true then; within the day it is the same bytes again.
    """
    pdf = await licensees.take_pdf(caller, transcript_id)
    headers = {"Content-Disposition": 'attachment; filename="official_transcript.pdf"', "Cache-Control": "no-store"}
    return Response(pdf, media_type=PDF, headers=headers)
