"""Activities registered: judged, with names replaced by codes, and stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from app.core.errors import ActivityRejected, Conflict, InternalIdTaken
from app.domain.activities import Activity, RegisteredActivity
from app.domain.amounts import in_credits, in_quarters
from app.domain.audit import ActivityAudit
from app.domain.catalogue import Catalogue
from app.domain.joint_accreditation import as_listed, counts_as_listed
from app.rules.activities import judge_activity, refuses
from app.services.context import Work
from app.services.findings import rejection_of
from app.store import activities
from app.store.access import providers


def register(work: Work, given: Activity) -> RegisteredActivity:
    """Register an activity; raises `ActivityRejected` with every finding, `InternalIdTaken`, or `Conflict`."""
    catalogue = work.service.catalogue
    accreditation = providers.accreditation(work.connection, given.provider_id)
    given = replace(given, jointly_accredited=accreditation.joint)
    findings = judge_activity(given, catalogue, accreditation.span)
    if refuses(findings):
        raise rejection_of(ActivityRejected, findings)
    if given.internal_id is not None:
        taken = activities.id_of_internal(work.connection, given.provider_id, given.internal_id)
        if taken is not None:
            raise InternalIdTaken(f"Activity {taken} of the provider has this internal id.", activity_id=taken)
    if given.activity_id and activities.exists(work.connection, given.activity_id):
        raise Conflict("There is an activity with this id.")
    activity = normalise(
        replace(given, activity_id=given.activity_id or activities.draw_id(work.connection)), catalogue
    )
    activities.add(work.connection, [activity], work.now)
    work.audit("register", activity.activity_id, ActivityAudit(version=1))
    return RegisteredActivity(activity=activity, version=1, created_at=work.now, updated_at=work.now, findings=findings)


def normalise(activity: Activity, catalogue: Catalogue) -> Activity:
    """Return an activity that the rules accept, with codes in place of names and amounts as whole quarters."""
    registrations = []
    for registration in activity.registrations:
        board = catalogue.certifying(registration.board)
        assert board is not None and activity.kind is not None
        registrations.append(
            replace(
                registration,
                board=board.code,
                points=_round_to_quarter(registration.points),
                credit_types=tuple(board.type_name(name) for name in registration.credit_types),
            )
        )
    kind = activity.kind
    assert kind is not None
    return replace(
        activity,
        format=kind.code,
        ama_pra_credits=_round_to_quarter(activity.ama_pra_credits),
        registrations=tuple(registrations),
        details=_in_listed_words(activity.details),
    )


def _in_listed_words(details: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return details with professions and other credit in the words of their lists."""
    named = dict(details)
    for name, in_words in (("joint_accreditation", as_listed), ("learner_counts", counts_as_listed)):
        if named.get(name):
            named[name] = in_words(named[name])
    return named


def _round_to_quarter(credits: float | None) -> float | None:
    """Return an amount that the rules accept as the exact quarter that it stands for."""
    return None if credits is None else in_credits(int(in_quarters(credits)))
