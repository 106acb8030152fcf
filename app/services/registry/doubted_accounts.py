"""Accounts in CME Passport of physicians who are parted: what had confirmed them holds no longer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from app.domain.identity.physicians import Physician
from app.domain.passport import joined_mails as texts
from app.domain.passport.accounts import PassportAccount
from app.domain.passport.audit import PassportAccountAudit
from app.domain.people.mails import MailKind
from app.services.context import Work
from app.services.mail_queue import address_of, queue
from app.store.passport import accounts
from app.store.registry import roster_addresses


def accounts_of(connection: Connection, physician: Physician) -> list[PassportAccount]:
    """Return the open accounts of a physician on file, the oldest first."""
    return accounts.open_of(connection, {physician.physician_id, *physician.aliases})


def doubt_accounts(work: Work, learner_ids: Collection[str], since: datetime | None = None) -> None:
    """Take back what has confirmed the open accounts of a physician who is two people, and tell their holders.

    Nobody knows whose such an account is: it may show the other's credit, so it shows nothing until it is confirmed
    again, by a new joining code or the operator. With `since`, only what was confirmed after that moment: what was
    known before is known of one of the two alone. Codes and links that were given out for both work no longer, and
    mail addresses that boards gave of both are forgotten: the next roster gives them of the right one.
    """
    connection = work.connection
    service = work.service
    link = address_of(service, "/passport/settings")
    settings = service.settings
    for account in accounts.open_of(connection, learner_ids, for_update=True):
        if account.confirmed_at is None or (since is not None and account.confirmed_at <= since):
            continue
        accounts.change(connection, account.client_id, {"confirmed_at": None, "confirmed_by": None})
        audited = PassportAccountAudit(person_id=account.person_id, learner_id=account.learner_id)
        work.audit("doubt", account.client_id, audited)
        text = texts.doubted_text(link, service=settings.service_name, support=settings.support_contact)
        queue(work, account.person_id, MailKind.PASSPORT, text)
    accounts.end_claims(connection, learner_ids, work.now)
    accounts.end_codes(connection, learner_ids, work.now)
    roster_addresses.forget(connection, learner_ids, since)
