"""People of tests: invited, signed in, and the mails that they were sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from app.domain.clients import Role
from app.domain.people.persons import PersonRole
from app.services.context import Service, operator, transact
from app.services.people import invitations, mail, sign_in
from app.services.people.invitations import Invitation, Invited

LINK = re.compile(r"http://\S+/sign-in/(\S+)")
CODE = re.compile(r"asked for it: (\d{6})")


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
