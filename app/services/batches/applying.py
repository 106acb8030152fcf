"""Applying records: the next ones of the batch served longest ago, in one transaction with their results.

The batch is locked until the transaction ends, so nobody else works on it, and a worker that dies leaves it as it was.
Going on is a query: the batch says how many records have been applied, and rows say which have their result.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.database.failures import is_transaction_open
from app.core.errors import Unavailable
from app.core.logging import error_fields, log
from app.domain.batches import Batch, BatchStatus, RowFinding, RowOutcome, RowResult
from app.domain.clients import Role
from app.domain.findings import Severity
from app.files.mapping.locations import Location
from app.services.batches.lifecycle import audit_end
from app.services.batches.record_kinds import apply_records, reject_all
from app.services.context import Caller, Service, Work, operator
from app.services.reporting.senders import sender_work
from app.services.row_findings import INTERNAL, locate_findings
from app.store import batch_rows, batches, clients
from app.store.sql.statements import savepoint

REVOKED = RowFinding(
    rule="forbidden",
    severity=Severity.REJECT,
    pointer="",
    detail="The right to act for this provider was revoked before this record was reached.",
    hint="Ask the provider to grant it again, then retry the batch: its rejected records are judged again.",
)
(FAILED,) = locate_findings([INTERNAL], lambda _: Location())


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of which batch a transaction has applied."""

    batch_id: str
    records: int


@dataclass(slots=True)
class _Progress:
    """How far a transaction came, known even after it was rolled back."""

    batch_id: str | None
    place: int | None = None
    """The first of its records; None before a batch was locked."""


def apply_next(service: Service, at_once: int, batch_id: str | None = None, *, seconds: float = 0) -> Applied | None:
    """Apply up to `at_once` records of the batch served longest ago, or of a certain one; None when none has any left.

    More follow in the same transaction for so many seconds, or until somebody waits for it: every commit waits for the
    disk.

    A record on which the service itself fails must not stop the others: the same records are applied again in halves,
    down to that record, which is rejected with the code `internal`.
    """
    progress = _Progress(batch_id)
    try:
        return service.database.write(partial(_apply_for, service, at_once, progress, seconds), background=True)
    except Unavailable:
        # The database is away, or very busy: the same records are tried again later.
        _serve_others_first(service, progress)
        raise
    except Exception as error:
        log.error(
            "a piece failed", batch_id=progress.batch_id, place=progress.place, records=at_once, **error_fields(error)
        )
        if progress.place is None:
            raise
        if at_once > 1:
            return apply_next(service, at_once // 2, progress.batch_id)
        return _reject_one(service, progress.batch_id, progress.place)


def _reject_one(service: Service, batch_id: str | None, place: int) -> Applied | None:
    """Reject the record on which the service failed, unless another worker has passed it meanwhile."""
    progress = _Progress(batch_id)
    try:
        return service.database.write(partial(_apply_some, service, 1, progress, failing=place), background=True)
    except Exception:
        _serve_others_first(service, progress)
        raise


def _serve_others_first(service: Service, progress: _Progress) -> None:
    """Put a batch last in turn, so that what cannot be done now keeps nobody waiting."""
    if progress.place is None or progress.batch_id is None:
        return
    with suppress(Exception):
        service.database.write(partial(batches.put_last, batch_id=progress.batch_id, at=service.clock()))


def _apply_for(
    service: Service, at_once: int, progress: _Progress, seconds: float, connection: Connection
) -> Applied | None:
    until, named = time.monotonic() + seconds, progress.batch_id
    applied = _apply_some(service, at_once, progress, connection)
    while applied is not None and time.monotonic() < until and not service.database.has_waiting_writes():
        try:
            with savepoint(connection):
                more = _apply_some(service, at_once, _Progress(named), connection)
        except Exception:
            if not is_transaction_open(connection):
                raise
            # Records applied before it are committed. The failure recurs first in the next one, which handles it.
            break
        if more is None:
            break
        applied = replace(applied, records=applied.records + more.records)
    return applied


def _apply_some(
    service: Service, at_once: int, progress: _Progress, connection: Connection, *, failing: int | None = None
) -> Applied | None:
    batch = batches.lock_next(connection, progress.batch_id)
    if batch is None:
        return None
    progress.batch_id, progress.place = batch.batch_id, batch.applied
    count = min(at_once, batch.records - batch.applied)
    with_result = batch_rows.known_places(connection, batch.batch_id, batch.applied, count)
    records = batches.records(connection, batch, batch.applied, count)
    if len(records) != count:
        raise LookupError("records that were read are not there")
    rows = [(place, raw) for place, raw in records if place not in with_result]
    work = uploader_work(service, batch, connection)
    if work is None:
        results = reject_all(rows, REVOKED)
        work = Work(connection=connection, caller=operator(service, batch.provider_id), now=service.clock())
    elif failing == batch.applied:
        results = reject_all(rows, FAILED)
    else:
        results = apply_records(work, batch, rows)
    _save(work, batch, results, count)
    work.save_commit()
    return Applied(batch_id=batch.batch_id, records=count)


def uploader_work(service: Service, batch: Batch, connection: Connection) -> Work | None:
    """Return the work of the client that uploaded a file; None when it may no longer act for the provider or board."""
    if batch.provider_id is not None:
        return sender_work(service, connection, batch.client_id, batch.provider_id, batch.request_id)
    client = clients.by_id(connection, batch.client_id)
    if client is None or client.expired_at(service.clock()):
        return None
    if not (client.role is Role.OPERATOR or client.board == batch.board):
        return None
    caller = Caller(service=service, client=client, provider=None, request_id=batch.request_id)
    return Work(connection=connection, caller=caller, now=service.clock())


def _save(work: Work, batch: Batch, results: Sequence[RowResult], count: int) -> None:
    batch_rows.add(work.connection, batch.batch_id, results, work.now)
    applied = batch.applied + count
    values: dict[str, Any] = {"applied": applied, "turn_at": work.now} | add_counts(batch, results)
    if applied >= batch.records:
        values |= {"status": BatchStatus.COMPLETED.value, "finished_at": work.now}
        audit_end(work, replace(batch, counts=values["counts"]), BatchStatus.COMPLETED)
    batches.save(work.connection, batch, values, work.now)


def add_counts(batch: Batch, results: Sequence[RowResult]) -> dict[str, Any]:
    """Return a batch's `counts` and `warnings` with further results; only warnings of accepted records are counted."""
    counts, warnings = Counter(batch.counts), Counter(batch.warnings)
    for result in results:
        counts[result.outcome.value] += 1
        refused = result.outcome in (RowOutcome.REJECTED, RowOutcome.HELD)
        rules = {finding.rule for finding in result.findings if not refused}
        counts["warned"] += bool(rules)
        warnings.update(rules)
    return {"counts": dict(+counts), "warnings": dict(warnings)}
