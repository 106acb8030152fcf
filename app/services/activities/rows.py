"""Files of activities: each row goes through the verb that a request would, behind a savepoint of its own.

An Add with an internal id that is taken brings that activity up to date. One without any id is the same activity when
title, format and dates are the same, so that sending a file again doubles nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace
from sqlalchemy.exc import DBAPIError

from app.core.errors import Conflict, Contended, ErrorItem, NotFound, Problem
from app.core.logging import error_fields, log
from app.domain.activities import Activity, RegisteredActivity
from app.domain.batches import Batch, RawRow, RowOutcome, RowResult
from app.domain.findings import Finding, Severity
from app.domain.parsing import Unparsed
from app.domain.reports import Action
from app.files.formats import FORMATS
from app.files.mapping.activity_bodies import ActivityRecord
from app.services.activities import changes, records
from app.services.context import Work
from app.services.row_findings import INTERNAL, placed
from app.store import activities as stored


def apply(work: Work, batch: Batch, rows: Sequence[tuple[int, RawRow]]) -> list[RowResult]:
    """Register, update, delete and close activities in their order; return what became of each row."""
    assert batch.head is not None
    mapper = FORMATS[batch.head.format].activities(batch.head, batch.provider_id)
    results = []
    for place, raw in rows:
        read = mapper.read(raw)
        outcome, activity_id, findings = _one(work, batch, read)
        results.append(
            RowResult(
                place=place,
                number=raw.number,
                outcome=outcome,
                record_id=activity_id,
                findings=placed((*read.findings, *findings), partial(mapper.locate, record=read)),
            )
        )
    return results


Done = tuple[RowOutcome, str | None, tuple[Finding, ...]]


def _one(work: Work, batch: Batch, read: ActivityRecord) -> Done:
    if read.unreadable:
        return RowOutcome.REJECTED, None, ()
    try:
        with work.attempt():
            return _done(work, read)
    except Problem as problem:
        return RowOutcome.REJECTED, None, tuple(_said(problem))
    except (DBAPIError, Contended):
        # The transaction is done again, or is lost as a whole.
        raise
    except Exception as error:
        log.error("a record failed", batch_id=batch.batch_id, row=read.number, **error_fields(error))
        return RowOutcome.REJECTED, None, (INTERNAL,)


def _done(work: Work, read: ActivityRecord) -> Done:
    """Do what a row asks for; raises the problem that a request would be answered with."""
    if read.action is None or isinstance(read.action, Unparsed):
        raise _refused("action-valid", "/action", "The record action is missing or none of Add, Update and Delete.")
    known = _known(work, read)
    if read.action is Action.DELETE:
        if known is None:
            raise NotFound("There is no such activity of the provider.")
        changes.delete(work, known, None)
        return RowOutcome.DELETED, known, ()
    if read.action is Action.UPDATE and known is None:
        raise NotFound("There is no such activity of the provider.")
    return _written(work, read, known)


def _written(work: Work, read: ActivityRecord, known: str | None) -> Done:
    if known is None:
        registered, outcome = records.register(work, read.given), RowOutcome.ADDED
    else:
        registered, outcome = _changed(work, read, known)
    findings = registered.findings
    if read.close and not registered.activity.closed:
        registered = changes.close(work, registered.activity.activity_id)
        outcome = RowOutcome.UPDATED if outcome is RowOutcome.UNCHANGED else outcome
    return outcome, registered.activity.activity_id, findings


def _changed(work: Work, read: ActivityRecord, known: str) -> tuple[RegisteredActivity, RowOutcome]:
    """Bring an activity up to date: an Add says all of it, an Update the cells that it fills in."""
    before = records.get(work.connection, work.caller, known)

    def edit(stood: Activity) -> Activity:
        if read.action is Action.UPDATE:
            return read.onto(stood, work.service.catalogue)
        return replace(read.given, activity_id=stood.activity_id, closed=stood.closed, sandbox=stood.sandbox)

    if read.action is Action.ADD and read.given.internal_id is not None:
        after, _ = changes.put(work, read.given, None)
    else:
        after = changes.change(work, known, "*", edit)
    return after, RowOutcome.UNCHANGED if after.version == before.version else RowOutcome.UPDATED


def _known(work: Work, read: ActivityRecord) -> str | None:
    """Return the activity that a row is about, None when it is a new one."""
    provider_id = work.caller.provider_id
    if read.activity_id is not None:
        found = stored.one(work.connection, provider_id, read.activity_id)
        if found is None:
            raise _refused("activity-known", "/activity_id", "The provider has no activity with this id.")
        return read.activity_id
    if read.given.internal_id is not None:
        return stored.id_of_internal(work.connection, provider_id, read.given.internal_id)
    return stored.id_of_the_same(work.connection, read.given)


def _refused(code: str, pointer: str, detail: str) -> Problem:
    return Conflict(detail, errors=[ErrorItem(code=code, pointer=pointer, detail=detail)])


def _said(problem: Problem) -> list[Finding]:
    """Return what a problem says, as findings about the row."""
    return [
        Finding(
            rule=fault.code,
            severity=Severity.REJECT,
            pointer=fault.pointer or "",
            detail=fault.detail,
            hint=fault.hint or "",
        )
        for fault in problem.faults
    ]
