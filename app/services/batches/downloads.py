"""Downloads of a batch: the original file, and its rejected, successful or answered records written on request.

Rows are read some at a time, no transaction stays open between them, and they are written as they come: a file of any
length takes the same memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from itertools import groupby, islice
from typing import TypeAlias

import msgspec
from sqlalchemy import Connection

from app.core.errors import Conflict, CutOff, FileRemoved, NotFound, ParameterInvalid
from app.domain.batches import (
    ANSWERED,
    Batch,
    BatchKind,
    FileFormat,
    FileHead,
    RawRow,
    RowFinding,
    RowOutcome,
    RowResult,
)
from app.domain.held import HeldReason, HeldRecord, HeldStatus
from app.files.compared_columns import ComparedColumns
from app.files.formats import FORMATS
from app.files.result_files import (
    NotWritable,
    file_name,
    media_type,
    media_types,
    write_rejected,
    write_results,
    write_successful,
    written_format,
)
from app.files.writing.result_rows import AnnotatedRow, AnsweredRow, Note
from app.services.batches.lookup import get, held_of
from app.services.batches.templates import sheets_beside
from app.services.batches.uploads import read_upload
from app.services.context import Caller, Service
from app.services.row_findings import say_in_tables
from app.store import batch_rows, batches

__all__ = ["BatchFile", "Download", "media_types", "open_download"]

AT_ONCE = 1_000
"""Rows read in one transaction."""
_REJECTED = (RowOutcome.REJECTED.value,)
_HELD = (RowOutcome.HELD.value,)
_ACCEPTED = tuple(outcome.value for outcome in RowOutcome if outcome not in (RowOutcome.REJECTED, RowOutcome.HELD))


class BatchFile(StrEnum):
    """Which file of a batch."""

    ORIGINAL = "original"
    """The file as it was uploaded, byte for byte."""
    REJECTED = "rejected"
    """The rejected records as sent, with what is wrong; corrected, it can be uploaded as it is."""
    SUCCESSFUL = "successful"
    """The accepted records with their warnings; validations and transcripts that were answered, with the answers."""
    DETAILS = "details"
    """Of transcripts: every completed activity of those who were found."""
    HELD = "held"
    """The records that were held, as sent, each with what became of it; corrected, it can be uploaded as it is."""


AnswerWriter: TypeAlias = Callable[[Connection, Service, Batch, FileHead, BatchFile, FileFormat], Iterator[bytes]]
"""Writes the answers to a list of licensees, or all of their activities; raises `NotWritable` before the first byte."""


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """A file to send; its bytes are made as they are read."""

    name: str
    media_type: str
    pieces: Iterator[bytes]


def open_download(
    connection: Connection,
    caller: Caller,
    batch_id: str,
    which: BatchFile,
    asked: FileFormat | None,
    transcripts: AnswerWriter | None = None,
) -> Download:
    """Return a file of a batch; raises `NotFound` where there is none, `ParameterInvalid` for a format it cannot have.

    Files of records exist once the batch has finished: `Conflict` before. If the batch is retried while the file is
    being written, rows are missing from then on, and writing ends with `CutOff`. `transcripts` writes the answers to a
    list of licensees.
    """
    batch = get(connection, caller, batch_id)
    answers = batch.kind is BatchKind.TRANSCRIPTS and which in (BatchFile.SUCCESSFUL, BatchFile.DETAILS)
    if (which is BatchFile.DETAILS and not answers) or (answers and transcripts is None):
        raise NotFound("Only lists of licensees have details." if transcripts is not None else "No such file.")
    if which is BatchFile.ORIGINAL:
        if asked is not None and (batch.head is None or asked is not batch.head.format):
            detail = "The original file is returned as it came, in no other format."
            raise ParameterInvalid.of("format", detail, "Leave format out.")
        if batch.original_removed_at is not None:
            raise FileRemoved(
                f"The file as it was uploaded was removed on {batch.original_removed_at:%Y-%m-%d}: files are kept for "
                "a time only. Use your own copy; what became of its records is still listed at /rows."
            )
        return Download(
            name=batch.filename,
            media_type="application/octet-stream",
            pieces=read_upload(caller.service, batch.upload_id),
        )
    if not batch.finished:
        raise Conflict(
            "The batch is still being processed. Wait until it has finished: `Prefer: wait=20` on the batch does that."
        )
    if batch.head is None:
        raise NotFound("No records were read from this file.")
    if batch.records_removed_at is not None:
        raise FileRemoved(
            f"The records as they were sent were removed on {batch.records_removed_at:%Y-%m-%d}: they are kept for a "
            "time only. What became of each, and what was wrong with it, is still listed at /rows."
        )
    try:
        rows = batch.counts.get(which.value, 0) if which in (BatchFile.REJECTED, BatchFile.HELD) else 0
        format = written_format(batch.head, asked, rows)
        if answers and transcripts is not None:
            pieces = transcripts(connection, caller.service, batch, batch.head, which, format)
        else:
            pieces = _pieces(caller.service, batch, batch.head, which, format)
    except NotWritable as reason:
        raise ParameterInvalid.of("format", str(reason), "Leave format out, or name another.") from None
    titles = _TITLES | ({BatchFile.SUCCESSFUL: "Answers"} if batch.kind in ANSWERED else {})
    return Download(
        name=file_name(titles[which], batch.finished_at or batch.updated_at, format, batch.head),
        media_type=media_type(format, batch.head),
        pieces=pieces,
    )


_TITLES = {
    BatchFile.REJECTED: "Rejection",
    BatchFile.SUCCESSFUL: "Successful",
    BatchFile.HELD: "Held",
    BatchFile.DETAILS: "Details",
}


def _pieces(service: Service, batch: Batch, head: FileHead, which: BatchFile, format: FileFormat) -> Iterator[bytes]:
    if which is BatchFile.REJECTED:
        compared = ComparedColumns(head, batch.kind)
        rows = (_annotate(raw, result, compared) for raw, result in results_of(service, batch, _REJECTED))
        support = service.settings.support_contact
        return write_rejected(head, rows, format, sheets_beside(head, batch.kind, service.catalogue, support))
    if which is BatchFile.HELD:
        held = _held_rows(service, batch, ComparedColumns(head, batch.kind))
        support = service.settings.support_contact
        return write_rejected(head, held, format, sheets_beside(head, batch.kind, service.catalogue, support))
    accepted = results_of(service, batch, _ACCEPTED)
    if batch.kind is BatchKind.LEARNER_VALIDATIONS:
        is_table = FORMATS[format].is_table
        return write_results(head, (_answer(raw, result, is_table=is_table) for raw, result in accepted), format)
    compared = ComparedColumns(head, batch.kind)
    return write_successful(head, (_annotate(raw, result, compared) for raw, result in accepted), format)


def results_of(service: Service, batch: Batch, outcomes: tuple[str, ...]) -> Iterator[tuple[RawRow, RowResult]]:
    """Yield records as sent with their results, in their order."""
    place = -1

    def read_some(connection: Connection) -> list[RowResult]:
        results = batch_rows.after(connection, batch.batch_id, place, AT_ONCE, outcomes)
        # Read after the rows: had a retry removed any of them, the version would show it by now.
        current = batches.one(connection, batch.owner, batch.batch_id)
        if current is None or current.version != batch.version:
            raise CutOff("The batch was retried while its file was downloaded.")
        return results

    while results := service.database.read(read_some):
        place = results[-1].place
        # One piece at a time: a thousand rejected records may be in a thousand pieces, each of many records.
        for number, of_piece in groupby(results, lambda result: result.place // batch.piece_rows):
            raw = dict(service.database.read(partial(batches.of_pieces, batch=batch, numbers=[number])))
            yield from ((raw[result.place], result) for result in of_piece)


def _held_rows(service: Service, batch: Batch, compared: ComparedColumns) -> Iterator[AnnotatedRow]:
    """Yield the records that were held as sent, with what has become of each."""
    rows = results_of(service, batch, _HELD)
    while some := list(islice(rows, AT_ONCE)):
        results = [result for _, result in some]
        held = service.database.read(partial(held_of, results=results))
        for raw, result in some:
            yield _annotate_held(raw, result, held.get(result.record_id or ""), compared)


def _annotate_held(raw: RawRow, result: RowResult, held: HeldRecord | None, compared: ComparedColumns) -> AnnotatedRow:
    if held is None:
        return _annotate(raw, result, compared)
    end = Note(code="held", detail=_say_what_became(held), hint=_HELD_HINTS[held.status])
    if held.reason is HeldReason.RULES:
        notes = tuple(
            Note(code=finding.rule, detail=finding.detail, hint=finding.hint, rejects=finding.rejects)
            for finding in held.findings
        )
    elif held.status in (HeldStatus.WAITING, HeldStatus.REFUSED):
        notes = _annotate(raw, result, compared).notes
    else:
        notes = ()
    return AnnotatedRow(number=raw.number, raw=raw.raw, notes=(end, *notes))


_HELD_HINTS = {
    HeldStatus.WAITING: "Nothing to do if all is right; if not, correct the row and upload it again.",
    HeldStatus.ACCEPTED: "Nothing to do.",
    HeldStatus.REFUSED: "Correct the row and upload it again.",
    HeldStatus.SET_ASIDE: "Nothing to do.",
}


def _say_what_became(held: HeldRecord) -> str:
    """Return the sentence that says where a held record stands; it names nobody."""
    if held.ended_at is None:
        return f"Waits for its physician to be found, until {held.expires_at:%m/%d/%Y}."
    day = f"{held.ended_at:%m/%d/%Y}"
    match held.status:
        case HeldStatus.ACCEPTED:
            return f"Accepted on {day}: the physician was found."
        case HeldStatus.SET_ASIDE:
            return f"Set aside on {day}."
        case _ if held.reason is HeldReason.EXPIRED:
            return f"Refused on {day}: the physician was not found in 60 days."
        case _:
            return f"Refused on {day}: the physician was found, or more was wrong by then."


def _annotate(raw: RawRow, result: RowResult, compared: ComparedColumns) -> AnnotatedRow:
    notes = tuple(_note(finding, compared.of(finding, raw.raw)) for finding in result.findings)
    return AnnotatedRow(number=raw.number, raw=raw.raw, notes=notes)


def _note(finding: RowFinding, compared: tuple[int, ...]) -> Note:
    return Note(
        compared=compared,
        code=finding.rule,
        detail=finding.detail,
        hint=finding.hint,
        index=finding.index,
        place=finding.column if finding.index is None else None,
        rejects=finding.severity.value == "reject",
    )


def _answer(raw: RawRow, result: RowResult, *, is_table: bool) -> AnsweredRow:
    answer = result.answer or {}
    return AnsweredRow(
        number=raw.number,
        raw=raw.raw,
        result=result.outcome.value,
        learner_id=answer.get("learner_id") or "",
        boards=tuple(answer.get("matched_boards", ())),
        what_to_do=say_in_tables(answer.get("hint", "")) if is_table else answer.get("hint", ""),
    )
