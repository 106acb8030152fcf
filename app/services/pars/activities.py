"""Documents of activities: each registered, updated, closed or deleted as a row of a file is.

An activity is known by its nine-digit id, else by the provider's own id, else by title, format and dates: so a field
that changes updates it, and only another identity makes another activity.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.domain.activities import RegisteredActivity
from app.domain.batches import Element, RawRow, RowFinding, RowOutcome
from app.domain.reports import Action
from app.files.mapping.activity_bodies import ActivityRecord
from app.files.mapping.activity_documents import ActivityDocuments
from app.files.shapes.activities import RECORD
from app.files.shapes.json_form import value_of
from app.files.shapes.stored_records import Value, filled
from app.files.writing.activity_documents import element_of
from app.schemas.queries import ActivityQuery
from app.services.activities import lists, lookup
from app.services.activities.file_rows import AppliedRecord, apply_or_reject, lock_identities
from app.services.context import Caller, Work
from app.services.pars.learner_answers import REFUSED, finding_of
from app.services.row_findings import locate_findings

_OUTCOMES = {
    RowOutcome.ADDED: "created",
    RowOutcome.UPDATED: "updated",
    RowOutcome.UNCHANGED: "unchanged",
    RowOutcome.DELETED: "deleted",
    RowOutcome.REJECTED: REFUSED,
}


class SavedActivity(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a document, and what became of it."""

    record: ActivityRecord
    applied: AppliedRecord
    findings: tuple[RowFinding, ...]
    stands: RegisteredActivity | None
    """As it stands now; None where nothing does."""


def save(work: Work, sent: Sequence[Element]) -> list[SavedActivity]:
    """Do what the records of a document say, in their order; each is taken whole or refused whole."""
    mapper = ActivityDocuments(work.caller.provider_id)
    records = [mapper.read(RawRow(number=number, raw=one)) for number, one in enumerate(sent, 1)]
    lock_identities(work, records)
    return [_saved(work, mapper, record) for record in records]


def _saved(work: Work, mapper: ActivityDocuments, record: ActivityRecord) -> SavedActivity:
    applied = apply_or_reject(work, record, request_id=work.caller.request_id)
    findings = (*record.findings, *applied.findings)
    stands = None
    if applied.activity_id is not None and applied.outcome is not RowOutcome.DELETED:
        stands = lookup.get(work.connection, work.caller, applied.activity_id)
    return SavedActivity(
        record=record,
        applied=applied,
        findings=locate_findings(findings, partial(mapper.locate, record=record)) if findings else (),
        stands=stands,
    )


def answer_to(work: Work, saved: Sequence[SavedActivity]) -> Value:
    """Return the document that holds the answers to the records, in their order."""
    return {"MedicalEducationMetrics": [_answer(work, one) for one in saved]}


def _answer(work: Work, saved: SavedActivity) -> Value:
    applied, action = saved.applied, saved.record.action
    outcome = "closed" if applied.closed and applied.outcome is RowOutcome.UPDATED else _OUTCOMES[applied.outcome]
    today = work.now.date()
    told: dict[str, Any] = {
        "Number": saved.record.number,
        "Outcome": outcome,
        "Lom": {"general": _general(saved)},
        "ActivityStatus": None,
        "Missing": [],
        "XtensibleInfo": {"activityRecordAction": action.value.capitalize()} if isinstance(action, Action) else None,
        "Finding": [finding_of(finding) for finding in saved.findings],
    }
    if saved.stands is not None:
        told["ActivityStatus"] = saved.stands.activity.status(today).value
        told["Missing"] = list(saved.stands.activity.missing(today))
    return filled(told)


def _general(saved: SavedActivity) -> Value:
    activity = saved.stands.activity if saved.stands is not None else saved.record.given
    activity_id = saved.applied.activity_id or saved.record.activity_id
    ids = {"ACCME Activity ID": activity_id, "Provider Activity ID": activity.internal_id}
    identifiers = [{"catalog": catalog, "entry": str(entry)} for catalog, entry in ids.items() if entry]
    return filled({"identifier": identifiers, "title": activity.title or None})


MOST_FOUND = 100
"""Activities that one question is answered with."""


class ActivityQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Which activities are asked for; None for any."""

    internal_id: str | None
    starts_on: date | None
    format: str | None


def find(connection: Connection, caller: Caller, asked: ActivityQuestion) -> Value:
    """Return the document of the activities that fit all that is given."""
    query = ActivityQuery(
        internal_id=[asked.internal_id] if asked.internal_id is not None else [],
        starts_from=asked.starts_on,
        starts_to=asked.starts_on,
        activity_format=[asked.format] if asked.format is not None else [],
    )
    found = lists.page(connection, caller, query, after=None, limit=MOST_FOUND)
    return _document(caller, [registered for _, registered in found.rows])


def get(connection: Connection, caller: Caller, activity_id: str) -> Value:
    """Return the document of one activity; raises `NotFound` for any that is not the provider's."""
    return _document(caller, [lookup.get(connection, caller, activity_id)])


def _document(caller: Caller, found: Sequence[RegisteredActivity]) -> Value:
    today = caller.service.clock().date()
    return {
        "MedicalEducationMetrics": [
            value_of(element_of(one.activity), RECORD)
            | filled(
                {
                    "ActivityStatus": one.activity.status(today).value,
                    "Missing": list(one.activity.missing(today)),
                }
            )
            for one in found
        ]
    }
