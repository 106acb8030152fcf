"""A physician's new mail address: proven by a link to it, and confirmed from the old one, or waited for seven days.

Whoever holds a session for a moment must not take the account away: the old address is mailed at once, and from there
it is stopped. Whether somebody has the new address already is told by nothing but a mail to it.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import Conflict, InvalidRequest, NotFound, fault_at
from app.core.security import digest_of
from app.domain.audit import PersonAudit
from app.domain.passport import address_mails as texts
from app.domain.people.address_changes import CHANGES_A_DAY, WAIT, AddressChange, ChangeOutcome
from app.domain.people.mails import MailKind
from app.domain.people.persons import PersonRole, StaffPerson, fold_address, read_address
from app.services.access.departures import forget_person
from app.services.context import Caller, Service, Work, operator, transact
from app.services.passport.accounts import confirm_by_roster, holder_of
from app.services.people import mail
from app.services.people.invitations import person_of_address
from app.store.people import address_changes, persons, sign_in

_AT_ONCE = 50
_DAY = timedelta(days=1)


class ChangeLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link of a change that works."""

    change: AddressChange
    is_old: bool
    """Whether it was mailed to the old address, which confirms or stops it; the other proves the new one."""


def waiting(connection: Connection, caller: Caller) -> AddressChange | None:
    """Return the change that the caller waits for; raises `NotFound` for who has no account."""
    return address_changes.open_of(connection, holder_of(connection, caller).account.person_id)


def ask(work: Work, given: str) -> None:
    """Ask for another address of the caller's: both are mailed. One that is asked for already is taken back.

    Raises `InvalidRequest` for what is no address, `Conflict` for who signs in elsewhere by it, or asks too often.
    """
    person = _locked(work)
    address = read_address(given)
    if address is None:
        raise InvalidRequest(errors=[fault_at("/address", "Not a mail address.", "Write it as name@example.org.")])
    if person.address is not None and fold_address(person.address) == fold_address(address):
        raise InvalidRequest(errors=[fault_at("/address", "This is your address already.", "Give another one.")])
    if any(one.role is not PersonRole.LEARNER for one in persons.memberships_of(work.connection, person.person_id)):
        raise Conflict(
            "This address signs you in for an organization as well: ask whoever invited you there to invite another."
        )
    if address_changes.count_since(work.connection, person.person_id, work.now - _DAY) >= CHANGES_A_DAY:
        raise Conflict(f"You have asked for {CHANGES_A_DAY} addresses within a day. Try again tomorrow.")
    _end_open(work, person.person_id, ChangeOutcome.TAKEN_BACK)
    new, is_new = person_of_address(work, address, None)
    if is_new:
        work.audit("ask", new.person_id, PersonAudit())
    token, old_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    change = AddressChange(
        change_id=new_id(),
        person_id=person.person_id,
        new_person_id=new.person_id,
        created_at=work.now,
        due_at=work.now + WAIT,
        proven_at=None,
        agreed_at=None,
        ended_at=None,
        outcome=None,
    )
    address_changes.add(work.connection, change, digest_of(token), digest_of(old_token))
    service = work.service
    free = not persons.memberships_of(work.connection, new.person_id)
    text = (
        texts.prove_text(mail.address_of(service, f"/passport/address/{token}"), service=service.settings.service_name)
        if free
        else texts.has_account_text(service=service.settings.service_name)
    )
    mail.queue(work, new.person_id, MailKind.JOINING, text)
    link = mail.address_of(service, f"/passport/address/{old_token}")
    mail.queue(work, person.person_id, MailKind.PASSPORT, texts.agree_text(link, service=service.settings.service_name))
    work.audit("ask-address", person.person_id, PersonAudit())


def take_back(work: Work) -> None:
    """Take back the change that the caller waits for; raises `NotFound` where there is none."""
    if not _end_open(work, _locked(work).person_id, ChangeOutcome.TAKEN_BACK):
        raise NotFound("No change of your address waits.")


def _locked(work: Work) -> StaffPerson:
    holder = holder_of(work.connection, work.caller)
    person = persons.lock(work.connection, holder.account.person_id)
    assert person is not None
    return person


def _end_open(work: Work, person_id: str, outcome: ChangeOutcome) -> bool:
    change = address_changes.open_of(work.connection, person_id)
    if change is not None:
        _end(work, change, outcome)
    return change is not None


def _end(work: Work, change: AddressChange, outcome: ChangeOutcome) -> None:
    address_changes.write(work.connection, change.change_id, {"ended_at": work.now, "outcome": outcome.value})


def find(connection: Connection, service: Service, token: str) -> ChangeLink | None:
    """Return what a link of a mail is about, which nothing is done to; None for one that works no longer."""
    found = address_changes.of_link(connection, digest_of(token))
    if found is None:
        return None
    change, is_old = found
    works = change.ended_at is None and (change.agreed_at is None if is_old else change.may_be_proven(service.clock()))
    return ChangeLink(change=change, is_old=is_old) if works else None


def use(work: Work, token: str, *, stop: bool = False) -> ChangeOutcome | None:
    """Prove the new address, or confirm or stop the change from the old one, as the link says.

    Returns what has come of it, None while something is still lacking. Raises `NotFound` for a link that works no more.
    """
    link = find(work.connection, work.service, token)
    change = _lock_change(work, link.change.change_id) if link is not None else None
    # Locked, and looked at again: it may have ended by now.
    link = find(work.connection, work.service, token)
    if link is None or change is None or (stop and not link.is_old):
        raise NotFound
    if stop:
        _end(work, change, ChangeOutcome.REFUSED)
        # Whoever asked was signed in.
        sign_in.end_sessions(work.connection, change.person_id, work.now)
        work.audit("refuse-address", change.person_id, PersonAudit())
        return ChangeOutcome.REFUSED
    address_changes.write(work.connection, change.change_id, {"agreed_at" if link.is_old else "proven_at": work.now})
    return _go_on(work, change.change_id)


def _lock_change(work: Work, change_id: str) -> AddressChange | None:
    """Return a change that is open, which nobody else goes on with; None where it has ended."""
    seen = address_changes.one(work.connection, change_id)
    if seen is not None:
        # Their person first, as whoever asks does: so none waits for the other.
        persons.lock(work.connection, seen.person_id)
    found = address_changes.one(work.connection, change_id, for_update=True)
    return found if found is not None and found.ended_at is None else None


def _go_on(work: Work, change_id: str) -> ChangeOutcome | None:
    change = _lock_change(work, change_id)
    if change is None:
        return None
    if change.is_ripe(work.now):
        return _apply(work, change)
    if change.is_over(work.now):
        _end(work, change, ChangeOutcome.LAPSED)
        return ChangeOutcome.LAPSED
    return None


def _apply(work: Work, change: AddressChange) -> ChangeOutcome:
    connection = work.connection
    person, new = (persons.lock(connection, id) for id in (change.person_id, change.new_person_id))
    free = new is not None and new.removed_at is None and not persons.memberships_of(connection, new.person_id)
    if person is None or person.removed_at is not None or new is None or new.address is None or not free:
        _end(work, change, ChangeOutcome.LAPSED)
        return ChangeOutcome.LAPSED
    address = new.address
    forget_person(work, new.person_id)
    persons.change(connection, person.person_id, {"address": address, "address_key": fold_address(address)})
    _end(work, change, ChangeOutcome.CHANGED)
    sign_in.end_sessions(connection, person.person_id, work.now)
    sign_in.end_links(connection, person.person_id, work.now)
    work.audit("change", person.person_id, PersonAudit(changed=["address"]))
    link = mail.address_of(work.service, "/passport/sign-in")
    mail.queue(work, person.person_id, MailKind.PASSPORT, texts.changed_text(link))
    for membership in persons.memberships_of(connection, person.person_id):
        if membership.role is PersonRole.LEARNER:
            confirm_by_roster(work, membership.client_id)
    return ChangeOutcome.CHANGED


def pass_time(service: Service) -> bool:
    """Change addresses that were waited for, and end what nobody has proven; return whether there may be more."""
    now = service.clock()
    found = service.database.read(lambda connection: address_changes.to_look_at(connection, now, _AT_ONCE))
    for change_id in found:
        transact(operator(service), _go_on, change_id)
    return len(found) == _AT_ONCE
