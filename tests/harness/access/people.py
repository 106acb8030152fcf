"""People of tests: invited, signed in, and the mails that they were sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from app.domain.clients import Role
from app.domain.people import totp as codes
from app.domain.people.persons import PersonRole
from app.domain.people.sessions import Session
from app.services.context import Service, operator, transact
from app.services.people import invitations, mail, sessions, sign_in, totp
from app.services.people.invitations import Invitation, Invited

LINK = re.compile(r"http://\S+/sign-in/(\S+)")
CODE = re.compile(r"asked for it: (\d{6})")
ADDRESS = "m@example.org"
"""Of who is enrolled."""


@dataclass(frozen=True)
class Mail:
    """A mail as its receiver sees it."""

    to: str
    subject: str
    body: str

    @property
    def token(self) -> str:
        """What stands in its link."""
        (token,) = LINK.findall(self.body)
        return str(token)

    @property
    def code(self) -> str:
        (code,) = CODE.findall(self.body)
        return str(code)


def mails(service: Service) -> list[Mail]:
    """Send what waits; return all mails so far, the oldest first."""
    while mail.send_next(service):
        pass
    return [_read(path) for path in sorted(Path(service.settings.data_dir / "mail").glob("*.eml"))]


def _read(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return Mail(to=message["To"], subject=message["Subject"], body=message.get_content())


def invite(
    service: Service,
    address: str = "willa@example.org",
    role: PersonRole | str = PersonRole.REPORTER,
    *,
    of: Role | str = Role.PROVIDER,
    id: str | None = "0008001",
) -> Invited:
    """Make somebody a member, as the operator."""
    asked = Invitation(address=address, role=PersonRole(role), client_role=Role(of), id=id)
    return transact(operator(service), invitations.invite, asked)


def token_of(invited: Invited) -> str:
    """Return what stands in an invitation's link."""
    return invited.link.rpartition("/")[2]


def sign_in_by(service: Service, token: str) -> sign_in.Signed | None:
    """Sign in by a link."""
    signing = service.database.read(lambda connection: sign_in.find_link(connection, service, token))
    return None if signing is None else transact(signing.caller, sign_in.use_link, signing.link, "A browser")


def ask(service: Service, address: str, next_path: str | None = None) -> str:
    """Ask for a link; return what the page holds."""
    return transact(operator(service), sign_in.ask, address, next_path)


def try_code(service: Service, attempt: str, code: str) -> sign_in.Signed | None:
    """Give the code of a mail where it was asked for."""
    signing = service.database.read(lambda connection: sign_in.find_attempt(connection, service, attempt))
    return None if signing is None else transact(signing.caller, sign_in.use_code, signing.link, code, "A browser")


def session_of(service: Service, token: str) -> Session:
    """Return the session that a token opens."""
    found = service.database.read(lambda connection: sessions.find(connection, token))
    assert found is not None
    return found.session


def code(secret: bytes, service: Service) -> str:
    """Return what an authenticator shows now."""
    return codes.code_at(secret, codes.step_at(service.clock()))


def enrolled(service: Service) -> tuple[Session, bytes, list[str]]:
    """Invite a manager, sign them in, enrol an authenticator; return session, secret and recovery codes."""
    signed = sign_in_by(service, token_of(invite(service, ADDRESS, "manager")))
    assert signed is not None
    session = session_of(service, signed.token)
    secret = transact(operator(service), totp.begin, session)
    assert transact(operator(service), totp.begin, session) == secret, "a reload shows the same"
    assert transact(operator(service), totp.confirm, session, "000000") is None
    recovery = transact(operator(service), totp.confirm, session, code(secret, service))
    assert recovery is not None
    return session_of(service, signed.token), secret, recovery
