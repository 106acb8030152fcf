"""Mails to people: written as rows in the transaction that causes them, sent by workers, tried again when one fails.

A worker that dies between sending and saving leaves a lease that ends, and the mail is sent again with the same
`Message-ID`; in a folder it is the same file. What a mail says is encrypted until it was sent, then forgotten: a link
in it would sign somebody in.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.logging import log
from app.delivery.mail import MailOutcome, Postman
from app.domain.people.mails import RETRIES, LeasedMail, MailKind, MailStatus, MailText
from app.services.context import Service
from app.services.mail_queue import PURPOSE, address_of, queue, queue_or_not
from app.store.people import mails

__all__ = ("LEASE", "address_of", "queue", "queue_or_not", "save", "send_next")
LEASE = timedelta(minutes=5)
"""Longer than any attempt."""
_LINK_KINDS = {
    MailKind.SIGN_IN: timedelta(minutes=15),
    MailKind.INVITATION: timedelta(days=3),
    MailKind.JOINING: timedelta(hours=24),
}
"""After this time the link of a mail works no longer, so that it is not sent either."""


def send_next(service: Service) -> bool:
    """Send the mail that is due longest; return whether there may be more."""
    now, database = service.clock(), service.database
    if not database.read(lambda connection: mails.any_due(connection, now)):
        return False
    leased = database.write(lambda connection: mails.lease_due(connection, now=now, until=now + LEASE, most=1))
    for mail in leased:
        outcome = _attempt(service, mail)
        saved = database.write(partial(save, service=service, mail=mail, outcome=outcome))
        if saved and outcome is not MailOutcome.SENT:
            # Neither the address nor what a server said of it: both may name a person.
            log.warning("mail not sent", mail_id=mail.mail_id, kind=mail.kind.value, outcome=outcome.value)
    return bool(leased)


def _attempt(service: Service, mail: LeasedMail) -> MailOutcome:
    life = _LINK_KINDS.get(mail.kind)
    if life is not None and mail.created_at + life <= service.clock():
        return MailOutcome.TOO_LATE
    content = service.keyring.unseal(PURPOSE, mail.content, mail.mail_id) if mail.content is not None else None
    if mail.address is None or content is None:
        return MailOutcome.REMOVED
    text = msgspec.json.decode(content, type=MailText)
    return Postman.of(service.settings).send(mail.mail_id, mail.address, text, mail.created_at)


def save(connection: Connection, service: Service, mail: LeasedMail, outcome: MailOutcome) -> bool:
    """Save the outcome of an attempt; False, and nothing is written, when another worker has the mail by now."""
    now, attempts = service.clock(), mail.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "outcome": outcome.value}
    if outcome is MailOutcome.SENT:
        values |= {"status": MailStatus.SENT.value, "finished_at": now, "content": None}
    elif outcome.is_final or attempts > len(RETRIES):
        values |= {"status": MailStatus.DEAD.value, "finished_at": now, "content": None}
    else:
        values |= {"status": MailStatus.PENDING.value, "due_at": now + RETRIES[attempts - 1]}
    return mails.save_attempt(connection, mail, values)
