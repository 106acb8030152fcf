"""Providers of the sandbox: their reports are about nobody and reach no board, for integrators to test against."""

from __future__ import annotations

from msgspec.structs import replace

from app.core.errors import Contended, OperatorFault
from app.domain.audit import ProviderAudit
from app.domain.sandbox import PROVIDER_ID
from app.sandbox.fixtures import sandbox
from app.schemas.activities import ActivityIn
from app.services.activities.registration import register
from app.services.context import Work
from app.services.registry import name_forms
from app.store import activities, clients
from app.store import sandbox as stored


def shared(work: Work) -> str:
    """Make the shared sandbox unless it exists, add the fixtures it lacks, and return its id.

    Raises `OperatorFault` when an accredited provider has its id.
    """
    if not stored.is_sandbox(work.connection, PROVIDER_ID):
        if clients.provider_exists(work.connection, PROVIDER_ID):
            raise OperatorFault(f"The provider {PROVIDER_ID} is accredited: its id cannot be that of the sandbox.")
        _add(work, PROVIDER_ID, sandbox().name, PROVIDER_ID)
    _add_fixtures(work, PROVIDER_ID)
    return PROVIDER_ID


def of_provider(work: Work, provider_id: str) -> str:
    """Make the sandbox of an existing provider unless it has one, add the fixtures it lacks, and return its id."""
    if provider_id == PROVIDER_ID:
        return shared(work)
    known = stored.id_of_sandbox(work.connection, provider_id)
    if known is None:
        name = f"Sandbox of {stored.name_of(work.connection, provider_id)}"
        known = _add(work, stored.draw_provider_id(work.connection), name, provider_id)
    _add_fixtures(work, known)
    return known


def _add(work: Work, provider_id: str, name: str, sandbox_of: str) -> str:
    """Add a sandbox and return its id, which is another's where somebody else was quicker."""
    row = {"provider_id": provider_id, "name": name, "joint": False, "sandbox_of": sandbox_of, "created_at": work.now}
    clients.add_providers(work.connection, [row])
    standing = stored.id_of_sandbox(work.connection, sandbox_of)
    if standing is None:
        raise Contended("the id that was free was taken meanwhile")
    if standing == provider_id:
        work.audit("add", provider_id, ProviderAudit(sandbox_of=sandbox_of))
    return standing


def _add_fixtures(work: Work, provider_id: str) -> None:
    """Add the magic learners and activities that a sandbox lacks; those it has stay as they are."""
    stored.add_learners(work.connection, sandbox().learners, work.now)
    name_forms.refresh(work.connection, [learner.physician_id for learner in sandbox().learners])
    for magic in sandbox().activities:
        if activities.id_of_internal(work.connection, provider_id, magic.internal_id) is None:
            activity = ActivityIn.model_validate(magic.fields).as_activity(provider_id)
            given = magic.activity_id if provider_id == PROVIDER_ID else ""
            register(work, replace(activity, activity_id=given, closed=magic.closed))
