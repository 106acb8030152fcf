"""Rehearsals: a file judged as it would be now, record after record, without storing any of it.

Completions are judged with a state that remembers what the records before them would have left. Activities and
validations go through their verbs in a transaction that is then undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Unavailable
from app.core.logging import error_fields, log
from app.domain.batches import Batch, BatchKind, BatchStatus, RowOutcome, RowResult
from app.domain.reports import CompletionReport
from app.services.batches.applying import FAILED, REVOKED, tallied, work_of
from app.services.batches.ends import note_end
from app.services.batches.lifecycle import PIECE_ROWS
from app.services.batches.reading import Lost, held, under_claim
from app.services.batches.records import Rows, apply, refuse_all
from app.services.context import Service, Work, operator
from app.services.reporting import pipeline
from app.services.reporting.dry_run_state import DryRunState
from app.services.reporting.pipeline import Submitted
from app.store import batch_rows, batches

AT_ONCE = {BatchKind.LEARNER_COMPLETIONS: 1_000, BatchKind.LEARNER_VALIDATIONS: PIECE_ROWS}
"""Records judged together. Validations write until they are undone: where there is one writer, others wait for it."""


class _Undone(Exception):
    """What was done in a transaction that is not to stand, with what became of each record."""

    def __init__(self, results: list[RowResult]) -> None:
        super().__init__("undone")
        self.results = results


def rehearse(service: Service, batch: Batch) -> None:
    """Judge the records of a batch that is claimed, from the first on; what was judged before is forgotten."""
    state = DryRunState()
    # Activities build on each other, and nothing remembers them: all are judged in one transaction.
    step = max(batch.records, 1) if batch.kind is BatchKind.ACTIVITIES else AT_ONCE[batch.kind]
    try:
        with held(service, batch):
            under_claim(service, batch, lambda connection: batch_rows.drop(connection, batch.batch_id))
            going = replace(batch, applied=0, counts={}, warnings={})
            while going.applied < going.records:
                rows = service.database.read(partial(_records, going, step))
                if not rows:
                    raise LookupError("records that were read are not there")
                results = _surely_judged(service, going, rows, state)
                going = under_claim(service, going, partial(_keep, service, going, results))
    except Lost:
        log.warning("a rehearsal lost its claim", batch_id=batch.batch_id)


def _surely_judged(service: Service, batch: Batch, rows: Rows, state: DryRunState) -> list[RowResult]:
    """Judge records; one on which the service itself fails is found by halves, and refused with the code `internal`."""
    try:
        return _judged(service, batch, rows, state)
    except Unavailable:
        raise
    except Exception as error:
        log.error("records could not be judged", batch_id=batch.batch_id, records=len(rows), **error_fields(error))
        if batch.kind is BatchKind.ACTIVITIES:
            raise
    if len(rows) == 1:
        return refuse_all(rows, FAILED)
    middle = len(rows) // 2
    first = _surely_judged(service, batch, rows[:middle], state)
    return first + _surely_judged(service, batch, rows[middle:], state)


def _records(batch: Batch, count: int, connection: Connection) -> Rows:
    return batches.records(connection, batch, batch.applied, min(count, batch.records - batch.applied))


def _judged(service: Service, batch: Batch, rows: Rows, state: DryRunState) -> list[RowResult]:
    if batch.kind is BatchKind.LEARNER_COMPLETIONS:
        return service.database.read(partial(_read_only, service, batch, rows, state))
    try:
        service.database.write(partial(_undone, service, batch, rows), background=True)
    except _Undone as done:
        return done.results
    raise AssertionError("a rehearsal is always undone")


def _read_only(
    service: Service, batch: Batch, rows: Rows, state: DryRunState, connection: Connection
) -> list[RowResult]:
    work = work_of(service, batch, connection)
    if work is None:
        return refuse_all(rows, REVOKED)

    def judge(work: Work, reports: Sequence[CompletionReport]) -> Sequence[Submitted]:
        return pipeline.judge_only(work.connection, work.caller, reports, state)

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
    batch_rows.add(connection, batch.batch_id, results, now)
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
