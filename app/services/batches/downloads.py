"""The files of a batch: the original as it came, and rejected, successful or answered records, written when asked for.

Rows are read some at a time, with no transaction held open between them, and written as they come: a file of any
length takes the same memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from itertools import groupby

import msgspec
from sqlalchemy import Connection

from app.core.errors import Conflict, CutOff, NotFound, ParameterInvalid
from app.domain.batches import Batch, BatchKind, FileFormat, Head, RawRow, RowFinding, RowOutcome, RowResult
from app.files.result_files import (
    NotWritable,
    file_name,
    media_type,
    write_rejected,
    write_results,
    write_successful,
    written_format,
)
from app.files.writing.result_rows import AnnotatedRow, AnsweredRow, Note
from app.services.batches.lifecycle import get
from app.services.batches.uploads import content
from app.services.context import Caller, Service
from app.store import batch_rows, batches

__all__ = ["Which", "Written", "media_type", "open_written"]

AT_ONCE = 1_000
"""Rows read in one transaction."""
_ACCEPTED = tuple(each.value for each in RowOutcome if each not in (RowOutcome.REJECTED, RowOutcome.HELD))


class Which(StrEnum):
    """Which file of a batch."""

    ORIGINAL = "original"
    """The file as it was uploaded, byte for byte."""
    REJECTED = "rejected"
    """The refused records as they were sent, told what is wrong: mended, it is uploaded as it is."""
    SUCCESSFUL = "successful"
    """The accepted records with their warnings; of validations, all that were answered, with the answers."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A file to send: its name, what it is, and its bytes, made as they are asked for."""

    name: str
    media_type: str
    pieces: Iterator[bytes]


def open_written(
    connection: Connection, caller: Caller, batch_id: str, which: Which, asked: FileFormat | None
) -> Written:
    """Return a file of a batch; raises `NotFound` where there is none, `ParameterInvalid` for a format it cannot have.

    Of its rows there is a file once nothing more happens to them: `Conflict` before. When the batch is retried while
    the file is written, what is missing from then on is not passed over: writing it ends with `CutOff`.
    """
    batch = get(connection, caller, batch_id)
    if which is Which.ORIGINAL:
        if asked is not None and (batch.head is None or asked is not batch.head.format):
            raise ParameterInvalid.of("format", "The original file is given back as it came, in no other format.")
        return Written(
            name=batch.filename, media_type="application/octet-stream", pieces=content(caller.service, batch.upload_id)
        )
    if not batch.finished:
        raise Conflict(
            "The batch is still worked on. Wait until it has ended: `Prefer: wait=20` on the batch does that."
        )
    if batch.head is None:
        raise NotFound("No records were read from this file.")
    try:
        format = written_format(batch.head, asked, batch.counts.get("rejected", 0) if which is Which.REJECTED else 0)
    except NotWritable as reason:
        raise ParameterInvalid.of("format", str(reason)) from None
    titles = {Which.REJECTED: "Rejection", Which.SUCCESSFUL: "Successful"}
    return Written(
        name=file_name(titles[which], batch.finished_at or batch.updated_at, format),
        media_type=media_type(format),
        pieces=_pieces(caller.service, batch, batch.head, which, format),
    )


def _pieces(service: Service, batch: Batch, head: Head, which: Which, format: FileFormat) -> Iterator[bytes]:
    if which is Which.REJECTED:
        rows = (_annotate(raw, result) for raw, result in _results(service, batch, (RowOutcome.REJECTED.value,)))
        return write_rejected(head, rows, format)
    accepted = _results(service, batch, _ACCEPTED)
    if batch.kind is BatchKind.LEARNER_VALIDATIONS:
        return write_results(head, (_answer(raw, result) for raw, result in accepted), format)
    return write_successful(head, (_annotate(raw, result) for raw, result in accepted), format)


def _results(service: Service, batch: Batch, outcomes: tuple[str, ...]) -> Iterator[tuple[RawRow, RowResult]]:
    """Yield records as sent with what became of them, in their order."""
    place = -1

    def some(connection: Connection) -> list[RowResult]:
        found = batch_rows.after(connection, batch.batch_id, place, AT_ONCE, outcomes)
        # Looked at after the rows: had a retry taken any of them away, it would show by now.
        standing = batches.one(connection, batch.provider_id, batch.batch_id)
        if standing is None or standing.version != batch.version:
            raise CutOff("The batch was retried while its file was downloaded.")
        return found

    while found := service.database.read(some):
        place = found[-1].place
        # Piece by piece: a thousand refused records may stand in a thousand pieces, each of many records.
        for number, results in groupby(found, lambda each: each.place // batch.piece_rows):
            raw = dict(service.database.read(partial(batches.of_pieces, batch=batch, numbers=[number])))
            yield from ((raw[each.place], each) for each in results)


def _annotate(raw: RawRow, result: RowResult) -> AnnotatedRow:
    return AnnotatedRow(number=raw.number, raw=raw.raw, notes=tuple(_note(finding) for finding in result.findings))


def _note(finding: RowFinding) -> Note:
    return Note(
        code=finding.rule,
        detail=finding.detail,
        hint=finding.hint,
        index=finding.index,
        place=finding.column if finding.index is None else None,
        rejects=finding.severity.value == "reject",
    )


def _answer(raw: RawRow, result: RowResult) -> AnsweredRow:
    answer = result.answer or {}
    return AnsweredRow(
        number=raw.number,
        raw=raw.raw,
        result=result.outcome.value,
        learner_id=answer.get("learner_id") or "",
        boards=tuple(answer.get("matched_boards", ())),
        what_to_do=answer.get("hint", ""),
    )
