"""Sessions: begun when a person signs in, looked up by each request, listed and ended by the person."""

from __future__ import annotations

import secrets
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import NotFound
from app.core.security import digest_of
from app.domain.audit import PersonAudit
from app.domain.clients import Client
from app.domain.people.persons import Membership, StaffPerson
from app.domain.people.sessions import SEEN_EVERY, SESSION_LIFE, Session
from app.services.access.authentication import standing_client
from app.services.context import Caller, Service, Work
from app.store.people import persons, sign_in

_FORMS = "console-form"


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session with its person, and what they may do; the session may have ended."""

    session: Session
    person: StaffPerson
    memberships: list[Membership]
    clients: dict[str, Client]
    """The memberships as clients, by their ids; one of them may have expired."""

    @property
    def needs_factor(self) -> bool:
        """Whether a second factor is still to be given: by its own choice, or because a role asks for one."""
        return self.session.confirmed_at is None and needs_totp(self.person, self.memberships)


def needs_totp(person: StaffPerson, memberships: list[Membership]) -> bool:
    """Whether a person signs in with a second factor."""
    return person.totp_secret is not None or any(membership.role.needs_totp for membership in memberships)


def begin(work: Work, person_id: str, browser: str, *, confirmed: bool = False) -> str:
    """Begin a session; return what its cookie holds, which is stored as a digest only."""
    token = secrets.token_urlsafe(32)
    session = Session(
        session_id=new_id(),
        person_id=person_id,
        browser=browser,
        created_at=work.now,
        seen_at=work.now,
        expires_at=work.now + SESSION_LIFE,
        ended_at=None,
        confirmed_at=work.now if confirmed else None,
    )
    sign_in.add_session(work.connection, session, digest_of(token))
    persons.note_seen(work.connection, person_id, work.now)
    work.audit("sign-in", person_id, PersonAudit(session_id=session.session_id))
    return token


def find(connection: Connection, token: str) -> SignedIn | None:
    """Return the session of a cookie, which may have ended; None for a cookie that is none, or was forgotten."""
    found = sign_in.find_session(connection, digest_of(token))
    return _signed_in(connection, *found) if found is not None else None


def read_again(connection: Connection, signed_in: SignedIn) -> SignedIn:
    """Return a session as it stands now."""
    session = sign_in.one_session(connection, signed_in.session.session_id)
    person = persons.by_id(connection, signed_in.person.person_id)
    assert session is not None and person is not None
    return _signed_in(connection, session, person)


def _signed_in(connection: Connection, session: Session, person: StaffPerson) -> SignedIn:
    found = persons.standing_memberships(connection, person.person_id)
    return SignedIn(
        session=session,
        person=person,
        memberships=[membership for membership, _ in found],
        clients={client.client_id: client for _, client in found},
    )


def caller_of(connection: Connection, service: Service, signed_in: SignedIn) -> Caller | None:
    """Return the caller in whose name a person acts on their own account: the oldest membership that works."""
    for membership in signed_in.memberships:
        client = standing_client(connection, membership.client_id, None, service.clock())
        if client is not None:
            return Caller(service=service, client=client, provider=None)
    return None


def is_to_be_noted(session: Session, now: datetime) -> bool:
    """Whether it is to be written that a session is used: to the minute is enough."""
    return session.seen_at + SEEN_EVERY <= now


def note_seen(connection: Connection, session: Session, now: datetime) -> None:
    """Write that a session is used."""
    sign_in.note_seen(connection, session.session_id, now)
    persons.note_seen(connection, session.person_id, now)


def form_token(service: Service, session: Session) -> str:
    """Return what every form of a session bears: no other site can know it, nor another session."""
    return service.keyring.keyed_digest(_FORMS, session.session_id)


def is_form_token(service: Service, session: Session, given: str) -> bool:
    """Whether a form was drawn for a session."""
    return service.keyring.verifies(_FORMS, session.session_id, given)


def listed(connection: Connection, person_id: str, now: datetime) -> list[Session]:
    """Return the sessions by which a person is signed in, the last used first."""
    return [session for session in sign_in.sessions_of(connection, person_id) if session.works_at(now)]


def end(work: Work, person_id: str, session_id: str) -> None:
    """End a session of a person; raises `NotFound` for what is none of theirs."""
    session = sign_in.one_session(work.connection, session_id)
    if session is None or session.person_id != person_id:
        raise NotFound("You have no such session.")
    if sign_in.end_session(work.connection, session_id, work.now):
        work.audit("sign-out", person_id, PersonAudit(session_id=session_id))


def end_others(work: Work, person_id: str, session_id: str) -> int:
    """End all sessions of a person but one; return how many."""
    ended = sign_in.end_sessions(work.connection, person_id, work.now, but=session_id)
    if ended:
        work.audit("sign-out", person_id, PersonAudit())
    return ended
