"""Disputes made without a browser: the physician of a record has an account, and says something of it."""

from __future__ import annotations

from app.domain.passport.accounts import ConfirmedBy
from app.domain.passport.disputes import Dispute
from app.services.context import Caller, Service, Work, operator, transact
from app.services.passport import disputes
from app.services.passport.joining import add_account, family_of
from app.services.people.invitations import person_of_address
from app.store import clients, completions
from app.store.passport import accounts


def physician_of(service: Service, completion_id: str, *, confirmed: bool = True) -> Caller:
    """Return the physician of a record as a caller, with an account of their own."""
    client_id = transact(operator(service), _open_account, completion_id, confirmed=confirmed)
    client = service.database.read(lambda connection: clients.by_id(connection, client_id))
    assert client is not None
    return Caller(service=service, client=client, provider=None)


def _open_account(work: Work, completion_id: str, *, confirmed: bool) -> str:
    (record,) = completions.load_by_ids(work.connection, [completion_id])
    assert record.physician_id is not None
    for account in accounts.open_of(work.connection, family_of(work.connection, record.physician_id)):
        return account.client_id
    person, _ = person_of_address(work, f"{record.physician_id}@physicians.example", "A Physician")
    return add_account(work, person, record.physician_id, ConfirmedBy.OPERATOR if confirmed else None).client_id


def disputed(service: Service, completion_id: str, kind: str = "not-me", message: str = "I was not there.") -> Dispute:
    """Dispute a record as its physician; return the dispute."""
    return transact(physician_of(service, completion_id), disputes.open_dispute, completion_id, kind, message)
