"""Records of activity files and documents: each calls the function that a request would, behind a savepoint.

An Add with an internal id that is taken updates that activity. An Add without any id is about the activity with the
same title, format and dates, if there is one, so that sending a file again makes no duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace
from sqlalchemy.exc import DBAPIError

from app.core.errors import Conflict, Contended, ErrorItem, NotFound, Problem
from app.core.logging import error_fields, log
from app.domain.activities import Activity, RegisteredActivity
from app.domain.batches import Batch, RawRow, RowOutcome, RowResult
from app.domain.findings import Finding, Severity
from app.domain.parsing import Unparsed, plain_or_none
from app.domain.reports import Action
from app.files.formats import FORMATS
from app.files.mapping.activity_bodies import ActivityRecord
from app.services.activities import changes, lookup, registration
from app.services.context import Work
from app.services.row_findings import INTERNAL, locate_findings
from app.store import activities as stored


def apply_rows(work: Work, batch: Batch, rows: Sequence[tuple[int, RawRow]]) -> list[RowResult]:
    """Register, update, delete and close activities in the order of the rows; return the result of each row."""
    assert batch.head is not None
    mapper = FORMATS[batch.head.format].activities(batch.head, work.caller.provider_id)
    is_table = FORMATS[batch.head.format].is_table
    records = [(place, raw, mapper.read(raw)) for place, raw in rows]
    lock_identities(work, [record for _, _, record in records])
    results = []
    for place, raw, record in records:
        applied = apply_or_reject(work, record, batch_id=batch.batch_id)
        results.append(
            RowResult(
                place=place,
                number=raw.number,
                outcome=applied.outcome,
                record_id=applied.activity_id,
                findings=locate_findings(
                    (*record.findings, *applied.findings), partial(mapper.locate, record=record), is_table=is_table
                ),
            )
        )
    return results


def lock_identities(work: Work, records: Iterable[ActivityRecord]) -> None:
    """Let nobody else look for, or make, the activities that records without any id are about, until all took effect.

    Taken for all of them at once, in one order: others name the same ones in another.
    """
    without_id = (one for one in records if one.activity_id is None and one.given.internal_id is None)
    stored.lock_same(work.connection, (one.given for one in without_id if not one.unreadable))


_INTERNAL = "/internal_id"
_ZEROS = (
    "A spreadsheet drops zeros before a number: format the column as text, and type the id with its zeros. Ids that "
    "differ by zeros alone are different ids."
)


class AppliedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one record, without what was found while it was mapped."""

    outcome: RowOutcome
    activity_id: str | None = None
    findings: tuple[Finding, ...] = ()
    closed: bool = False
    """Whether it closed an activity that was open."""


def apply_or_reject(work: Work, record: ActivityRecord, **logged: str | None) -> AppliedRecord:
    """Do what a record asks for, or nothing of it; `logged` is what the log says of where it came from."""
    if record.unreadable:
        return AppliedRecord(outcome=RowOutcome.REJECTED)
    try:
        with work.attempt():
            return _apply(work, record)
    except Problem as problem:
        return AppliedRecord(outcome=RowOutcome.REJECTED, findings=tuple(_findings_of(problem)))
    except (DBAPIError, Contended):
        # The transaction is repeated, or is lost as a whole.
        raise
    except Exception as error:
        log.error("a record failed", row=record.number, **logged, **error_fields(error))
        return AppliedRecord(outcome=RowOutcome.REJECTED, findings=(INTERNAL,))


def _apply(work: Work, record: ActivityRecord) -> AppliedRecord:
    """Do what a row asks for; raises the problem with which a request would be answered."""
    if record.action is None or isinstance(record.action, Unparsed):
        raise _conflict("action-valid", "/action", "The record action is missing or none of Add, Update and Delete.")
    activity_id = _find(work, record)
    if record.action is Action.DELETE:
        if activity_id is None:
            raise _unknown(work, record)
        changes.delete(work, activity_id, None)
        return AppliedRecord(outcome=RowOutcome.DELETED, activity_id=activity_id)
    if record.action is Action.UPDATE and activity_id is None:
        raise _unknown(work, record)
    if activity_id is None and record.internal_id_was_number:
        _check_zeros(work, record)
    return _save(work, record, activity_id)


def _save(work: Work, record: ActivityRecord, activity_id: str | None) -> AppliedRecord:
    if activity_id is not None:
        registered, outcome = _change(work, record, activity_id)
    elif record.given.internal_id is not None:
        registered, outcome = _register_under_own_id(work, record), RowOutcome.ADDED
    else:
        registered, outcome = registration.register(work, record.given), RowOutcome.ADDED
    findings, closes = registered.findings, record.close and not registered.activity.closed
    if closes:
        registered = changes.close(work, registered.activity.activity_id)
        outcome = RowOutcome.UPDATED if outcome is RowOutcome.UNCHANGED else outcome
    return AppliedRecord(outcome=outcome, activity_id=registered.activity.activity_id, findings=findings, closed=closes)


def _register_under_own_id(work: Work, record: ActivityRecord) -> RegisteredActivity:
    """Register an activity whose id nobody had; raises `Contended` where another document has made it meanwhile."""
    registered, new = changes.put(work, record.given, None)
    if not new:
        # Looked up again, the record is told as the change, or as nothing new, that it is.
        raise Contended("somebody else registered this internal id meanwhile")
    return registered


def _change(work: Work, record: ActivityRecord, activity_id: str) -> tuple[RegisteredActivity, RowOutcome]:
    """Change an activity: an Add replaces all of it, an Update the cells that are filled in."""
    before = lookup.get(work.connection, work.caller, activity_id)

    def edit(stored: Activity) -> Activity:
        if record.action is Action.UPDATE:
            return _as_spelled(record.onto(stored, work.service.catalogue), stored)
        kept = {name: getattr(stored, name) for name in ("activity_id", "closed", "sandbox", "jointly_accredited")}
        return replace(record.given, **kept)

    if record.action is Action.ADD and record.given.internal_id is not None:
        after, _ = changes.put(work, record.given, None)
    else:
        after = changes.change(work, activity_id, "*", edit)
    return after, RowOutcome.UNCHANGED if after.version == before.version else RowOutcome.UPDATED


def _as_spelled(changed: Activity, stored: Activity) -> Activity:
    """Return a changed activity with its internal id as it stands, where the row has only another spelling of it."""
    same = plain_or_none(changed.internal_id) == plain_or_none(stored.internal_id)
    return replace(changed, internal_id=stored.internal_id) if same else changed


def _find(work: Work, record: ActivityRecord) -> str | None:
    """Return the id of the activity that a row is about, None for a new one."""
    provider_id = work.caller.provider_id
    if record.activity_id is not None:
        if stored.one(work.connection, provider_id, record.activity_id) is None:
            raise _conflict("activity-known", "/activity_id", "The provider has no activity with this id.")
        return record.activity_id
    if record.given.internal_id is not None:
        return stored.id_of_internal(work.connection, provider_id, record.given.internal_id)
    return stored.id_of_same(work.connection, record.given)


def _with_other_zeros(work: Work, record: ActivityRecord) -> bool:
    """Whether the provider has an activity whose own id differs from a row's by zeros before it alone."""
    given = record.given.internal_id
    return given is not None and stored.has_internal_with_other_zeros(work.connection, record.given.provider_id, given)


def _check_zeros(work: Work, record: ActivityRecord) -> None:
    """Refuse a new activity whose id may be that of another one, without the zeros that a number cell does not have."""
    if _with_other_zeros(work, record):
        detail = "The cell is a number without zeros before it, and an activity has this number with zeros before it."
        raise Conflict(
            detail, errors=[ErrorItem(code="internal-id-taken", pointer=_INTERNAL, detail=detail, hint=_ZEROS)]
        )


def _unknown(work: Work, record: ActivityRecord) -> Problem:
    """Return the problem of a row about an activity that does not exist, with what can be seen of the cause."""
    detail = "There is no such activity of the provider."
    if record.given.internal_id is None:
        hint = "Give the activity's id, or your own id for it, as it was registered; Add registers a new one."
        return NotFound(detail, errors=[ErrorItem(code=NotFound.code, pointer="", detail=detail, hint=hint)])
    hint = "Give your own id for it exactly as it was registered, or its nine-digit id; Add registers a new one."
    if _with_other_zeros(work, record):
        detail = "There is no such activity of the provider, but one whose id has other zeros before the same number."
        hint = _ZEROS
    return NotFound(detail, errors=[ErrorItem(code=NotFound.code, pointer=_INTERNAL, detail=detail, hint=hint)])


def _conflict(code: str, pointer: str, detail: str) -> Problem:
    return Conflict(detail, errors=[ErrorItem(code=code, pointer=pointer, detail=detail)])


def _findings_of(problem: Problem) -> list[Finding]:
    """Return the faults of a problem as findings about the row."""
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
