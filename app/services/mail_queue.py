"""Mails to people, written as rows in the transaction that causes them; workers send them (`people/mail.py`)."""

from __future__ import annotations

from typing import Any

import msgspec

from app.core.clock import new_id
from app.domain.people.mails import MailKind, MailStatus, MailText
from app.services.context import Service, Work
from app.store.people import mails

PURPOSE = "mail"
"""The purpose of the key that seals what a mail says, until it was sent."""


def queue(work: Work, person_id: str, kind: MailKind, text: MailText, *, period: str | None = None) -> None:
    """Write a mail to a person; of a regular one there is one for each period, whoever writes it."""
    mails.add(work.connection, _row(work, person_id, kind, text) | {"period": period})


def queue_or_not(work: Work, person_id: str | None, kind: MailKind, text: MailText) -> None:
    """Write a mail to a person, or do the same work for nobody: a clock does not tell a stranger which it was."""
    mails.add_or_take_back(work.connection, _row(work, person_id, kind, text))


def _row(work: Work, person_id: str | None, kind: MailKind, text: MailText) -> dict[str, Any]:
    mail_id = new_id()
    return {
        "mail_id": mail_id,
        "person_id": person_id,
        "kind": kind.value,
        "content": work.service.keyring.seal(PURPOSE, msgspec.json.encode(text), mail_id),
        "status": MailStatus.PENDING.value,
        "due_at": work.now,
        "created_at": work.now,
    }


def address_of(service: Service, path: str) -> str:
    """Return the address of a page as a mail or a command gives it: never from what a request says its host is."""
    return f"{service.settings.public_url or 'http://127.0.0.1:8000'}{path}"
