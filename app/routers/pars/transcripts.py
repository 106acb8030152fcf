"""`/pars/GetLearnerTranscript…`: transcripts of a board's licensees, for clients that ask by an address.

Names and numbers stand in the address because existing clients put them there. No log of this service holds a query;
whatever is before it may write addresses down: POST /v1/transcripts:search takes the same as a body.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ValidationError

from app.core.errors import NotFound, ParameterInvalid
from app.core.http.problems import error_items
from app.domain.parsing import MonthDay
from app.domain.passport.licensees import FoundTranscript
from app.files.cells import read_birth_date
from app.files.shapes import answers
from app.routers.openapi import binary, problems
from app.routers.pars.callers import AnswerType, LicenseesReader
from app.routers.pars.description import CREDITS_TOTALLED, TRANSCRIPT_FOUND
from app.routers.pars.forms import ParsRoute, send, send_list
from app.routers.pars.parameters import Text, day_of
from app.schemas.passport.transcripts import TranscriptTotalsIn
from app.services.context import Caller
from app.services.pars import transcripts
from app.services.passport import licensees

router = APIRouter(prefix="/pars", tags=["PARS"], route_class=ParsRoute)
PDF = "application/pdf"


class FindTranscript(BaseModel):
    """Of whom the transcript is wanted, and of which days: both names, and a number or the birth date."""

    FirstName: Text = None
    LastName: Text = None
    BirthDate: Text = None
    StateOfLicensure: Text = None
    StateMedicalLicenseID: Text = None
    CertifyingBoard: Text = None
    CertifyingBoardID: Text = None
    NPI: Text = None
    StartDate: Text = None
    EndDate: Text = None


_NAMES = {
    "FirstName": "first_name",
    "LastName": "last_name",
    "BirthDate": "date_of_birth",
    "StateOfLicensure": "state",
    "StateMedicalLicenseID": "license_id",
    "CertifyingBoard": "board",
    "CertifyingBoardID": "board_id",
    "NPI": "npi",
    "StartDate": "completed_from",
    "EndDate": "completed_to",
}
"""Fields of a search by the parameters that say them."""
Asked = Annotated[FindTranscript, Query()]


async def _look_up(caller: Caller, asked: FindTranscript) -> FoundTranscript | None:
    """Return the transcript of the licensee whom all parameters fit; raises `ParameterInvalid`."""
    body: dict[str, Any] = {}
    for name, field in _NAMES.items():
        text = getattr(asked, name)
        if text is not None:
            body[field] = _value(name, text)
    try:
        question = TranscriptTotalsIn.model_validate(body).as_question()
    except ValidationError as error:
        items = error_items(error.errors(include_url=False), TranscriptTotalsIn)
        raise ParameterInvalid(errors=items) from None
    return await licensees.look_up(caller, question)


def _value(name: str, text: str) -> str:
    """Return a parameter as the search takes it; raises `ParameterInvalid` for what is no day."""
    if name == "BirthDate":
        born = read_birth_date(text)
        return str(born) if isinstance(born, MonthDay) else text
    if name in ("StartDate", "EndDate"):
        day = day_of(name, text)
        return day.isoformat() if day is not None else text
    return text


@router.get("/GetLearnerTranscriptbyLearner", responses=TRANSCRIPT_FOUND)
async def find_licensee_transcript(caller: LicenseesReader, asked: Asked, media_type: AnswerType) -> Response:
    """Look one of your licensees up, and read their transcript.

    Everybody else is answered as somebody who is not on file. A new client asks with POST /v1/transcripts:search, which
    takes names and numbers as a body.
    """
    found = await _look_up(caller, asked)
    return send_list(transcripts.document_of(found), answers.TRANSCRIPTS, answers.TRANSCRIPT, media_type)


@router.get(
    "/GetLearnerTranscriptbyLearnerPDF",
    response_class=Response,
    responses=binary(PDF, description="The signed transcript") | problems(NotFound),
)
async def find_licensee_transcript_file(caller: LicenseesReader, asked: Asked) -> Response:
    """Look one of your licensees up, and take their transcript as a signed PDF."""
    found = await _look_up(caller, asked)
    if found is None:
        raise NotFound("Nobody of your licensees fits all of this.")
    pdf = await licensees.take_pdf(caller, found.handle)
    headers = {"Content-Disposition": 'attachment; filename="official_transcript.pdf"', "Cache-Control": "no-store"}
    return Response(pdf, media_type=PDF, headers=headers)


@router.get("/GetLearnerTranscriptCreditsByDate", responses=CREDITS_TOTALLED)
async def total_licensee_credits(caller: LicenseesReader, asked: Asked, media_type: AnswerType) -> Response:
    """Add up what was reported for one of your licensees between two days of completion."""
    found = await _look_up(caller, asked)
    return send({"Totals": transcripts.credits_of(found)}, answers.CREDITS, media_type)
