"""Reporting mended records: as a batch of their own, which names the one that they were rejected in.

They go through the one way in: the rejected file is written with the changed cells, and uploaded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256

import msgspec
from sqlalchemy import Connection

from app.core.errors import Conflict
from app.domain.batch_mends import Mend, MendedRow
from app.domain.batches import Batch, BatchKind
from app.files.result_files import file_name, write_rejected
from app.files.writing.result_rows import AnnotatedRow
from app.schemas.batch_form import permission_missing
from app.services.batches import lifecycle
from app.services.batches.intake import AnswerOf, finish_once
from app.services.batches.lifecycle import NewBatch
from app.services.batches.lookup import get
from app.services.batches.mending import Numbers, edited_raw, require_mendable, with_records
from app.services.batches.uploads import IncomingUpload
from app.services.context import Caller, Work, read_async
from app.services.idempotency import Answer
from app.store import batch_mends, batch_rows

MOST_REPORTED = 5_000
"""Records that are reported at once; whatever is ready beside them is reported next."""


class _Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """Mends that are to be reported, in the order of their records, and the batch that they are of."""

    batch: Batch
    mends: Sequence[Mend]
    rows: Sequence[MendedRow]


async def report(
    caller: Caller, batch_id: str, numbers: Numbers | None, answer_of: AnswerOf, *, permission_attested: bool
) -> Answer:
    """Report the records that are ready, or those of them that are named, as a batch that names this one.

    Done once under an idempotency key; the permission to report is asked for again. Raises `NotFound`, and `Conflict`
    when nothing is ready, or a record was changed while its file was written.
    """
    prepared = await read_async(caller, _prepare, batch_id, numbers)
    batch = prepared.batch
    if batch.kind is BatchKind.LEARNER_COMPLETIONS and not permission_attested:
        raise permission_missing(
            "permission_attested is not true; nothing was reported.",
            "Send permission_attested=true once the learners have agreed to the reporting.",
        )
    upload = IncomingUpload(caller.service, caller.batch_owner)
    digest, size, name = sha256(), 0, batch.filename
    if prepared.rows and batch.head is not None:
        name = file_name("Mended", caller.service.clock(), batch.head.format, batch.head)
        written = await asyncio.to_thread(_write, batch, prepared.rows)
        try:
            for piece in written:
                digest.update(piece)
                size += len(piece)
                await upload.store(piece)
        except BaseException:
            await upload.drop()
            raise
    given = NewBatch(
        upload_id=upload.upload_id,
        kind=batch.kind,
        filename=name,
        size=size,
        digest=digest.hexdigest(),
        permission_attested=permission_attested,
        dry_run=False,
        on_unmatched=batch.on_unmatched,
        mends=batch_id,
        completed=lifecycle.period_of(batch),
    )

    def produce(work: Work) -> Answer:
        upload.require_fit()
        return answer_of(_create(work, prepared, given))

    return await finish_once(caller, upload, produce, answer_of, batch.kind)


def _prepare(connection: Connection, caller: Caller, batch_id: str, numbers: Numbers | None) -> _Prepared:
    batch = get(connection, caller, batch_id)
    ready = batch_mends.ready(connection, batch_id, MOST_REPORTED)
    results = batch_rows.of_places(connection, batch_id, [mend.place for mend in ready])
    if numbers is not None:
        results = [result for result in results if result.number in set(numbers)]
    chosen = {result.place for result in results}
    return _Prepared(
        batch=batch,
        mends=[mend for mend in ready if mend.place in chosen],
        rows=with_records(connection, batch, results),
    )


def _write(batch: Batch, some: Sequence[MendedRow]) -> list[bytes]:
    """Return the rejected file of some records, with what was changed in them."""
    assert batch.head is not None
    head = batch.head
    edited = [edited_raw(head, row) for row in some]
    return list(write_rejected(head, [AnnotatedRow(number=row.number, raw=row.raw) for row in edited]))


def _create(work: Work, prepared: _Prepared, given: NewBatch) -> Batch:
    batch = lifecycle.lock(work, prepared.batch.batch_id)
    require_mendable(batch)
    if not prepared.mends:
        raise Conflict("No row is ready. Mend some, check them, and report those that pass.")
    created = lifecycle.create(work, given)
    if not batch_mends.note_reported(work.connection, prepared.mends, created.batch_id, work.now):
        raise Conflict("Somebody changed or reported one of the rows meanwhile. Nothing was reported: look once more.")
    return created
