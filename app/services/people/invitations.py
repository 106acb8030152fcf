"""Invitations: a person is given a membership, which is a client, and a link to sign in first."""

from __future__ import annotations

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, Forbidden, InvalidRequest, Problem, fault_at
from app.domain.audit import ClientAudit, PersonAudit
from app.domain.clients import Client, ClientKind, Role
from app.domain.people import mails as texts
from app.domain.people.mails import MailKind
from app.domain.people.persons import (
    LONGEST_NAME,
    MailChoice,
    PersonRole,
    StaffPerson,
    Theme,
    fold_address,
    place_of,
    read_address,
)
from app.services.access.clients import find_client
from app.services.access.scopes import PERSON_SCOPES, TEST_SCOPES
from app.services.context import Work
from app.services.people import mail, sign_in
from app.services.people.memberships import manager_of
from app.store import clients
from app.store.access import clients as stored
from app.store.access import keys
from app.store.access.providers import root_of
from app.store.people import persons
from app.store.sandbox import is_sandbox

MOST_MEMBERS = 500
"""Of one provider, vendor or board."""
_CLIENT_NAME = "person"
"""Of the clients that memberships are: who it is stands with the person alone, and goes with them."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to become a member of what."""

    address: str
    role: PersonRole
    client_role: Role
    """What of: a provider, a vendor, a board, or the operators."""
    id: str | None = None
    """The provider's id, the vendor's client, the board's code; None of operators, and of the manager's own vendor."""
    name: str | None = None


class Invited(msgspec.Struct, frozen=True, kw_only=True):
    """A new membership, and the link that was mailed."""

    person_id: str
    client_id: str
    link: str
    is_new: bool
    """Whether the person was not there before."""


class AddedMember(msgspec.Struct, frozen=True, kw_only=True):
    """A membership that was made."""

    person: StaffPerson
    client_id: str
    what: str
    """What of, in words."""
    is_new: bool


class MembershipPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What a membership is of, as it stands now."""

    place: str
    what: str
    """In words, for the mail."""
    provider_ids: tuple[str, ...] = ()
    board: str | None = None
    organisation: str | None = None
    vendor_client: str | None = None
    test: bool = False


def invite(work: Work, asked: Invitation) -> Invited:
    """Make somebody a member, and mail them a link.

    Raises `InvalidRequest` for an address or role that is none, `Forbidden` for what the caller does not manage,
    `Conflict` for who is a member already and where there is no more room.
    """
    added = add_member(work, asked)
    address = added.person.address or ""
    if not sign_in.may_mail(work, address):
        raise Conflict("This address was sent as many mails as it may be within an hour. Try again in an hour.")
    token = sign_in.make_invitation(work, added.person, address)
    link = mail.address_of(work.service, f"/sign-in/{token}")
    text = texts.invitation_text(link, f"{asked.role.value} {added.what}", service=work.service.settings.service_name)
    mail.queue(work, added.person.person_id, MailKind.INVITATION, text)
    return Invited(person_id=added.person.person_id, client_id=added.client_id, link=link, is_new=added.is_new)


def add_member(work: Work, asked: Invitation) -> AddedMember:
    """Make somebody a member without a mail; raises as `invite` does."""
    manager = manager_of(work)
    address = _read(asked)
    place = _place_of(work, manager, asked)
    person, is_new = person_of_address(work, address, (asked.name or "").strip()[:LONGEST_NAME] or None)
    _refuse_second(work, person, place, asked.client_role)
    client_id = add_client(work, asked, person, place)
    return AddedMember(person=person, client_id=client_id, what=place.what, is_new=is_new)


def _read(asked: Invitation) -> str:
    """Return the address; raises `InvalidRequest`."""
    faults = []
    address = read_address(asked.address)
    if address is None:
        faults.append(fault_at("/address", "Not a mail address.", "Write it as name@example.org."))
    if not asked.role.fits(asked.client_role):
        possible = [role.value for role in PersonRole if role.fits(asked.client_role)]
        hint = f"Possible: {', '.join(possible)}."
        faults.append(fault_at("/role", f"A member of {_A[asked.client_role]} cannot be {asked.role.value}.", hint))
    if faults or address is None:
        raise InvalidRequest(errors=faults)
    return address


_A = {Role.PROVIDER: "a provider", Role.VENDOR: "a vendor", Role.BOARD: "a board", Role.OPERATOR: "the operators"}


def _place_of(work: Work, manager: Client, asked: Invitation) -> MembershipPlace:
    """Return what the membership is of, if the manager may give it; raises `Forbidden`, `InvalidRequest`."""
    if manager.role is not Role.OPERATOR and asked.client_role is not manager.role:
        raise Forbidden("A manager invites people to what they manage.")
    if asked.client_role is Role.OPERATOR:
        return MembershipPlace(place=place_of(Role.OPERATOR, None), what="of this installation")
    if asked.client_role is Role.BOARD:
        return _board(work, manager, asked)
    if asked.client_role is Role.VENDOR:
        return _vendor(work, manager, asked)
    provider_id = root_of(work.connection, asked.id or "")
    if provider_id is None or is_sandbox(work.connection, provider_id):
        raise _unknown("There is no such provider.", "Ids have seven digits, with their leading zeros.")
    if manager.role is not Role.OPERATOR and provider_id not in manager.provider_ids:
        raise Forbidden("A manager invites people to what they manage.")
    return MembershipPlace(
        place=place_of(Role.PROVIDER, provider_id), what=f"at provider {provider_id}", provider_ids=(provider_id,)
    )


def _board(work: Work, manager: Client, asked: Invitation) -> MembershipPlace:
    board = work.service.catalogue.board(asked.id or "")
    if board is None:
        raise _unknown("There is no such board.", "GET /v1/boards lists the codes.")
    if manager.role is not Role.OPERATOR:
        raise Forbidden("Who works for a board is invited by the operator.")
    return MembershipPlace(place=place_of(Role.BOARD, board.code), what=f"at {board.name}", board=board.code)


def _vendor(work: Work, manager: Client, asked: Invitation) -> MembershipPlace:
    """Return a vendor's client, which nobody grants anything or takes it from meanwhile."""
    named = asked.id or persons.vendor_of(work.connection, manager.client_id) or manager.client_id
    client_id = find_client(work.connection, named)
    keys.lock_client(work.connection, client_id)
    vendor = clients.by_id(work.connection, client_id)
    if vendor is None or vendor.role is not Role.VENDOR:
        raise _unknown("There is no such vendor.", "Name a vendor's client that works.")
    if manager.role is not Role.OPERATOR and vendor.organisation_id != manager.organisation_id:
        raise Forbidden("A manager invites people to what they manage.")
    return MembershipPlace(
        place=place_of(Role.VENDOR, client_id),
        what=f"of the vendor {client_id}",
        provider_ids=tuple(sorted(vendor.provider_ids)),
        organisation=vendor.organisation_id,
        vendor_client=client_id,
        test=vendor.test,
    )


def _unknown(detail: str, hint: str) -> Problem:
    return InvalidRequest(errors=[fault_at("/id", detail, hint)])


def person_of_address(work: Work, address: str, name: str | None) -> tuple[StaffPerson, bool]:
    """Return the person of an address, locked, who is added if nobody has it; and whether they were."""
    key = fold_address(address)
    known = persons.by_address(work.connection, key)
    if known is None:
        new = StaffPerson(
            person_id=f"per_{new_id()}",
            address=address,
            name=name,
            time_zone="UTC",
            theme=Theme.SYSTEM,
            mail_choice=MailChoice.NONE,
            totp_secret=None,
            created_at=work.now,
            removed_at=None,
        )
        persons.add(work.connection, new, key)
    found = known or persons.by_address(work.connection, key)
    person = persons.lock(work.connection, found.person_id) if found is not None else None
    if person is None or person.removed_at is not None:
        raise Conflict("The person was removed at the same time. Invite them again.")
    return person, known is None


def _refuse_second(work: Work, person: StaffPerson, place: MembershipPlace, client_role: Role) -> None:
    """Raise `Conflict` for who is a member already, and for one member too many."""
    for membership in persons.memberships_of(work.connection, person.person_id):
        same = membership.place == place.place or (
            membership.client_role is client_role is Role.PROVIDER
            and set(membership.provider_ids) & set(place.provider_ids)
        )
        if same:
            raise Conflict(f"This person is a member already, as {membership.role.value}. Change the role instead.")
    if _count(work.connection, place, client_role) >= MOST_MEMBERS:
        raise Conflict(f"There are {MOST_MEMBERS} members already: remove those who are there no longer.")


def _count(connection: Connection, place: MembershipPlace, client_role: Role) -> int:
    if client_role is Role.PROVIDER:
        return len(persons.members_of_provider(connection, place.provider_ids[0]))
    if place.vendor_client is not None:
        return len(persons.members_of_vendor(connection, place.vendor_client))
    return len(persons.members_at(connection, place.place))


def add_client(work: Work, asked: Invitation, person: StaffPerson, place: MembershipPlace) -> str:
    """Add the client that the membership is, without a key, and the membership; return its id."""
    client_id = f"cli_{new_id()}"
    scopes = [scope for scope in PERSON_SCOPES[asked.role] if not place.test or scope in TEST_SCOPES]
    client = {
        "client_id": client_id,
        "name": _CLIENT_NAME,
        "role": asked.client_role,
        "board": place.board,
        "test": place.test,
        "scopes": scopes,
        "permission_attested_by": person.person_id,
        "permission_attested_at": work.now,
        "created_at": work.now,
        "expires_at": None,
        "organisation": place.organisation,
        "kind": ClientKind.PERSON,
    }
    stored.add(work.connection, client, (), place.provider_ids, work.now)
    persons.add_membership(
        work.connection,
        {
            "client_id": client_id,
            "person_id": person.person_id,
            "role": asked.role.value,
            "place": place.place,
            "vendor_client": place.vendor_client,
            "invited_by": work.caller.client.client_id,
            "created_at": work.now,
        },
    )
    audited = ClientAudit(
        role=asked.client_role.value,
        providers=place.provider_ids,
        test=place.test,
        board=place.board or UNSET,
        scopes=scopes,
    )
    work.audit("create", client_id, audited)
    fields = PersonAudit(client_id=client_id, role=asked.role.value, place=place.place)
    work.audit("invite", person.person_id, fields)
    return client_id
