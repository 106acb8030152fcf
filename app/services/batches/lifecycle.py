"""A batch's life: created from an upload, cancelled, retried, ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from app.core.clock import new_id
from app.core.errors import Conflict, NotFound
from app.domain.audit import BatchAudit
from app.domain.batches import Batch, BatchKind, BatchStatus, FileFaultCode, OnUnmatched, RowOutcome
from app.domain.passport.transcripts import TranscriptPeriod
from app.services.batches.lookup import get, require_scope
from app.services.context import Work
from app.store import batch_mends, batch_rows, batches, uploads

PIECE_ROWS = 250
"""Records stored together; on SQLite the most that single reports ever wait for."""


class NewBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch to create: its upload, and the fields of its form."""

    upload_id: str
    kind: BatchKind
    filename: str
    size: int
    """In bytes."""
    digest: str
    """SHA-256 of the content."""
    permission_attested: bool
    dry_run: bool
    on_unmatched: OnUnmatched = OnUnmatched.REJECT
    mends: str | None = None
    """The batch whose rejected records it reports again."""
    completed: TranscriptPeriod = TranscriptPeriod()
    """Days of completion that its transcripts cover, where a row says nothing else."""


def period_of(batch: Batch) -> TranscriptPeriod:
    """Return the days of completion that a batch's transcripts cover, where a row says nothing else."""
    return TranscriptPeriod(first=batch.completed_from, last=batch.completed_to)


def create(work: Work, given: NewBatch) -> Batch:
    """Create a batch from an upload, queued for a worker."""
    uploads.finish(work.connection, given.upload_id, given.size, given.digest)
    owner = work.caller.batch_owner
    seen_before = batches.seen_before(work.connection, owner, given.digest)
    batch_id = new_id()
    batches.add(
        work.connection,
        {
            "batch_id": batch_id,
            "provider_id": owner.provider_id,
            "board": owner.board,
            "client_id": work.caller.client.client_id,
            "upload_id": given.upload_id,
            "request_id": work.caller.request_id,
            "kind": given.kind.value,
            "filename": given.filename,
            "digest": given.digest,
            "permission_attested": given.permission_attested,
            "dry_run": given.dry_run,
            "on_unmatched": given.on_unmatched.value,
            "status": BatchStatus.QUEUED.value,
            "created_at": work.now,
            "updated_at": work.now,
            "version": 1,
            "piece_rows": PIECE_ROWS,
            "records": 0,
            "applied": 0,
            "counts": {},
            "warnings": {},
            "seen_before": seen_before,
            "attempts": 0,
            "fence": 0,
            "mends": given.mends,
            "completed_from": given.completed.first,
            "completed_to": given.completed.last,
        },
    )
    # Keyed: a plain digest of a short file would be as good as its content.
    digest = work.service.keyring.keyed_digest("upload", given.digest)
    work.audit(
        "upload",
        batch_id,
        BatchAudit(
            kind=given.kind.value,
            dry_run=given.dry_run,
            digest=digest,
            board=owner.board or UNSET,
            mends=given.mends or UNSET,
        ),
    )
    return get(work.connection, work.caller, batch_id)


def cancel(work: Work, batch_id: str) -> Batch:
    """Stop a batch; what was applied stands. Raises `NotFound`, and `Conflict` for one that has otherwise ended."""
    batch = lock(work, batch_id)
    if batch.finished:
        if batch.status is BatchStatus.CANCELLED:
            return batch
        raise Conflict("The batch has ended; nothing is left to cancel.")
    values = {"status": BatchStatus.CANCELLED.value, "finished_at": work.now, "fence": batch.fence + 1}
    batches.save(work.connection, batch, values, work.now)
    batch_mends.reopen(work.connection, batch_id, work.now)
    work.audit("cancel", batch_id, BatchAudit(applied=batch.applied, **_owner_fields(batch)))
    return get(work.connection, work.caller, batch_id)


def retry(work: Work, batch_id: str) -> Batch:
    """Judge the rejected records of a batch again, or read its file again when the parser failed.

    A cancelled batch goes on where it was stopped. Raises `NotFound`, and `Conflict` when there is nothing to retry.
    """
    batch = lock(work, batch_id)
    if batch.finished and (gone := _removed_at(batch)) is not None:
        raise Conflict(
            f"What would be judged again was removed on {gone:%Y-%m-%d}: it is kept for a time only. Upload your copy "
            "of the file: what was accepted before is unchanged."
        )
    if batch.mends is not None and batch.status is not BatchStatus.COMPLETED:
        raise Conflict(
            f"What this batch did not report is to be mended again in the batch {batch.mends}: report it from there."
        )
    restart = _restart(work, batch)
    if not restart:
        raise Conflict("Nothing of the batch can be retried.")
    values = restart | {"finished_at": None, "claimed_until": None, "attempts": 0, "file_error": None, "turn_at": None}
    batches.save(work.connection, batch, values, work.now)
    rejected = batch.counts.get("rejected", 0)
    work.audit("retry", batch_id, BatchAudit(rejected=rejected, **_owner_fields(batch)))
    return get(work.connection, work.caller, batch_id)


def _removed_at(batch: Batch) -> datetime | None:
    """Return since when what a retry needs is gone: the records as sent, or, where none was read, the file."""
    return batch.records_removed_at if batch.records else batch.original_removed_at


def _restart(work: Work, batch: Batch) -> dict[str, Any]:
    """Drop the results that are to be made again; return the values with which the batch restarts, {} if it cannot."""
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
    left = rejected - batch_rows.drop(work.connection, batch.batch_id, RowOutcome.REJECTED)
    if rejected == left and batch.status is BatchStatus.COMPLETED:
        return {}
    counts = {name: count for name, count in batch.counts.items() if name != RowOutcome.REJECTED}
    return applying | {"applied": 0, "counts": counts | ({RowOutcome.REJECTED.value: left} if left else {})}


def audit_end(work: Work, batch: Batch, status: BatchStatus) -> None:
    """Enter in the audit log that a batch has completed or failed; the event for its owner is made from that."""
    work.audit("end", batch.batch_id, BatchAudit(status=status.value, **_owner_fields(batch)))


def _owner_fields(batch: Batch) -> dict[str, Any]:
    """Return the fields of an audit entry that say whose a batch is."""
    return {"board": batch.board} if batch.board is not None else {"provider_id": batch.provider_id}


def lock(work: Work, batch_id: str) -> Batch:
    """Return a batch of the caller's, locked until the transaction ends; raises `NotFound`."""
    batch = batches.one(work.connection, work.caller.batch_owner, batch_id, for_update=True)
    if batch is None:
        raise NotFound("There is no such batch.")
    require_scope(work.caller, batch.kind)
    return batch
