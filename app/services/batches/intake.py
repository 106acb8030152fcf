"""Taking in an upload: the file is stored as it arrives, becomes a batch once, and is waited for if preferred."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import TypeAlias

from msgspec.structs import replace

from app.core.errors import Conflict, ErrorItem, FileRemoved, Forbidden
from app.core.http.multipart import PIECE, Form, read_multipart
from app.domain.batches import OF_BOARDS, Batch, BatchKind, OnUnmatched
from app.schemas.batch_form import permission_missing, read_form
from app.services.batches import lifecycle, lookup
from app.services.batches.lifecycle import NewBatch
from app.services.batches.uploads import IncomingUpload, read_upload
from app.services.context import Caller, Work, read_async, transact_async
from app.services.idempotency import Answer, once

AnswerOf: TypeAlias = Callable[[Batch], Answer]
"""Builds the answer about a batch, with its URL as `Location`."""


async def accept_upload(
    caller: Caller, request_line: str, content_type: str, body: AsyncIterator[bytes], answer_of: AnswerOf
) -> Answer:
    """Create a batch from the file in a form; nothing is kept of a form that is refused, or was sent before.

    The request line and the form together make the fingerprint of an idempotent upload. Raises the problem of a form
    that cannot be accepted.
    """
    upload = IncomingUpload(caller.service, caller.batch_owner)
    return await accept_form(upload, request_line, content_type, body, answer_of, lambda _: caller)


async def accept_form(
    upload: IncomingUpload,
    request_line: str,
    content_type: str,
    body: AsyncIterator[bytes],
    answer_of: AnswerOf,
    settle: Callable[[Form], Caller],
) -> Answer:
    """Do as `accept_upload` for a form that says itself who sends it: `settle` takes that from its fields.

    What `settle` raises is raised, and nothing is kept of the form.
    """
    try:
        form = await read_multipart(content_type, body, "file", upload.store)
        caller = settle(form)
        given = _new_batch(form, upload.upload_id)
    except BaseException:
        await upload.drop()
        raise
    line = sha256(f"{request_line}\n{sorted(form.fields.items())}\n{form.digest}".encode()).hexdigest()
    return await create_once(replace(caller, fingerprint=line), upload, given, answer_of)


async def create_once(caller: Caller, upload: IncomingUpload, given: NewBatch, answer_of: AnswerOf) -> Answer:
    """Create a batch from an upload once under the caller's idempotency key; what was sent before is dropped."""

    def produce(work: Work) -> Answer:
        upload.require_fit()
        return answer_of(lifecycle.create(work, given))

    return await finish_once(caller, upload, produce, answer_of, given.kind)


async def finish_once(
    caller: Caller, upload: IncomingUpload, produce: Callable[[Work], Answer], answer_of: AnswerOf, kind: BatchKind
) -> Answer:
    """Do the work that makes a batch of an upload, once; drop the upload where it did not become one."""
    try:
        _require_right_kind(caller, kind)
        answer = await transact_async(caller, once, produce)
    except BaseException:
        await upload.drop()
        raise
    if answer.replayed:
        await upload.drop()
    return await answer_when_done(caller, answer, answer_of)


async def upload_again(caller: Caller, batch_id: str, answer_of: AnswerOf, *, permission_attested: bool) -> Answer:
    """Upload the file of a dry run, so that its records take effect; nobody has to choose it a second time.

    Raises `NotFound`, `Conflict` for a batch that was no dry run, `FileRemoved` once the file is gone,
    `PermissionNotAttested` for completions without it.
    """
    batch = await read_async(caller, lookup.get, batch_id)
    if not batch.dry_run:
        raise Conflict("This file was uploaded, not only checked.")
    return await _send_again(caller, batch, answer_of, batch.kind, permission_attested, dry_run=False)


async def upload_as_it_looks(
    caller: Caller, batch_id: str, answer_of: AnswerOf, *, permission_attested: bool
) -> Answer:
    """Upload a file again that was refused because its records are of another kind, as that kind.

    It is a dry run again where it was one. Raises what `upload_again` does, `Conflict` where no other kind is known.
    """
    batch = await read_async(caller, lookup.get, batch_id)
    if batch.looks_like is None:
        raise Conflict("This file was not refused as one of another kind.")
    return await _send_again(caller, batch, answer_of, batch.looks_like, permission_attested, dry_run=batch.dry_run)


async def _send_again(
    caller: Caller, batch: Batch, answer_of: AnswerOf, kind: BatchKind, permission_attested: bool, *, dry_run: bool
) -> Answer:
    """Upload the stored file of a batch as a batch of its own."""
    if batch.original_removed_at is not None:
        raise FileRemoved("The file was removed: it is kept for a time only. Choose your own copy.")
    of_learners = kind is BatchKind.LEARNER_COMPLETIONS
    if of_learners and not permission_attested:
        raise permission_missing(
            "Nothing was uploaded: nobody has said that the learners agreed.", "Tick it once they have agreed."
        )
    upload = IncomingUpload(caller.service, caller.batch_owner)
    size = 0
    pieces = read_upload(caller.service, batch.upload_id)
    try:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            size += len(piece)
            await upload.store(piece)
    except BaseException:
        await upload.drop()
        raise
    given = NewBatch(
        upload_id=upload.upload_id,
        kind=kind,
        filename=batch.filename,
        size=size,
        digest=batch.digest,
        permission_attested=permission_attested,
        dry_run=dry_run,
        on_unmatched=batch.on_unmatched if of_learners else OnUnmatched.REJECT,
        completed=lifecycle.period_of(batch),
    )
    return await create_once(caller, upload, given, answer_of)


async def upload_text(caller: Caller, text: str, form: Form, answer_of: AnswerOf) -> Answer:
    """Upload rows that were pasted with their headings, as a tab-delimited file; `form` has the fields beside."""
    content = text.encode()
    form.files, form.filename = ["file"], "pasted_rows.tsv"
    form.size, form.digest = len(content), sha256(content).hexdigest()
    upload = IncomingUpload(caller.service, caller.batch_owner)
    given = _new_batch(form, upload.upload_id)
    try:
        for start in range(0, len(content), PIECE):
            await upload.store(content[start : start + PIECE])
    except BaseException:
        await upload.drop()
        raise
    return await create_once(caller, upload, given, answer_of)


async def answer_when_done(caller: Caller, answer: Answer, answer_of: AnswerOf) -> Answer:
    """Return the answer to an upload once its batch has finished, as long as the caller prefers to wait."""
    if not caller.prefers.wait:
        return answer
    # A replayed answer names its batch only in its URL.
    batch_id = answer.headers["Location"].rpartition("/")[2]
    batch = await lookup.wait_for(caller, batch_id, caller.prefers.wait)
    return replace(answer_of(batch), replayed=answer.replayed)


def _new_batch(form: Form, upload_id: str) -> NewBatch:
    read = read_form(form)
    return NewBatch(
        upload_id=upload_id,
        kind=read.kind,
        filename=read.filename,
        size=form.size,
        digest=form.digest,
        permission_attested=read.permission_attested,
        dry_run=read.dry_run,
        on_unmatched=read.on_unmatched,
        completed=read.completed,
    )


def _require_right_kind(caller: Caller, kind: BatchKind) -> None:
    """Raise `Forbidden` for a kind of records that is not the caller's: boards have their own, providers all others."""
    of_board = caller.batch_owner.board is not None
    if of_board is not (kind in OF_BOARDS):
        kinds = " or ".join(f"kind={one}" for one in BatchKind if one in OF_BOARDS)
        detail = "A board's client uploads rosters and lists for transcripts only." if of_board else _NOT_YOURS[kind]
        hint = f"Send {kinds}." if of_board else _ASK_THE_BOARD[kind]
        raise Forbidden(detail, errors=[ErrorItem(code=Forbidden.code, pointer="/kind", detail=detail, hint=hint)])
    lookup.require_scope(caller, kind)


_NOT_YOURS = {
    BatchKind.ROSTER: "A roster is uploaded by its board's own client.",
    BatchKind.TRANSCRIPTS: "Transcripts are looked up by a board's own client.",
}
_ASK_THE_BOARD = {
    BatchKind.ROSTER: "Ask the board to upload it: what it says counts for itself alone.",
    BatchKind.TRANSCRIPTS: "A board sees those whom it has certified or licensed, and nobody else does.",
}
