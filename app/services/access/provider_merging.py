"""Merging two providers that are one organisation: the old id is an alias for ever, and all that it had is the other's.

Everything moves in one transaction, so a merge that is killed has changed nothing. Before it, the provider is announced
as about to be merged: clients that are remembered with their providers then ask the database for each request, so that
nobody acts for the old id when it becomes an alias. What is written meanwhile for the old id fails at its
commit, and is done again for the other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import sleep

import msgspec

from app.core.clock import new_id
from app.core.errors import OperatorFault
from app.domain.audit import ActivityAudit, ClientAudit, EndpointAudit, HeldAudit, ProviderAudit
from app.domain.boards import Span
from app.domain.passport.audit import PermissionAudit
from app.services.access.authentication import CACHE_SECONDS
from app.services.context import Service, Work, operator, transact
from app.services.registry.merging import lock_everything
from app.store import sandbox
from app.store.access import provider_merges as rows
from app.store.access import providers
from app.store.access.provider_merges import Collision
from app.store.held import records as held_records

VERB = "merge-provider"
PAUSE = CACHE_SECONDS + 0.5
"""Seconds from the announcement to the merge: by then no process answers by what it knew of clients before."""
SHARED = "reference"
"""The one collision that may stay: records of different activities then bear the same reference."""


class ProviderMerge(msgspec.Struct, frozen=True, kw_only=True):
    """What a merge moves, and what stands in its way."""

    provider_id: str
    into_id: str
    rows: Mapping[str, int]
    """How many of what moves."""
    collisions: Mapping[str, Collision]
    accredited: Span
    """The time of the accreditation of the one that stays: it begins with the earlier and ends with the later."""
    widened: bool
    """Whether that is another time than before."""

    def blocked_by(self, *, share_references: bool) -> dict[str, Collision]:
        """Return what has to be changed first."""
        return {kind: found for kind, found in self.collisions.items() if not (kind == SHARED and share_references)}


def plan(work: Work, provider_id: str, into: str) -> ProviderMerge:
    """Return what merging a provider into another would do; raises `OperatorFault` where it makes no sense.

    The id of the one that stays may be an alias itself.
    """
    connection = work.connection
    roots = {id: providers.root_of(connection, id) for id in (provider_id, into)}
    for id, root in roots.items():
        if root is None:
            raise OperatorFault(f"There is no provider {id}.")
        if sandbox.is_sandbox(connection, id):
            raise OperatorFault(f"{id} is a sandbox: it stays with the provider whose it is.")
    into_id = roots[into]
    assert into_id is not None
    if roots[provider_id] == into_id:
        raise OperatorFault(f"{provider_id} and {into} are one provider already.")
    if roots[provider_id] != provider_id:
        raise OperatorFault(f"{provider_id} was merged into {roots[provider_id]}; merge that one.")
    before = providers.accreditation(connection, into_id).span
    accredited = _both(providers.accreditation(connection, provider_id).span, before)
    return ProviderMerge(
        provider_id=provider_id,
        into_id=into_id,
        rows=rows.count_rows(connection, provider_id),
        collisions=rows.find_collisions(connection, provider_id, into_id),
        accredited=accredited,
        widened=accredited != before,
    )


def _both(one: Span, other: Span) -> Span:
    """Return the time from the earlier beginning to the later end."""
    begins, ends = (one.since, other.since), (one.until, other.until)
    return Span(
        since=None if None in begins else min(day for day in begins if day is not None),
        until=None if None in ends else max(day for day in ends if day is not None),
    )


def announce(work: Work, planned: ProviderMerge, announcement_id: str) -> None:
    """Note that a provider is about to be merged; `PAUSE` later it may be."""
    rows.announce(work.connection, planned.provider_id, planned.into_id, announcement_id)


def withdraw_announcement(work: Work, planned: ProviderMerge, announcement_id: str) -> None:
    """Note that a provider is not merged by who announced it; what others have announced stands."""
    rows.withdraw(work.connection, planned.provider_id, announcement_id)


def announce_and_merge(service: Service, planned: ProviderMerge, *, share_references: bool = False) -> ProviderMerge:
    """Announce a merge, wait until every process knows, and merge; what ends it early withdraws the announcement."""
    caller, announcement_id = operator(service), new_id()
    try:
        transact(caller, announce, planned, announcement_id)
        sleep(PAUSE)
        return transact(caller, merge, planned.provider_id, planned.into_id, share_references=share_references)
    except BaseException:
        transact(caller, withdraw_announcement, planned, announcement_id)
        raise


def merge(work: Work, provider_id: str, into: str, *, share_references: bool = False) -> ProviderMerge:
    """Make a provider an alias of another one that gets all it has; raises `OperatorFault` where something collides.

    Completions keep their versions, credits and events: no board is told anything, since nothing of the credit has
    changed but who answers for it.
    """
    connection = work.connection
    rows.lock_work_under_way(connection, provider_id)
    lock_everything(work)
    rows.lock_providers(connection, provider_id, into)
    planned = plan(work, provider_id, into)
    if blocked := planned.blocked_by(share_references=share_references):
        raise OperatorFault(f"Something stands in the way since: {', '.join(sorted(blocked))}. Nothing was changed.")
    one, into_id = planned.provider_id, planned.into_id
    _move_access(work, one, into_id)
    for activity_id, version in rows.move_activities(connection, one, into_id, work.now):
        work.audit(VERB, activity_id, ActivityAudit(version=version))
    rows.move_completions(connection, one, into_id)
    held_ids = rows.ids_of(connection, "held_records", "held_id", one)
    for table in rows.SIMPLE:
        rows.move_all(connection, table, one, into_id)
    for table in ("idempotency_keys", "identity_finds", "learner_links"):
        rows.move_unless_known(connection, table, one, into_id)
    rows.move_uploads(connection, one, into_id)
    for held in held_records.by_ids(connection, held_ids).values():
        moved = held_records.move(connection, held, into_id)
        work.audit(VERB, held.held_id, HeldAudit(activity_id=moved.activity_id, provider_id=into_id))
    for permission_id in rows.ids_of(connection, "withdrawn_permissions", "permission_id", one):
        work.audit(VERB, permission_id, PermissionAudit(provider_id=into_id))
    rows.move_all(connection, "withdrawn_permissions", one, into_id)
    for former in rows.name_root(connection, one, into_id):
        work.audit("merge", former, ProviderAudit(other_id=into_id))
    span = planned.accredited
    providers.change(connection, into_id, {"accredited_from": span.since, "accredited_to": span.until})
    work.audit("merge", into_id, ProviderAudit(other_id=one, moved=dict(planned.rows)))
    return planned


def _move_access(work: Work, one: str, into: str) -> None:
    """Move grants and webhook endpoints, with an entry for each client and endpoint."""
    connection = work.connection
    clients = rows.clients_of(connection, one)
    rows.move_unless_known(connection, "grants", one, into)
    rows.end_grants_left(connection, one, work.now)
    for client_id in clients:
        work.audit(VERB, client_id, ClientAudit(provider_id=into))
    for endpoint_id in rows.move_endpoints(connection, one, into):
        work.audit(VERB, endpoint_id, EndpointAudit())
