"""Transcripts for whoever regulates: a board looks one of its licensees up, reads what was reported, takes the PDF.

A board sees those who have a licence or certification of it on file, and their whole transcript, as the physician would
hand it over. Everybody else is absent, whatever is given: not on file, another board's, several of one name, a date
that is wrong, a budget that is spent. The operator sees everybody.

The PDF is published as a physician's own is: signed, under a code that anybody can verify. A copy without a code says
that it proves nothing, and a regulator decides by it. It is kept under its id, so that whoever takes it again within
the day gets the same bytes and no second code.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
from sqlalchemy import Connection

from app.core.errors import Forbidden, InvalidRequest, NotFound
from app.domain.boards import Board
from app.domain.clients import Role
from app.domain.identity.physicians import Physician
from app.domain.identity.validations import ValidationRequest
from app.domain.passport.licensees import FoundTranscript, LicenseeQuestion
from app.domain.passport.transcripts import Transcript, TranscriptPeriod
from app.rules.licensees import judge_licensee
from app.services.context import Caller, Work, read_async, transact_async
from app.services.findings import rejection_of
from app.services.passport import my_credits, publishing
from app.services.passport.publishing import Prepared
from app.services.registry import physicians as registry
from app.services.registry.licensee_search import find_one, place_of
from app.services.registry.own_data import has_on_file
from app.store.passport import transcripts
from app.store.registry import physicians

HANDLE_LIFE = timedelta(days=1)
"""How long the PDF of a search can be taken."""
_PURPOSE = "transcript-handle"


class _Handle(msgspec.Struct, frozen=True, array_like=True):
    """What a handle holds. The id is that under which the PDF is published, once it is asked for."""

    transcript_id: str
    physician_id: str
    first: date | None
    last: date | None
    until: int
    """In seconds since 1970."""


async def look_up(caller: Caller, question: LicenseeQuestion) -> FoundTranscript | None:
    """Return the transcript of the one licensee whom everything given fits, None for anybody else.

    Raises `InvalidRequest` with all that is wrong with what was given, whoever is on file.
    """
    _judge(caller, question)
    physician_id = await transact_async(caller, _find, question.known)
    return await read_async(caller, _read, physician_id, question) if physician_id is not None else None


def _judge(caller: Caller, question: LicenseeQuestion) -> None:
    findings = judge_licensee(question, caller.service.catalogue)
    if findings:
        raise InvalidRequest(errors=rejection_of(InvalidRequest, findings).errors)


def board_of(caller: Caller) -> Board | None:
    """Return the board that a caller is of, None for the operator; raises `Forbidden` for anybody else."""
    code = caller.client.board
    if code is None and caller.client.role is not Role.OPERATOR:
        raise Forbidden("Only boards and the operator look for transcripts.")
    return caller.service.catalogue.boards[code] if code is not None else None


def _place(caller: Caller) -> str:
    return place_of(board_of(caller))


def _find(work: Work, known: ValidationRequest) -> str | None:
    return find_one(work, known, board_of(work.caller))


def _read(
    connection: Connection, caller: Caller, physician_id: str, question: LicenseeQuestion
) -> FoundTranscript | None:
    physician = _seen(connection, caller, physician_id)
    if physician is None:
        return None
    period = question.completed
    held = _Handle(
        publishing.new_transcript_id(), physician.physician_id, period.first, period.last,
        int((caller.service.clock() + HANDLE_LIFE).timestamp()),
    )  # fmt: skip
    return FoundTranscript(
        handle=caller.service.keyring.seal(_PURPOSE, msgspec.json.encode(held), _place(caller)),
        physician=physician,
        transcript=_transcript_of(connection, caller, physician, question),
    )


def _seen(connection: Connection, caller: Caller, physician_id: str) -> Physician | None:
    """Return a physician as they are on file now; None where the caller's board has no licence of theirs any more."""
    board = board_of(caller)
    root = physicians.roots_of(connection, [physician_id]).get(physician_id)
    physician = registry.find(connection, root) if root is not None else None
    if physician is None or (board is not None and not has_on_file(physician, board.code)):
        return None
    return physician


def _transcript_of(
    connection: Connection, caller: Caller, physician: Physician, question: LicenseeQuestion
) -> Transcript:
    records = [
        record
        for record in my_credits.records_of(connection, physician, question.completed)
        if question.submitted.covers(record.completion.submitted_at.date())
    ]
    return my_credits.transcript_of(caller.service.catalogue, physician, records, question.completed)


async def take_pdf(caller: Caller, handle: str) -> bytes:
    """Return the signed PDF of a transcript that was looked up, published when it is taken first.

    Raises `NotFound` for a handle that is another board's, is over, or whose physician the board sees no more.
    """
    held = _open(caller, handle)
    kept, physician_id, transcript = await read_async(caller, _load, held)
    if kept is not None:
        return kept
    caller.charge(publishing.PDF_AS_REQUESTS, 1)
    prepared = await publishing.sign(caller.service, held.transcript_id, physician_id, transcript)
    return await transact_async(caller, _publish, prepared)


def _open(caller: Caller, handle: str) -> _Handle:
    opened = caller.service.keyring.unseal(_PURPOSE, handle, _place(caller))
    held = msgspec.json.decode(opened, type=_Handle) if opened is not None else None
    if held is None or held.until <= caller.service.clock().timestamp():
        raise NotFound("There is no such transcript, or it was looked up more than a day ago. Search again.")
    return held


def _load(connection: Connection, caller: Caller, held: _Handle) -> tuple[bytes | None, str, Transcript]:
    """Return the PDF where it was published already, else what to publish; raises `NotFound`."""
    physician = _seen(connection, caller, held.physician_id)
    if physician is None:
        raise NotFound("This physician has no licence or certification of yours on file any more.")
    question = LicenseeQuestion(known=ValidationRequest(), completed=TranscriptPeriod(first=held.first, last=held.last))
    transcript = _transcript_of(connection, caller, physician, question)
    return _published(connection, held.transcript_id), physician.physician_id, transcript


def _published(connection: Connection, transcript_id: str) -> bytes | None:
    known = transcripts.one(connection, transcript_id)
    return transcripts.pdf_of(connection, transcript_id) if known is not None else None


def _publish(work: Work, prepared: Prepared) -> bytes:
    """Store a PDF and return it, or what another request of the same handle has stored meanwhile."""
    physicians.lock(work.connection, [prepared.learner_id])
    kept = _published(work.connection, prepared.transcript_id)
    if kept is not None:
        return kept
    if _seen(work.connection, work.caller, prepared.learner_id) is None:
        raise NotFound("This physician has no licence or certification of yours on file any more.")
    publishing.store(work, prepared, work.caller.client.client_id)
    return prepared.pdf
