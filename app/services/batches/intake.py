"""Taking in an upload: the file is stored as it arrives, becomes a batch once, and is waited for if preferred."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import TypeAlias

from msgspec.structs import replace

from app.core.errors import ErrorItem, Forbidden
from app.core.http.multipart import Form, read_multipart
from app.domain.batches import Batch, BatchKind
from app.schemas.batch_form import read_form
from app.services.batches import lifecycle, lookup
from app.services.batches.lifecycle import NewBatch
from app.services.batches.uploads import IncomingUpload
from app.services.context import Caller, Work, transact_async
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
    return await answer_when_done(
        caller, await _create_once(caller, request_line, content_type, body, answer_of), answer_of
    )


async def answer_when_done(caller: Caller, answer: Answer, answer_of: AnswerOf) -> Answer:
    """Return the answer to an upload once its batch has finished, as long as the caller prefers to wait."""
    if not caller.prefers.wait:
        return answer
    # A replayed answer names its batch only in its URL.
    batch_id = answer.headers["Location"].rpartition("/")[2]
    batch = await lookup.wait_for(caller, batch_id, caller.prefers.wait)
    return replace(answer_of(batch), replayed=answer.replayed)


async def _create_once(
    caller: Caller, request_line: str, content_type: str, body: AsyncIterator[bytes], answer_of: AnswerOf
) -> Answer:
    upload = IncomingUpload(caller.service, caller.batch_owner)

    def produce(work: Work) -> Answer:
        upload.require_fit()
        return answer_of(lifecycle.create(work, given))

    try:
        form = await read_multipart(content_type, body, "file", upload.store)
        given = _new_batch(form, upload.upload_id)
        _require_right_kind(caller, given.kind)
        answer = await transact_async(replace(caller, fingerprint=_fingerprint(request_line, form)), once, produce)
    except BaseException:
        await upload.drop()
        raise
    if answer.replayed:
        await upload.drop()
    return answer


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
    )


def _require_right_kind(caller: Caller, kind: BatchKind) -> None:
    """Raise `Forbidden` for a kind of records that is not the caller's: rosters are boards', all others providers'."""
    of_board = caller.batch_owner.board is not None
    if of_board is (kind is BatchKind.ROSTER):
        return
    detail = "A board's client uploads rosters only." if of_board else "A roster is uploaded by its board's own client."
    hint = "Send kind=roster." if of_board else "Ask the board to upload it: what it says counts for itself alone."
    raise Forbidden(detail, errors=[ErrorItem(code=Forbidden.code, pointer="/kind", detail=detail, hint=hint)])


def _fingerprint(request_line: str, form: Form) -> str:
    """Return a digest of the request line, the form's fields and the file's digest."""
    return sha256(f"{request_line}\n{sorted(form.fields.items())}\n{form.digest}".encode()).hexdigest()
