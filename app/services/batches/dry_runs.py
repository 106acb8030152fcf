"""Dry runs: a file is judged as it would be now, record after record, without storing any of it.

Completions are judged over a state in memory that remembers what earlier records would have left. Activities are
applied in a transaction that is then rolled back; so are rosters, but for the count of birth dates that were tried.
Validations are answered without making learner ids; what their birth dates, and those of completions, cost is charged
as by any other door, before anything is told. A list of licensees is looked up as ever: there is nothing to leave out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Unavailable
from app.core.logging import error_fields, log
from app.core.progress import report_progress
from app.domain.batches import Batch, BatchKind, BatchStatus, RowOutcome, RowResult
from app.services.batches.applying import FAILED, REVOKED, add_counts, uploader_work
from app.services.batches.claims import ClaimLost, renewing_claim, write_under_claim
from app.services.batches.lifecycle import PIECE_ROWS, audit_end
from app.services.batches.record_kinds import (
    Rows,
    apply_records,
    apply_transcripts,
    apply_validations,
    ids_of_provider,
    read_completions,
    reject_all,
)
from app.services.context import Service, Work, operator
from app.services.registry import rosters
from app.services.reporting import pipeline
from app.services.reporting.dry_run_state import DryRunState
from app.store import batch_rows, batches

AT_ONCE = {
    BatchKind.LEARNER_COMPLETIONS: 1_000,
    BatchKind.LEARNER_VALIDATIONS: PIECE_ROWS,
    BatchKind.ROSTER: PIECE_ROWS,
    BatchKind.TRANSCRIPTS: PIECE_ROWS,
}
"""Records judged together. Validations and rosters write: where there is one writer, others wait."""


class _RolledBack(Exception):
    """Raised to roll a transaction back; carries the results of the records applied in it."""

    def __init__(self, results: list[RowResult]) -> None:
        super().__init__("rolled back")
        self.results = results


def dry_run(service: Service, batch: Batch) -> None:
    """Judge all records of a claimed batch; results of an earlier dry run of it are dropped first."""
    state = DryRunState()
    # Activities build on each other, and no state remembers them: all are judged in one transaction.
    step = max(batch.records, 1) if batch.kind is BatchKind.ACTIVITIES else AT_ONCE[batch.kind]
    try:
        with renewing_claim(service, batch):
            write_under_claim(service, batch, lambda connection: batch_rows.drop(connection, batch.batch_id))
            current = replace(batch, applied=0, counts={}, warnings={})
            while current.applied < current.records:
                rows = service.database.read(partial(_records, current, step))
                if not rows:
                    raise LookupError("records that were read are not there")
                results = judge_rows(service, current, rows, state)
                current = write_under_claim(service, current, partial(_save, service, current, results))
                report_progress("judging", current.applied, current.records, unit="records")
    except ClaimLost:
        log.warning("a dry run lost its claim", batch_id=batch.batch_id)


def judge_rows(service: Service, batch: Batch, rows: Rows, state: DryRunState) -> list[RowResult]:
    """Judge records as if the batch's client sent them now; nothing is stored but what birth dates cost.

    One on which the service itself fails is found by halving, and rejected as `internal`.
    """
    try:
        return _judge(service, batch, rows, state)
    except Unavailable:
        raise
    except Exception as error:
        log.error("records could not be judged", batch_id=batch.batch_id, records=len(rows), **error_fields(error))
        if batch.kind is BatchKind.ACTIVITIES:
            raise
    if len(rows) == 1:
        return reject_all(rows, FAILED)
    middle = len(rows) // 2
    first = judge_rows(service, batch, rows[:middle], state)
    return first + judge_rows(service, batch, rows[middle:], state)


def _records(batch: Batch, count: int, connection: Connection) -> Rows:
    return batches.records(connection, batch, batch.applied, min(count, batch.records - batch.applied))


def _judge(service: Service, batch: Batch, rows: Rows, state: DryRunState) -> list[RowResult]:
    if batch.kind is BatchKind.LEARNER_COMPLETIONS:
        return _judge_completions(service, batch, rows, state)
    if batch.kind is BatchKind.LEARNER_VALIDATIONS:
        # Nothing is written but what the birth dates cost, and that stays.
        return service.database.write(partial(_validate, service, batch, rows), background=True)
    if batch.kind is BatchKind.TRANSCRIPTS:
        return service.database.write(partial(_look_up, service, batch, rows), background=True)
    if batch.kind is BatchKind.ROSTER:
        return service.database.write(partial(_judge_roster, service, batch, rows), background=True)
    try:
        service.database.write(partial(_apply_and_roll_back, service, batch, rows), background=True)
    except _RolledBack as rolled_back:
        return rolled_back.results
    raise AssertionError("a dry run is always rolled back")


def _judge_completions(service: Service, batch: Batch, rows: Rows, state: DryRunState) -> list[RowResult]:
    def look(connection: Connection) -> tuple[Work, tuple[str, ...]] | None:
        work = uploader_work(service, batch, connection)
        return None if work is None else (work, ids_of_provider(work))

    looked = service.database.read(look)
    if looked is None:
        return reject_all(rows, REVOKED)
    work, ids = looked
    completions = read_completions(batch, ids, rows)
    judged = pipeline.rehearse(work.caller, completions.reports, state)
    return [_without_new_ids(result) for result in completions.results(judged)]


def _validate(service: Service, batch: Batch, rows: Rows, connection: Connection) -> list[RowResult]:
    work = uploader_work(service, batch, connection)
    return reject_all(rows, REVOKED) if work is None else apply_validations(work, batch, rows, naming=False)


def _look_up(service: Service, batch: Batch, rows: Rows, connection: Connection) -> list[RowResult]:
    """Look licensees up as their file would: who was found, and what dates cost, stands in the log."""
    work = uploader_work(service, batch, connection)
    if work is None:
        return reject_all(rows, REVOKED)
    results = apply_transcripts(work, batch, rows)
    work.save_commit()
    return results


def _judge_roster(service: Service, batch: Batch, rows: Rows, connection: Connection) -> list[RowResult]:
    work = uploader_work(service, batch, connection)
    if work is None:
        return reject_all(rows, REVOKED)
    return apply_records(work, batch, rows, take_roster=rosters.judge_rows)


def _apply_and_roll_back(service: Service, batch: Batch, rows: Rows, connection: Connection) -> None:
    work = uploader_work(service, batch, connection)
    results = reject_all(rows, REVOKED) if work is None else apply_records(work, batch, rows)
    raise _RolledBack([_without_new_ids(result) for result in results])


def _without_new_ids(result: RowResult) -> RowResult:
    """Return a result without the ids of records and learner ids that were not stored."""
    new = result.outcome in (RowOutcome.ADDED, RowOutcome.ONE)
    answer = result.answer and {**result.answer, "learner_id": None}
    return replace(result, record_id=None if new else result.record_id, answer=answer)


def _save(service: Service, batch: Batch, results: Sequence[RowResult], connection: Connection) -> Batch:
    """Save results and how far the dry run has come; return the batch as it stands then."""
    now = service.clock()
    batch_rows.add(connection, batch.batch_id, results, now)
    applied = batch.applied + len(results)
    values: dict[str, Any] = {"applied": applied} | add_counts(batch, results)
    if applied >= batch.records:
        values |= {"status": BatchStatus.COMPLETED.value, "finished_at": now}
        work = Work(connection=connection, caller=operator(service, batch.provider_id), now=now)
        audit_end(work, batch, BatchStatus.COMPLETED)
        work.save_commit()
    batches.save(connection, batch, values, now, fence=batch.fence)
    return replace(
        batch, applied=applied, counts=values["counts"], warnings=values["warnings"], version=batch.version + 1
    )
