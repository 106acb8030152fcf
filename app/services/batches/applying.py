"""Turns: the next records of the batch whose turn it is take effect, in one transaction with their outcomes.

The batch is locked for as long as the transaction lasts, so nobody else works on it, and a worker that dies or is cut
off leaves it as it was. Going on is a query: so many records have been gone through, and these have their outcome.
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
from app.domain.findings import Severity
from app.files.mapping.locations import Location
from app.services.batches.ends import note_end
from app.services.batches.records import apply, refuse_all
from app.services.context import Caller, Service, Work, operator
from app.services.row_findings import INTERNAL, placed
from app.store import batch_rows, batches, clients, dialect

REVOKED = RowFinding(
    rule="forbidden",
    severity=Severity.REJECT,
    pointer="",
    detail="The right to act for this provider was taken back before this record was reached.",
    hint="Ask the provider to grant it again, then let the rejected records of the batch be judged again.",
)
(FAILED,) = placed([INTERNAL], lambda _: Location())


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn did."""

    batch_id: str
    records: int


@dataclass(slots=True)
class _Reached:
    """How far a transaction came, known even when nothing of it is left."""

    batch_id: str | None
    place: int | None = None
    """The first of its records; None before a batch was taken."""


def take(service: Service, at_once: int, batch_id: str | None = None, *, seconds: float = 0) -> Turn | None:
    """Let the next records take effect, so many at most; None when no batch has any left.

    More pieces follow in the same transaction for so many seconds, or until somebody waits for it: every commit waits
    for the disk.

    A record on which the service itself fails must not stop the others: the piece is done again in halves, down to
    that record, which is refused with the code `internal`.
    """
    reached = _Reached(batch_id)
    try:
        return service.database.write(partial(_turns, service, at_once, reached, seconds), background=True)
    except Unavailable:
        # The database is not there, or very busy: the same piece is tried again later.
        _step_back(service, reached)
        raise
    except Exception as error:
        log.error(
            "a piece failed", batch_id=reached.batch_id, place=reached.place, records=at_once, **error_fields(error)
        )
        if reached.place is None:
            raise
        if at_once > 1:
            return take(service, at_once // 2, reached.batch_id)
        return _refuse_one(service, reached.batch_id, reached.place)


def _refuse_one(service: Service, batch_id: str | None, place: int) -> Turn | None:
    """Refuse the record on which the service failed, unless somebody has gone on with it meanwhile."""
    reached = _Reached(batch_id)
    try:
        return service.database.write(partial(_turn, service, 1, reached, failing=place), background=True)
    except Exception:
        _step_back(service, reached)
        raise


def _step_back(service: Service, reached: _Reached) -> None:
    """Let others go first: what cannot be done now keeps nobody waiting."""
    if reached.place is None or reached.batch_id is None:
        return
    with suppress(Exception):
        service.database.write(partial(batches.put_last, batch_id=reached.batch_id, at=service.clock()))


def _turns(service: Service, at_once: int, reached: _Reached, seconds: float, connection: Connection) -> Turn | None:
    until, asked = time.monotonic() + seconds, reached.batch_id
    turn = _turn(service, at_once, reached, connection)
    while turn is not None and time.monotonic() < until and not service.database.has_waiting_writes():
        try:
            with dialect.savepoint(connection):
                more = _turn(service, at_once, _Reached(asked), connection)
        except Exception:
            if not is_transaction_open(connection):
                raise
            # The pieces before it stand. It comes again as the first of the next turn, which finds out what is wrong.
            break
        if more is None:
            break
        turn = replace(turn, records=turn.records + more.records)
    return turn


def _turn(
    service: Service, at_once: int, reached: _Reached, connection: Connection, *, failing: int | None = None
) -> Turn | None:
    batch = batches.take_turn(connection, reached.batch_id)
    if batch is None:
        return None
    reached.batch_id, reached.place = batch.batch_id, batch.applied
    count = min(at_once, batch.records - batch.applied)
    known = batch_rows.known_places(connection, batch.batch_id, batch.applied, count)
    found = batches.records(connection, batch, batch.applied, count)
    if len(found) != count:
        raise LookupError("records that were read are not there")
    rows = [each for each in found if each[0] not in known]
    work = work_of(service, batch, connection)
    if work is None:
        results = refuse_all(rows, REVOKED)
        work = Work(connection=connection, caller=operator(service, batch.provider_id), now=service.clock())
    elif failing == batch.applied:
        results = refuse_all(rows, FAILED)
    else:
        results = apply(work, batch, rows)
    _keep(work, batch, results, count)
    work.record()
    return Turn(batch_id=batch.batch_id, records=count)


def work_of(service: Service, batch: Batch, connection: Connection) -> Work | None:
    """Return a transaction's work in the name of whoever uploaded a file, None when they may no longer act for it."""
    client = clients.by_id(connection, batch.client_id)
    if client is None or clients.acted_for(connection, client, batch.provider_id) != batch.provider_id:
        return None
    caller = Caller(service=service, client=client, provider=batch.provider_id, request_id=batch.request_id)
    return Work(connection=connection, caller=caller, now=service.clock())


def _keep(work: Work, batch: Batch, results: Sequence[RowResult], count: int) -> None:
    batch_rows.add(work.connection, batch.batch_id, results, work.now)
    applied = batch.applied + count
    values: dict[str, Any] = {"applied": applied, "turn_at": work.now} | tallied(batch, results)
    if applied >= batch.records:
        values |= {"status": BatchStatus.COMPLETED.value, "finished_at": work.now}
        note_end(work, replace(batch, counts=values["counts"]), BatchStatus.COMPLETED)
    batches.save(work.connection, batch, values, work.now)


def tallied(batch: Batch, results: Sequence[RowResult]) -> dict[str, Any]:
    """Return the counts and warnings of a batch with more results. Warnings of refused records are not counted."""
    counts, warnings = Counter(batch.counts), Counter(batch.warnings)
    for each in results:
        counts[each.outcome.value] += 1
        warned = {said.rule for said in each.findings if each.outcome is not RowOutcome.REJECTED}
        counts["warned"] += bool(warned)
        warnings.update(warned)
    return {"counts": dict(+counts), "warnings": dict(warnings)}
