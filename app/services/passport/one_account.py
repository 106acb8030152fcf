"""One account a physician: two that are one's since entries were merged, and what an undone merge gives back.

Whatever has merged them, a loop looks for it. The account that is confirmed stays where the other is not, and had
nothing to show. Where both are confirmed, or neither, both keep what they have, and the operator decides between them
as between any two who claim one account.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from app.core.clock import new_id
from app.core.security import digest_of
from app.domain.passport import joined_mails as texts
from app.domain.passport.accounts import (
    ClaimOutcome,
    DoubleAccount,
    Meeting,
    PassportAccount,
    PassportClaim,
    in_precedence,
    meeting_of,
)
from app.domain.passport.audit import PassportAccountAudit
from app.domain.people.mails import MailKind, MailText
from app.services.access.departures import end_account, reopen_account
from app.services.context import Service, Work, operator, transact
from app.services.passport.joining import family_of
from app.services.people import mail
from app.store.passport import accounts, double_accounts
from app.store.people import persons
from app.store.registry import physicians

KEPT = timedelta(days=365)
"""For so long after two accounts became one, undoing the merge opens the other again."""
AT_ONCE = 50


def settle(service: Service) -> bool:
    """Leave each physician one account, and give back what an undone merge took; return whether there may be more."""
    found = service.database.read(lambda connection: double_accounts.find(connection, AT_ONCE))
    for physician_id in found:
        transact(operator(service), _settle, physician_id)
    parted = service.database.read(lambda connection: double_accounts.parted(connection, AT_ONCE))
    for double in parted:
        transact(operator(service), _part, double)
    return AT_ONCE in (len(found), len(parted))


def _settle(work: Work, physician_id: str) -> None:
    # The physician before the accounts, as whoever opens one does; looked at again, locked.
    physicians.lock(work.connection, [physician_id])
    standing = accounts.open_of(work.connection, family_of(work.connection, physician_id), for_update=True)
    ordered = in_precedence(standing)
    for second in ordered[1:]:
        _settle_two(work, ordered[0], second)


def _settle_two(work: Work, first: PassportAccount, second: PassportAccount) -> None:
    name, support = work.service.settings.service_name, work.service.settings.support_contact
    sign_in = mail.address_of(work.service, "/passport/sign-in")
    meeting = meeting_of(first, second)
    if meeting is Meeting.OWN:
        _note(work, first, second, decided=True)
        end_account(work, second)
        _tell(work, second, texts.closed_as_own_second_text(sign_in, service=name))
    elif meeting is Meeting.CLOSED:
        _note(work, first, second, decided=True)
        end_account(work, second)
        _tell(work, second, texts.closed_as_second_text(sign_in, service=name, support=support))
        _tell(work, first, texts.kept_as_first_text(sign_in, service=name))
    elif _note(work, first, second, decided=False):
        for account in (first, second):
            _tell(work, account, texts.two_accounts_text(service=name, support=support))


def _note(work: Work, first: PassportAccount, second: PassportAccount, *, decided: bool) -> bool:
    """Keep that two accounts were one physician's; return False where the operator has to decide it already."""
    if double_accounts.is_asked(work.connection, first.client_id, second.client_id):
        return False
    key = double_accounts.asked_key_of(first.client_id, second.client_id)
    claim = PassportClaim(
        claim_id=new_id(),
        person_id=second.person_id,
        learner_id=second.learner_id,
        outcome=ClaimOutcome.TAKEN,
        code_digest=None,
        created_at=work.now,
        expires_at=work.now + KEPT,
        used_at=None,
        objected_at=None,
        decided_at=work.now if decided else None,
    )
    # Its link was sent to nobody.
    accounts.add_claim(work.connection, claim, digest_of(secrets.token_urlsafe(32)), key)
    for account in (first, second):
        audited = PassportAccountAudit(
            person_id=account.person_id, learner_id=account.learner_id, claim_id=claim.claim_id
        )
        work.audit("double", account.client_id, audited)
    return True


def _part(work: Work, double: DoubleAccount) -> None:
    """Open what was closed as the second account of one physician, who are two again; or leave both as they are."""
    connection = work.connection
    claim = accounts.lock_claim(connection, double.claim_id)
    if claim is None or claim.used_at is not None:
        return
    decided_at = claim.decided_at
    accounts.change_claim(connection, claim.claim_id, {"used_at": work.now, "decided_at": decided_at or work.now})
    name, link = work.service.settings.service_name, mail.address_of(work.service, "/passport/sign-in")
    for client_id in (double.first, double.second):
        account = accounts.lock(connection, client_id)
        assert account is not None
        again = account.closed_at is not None and account.closed_at == decided_at and _may_open(work, account)
        if again:
            reopen_account(work, account)
        if again or (account.closed_at is None and decided_at is None):
            _tell(work, account, texts.parted_text(link, service=name, opened_again=again))


def _may_open(work: Work, account: PassportAccount) -> bool:
    """Whether the holder is still there, and the physician has no other account by now."""
    physicians.lock(work.connection, [account.learner_id])
    person = persons.by_id(work.connection, account.person_id)
    there = person is not None and person.removed_at is None
    return there and not accounts.open_of(work.connection, family_of(work.connection, account.learner_id))


def _tell(work: Work, account: PassportAccount, text: MailText) -> None:
    mail.queue(work, account.person_id, MailKind.PASSPORT, text)
