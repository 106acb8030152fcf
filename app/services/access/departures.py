"""The end of a membership, and of a person: what they could do ends at once, and who they were is forgotten."""

from __future__ import annotations

from app.domain.audit import ClientAudit, PersonAudit
from app.domain.passport.accounts import PassportAccount
from app.domain.passport.audit import PassportAccountAudit, ShareAudit
from app.domain.people.address_changes import ChangeOutcome
from app.domain.people.persons import Membership, PersonRole
from app.services.access import clients
from app.services.context import Work
from app.store.access import clients as stored
from app.store.passport import accounts, notices, own_periods, shares
from app.store.people import address_changes, mails, persons, sign_in


def end_membership(work: Work, membership: Membership) -> None:
    """End a membership and the person's sessions; of a physician's, the account is closed and its shares end."""
    clients.end_client(work, membership.client_id)
    sign_in.end_sessions(work.connection, membership.person_id, work.now)
    sign_in.end_links(work.connection, membership.person_id, work.now)
    fields = PersonAudit(client_id=membership.client_id, role=membership.role.value, place=membership.place)
    work.audit("remove-membership", membership.person_id, fields)
    account = accounts.lock(work.connection, membership.client_id) if membership.role is PersonRole.LEARNER else None
    if account is not None and account.closed_at is None:
        accounts.change(work.connection, account.client_id, {"closed_at": work.now})
        notices.drop_of_client(work.connection, account.client_id)
        own_periods.drop_of_client(work.connection, account.client_id)
        audited = PassportAccountAudit(person_id=account.person_id, learner_id=account.learner_id)
        work.audit("close", account.client_id, audited)
        _end_address_change(work, account.person_id)
        for share in shares.open_of_account(work.connection, account.client_id, work.now):
            shares.end(work.connection, share.share_id, work.now)
            work.audit("end", share.share_id, ShareAudit(learner_id=share.learner_id))


def end_account(work: Work, account: PassportAccount) -> None:
    """End the membership that a physician's account is."""
    membership = persons.membership(work.connection, account.client_id)
    assert membership is not None
    end_membership(work, membership)


def reopen_account(work: Work, account: PassportAccount) -> None:
    """Open a physician's account again that was closed by mistake; sessions and links that it gave stay ended."""
    stored.restore_membership(work.connection, account.client_id)
    work.audit("restore", account.client_id, ClientAudit())
    accounts.change(work.connection, account.client_id, {"closed_at": None})
    audited = PassportAccountAudit(person_id=account.person_id, learner_id=account.learner_id)
    work.audit("reopen", account.client_id, audited)


def _end_address_change(work: Work, person_id: str) -> None:
    """End the change of an address that somebody waits for, and forget the address that only it has brought."""
    change = address_changes.open_of(work.connection, person_id)
    if change is None:
        return
    ended = {"ended_at": work.now, "outcome": ChangeOutcome.LAPSED.value}
    address_changes.write(work.connection, change.change_id, ended)
    new = persons.lock(work.connection, change.new_person_id)
    brought = new is not None and new.removed_at is None and new.created_at == change.created_at
    if brought and not persons.memberships_of(work.connection, change.new_person_id):
        forget_person(work, change.new_person_id)


def forget_person(work: Work, person_id: str) -> None:
    """Blank who a person was: their memberships stay as clients, so that what they did keeps its author."""
    blank = {
        "address": None,
        "address_key": None,
        "name": None,
        "mail_choice": "none",
        "totp_secret": None,
        "totp_pending": None,
        "totp_step": None,
        "removed_at": work.now,
    }
    persons.change(work.connection, person_id, blank)
    persons.replace_recovery_codes(work.connection, person_id, (), work.now)
    mails.end_of_person(work.connection, person_id, work.now)
    work.audit("remove", person_id, PersonAudit())
