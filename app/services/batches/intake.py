"""A file that is sent with a form: kept as it arrives, made a batch once, and waited for if that is preferred."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import TypeAlias

from msgspec.structs import replace

from app.core.http.multipart import Form, read_multipart
from app.domain.batches import Batch
from app.schemas.batch_form import read_form
from app.services.batches import lifecycle
from app.services.batches.lifecycle import NewBatch
from app.services.batches.uploads import Arriving
from app.services.context import Caller, Work, transact_async
from app.services.idempotency import Answer, once

Told: TypeAlias = Callable[[Batch], Answer]
"""How a batch is answered, its address among the headers."""


async def take_in(caller: Caller, line: str, content_type: str, body: AsyncIterator[bytes], told: Told) -> Answer:
    """Make a batch of the file in a form; nothing is kept of a form that is refused, or of one that was sent before.

    `line` is what the request asks for: with the form it is what makes an upload the same one. Raises what is wrong
    with the form as a whole.
    """
    answer = await _made_once(caller, line, content_type, body, told)
    if not caller.prefers.wait:
        return answer
    # An answer that was kept names its batch by its address.
    batch_id = answer.headers["Location"].rpartition("/")[2]
    batch = await lifecycle.wait_for(caller, batch_id, caller.prefers.wait)
    return replace(told(batch), replayed=answer.replayed)


async def _made_once(caller: Caller, line: str, content_type: str, body: AsyncIterator[bytes], told: Told) -> Answer:
    arriving = Arriving(caller.service, caller.provider_id)

    def produce(work: Work) -> Answer:
        arriving.must_fit()
        return told(lifecycle.create(work, given))

    try:
        form = await read_multipart(content_type, body, "file", arriving.keep)
        given = _batch_of(form, arriving.upload_id)
        answer = await transact_async(replace(caller, fingerprint=_fingerprint(line, form)), once, produce)
    except BaseException:
        await arriving.drop()
        raise
    if answer.replayed:
        await arriving.drop()
    return answer


def _batch_of(form: Form, upload_id: str) -> NewBatch:
    read = read_form(form)
    return NewBatch(
        upload_id=upload_id,
        kind=read.kind,
        filename=read.filename,
        size=form.size,
        digest=form.digest,
        permission_attested=read.permission_attested,
        dry_run=read.dry_run,
    )


def _fingerprint(line: str, form: Form) -> str:
    """Return a digest of what makes an upload the same one: what it asks for, its fields and its file's digest."""
    return sha256(f"{line}\n{sorted(form.fields.items())}\n{form.digest}".encode()).hexdigest()
