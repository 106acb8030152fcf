"""Memberships as those who manage a provider or vendor see and change them, and the end of a person."""

from __future__ import annotations

from sqlalchemy import Connection

from app.core.errors import Conflict, Forbidden, NotFound, OperatorFault
from app.domain.audit import ClientAudit, PersonAudit
from app.domain.clients import Client, Role
from app.domain.people.persons import RANKS, Member, Membership, PersonRole, StaffPerson, fold_address
from app.services.access import management
from app.services.access.departures import end_membership, forget_person
from app.services.access.scopes import PERSON_SCOPES, TEST_SCOPES
from app.services.context import Caller, Work
from app.store import clients
from app.store.access import clients as stored
from app.store.access import keys
from app.store.people import persons

_NO_MEMBER = "There is no such member here."


def members(connection: Connection, caller: Caller) -> list[Member]:
    """Return the members of what the caller manages: its provider, its vendor, or the operators."""
    client = caller.client
    if client.role is Role.VENDOR:
        return persons.members_of_vendor(
            connection, persons.vendor_of(connection, client.client_id) or client.client_id
        )
    if client.role is Role.PROVIDER:
        return persons.members_of_provider(connection, caller.provider_id)
    if caller.provider is not None:
        return persons.members_of_provider(connection, caller.provider)
    return persons.members_at(connection, Role.OPERATOR.value)


def manager_of(work: Work) -> Client:
    """Return the caller as it stands now; raises `Forbidden` for who does not manage people."""
    manager = management.standing(work)
    if manager.role is not Role.OPERATOR and management.MANAGE not in manager.scopes:
        raise Forbidden("Only a manager manages people.")
    return manager


def change_role(work: Work, client_id: str, role: PersonRole) -> Membership:
    """Give a member another role; raises `NotFound`, and `Conflict` for one's own and for a role of another kind."""
    manager, membership = _lock(work, client_id)
    if client_id == manager.client_id:
        raise Conflict("Your own role is changed by another manager: nobody is left without one by mistake.")
    if not role.fits(membership.client_role) or role not in RANKS:
        raise Conflict("A member of a provider or vendor is a reader, a reporter or a manager.")
    if role is membership.role:
        return membership
    client = clients.by_id(work.connection, client_id)
    assert client is not None
    scopes = [scope for scope in PERSON_SCOPES[role] if not client.test or scope in TEST_SCOPES]
    listing = stored.one_of_all(work.connection, work.now, client_id)
    assert listing is not None
    stored.change(work.connection, client_id, listing.version, {"scopes": scopes})
    persons.change_role(work.connection, client_id, role.value)
    work.audit("change", client_id, ClientAudit(changed=["scopes"], scopes=scopes))
    work.audit("change-role", membership.person_id, PersonAudit(client_id=client_id, role=role.value))
    changed = persons.membership(work.connection, client_id)
    assert changed is not None
    return changed


def remove(work: Work, client_id: str, *, own: bool = False) -> None:
    """End a membership, and the person's sessions; whoever is left without one is forgotten.

    Raises `NotFound`, and `Conflict` for one's own unless `own`.
    """
    manager, membership = _lock(work, client_id)
    if client_id == manager.client_id and not own:
        raise Conflict("It is your own membership: another manager ends it.")
    end_membership(work, membership)
    if not persons.memberships_of(work.connection, membership.person_id):
        forget_person(work, membership.person_id)


def remove_person(work: Work, person_id: str) -> None:
    """End all memberships of a person, and forget who they were; for the operator."""
    person = persons.lock(work.connection, person_id)
    if person is None or person.removed_at is not None:
        raise NotFound("There is no such person.")
    for membership in persons.memberships_of(work.connection, person_id):
        end_membership(work, membership)
    forget_person(work, person_id)


def find_person(connection: Connection, address: str) -> StaffPerson:
    """Return the person of an address; raises `OperatorFault`."""
    person = persons.by_address(connection, fold_address(address))
    if person is None:
        raise OperatorFault("Nobody has this address: pars person list shows who is there.")
    return person


def _lock(work: Work, client_id: str) -> tuple[Client, Membership]:
    """Return the caller, and a membership that it manages, neither of which anybody else changes meanwhile.

    Raises `Forbidden` for who does not manage people, and `NotFound`.
    """
    manager = manager_of(work)
    membership = persons.membership(work.connection, client_id)
    if membership is None or not _is_managed(work, manager, membership):
        raise NotFound(_NO_MEMBER)
    persons.lock(work.connection, membership.person_id)
    # In one order: of two managers who take each other's role at once, one stays.
    for id in sorted({manager.client_id, client_id}):
        keys.lock_client(work.connection, id)
    manager = manager_of(work)
    found = persons.membership(work.connection, client_id)
    if found is None or found.ended_at is not None:
        raise NotFound(_NO_MEMBER)
    return manager, found


def _is_managed(work: Work, manager: Client, membership: Membership) -> bool:
    if membership.ended_at is not None:
        return False
    if manager.role is Role.OPERATOR:
        return True
    if manager.role is not membership.client_role:
        return False
    if manager.role is Role.VENDOR:
        return membership.client_id in stored.of_organisation(work.connection, manager.client_id)
    return manager.role is Role.PROVIDER and set(membership.provider_ids) <= manager.provider_ids
