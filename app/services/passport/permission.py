"""Permission to report: withdrawn by a physician for one record or a whole provider, and given back."""

from __future__ import annotations

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, NotFound
from app.domain.credits import Completion
from app.domain.passport.audit import PermissionAudit
from app.domain.passport.disputes import Dispute, DisputeKind, DisputeVerb, Party, WithdrawnPermission
from app.services.context import Caller, Work
from app.services.passport.accounts import Holder, confirmed
from app.services.passport.disputes import begin, close, new_dispute, own_record, require_length
from app.store import completions
from app.store.passport import accounts, disputes, permissions
from app.store.people import persons
from app.store.registry import physicians


class ProviderPermission(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that has reported the physician, and whether it still may."""

    provider_id: str
    name: str
    records: int
    """How many of its records stand."""
    withdrawn: WithdrawnPermission | None
    dispute: Dispute | None
    """The open one, by which the withdrawal of what stands is asked for."""


def overview(connection: Connection, caller: Caller) -> list[ProviderPermission]:
    """Return the providers that have reported the caller, by name; raises `Forbidden` and `NotFound`."""
    holder = confirmed(connection, caller)
    reported = _standing(connection, holder)
    standing = [one for one in permissions.standing_of(connection, holder.ids) if one.completion_id is None]
    withdrawn = {one.provider_id: one for one in standing}
    asked = {one.permission_id: one for one in disputes.of_learner(connection, holder.ids) if one.closed_at is None}
    counts: dict[str, int] = dict.fromkeys(withdrawn, 0)
    for record in reported:
        counts[record.provider_id] = counts.get(record.provider_id, 0) + 1
    names = persons.provider_names(connection, sorted(counts)) if counts else {}
    found = []
    for provider_id, count in counts.items():
        permission = withdrawn.get(provider_id)
        found.append(
            ProviderPermission(
                provider_id=provider_id,
                name=names.get(provider_id, provider_id),
                records=count,
                withdrawn=permission,
                dispute=asked.get(permission.permission_id) if permission is not None else None,
            )
        )
    return sorted(found, key=lambda one: (one.name.casefold(), one.provider_id))


def _standing(connection: Connection, holder: Holder) -> list[Completion]:
    ids = physicians.completion_ids_of(connection, holder.physician.physician_id)
    return completions.load_by_ids(connection, ids)


def covers(permission: WithdrawnPermission, record: Completion) -> bool:
    """Whether a record stands without the permission that was withdrawn."""
    if permission.completion_id is not None:
        return permission.completion_id == record.completion_id
    return permission.provider_id == record.provider_id


def withdraw_for_record(work: Work, completion_id: str, message: str) -> Dispute:
    """Withdraw the permission to report one record, and ask for its withdrawal; the same again changes nothing.

    Raises `Conflict` for a record that was withdrawn, `InvalidRequest` for too long a text, `NotFound` and `Forbidden`.
    """
    holder = _lock(work)
    record = own_record(work.connection, holder, completion_id)
    if record.withdrawn_at is not None:
        raise Conflict("This record was withdrawn already: it counts for nothing.")
    return _withdraw(work, holder, record.provider_id, record, require_length(message))


def withdraw_for_provider(work: Work, provider_id: str, message: str) -> Dispute:
    """Withdraw the permission of a provider altogether, and ask for the withdrawal of what stands.

    Raises `NotFound` for a provider that has reported nothing of the caller's, and as `withdraw_for_record`.
    """
    holder = _lock(work)
    if not any(record.provider_id == provider_id for record in _standing(work.connection, holder)):
        raise NotFound("This provider has reported nothing that stands for you.")
    return _withdraw(work, holder, provider_id, None, require_length(message))


def _lock(work: Work) -> Holder:
    accounts.lock(work.connection, work.caller.client.client_id)
    return confirmed(work.connection, work.caller)


def _withdraw(work: Work, holder: Holder, provider_id: str, record: Completion | None, message: str) -> Dispute:
    about = record.completion_id if record is not None else None
    for standing in permissions.standing_of(work.connection, holder.ids):
        if standing.provider_id == provider_id and standing.completion_id == about:
            asked = disputes.last_of_permission(work.connection, standing.permission_id)
            assert asked is not None
            return asked
    permission = WithdrawnPermission(
        permission_id=new_id(),
        learner_id=holder.physician.physician_id,
        provider_id=provider_id,
        completion_id=about,
        activity_id=record.activity_id if record is not None else None,
        completed_on=record.completed_on if record is not None else None,
        client_id=work.caller.client.client_id,
        withdrawn_at=work.now,
        given_back_at=None,
    )
    permissions.add(work.connection, permission)
    _audit(work, "withdraw", permission)
    dispute = new_dispute(
        work,
        DisputeKind.PERMISSION,
        holder,
        record,
        provider_id=provider_id,
        permission_id=permission.permission_id,
    )
    return begin(work, dispute, message)


def give_back(work: Work, permission_id: str) -> WithdrawnPermission:
    """Give a permission back: the provider may report again, and is asked for nothing.

    The same again changes nothing. Raises `NotFound` for what is not the caller's, and `Forbidden`.
    """
    holder = _lock(work)
    permission = permissions.one(work.connection, permission_id)
    if permission is None or permission.learner_id not in holder.ids:
        raise NotFound("You have withdrawn no such permission.")
    if permission.given_back_at is not None:
        return permission
    permissions.give_back(work.connection, permission_id, work.now)
    _audit(work, "give-back", permission)
    dispute = disputes.open_of_permission(work.connection, permission_id)
    if dispute is not None:
        close(work, dispute, DisputeVerb.TAKE_BACK, Party.PHYSICIAN)
    return permission


def _audit(work: Work, verb: str, permission: WithdrawnPermission) -> None:
    fields = PermissionAudit(provider_id=permission.provider_id, completion_id=permission.completion_id or UNSET)
    work.audit(verb, permission.permission_id, fields)
