"""Batches: made of an upload, read, listed, cancelled, and judged again where records were refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, NotFound
from app.domain.audit import BatchAudit
from app.domain.batches import Batch, BatchKind, BatchStatus, FileFaultCode, RowOutcome, RowResult
from app.services.context import Caller, Work, read_async
from app.store import batch_rows, batches, uploads

PIECE_ROWS = 250
"""Records kept together; on SQLite the most that single reports ever wait for."""
LOOK_EVERY = 0.05
"""Seconds between two looks at a batch that is waited for; they grow to ten times that."""


class NewBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch is made of."""

    upload_id: str
    kind: BatchKind
    filename: str
    size: int
    digest: str
    permission_attested: bool
    dry_run: bool


def create(work: Work, given: NewBatch) -> Batch:
    """Make a batch of an upload; it waits for a worker."""
    uploads.finish(work.connection, given.upload_id, given.size, given.digest)
    provider_id = work.caller.provider_id
    seen = batches.seen_before(work.connection, provider_id, given.digest)
    batch_id = new_id()
    batches.add(
        work.connection,
        {
            "batch_id": batch_id,
            "provider_id": provider_id,
            "client_id": work.caller.client.client_id,
            "upload_id": given.upload_id,
            "request_id": work.caller.request_id,
            "kind": given.kind.value,
            "filename": given.filename,
            "digest": given.digest,
            "permission_attested": given.permission_attested,
            "dry_run": given.dry_run,
            "status": BatchStatus.QUEUED.value,
            "created_at": work.now,
            "updated_at": work.now,
            "version": 1,
            "piece_rows": PIECE_ROWS,
            "records": 0,
            "applied": 0,
            "counts": {},
            "warnings": {},
            "seen_before": seen,
            "attempts": 0,
            "fence": 0,
        },
    )
    work.audit(
        "upload",
        batch_id,
        BatchAudit(kind=given.kind.value, dry_run=given.dry_run, digest=_keyed(work, given)),
    )
    return get(work.connection, work.caller, batch_id)


def _keyed(work: Work, given: NewBatch) -> str:
    """Return what the audit log keeps of a file: a plain digest of a short file would be as good as its content."""
    return work.service.keyring.keyed_digest("upload", given.digest)


def get(connection: Connection, caller: Caller, batch_id: str) -> Batch:
    """Return one batch of the provider; raises `NotFound` for any other."""
    found = batches.one(connection, caller.provider_id, batch_id)
    if found is None:
        raise NotFound("There is no such batch.")
    return found


def page(
    connection: Connection,
    caller: Caller,
    *,
    before: str | None,
    limit: int,
    kinds: Sequence[str],
    statuses: Sequence[str],
) -> list[Batch]:
    """Return the provider's batches, newest first."""
    return batches.page(connection, caller.provider_id, before=before, limit=limit, kinds=kinds, statuses=statuses)


async def wait_for(caller: Caller, batch_id: str, seconds: float) -> Batch:
    """Return a batch once nothing more happens to it, or as it stands when the time is over; raises `NotFound`."""
    until = asyncio.get_running_loop().time() + seconds
    pause = LOOK_EVERY
    while True:
        found = await read_async(caller, get, batch_id)
        left = until - asyncio.get_running_loop().time()
        if found.finished or left <= 0:
            return found
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.2, LOOK_EVERY * 10)


def rows(
    connection: Connection, caller: Caller, batch_id: str, *, after: int | None, limit: int, outcomes: Sequence[str]
) -> tuple[Batch, list[RowResult]]:
    """Return a batch with what became of its records after a place, in their order; raises `NotFound`."""
    found = get(connection, caller, batch_id)
    return found, batch_rows.after(connection, batch_id, -1 if after is None else after, limit, outcomes)


def cancel(work: Work, batch_id: str) -> Batch:
    """Stop a batch; what was applied stands. One that has ended is as it is. Raises `NotFound`."""
    found = _locked(work, batch_id)
    if found.finished:
        if found.status is BatchStatus.CANCELLED:
            return found
        raise Conflict("The batch has ended; nothing is left to cancel.")
    values = {"status": BatchStatus.CANCELLED.value, "finished_at": work.now, "fence": found.fence + 1}
    batches.save(work.connection, found, values, work.now)
    work.audit("cancel", batch_id, BatchAudit(applied=found.applied, provider_id=found.provider_id))
    return get(work.connection, work.caller, batch_id)


def retry(work: Work, batch_id: str) -> Batch:
    """Judge the refused records of a batch again, or read its file again when reading failed; raises `Conflict`.

    A batch that was cancelled goes on where it was stopped.
    """
    found = _locked(work, batch_id)
    again = _again(work, found)
    if not again:
        raise Conflict("Nothing of the batch can be done again.")
    values = again | {"finished_at": None, "claimed_until": None, "attempts": 0, "file_error": None, "turn_at": None}
    batches.save(work.connection, found, values, work.now)
    rejected = found.counts.get("rejected", 0)
    work.audit("retry", batch_id, BatchAudit(rejected=rejected, provider_id=found.provider_id))
    return get(work.connection, work.caller, batch_id)


def _again(work: Work, batch: Batch) -> dict[str, Any]:
    """Return what a batch becomes so that its work is done again; nothing when there is none to do."""
    queued: dict[str, Any] = {"status": BatchStatus.QUEUED.value}
    error = batch.file_error or {}
    if batch.status is BatchStatus.FAILED and error.get("code") == FileFaultCode.PARSER_FAILED:
        return queued
    if batch.status is BatchStatus.CANCELLED and not batch.records:
        return queued
    if batch.status not in (BatchStatus.COMPLETED, BatchStatus.CANCELLED):
        return {}
    applying: dict[str, Any] = {"status": BatchStatus.APPLYING.value}
    if batch.dry_run:
        batch_rows.drop(work.connection, batch.batch_id)
        return applying | {"applied": 0, "counts": {}, "warnings": {}}
    rejected = batch.counts.get(RowOutcome.REJECTED, 0)
    if not rejected and batch.status is BatchStatus.COMPLETED:
        return {}
    batch_rows.drop(work.connection, batch.batch_id, RowOutcome.REJECTED)
    counts = {name: count for name, count in batch.counts.items() if name != RowOutcome.REJECTED}
    return applying | {"applied": 0, "counts": counts}


def _locked(work: Work, batch_id: str) -> Batch:
    found = batches.one(work.connection, work.caller.provider_id, batch_id, for_update=True)
    if found is None:
        raise NotFound("There is no such batch.")
    return found
