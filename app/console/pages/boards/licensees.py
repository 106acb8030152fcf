"""A board's licensees: one is looked up by a form, and their transcript is read or taken as the signed PDF."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, said_of_problem
from app.console.forms import BodyForm
from app.console.frame import file_headers, page
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import BoardStaff, Visitor
from app.core.errors import InvalidRequest
from app.domain.boards import BoardKind
from app.domain.passport.licensees import FoundTranscript
from app.domain.passport.transcripts import Transcript
from app.domain.states import STATES
from app.schemas.passport.transcripts import TranscriptSearchIn
from app.services import reference
from app.services.passport import licensees

router = APIRouter(prefix="/b/{code}/licensees", route_class=PageRoute, include_in_schema=False)
FORM = BodyForm(TranscriptSearchIn, days=["/completed_from", "/completed_to"])


class LicenseesView(msgspec.Struct, frozen=True, kw_only=True):
    """The form, and who was found by it."""

    form: DrawnForm
    address: str
    lists: str
    """Where many are looked up by a file."""
    roster: str
    """Where the board sends whom it has certified or licensed."""
    states: tuple[tuple[str, str], ...]
    boards: tuple[tuple[str, str], ...]
    certifies: bool
    """Whether the board certifies; else it licenses."""
    asked: bool = False
    """Whether somebody was looked for."""
    transcript: Transcript | None = None
    transcript_id: str = ""


@router.get("")
async def show_licensees(request: Request, visitor: BoardStaff, code: str) -> Response:
    """Show the empty form: nothing of whoever was looked for before stands in it."""
    return _show(request, visitor, DrawnForm(), None, 200, asked=False)


@router.post("")
async def look_licensee_up(request: Request, visitor: BoardStaff, code: str, sent: Sent) -> Response:
    """Look somebody up, and show their transcript above what was typed; who is not the board's is not there."""
    typed = FORM.read(sent)
    try:
        found = await licensees.look_up(visitor.caller, FORM.validated(typed).as_question())
    except InvalidRequest as refusal:
        form = DrawnForm(typed.fields, said_of_problem(refusal, typed.fields))
        return _show(request, visitor, form, None, 422, asked=False)
    return _show(request, visitor, DrawnForm(typed.fields), found, 200, asked=True)


@router.post("/pdf")
async def download_transcript(request: Request, visitor: BoardStaff, code: str, sent: Sent) -> Response:
    """Send the transcript that was found as a signed PDF, published when it is taken first."""
    pdf = await licensees.take_pdf(visitor.caller, value_of(sent, "transcript_id"))
    return Response(pdf, media_type="application/pdf", headers=file_headers("official_transcript.pdf"))


def _show(
    request: Request, visitor: Visitor, form: DrawnForm, found: FoundTranscript | None, status: int, *, asked: bool
) -> Response:
    board = licensees.board_of(visitor.caller)
    view = LicenseesView(
        form=form,
        address=f"{visitor.home}/licensees",
        lists=f"{visitor.home}/licensees/lists",
        roster=f"{visitor.home}/roster",
        states=tuple(sorted(STATES.items(), key=lambda state: state[1])),
        boards=tuple(
            (known.code, known.name)
            for known in reference.boards(visitor.service.catalogue)
            if known.kind is BoardKind.CERTIFYING
        ),
        certifies=board is not None and board.kind is BoardKind.CERTIFYING,
        asked=asked,
        transcript=found.transcript if found is not None else None,
        transcript_id=found.handle if found is not None else "",
    )
    return page(request, visitor, "pages/boards/licensees.html", view, status)
