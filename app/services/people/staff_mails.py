"""Regular mails to staff, daily or weekly as each chooses: counts of what needs attention, and nobody's name.

There is one mail for a person and a period, whoever writes it and whatever stops meanwhile: the row is the proof.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from app.core.clock import new_id
from app.domain.clients import Role
from app.domain.people.mails import (
    MOST_PLACES,
    MailKind,
    MailStatus,
    MailText,
    PlaceWaiting,
    attention_text,
    period_of,
)
from app.domain.people.persons import Membership, StaffPerson
from app.services.access.authentication import standing_client
from app.services.context import Caller, Service, Work, operator, transact
from app.services.looking import attention
from app.services.people import mail
from app.store import clients
from app.store.passport import operator_work
from app.store.people import mails, persons

_AT_ONCE = 50
_LOOKED_AT = 4 * MOST_PLACES
"""Providers of a vendor that are looked at for one mail."""


def write_due(service: Service) -> bool:
    """Write the regular mails that are due and not there yet."""
    after = ""
    while people := service.database.read(partial(persons.who_choose_mails, after=after, limit=_AT_ONCE)):
        for person in people:
            _write(service, person)
        after = people[-1].person_id
    return False


def _write(service: Service, person: StaffPerson) -> None:
    period = period_of(person.mail_choice, service.clock(), person.time_zone)
    if period is None:
        return
    kind = MailKind.ATTENTION.value
    if service.database.read(lambda connection: mails.has_period(connection, person.person_id, kind, period)):
        return
    text = service.database.read(lambda connection: _text(connection, service, person))
    transact(operator(service), _save, person, period, text)


def _save(work: Work, person: StaffPerson, period: str, text: MailText | None) -> None:
    """Write the mail of a period; where nothing waits, that it was looked for."""
    if text is not None:
        mail.queue(work, person.person_id, MailKind.ATTENTION, text, period=period)
        return
    mails.add(
        work.connection,
        {
            "mail_id": new_id(),
            "person_id": person.person_id,
            "kind": MailKind.ATTENTION.value,
            "period": period,
            "status": MailStatus.SENT.value,
            "outcome": "nothing-waits",
            "due_at": work.now,
            "created_at": work.now,
            "finished_at": work.now,
        },
    )


def _text(connection: Connection, service: Service, person: StaffPerson) -> MailText | None:
    """Return what waits for a person, None for nothing."""
    places: list[PlaceWaiting] = []
    seen: set[str] = set()
    for membership in persons.memberships_of(connection, person.person_id):
        if membership.client_role in (Role.PROVIDER, Role.VENDOR):
            places += _waiting(connection, service, membership, seen)
        elif membership.client_role is Role.OPERATOR:
            places += _waiting_for_operator(connection, service, membership)
    if not places:
        return None
    return attention_text(places, mail.address_of(service, ""), service=service.settings.service_name)


def _waiting_for_operator(connection: Connection, service: Service, membership: Membership) -> list[PlaceWaiting]:
    """Return what only the operator decides in CME Passport; what else waits for them stands on their Home."""
    now = service.clock()
    if standing_client(connection, membership.client_id, None, now) is None:
        return []
    sentences = operator_work.waiting(connection, now).sentences
    return [PlaceWaiting(name="CME Passport", sentences=sentences)] if sentences else []


def _waiting(connection: Connection, service: Service, membership: Membership, seen: set[str]) -> list[PlaceWaiting]:
    client = standing_client(connection, membership.client_id, None, service.clock())
    if client is None:
        return []
    found = []
    for provider in clients.providers_acted_for(connection, client, None, _LOOKED_AT):
        if provider.provider_id in seen:
            continue
        seen.add(provider.provider_id)
        caller = Caller(service=service, client=client, provider=provider.provider_id)
        sentences = [entry.sentence for entry in attention.look(connection, caller) if entry.waiting.count]
        if sentences:
            found.append(PlaceWaiting(name=f"{provider.name} ({provider.provider_id})", sentences=sentences))
    return found
