"""The sandbox: providers whose reports are about nobody and reach no board, for integrators to test against."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Contended, Internal, OperatorFault, Problem, RateLimited, Unavailable
from app.domain.audit import ProviderAudit
from app.domain.sandbox import PROVIDER_ID, Trouble
from app.sandbox.fixtures import sandbox, trouble_of
from app.schemas.activities import ActivityIn
from app.services.activities.registration import register
from app.services.context import Caller, Work, read_async
from app.store import activities, clients
from app.store import sandbox as stored


def shared(work: Work) -> str:
    """Return the id of the shared sandbox, made on first use and filled up.

    Raises `OperatorFault` when an accredited provider has its id.
    """
    if not stored.is_sandbox(work.connection, PROVIDER_ID):
        if clients.provider_exists(work.connection, PROVIDER_ID):
            raise OperatorFault(f"The provider {PROVIDER_ID} is accredited: its id cannot be that of the sandbox.")
        _add(work, PROVIDER_ID, sandbox().name, PROVIDER_ID)
    _fill(work, PROVIDER_ID)
    return PROVIDER_ID


def of_provider(work: Work, provider_id: str) -> str:
    """Return the id of the sandbox of a provider that stands, made on first use and filled up."""
    if provider_id == PROVIDER_ID:
        return shared(work)
    known = stored.id_of_sandbox(work.connection, provider_id)
    if known is None:
        name = f"Sandbox of {stored.name_of(work.connection, provider_id)}"
        known = _add(work, stored.free_provider_id(work.connection), name, provider_id)
    _fill(work, known)
    return known


def _add(work: Work, provider_id: str, name: str, sandbox_of: str) -> str:
    """Add a sandbox, and return the id of the one that stands: somebody else may have been quicker."""
    row = {"provider_id": provider_id, "name": name, "joint": False, "sandbox_of": sandbox_of, "created_at": work.now}
    clients.add_providers(work.connection, [row])
    standing = stored.id_of_sandbox(work.connection, sandbox_of)
    if standing is None:
        raise Contended("the id that was free was taken meanwhile")
    if standing == provider_id:
        work.audit("add", provider_id, ProviderAudit(sandbox_of=sandbox_of))
    return standing


def _fill(work: Work, provider_id: str) -> None:
    """Let a sandbox have every magic learner and activity; what it has already stays."""
    stored.add_learners(work.connection, sandbox().learners, work.now)
    for each in sandbox().activities:
        if activities.id_of_internal(work.connection, provider_id, each.internal_id) is None:
            activity = ActivityIn.model_validate(each.fields).as_activity(provider_id)
            given = each.activity_id if provider_id == PROVIDER_ID else ""
            register(work, replace(activity, activity_id=given, closed=each.closed))


async def rehearse(caller: Caller, activity_id: str | None) -> None:
    """Let a report for an activity of the sandbox meet its trouble, before anything is stored or any key is taken.

    It waits as long as that activity takes, then raises `RateLimited`, `Unavailable` or `Internal` if it fails.
    """
    if not caller.client.test or activity_id is None:
        return
    trouble = await read_async(caller, _trouble, activity_id)
    if trouble is not None:
        await asyncio.sleep(trouble.seconds)
        if trouble.status is not None:
            raise _problem(trouble)


def _trouble(connection: Connection, caller: Caller, activity_id: str) -> Trouble | None:
    found = activities.one(connection, caller.provider_id, activity_id)
    return trouble_of(found.activity.internal_id) if found is not None and found.activity.sandbox else None


def _problem(trouble: Trouble) -> Problem:
    headers = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
    match trouble.status:
        case RateLimited.status:
            policy = {"RateLimit-Policy": f'"sandbox";q=1;w={trouble.retry_after}'}
            policy["RateLimit"] = f'"sandbox";r=0;t={trouble.retry_after}'
            return RateLimited(headers=headers | policy)
        case Unavailable.status:
            return Unavailable(headers=headers)
        case _:
            return Internal()
