"""Rehearsals: a file judged as it would be now, record after record, without storing any of it.

Completions are judged over an overlay that remembers what the records before would have left. Activities and
validations go through their verbs in a transaction that is then undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

from app.core.logging import log
from app.domain.batches import Batch, BatchKind, BatchStatus, RowOutcome, RowResult
from app.domain.reports import CompletionReport
from app.services import reporting
from app.services.batch_ends import note_end
from app.services.batch_reading import CLAIM, Lost
from app.services.batch_records import Rows, apply, refuse_all
from app.services.batch_turns import REVOKED, tallied, work_of
from app.services.context import Service, Work, operator
from app.services.overlay import Overlay
from app.services.reporting import Submitted
from app.store import batches

AT_ONCE = 1_000
"""Records judged together."""


class _Undone(Exception):
    """What was done in a transaction that is not to stand, with what became of each record."""

    def __init__(self, results: list[RowResult]) -> None:
        super().__init__("undone")
        self.results = results


def rehearse(service: Service, batch: Batch) -> None:
    """Judge the records of a batch that is claimed, from the first on; what was judged before is forgotten."""
    service.database.write(partial(_begin, batch))
    batch = replace(batch, applied=0, counts={}, warnings={})
    overlay = Overlay()
    step = AT_ONCE if batch.kind is BatchKind.LEARNER_COMPLETIONS else max(batch.records, 1)
    try:
        while batch.applied < batch.records:
            rows = service.database.read(partial(_records, batch, step))
            results = _judged(service, batch, rows, overlay)
            batch = service.database.write(partial(_keep, service, batch, results))
    except Lost:
        log.warning("a rehearsal lost its claim", batch_id=batch.batch_id)


def _begin(batch: Batch, connection: Connection) -> None:
    batches.drop_rows(connection, batch.batch_id)


def _records(batch: Batch, count: int, connection: Connection) -> Rows:
    return batches.records(connection, batch, batch.applied, min(count, batch.records - batch.applied))


def _judged(service: Service, batch: Batch, rows: Rows, overlay: Overlay) -> list[RowResult]:
    if batch.kind is BatchKind.LEARNER_COMPLETIONS:
        return service.database.read(partial(_read_only, service, batch, rows, overlay))
    try:
        service.database.write(partial(_undone, service, batch, rows), aside=True)
    except _Undone as done:
        return done.results
    raise AssertionError("a rehearsal is always undone")


def _read_only(service: Service, batch: Batch, rows: Rows, overlay: Overlay, connection: Connection) -> list[RowResult]:
    work = work_of(service, batch, connection)
    if work is None:
        return refuse_all(rows, REVOKED)

    def judge(work: Work, reports: Sequence[CompletionReport]) -> Sequence[Submitted]:
        return reporting.rehearse(work.connection, work.caller, reports, overlay)

    return [_unnamed(each) for each in apply(work, batch, rows, judge)]


def _undone(service: Service, batch: Batch, rows: Rows, connection: Connection) -> None:
    work = work_of(service, batch, connection)
    results = refuse_all(rows, REVOKED) if work is None else apply(work, batch, rows)
    raise _Undone([_unnamed(each) for each in results])


def _unnamed(result: RowResult) -> RowResult:
    """Return a result without the ids of what was not stored."""
    stored = result.outcome in (RowOutcome.ADDED, RowOutcome.ONE)
    answer = result.answer and {**result.answer, "learner_id": None}
    return replace(result, record_id=None if stored else result.record_id, answer=answer)


def _keep(service: Service, batch: Batch, results: Sequence[RowResult], connection: Connection) -> Batch:
    now = service.clock()
    if not batches.keep_claim(connection, batch.batch_id, batch.fence, now + CLAIM):
        raise Lost
    batches.add_rows(connection, batch.batch_id, results, now)
    applied = batch.applied + len(results)
    values: dict[str, Any] = {"applied": applied} | tallied(batch, results)
    if applied >= batch.records:
        values |= {"status": BatchStatus.COMPLETED.value, "finished_at": now}
        work = Work(connection=connection, caller=operator(service, batch.provider_id), now=now)
        note_end(work, batch, BatchStatus.COMPLETED)
        work.record()
    batches.save(connection, batch, values, now, fence=batch.fence)
    return replace(
        batch, applied=applied, counts=values["counts"], warnings=values["warnings"], version=batch.version + 1
    )
