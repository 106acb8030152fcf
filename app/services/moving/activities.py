"""Activities of another system taken over: judged as others are, closed ones as closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec.structs import replace

from app.domain.activities import Activity, ActivityStatus, RegisteredActivity
from app.domain.audit import IMPORT, ActivityAudit
from app.domain.findings import Finding
from app.domain.identity.comparison_keys import code_key
from app.domain.moving.records import ImportOutcome, PastActivity
from app.domain.parsing import is_activity_id
from app.rules.activities import judge_activity
from app.schemas.activities import ActivityOut
from app.services.activities.registration import normalise
from app.services.context import Work
from app.services.moving.completions import Imported
from app.services.moving.refusals import DIFFERS, STATUS, TAKEN, refusal
from app.store import activities
from app.store.access import providers

_STAYS = "What is on file stays. Change it there, if the other system is right."
_STATUSES = {
    **dict.fromkeys(("draft", "new", "incomplete", "inprogress", "planned"), ActivityStatus.DRAFT),
    **dict.fromkeys(("active", "open", "registered", "ongoing"), ActivityStatus.ACTIVE),
    **dict.fromkeys(("readytoclose", "ended", "expired"), ActivityStatus.READY_TO_CLOSE),
    **dict.fromkeys(("closed", "completed", "finished", "archived"), ActivityStatus.CLOSED),
}
"""Statuses by other systems' words for them, by comparison key."""
_LEFT_OUT = frozenset(
    {"provider_id", "status", "missing", "findings", "version", "created_at", "updated_at", "activity_id"}
)
"""What an activity's answer has that nobody sends."""


def import_some(work: Work, records: Sequence[PastActivity]) -> list[Imported]:
    """Take activities over in their order, in one transaction; return what became of each."""
    without_id = [one.given for one in records if not one.given.activity_id and one.given.internal_id is None]
    activities.lock_same(work.connection, without_id)
    return [_import(work, moved) for moved in records]


def _import(work: Work, moved: PastActivity) -> Imported:
    if moved.unreadable:
        return Imported(
            outcome=ImportOutcome.REFUSED, findings=[finding for finding in moved.findings if finding.rejects]
        )
    status = _STATUSES.get(code_key(moved.status)) if moved.status is not None else ActivityStatus.ACTIVE
    if status is None:
        hint = "Give draft, active, ready-to-close or closed, or leave it out."
        return _refused(refusal(STATUS, "/status", "Not a status of an activity.", hint))
    given = _with_fitting_id(moved.given, closed=status is ActivityStatus.CLOSED)
    accreditation = providers.accreditation(work.connection, given.provider_id)
    given = replace(given, jointly_accredited=accreditation.joint)
    findings = [one for one in judge_activity(given, work.service.catalogue, accreditation.span) if one.rejects]
    if moved.status is not None:
        findings += _of_status(given, status)
    if findings:
        return _refused(*findings)
    found = _find(work, given)
    if isinstance(found, Finding):
        return _refused(found)
    if found is None:
        return _add(work, moved, normalise(given, work.service.catalogue))
    differing = list(_differences(work, moved, given, found))
    if not differing:
        return Imported(outcome=ImportOutcome.ALREADY_THERE)
    detail = f"Activity {found.activity.activity_id} is on file otherwise: {', '.join(differing)}."
    return Imported(outcome=ImportOutcome.DIFFERS, findings=[refusal(DIFFERS, "", detail, _STAYS)])


def _of_status(given: Activity, status: ActivityStatus) -> Iterator[Finding]:
    """Yield why an activity would have another status here: what is missing makes it a draft."""
    missing = [*given.missing_to_activate()]
    if missing and status is not ActivityStatus.DRAFT:
        detail = f"It is {status.value} there, and would be a draft here: it lacks {', '.join(missing)}."
        yield refusal(STATUS, "/status", detail, "Add what is missing, or give draft.")


def _refused(*findings: Finding) -> Imported:
    return Imported(outcome=ImportOutcome.REFUSED, findings=findings)


def _with_fitting_id(given: Activity, *, closed: bool) -> Activity:
    """Return an activity with an id of nine digits, or another system's id as the provider's own where it has none."""
    given = replace(given, closed=closed)
    if not given.activity_id or is_activity_id(given.activity_id):
        return given
    return replace(given, activity_id="", internal_id=given.internal_id or given.activity_id)


def _find(work: Work, given: Activity) -> RegisteredActivity | Finding | None:
    """Return the activity that a record is about; why it cannot be taken over, or None where it is new."""
    connection, provider_id = work.connection, work.caller.provider_id
    if given.activity_id:
        stands = activities.one_for_update(connection, provider_id, given.activity_id)
        if stands is not None:
            return stands
        if activities.exists(connection, given.activity_id):
            hint = "Leave the id out to have it given a new one; completions then name it by your own id of it."
            return refusal(TAKEN, "/activity_id", "Another activity on file has this id, or had it.", hint)
    if given.internal_id is not None:
        found = activities.id_of_internal(connection, provider_id, given.internal_id)
        if found is not None and given.activity_id:
            detail = f"Activity {found} of the provider has this id of yours."
            return refusal(TAKEN, "/internal_id", detail, "Give each activity an id of its own.")
    else:
        found = activities.id_of_same(connection, given) if not given.activity_id else None
    return activities.one_for_update(connection, provider_id, found) if found is not None else None


def _add(work: Work, moved: PastActivity, given: Activity) -> Imported:
    activity = replace(given, activity_id=given.activity_id or activities.draw_id(work.connection))
    closed_at = moved.updated_at if activity.closed else None
    activities.add(work.connection, [activity], work.now, created_at=moved.created_at, closed_at=closed_at)
    work.audit(IMPORT, activity.activity_id, ActivityAudit(version=1))
    return Imported(outcome=ImportOutcome.ADDED)


def _differences(work: Work, moved: PastActivity, given: Activity, stands: RegisteredActivity) -> Iterator[str]:
    """Yield the names of the fields that are on file otherwise than a record has them, of those that it gives."""
    catalogue = work.service.catalogue
    there = moved.onto(stands.activity, catalogue) if moved.onto is not None else given
    here = _shown(stands, stands.activity)
    for name, value in _shown(stands, normalise(there, catalogue)).items():
        if here[name] != value:
            yield name
    if moved.status is not None and given.closed != stands.activity.closed:
        yield "status"


def _shown(stored: RegisteredActivity, activity: Activity) -> Mapping[str, Any]:
    shown = ActivityOut.of(replace(stored, activity=activity), date.max).model_dump(mode="json")
    return {name: value for name, value in shown.items() if name not in _LEFT_OUT}
