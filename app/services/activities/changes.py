"""Activities changed: corrected, sent again, closed, reopened, deleted. Reported credit stays covered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from msgspec.structs import replace

from app.core.errors import (
    ActivityChangeCoversCredits,
    ActivityHasCompletions,
    ActivityRejected,
    Conflict,
    Contended,
    ErrorItem,
    InternalIdReused,
    InternalIdTaken,
    NotFound,
    PreconditionFailed,
)
from app.domain.activities import Activity, ActivityStatus, RegisteredActivity
from app.domain.activity_tightening import find_tightened
from app.domain.audit import ActivityAudit
from app.domain.boards import Span
from app.domain.parsing import plain_or_none
from app.domain.sandbox import MAGIC
from app.rules.activities import judge_activity, refuses
from app.rules.activity_case import ALWAYS
from app.schemas.problems import rule_url
from app.services.activities.lookup import with_findings
from app.services.activities.registration import normalise, register
from app.services.context import Work
from app.services.findings import rejection_of
from app.services.preconditions import must_match
from app.store import activities, uncovered_completions
from app.store.access import providers

FEW = 10
"""How many of the completions that stand in the way are named."""


def change(
    work: Work, activity_id: str, if_match: str | None, edit: Callable[[Activity], Activity]
) -> RegisteredActivity:
    """Edit an activity; a change of nothing writes nothing.

    Raises `NotFound`, `PreconditionRequired` or `PreconditionFailed`, `ActivityRejected` with every finding,
    `InternalIdTaken`, or `ActivityChangeCoversCredits` with the completions in the way.
    """
    stored = _lock(work, activity_id)
    must_match(if_match, stored.version)
    return _judge_and_save(work, stored, edit(stored.activity), verb="change")


def put(work: Work, given: Activity, if_match: str | None) -> tuple[RegisteredActivity, bool]:
    """Register an activity under its internal id, or update the one that has it; return it and whether it is new.

    Sending an activity again never makes a second one. Raises as `register` and `change` do, `InternalIdReused` when
    the stored one ended before this one starts, and `Conflict` when it has another activity id than the one given.
    """
    assert given.internal_id is not None
    taken = activities.id_of_internal(work.connection, given.provider_id, given.internal_id)
    if taken is None:
        if if_match is not None:
            raise PreconditionFailed("There is no activity with this internal id; leave If-Match out to create it.")
        try:
            return register(work, given), True
        except InternalIdTaken as error:
            raise Contended("somebody else registered this internal id meanwhile") from error
    stored = activities.one_for_update(work.connection, given.provider_id, taken)
    if stored is None or plain_or_none(stored.activity.internal_id) != plain_or_none(given.internal_id):
        raise Contended("the internal id was moved or freed meanwhile")
    if if_match is not None:
        must_match(if_match, stored.version)
    if given.activity_id not in ("", taken):
        raise Conflict(f"Activity {taken} has this internal id.", activity_id=taken)
    end, start = stored.activity.end_date, given.start_date
    if isinstance(start, date) and isinstance(end, date) and start > end:
        detail = f"Activity {taken} has this internal id and ended on {end}, before this one starts on {start}."
        raise InternalIdReused(detail, activity_id=taken)
    again = replace(
        given,
        activity_id=taken,
        internal_id=stored.activity.internal_id,
        closed=stored.activity.closed,
        sandbox=stored.activity.sandbox,
        jointly_accredited=stored.activity.jointly_accredited,
    )
    return _judge_and_save(work, stored, again, verb="change"), False


def close(work: Work, activity_id: str) -> RegisteredActivity:
    """Close an activity that has ended and is complete; a closed one stays closed. Raises `Conflict` otherwise."""
    stored = _lock(work, activity_id)
    today = work.now.date()
    status = stored.activity.status(today)
    if status is ActivityStatus.CLOSED:
        return with_findings(stored, work.service.catalogue)
    missing = list(stored.activity.missing_to_activate()) + list(stored.activity.missing_to_close())
    if missing:
        errors = [
            ErrorItem(
                code="conflict",
                pointer="/" + name.replace(".", "/"),
                detail=f"{name} is missing.",
                hint="Add it with PATCH, then close the activity.",
            )
            for name in missing
        ]
        raise Conflict("The activity lacks what closing needs.", errors=errors, missing=missing)
    if status is not ActivityStatus.READY_TO_CLOSE:
        raise Conflict(f"The activity can be closed after its end on {stored.activity.end_date}.")
    return _save(work, stored, replace(stored.activity, closed=True), verb="close")


def answer_and_close(
    work: Work, activity_id: str, if_match: str | None, edit: Callable[[Activity], Activity]
) -> RegisteredActivity:
    """Edit an activity and close it, both or neither; raises as `change` and `close` do."""
    change(work, activity_id, if_match, edit)
    return close(work, activity_id)


def reopen(work: Work, activity_id: str) -> RegisteredActivity:
    """Reopen a closed activity; an open one stays open."""
    stored = _lock(work, activity_id)
    if not stored.activity.closed:
        return with_findings(stored, work.service.catalogue)
    return _save(work, stored, replace(stored.activity, closed=False), verb="reopen")


def delete(work: Work, activity_id: str, if_match: str | None) -> None:
    """Delete an activity that has no completions; raises `ActivityHasCompletions` with their number otherwise."""
    stored = _lock(work, activity_id)
    if if_match is not None:
        must_match(if_match, stored.version)
    _refuse_fixture(stored.activity)
    count, first = uncovered_completions.find_standing(work.connection, activity_id, FEW)
    if count:
        detail = f"{_describe_count(count)} in the way."
        code = ActivityHasCompletions.code
        hint = f"POST /v1/activities/{activity_id}/withdraw-learners withdraws all of them."
        error = ErrorItem(code=code, pointer="", detail=detail, hint=hint, rule_url=rule_url(code))
        raise ActivityHasCompletions(detail, errors=[error], count=count, completions=first)
    activities.remove(work.connection, activity_id, work.now)
    work.audit("delete", activity_id, ActivityAudit(version=stored.version))


def _refuse_fixture(activity: Activity) -> None:
    """Raise `Conflict` for one of the sandbox's own activities: everyone who shares the sandbox relies on them."""
    if activity.sandbox and (activity.internal_id or "").startswith(MAGIC):
        raise Conflict("This activity belongs to the sandbox and stays as it is; register one of your own to change.")


def _lock(work: Work, activity_id: str) -> RegisteredActivity:
    """Lock and return an activity: no learner is reported for it until this transaction ends."""
    stored = activities.one_for_update(work.connection, work.caller.provider_id, activity_id)
    if stored is None:
        raise NotFound("There is no such activity.")
    return stored


def _judge_and_save(work: Work, stored: RegisteredActivity, wanted: Activity, *, verb: str) -> RegisteredActivity:
    """Judge an edited activity and save it; a change of nothing is not judged again."""
    if wanted == stored.activity:
        return with_findings(stored, work.service.catalogue)
    findings = judge_activity(wanted, work.service.catalogue, _accreditation_to_hold(work, stored.activity, wanted))
    if refuses(findings):
        raise rejection_of(ActivityRejected, findings)
    after = normalise(wanted, work.service.catalogue)
    if after == stored.activity:
        return replace(stored, findings=findings)
    if after.internal_id != stored.activity.internal_id and after.internal_id is not None:
        taken = activities.id_of_internal(work.connection, after.provider_id, after.internal_id)
        if taken not in (None, after.activity_id):
            raise InternalIdTaken(f"Activity {taken} of the provider has this internal id.", activity_id=taken)
    _refuse_uncovered(work, stored.activity, after)
    return _save(work, stored, after, verb=verb)


def _accreditation_to_hold(work: Work, before: Activity, wanted: Activity) -> Span:
    """Return the time that an edited activity must lie in: any, while its dates stay as they are."""
    if (before.start_date, before.end_date) == (wanted.start_date, wanted.end_date):
        return ALWAYS
    return providers.accreditation(work.connection, before.provider_id).span


def _refuse_uncovered(work: Work, before: Activity, after: Activity) -> None:
    """Raise `ActivityChangeCoversCredits` if reported credit would lie outside the changed activity's bounds."""
    hit = []
    errors = []
    for bound in find_tightened(before, after):
        count, _ = uncovered_completions.find_uncovered(work.connection, before.activity_id, [bound], FEW)
        if count:
            hit.append(bound)
            errors.append(
                ErrorItem(
                    code=ActivityChangeCoversCredits.code,
                    pointer=bound.pointer,
                    detail=f"{bound.detail} {_describe_count(count)} would no longer be covered.",
                    hint="Withdraw or correct those completions first.",
                    rule_url=rule_url(ActivityChangeCoversCredits.code),
                )
            )
    if hit:
        count, first = uncovered_completions.find_uncovered(work.connection, before.activity_id, hit, FEW)
        detail = f"{_describe_count(count)} would no longer be covered."
        raise ActivityChangeCoversCredits(detail, errors=errors, count=count, completions=first)


def _save(work: Work, stored: RegisteredActivity, after: Activity, *, verb: str) -> RegisteredActivity:
    _refuse_fixture(stored.activity)
    version = stored.version + 1
    activities.replace_with(work.connection, stored.activity, after, version, work.now)
    work.audit(verb, after.activity_id, ActivityAudit(version=version))
    saved = replace(stored, activity=after, version=version, updated_at=work.now)
    return with_findings(saved, work.service.catalogue)


def _describe_count(count: int) -> str:
    return "1 completion" if count == 1 else f"{count} completions"
