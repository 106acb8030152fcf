"""Activities: registered, read, listed."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import ActivityRejected, Conflict, InternalIdTaken, NotFound
from app.domain.activities import Activity, RegisteredActivity
from app.domain.amounts import in_credits, in_quarters
from app.domain.audit import ActivityAudit
from app.domain.catalogue import Catalogue
from app.rules.activities import judge_activity, refuses
from app.services.context import Caller, Work
from app.services.findings import rejection_of
from app.store import activities


def register(work: Work, given: Activity) -> RegisteredActivity:
    """Register an activity; raises `ActivityRejected` with every finding, or `InternalIdTaken`."""
    catalogue = work.service.catalogue
    findings = judge_activity(given, catalogue)
    if refuses(findings):
        raise rejection_of(ActivityRejected, findings)
    if given.internal_id is not None:
        taken = activities.id_of_internal(work.connection, given.provider_id, given.internal_id)
        if taken is not None:
            raise InternalIdTaken(f"Activity {taken} of the provider has this internal id.", activity_id=taken)
    if given.activity_id and activities.exists(work.connection, given.activity_id):
        raise Conflict("There is an activity with this id.")
    activity = normalised(
        replace(given, activity_id=given.activity_id or activities.free_id(work.connection)), catalogue
    )
    activities.add(work.connection, [activity], work.now)
    work.audit("register", activity.activity_id, ActivityAudit(version=1))
    return RegisteredActivity(activity=activity, version=1, created_at=work.now, updated_at=work.now, findings=findings)


def normalised(activity: Activity, catalogue: Catalogue) -> Activity:
    """Return an activity that the rules have passed with codes in the place of names, and amounts on their quarters."""
    registrations = []
    for each in activity.registrations:
        board = catalogue.certifying(each.board)
        assert board is not None and activity.kind is not None
        registrations.append(
            replace(
                each,
                board=board.code,
                points=snapped(each.points),
                credit_types=tuple(board.type_name(name) for name in each.credit_types),
            )
        )
    kind = activity.kind
    assert kind is not None
    return replace(
        activity,
        format=kind.code,
        ama_pra_credits=snapped(activity.ama_pra_credits),
        registrations=tuple(registrations),
    )


def snapped(credits: float | None) -> float | None:
    """Return an amount that the rules have passed as the quarter that it is."""
    return None if credits is None else in_credits(int(in_quarters(credits)))


def get(connection: Connection, caller: Caller, activity_id: str) -> RegisteredActivity:
    """Return one activity of the provider; raises `NotFound` for any other."""
    stored = activities.one(connection, caller.provider_id, activity_id)
    if stored is None:
        raise NotFound("There is no such activity.")
    return shown(stored, caller)


def shown(stored: RegisteredActivity, caller: Caller) -> RegisteredActivity:
    """Return an activity with what the rules advise about it today."""
    return replace(stored, findings=judge_activity(stored.activity, caller.service.catalogue))
