"""Signing in by a mailed link, or by the code that is mailed with it.

Whether somebody has an address is told by nothing: an unknown one is answered the same, after the same work, and its
link is a row without a person, whose code is always wrong.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

import msgspec
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.security import digest_of
from app.domain.people import mails as texts
from app.domain.people.mails import MailKind
from app.domain.people.persons import StaffPerson, fold_address
from app.domain.people.sessions import (
    INVITATION_LIFE,
    LINK_LIFE,
    LINKS_AN_HOUR,
    TRIES_A_LINK,
    WRONG_A_DAY,
    SignInLink,
    new_code,
)
from app.domain.people.totp import read_digits
from app.services.access.authentication import standing_client
from app.services.context import Caller, Service, Work, operator
from app.services.people import mail, sessions
from app.store.people import persons, sign_in

_ADDRESS, _CODE = "sign-in-address", "sign-in-code"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Signing(msgspec.Struct, frozen=True, kw_only=True):
    """A link that was found, and the caller in whose name it is used."""

    link: SignInLink
    caller: Caller


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What a link or code has led to."""

    token: str
    """What the cookie holds."""
    person_id: str
    next_path: str | None


def ask(work: Work, address: str, next_path: str | None) -> str:
    """Mail a link to an address that somebody has; return what the page that asked for it holds to take the code.

    After `LINKS_AN_HOUR` nothing more is mailed, and nothing says so.
    """
    attempt = secrets.token_urlsafe(32)
    if may_mail(work, address):
        person = _who_may_sign_in(work.connection, address)
        make_link(work, address, person, attempt, next_path)
    return attempt


def may_mail(work: Work, address: str) -> bool:
    """Whether another link may be mailed to an address in this hour; nobody else asks for it meanwhile."""
    keys = work.service.keyring.keyed_digests(_ADDRESS, fold_address(address))
    sign_in.lock_asking(work.connection, keys[0])
    return sign_in.count_asked(work.connection, keys, work.now - _HOUR) < LINKS_AN_HOUR


def _who_may_sign_in(connection: Connection, address: str) -> StaffPerson | None:
    person = persons.by_address(connection, fold_address(address))
    # The statement runs as well where nobody has the address.
    memberships = persons.memberships_of(connection, person.person_id if person is not None else "")
    return person if memberships else None


def make_link(work: Work, address: str, person: StaffPerson | None, attempt: str, next_path: str | None) -> None:
    """Make a link for an address, and mail it where somebody has it."""
    keyring, token, code, link_id = work.service.keyring, secrets.token_urlsafe(32), new_code(), new_id()
    link = SignInLink(
        link_id=link_id,
        person_id=person.person_id if person is not None else None,
        code_digest=keyring.keyed_digest(_CODE, f"{link_id} {code}"),
        tries=0,
        next_path=next_path,
        expires_at=work.now + LINK_LIFE,
        used_at=None,
    )
    _add(work, link, token, attempt, address)
    service = work.service
    text = texts.sign_in_text(
        mail.address_of(service, f"/sign-in/{token}"), code, service=service.settings.service_name
    )
    mail.queue_or_not(work, link.person_id, MailKind.SIGN_IN, text)


def make_invitation(work: Work, person: StaffPerson, address: str) -> str:
    """Make the link by which an invited person signs in first; return its token."""
    token = secrets.token_urlsafe(32)
    link = SignInLink(
        link_id=new_id(),
        person_id=person.person_id,
        code_digest=None,
        tries=0,
        next_path=None,
        expires_at=work.now + INVITATION_LIFE,
        used_at=None,
    )
    _add(work, link, token, secrets.token_urlsafe(32), address)
    return token


def _add(work: Work, link: SignInLink, token: str, attempt: str, address: str) -> None:
    sign_in.add_link(
        work.connection,
        link,
        digest=digest_of(token),
        attempt_digest=digest_of(attempt),
        asked_key=work.service.keyring.keyed_digest(_ADDRESS, fold_address(address)),
        at=work.now,
    )


def find_link(connection: Connection, service: Service, token: str) -> Signing | None:
    """Return a link that signs somebody in, which nothing is done to; None for any other."""
    link = sign_in.find_link(connection, digest_of(token))
    if link is None or not link.works_at(service.clock()):
        return None
    caller = _caller_for(connection, service, link)
    return Signing(link=link, caller=caller) if caller is not None else None


def find_attempt(connection: Connection, service: Service, attempt: str) -> Signing | None:
    """Return the link that a page asked for, whoever's it is: a wrong code is counted at any."""
    link = sign_in.find_attempt(connection, digest_of(attempt))
    if link is None:
        return None
    return Signing(link=link, caller=_caller_for(connection, service, link) or operator(service))


def _caller_for(connection: Connection, service: Service, link: SignInLink) -> Caller | None:
    """Return a caller in whose name a person signs in: their oldest membership. None for who has none."""
    memberships = persons.memberships_of(connection, link.person_id) if link.person_id is not None else []
    for membership in memberships:
        client = standing_client(connection, membership.client_id, None, service.clock())
        if client is not None:
            return Caller(service=service, client=client, provider=None)
    return None


def use_link(work: Work, link: SignInLink, browser: str) -> Signed | None:
    """Sign in by a link; None where it was used meanwhile, or the person was removed."""
    person = persons.lock(work.connection, link.person_id) if link.person_id is not None else None
    if person is None or person.removed_at is not None:
        return None
    if not sign_in.use_link(work.connection, link.link_id, work.now):
        return None
    # Others that were asked for meanwhile lie in the same mailbox, and nobody needs them.
    sign_in.end_links(work.connection, person.person_id, work.now)
    token = sessions.begin(work, person.person_id, browser)
    return Signed(token=token, person_id=person.person_id, next_path=link.next_path)


def use_code(work: Work, link: SignInLink, given: str, browser: str) -> Signed | None:
    """Sign in by the code that was mailed with a link; None where it is wrong, or counts no longer.

    A code is taken `TRIES_A_LINK` times, and no code of a person after `WRONG_A_DAY` wrong ones.
    """
    connection = work.connection
    if not sign_in.take_try(connection, link.link_id, TRIES_A_LINK):
        return None
    code = read_digits(given)
    if link.person_id is None or link.code_digest is None or code is None:
        return None
    # One try at a time: those that are sent at once are counted before the next is looked at.
    persons.lock(connection, link.person_id)
    day = work.now - _DAY
    if persons.wrong_codes(connection, link.person_id, day) >= WRONG_A_DAY:
        return None
    if not work.service.keyring.verifies(_CODE, f"{link.link_id} {code}", link.code_digest):
        persons.count_wrong_code(connection, link.person_id, work.now, day)
        return None
    return use_link(work, link, browser)
