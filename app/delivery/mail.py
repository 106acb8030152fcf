"""Handing mails over: to an SMTP server, or to a folder of `.eml` files where none is set."""

from __future__ import annotations

import enum
import ipaddress
import smtplib
import ssl
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import msgspec

from app.core.config import Settings
from app.core.private_files import write_private_pieces
from app.core.smtp_settings import SmtpServer
from app.domain.people.mails import MailText

SECONDS = 20.0
"""How long a server may take for each of its answers."""
FOLDER = "mail"
"""Of the data folder."""
_PERMANENT = 500


class MailOutcome(enum.Enum):
    """What became of an attempt to send a mail."""

    SENT = "sent"
    REFUSED = "refused"
    """By the server, for good."""
    FAILED = "failed"
    """For now: the server could not be reached, or asked to be tried later."""
    LOGIN_REFUSED = "login-refused"
    NO_TLS = "no-tls"
    """The server offers no encryption, or its certificate is not valid."""
    REMOVED = "removed"
    """Its receiver was removed, or what it says cannot be read."""
    TOO_LATE = "too-late"
    """Its link no longer works."""

    @property
    def is_final(self) -> bool:
        """Whether another attempt would end the same."""
        return self in (MailOutcome.SENT, MailOutcome.REFUSED, MailOutcome.REMOVED, MailOutcome.TOO_LATE)


class Postman(msgspec.Struct, frozen=True, kw_only=True):
    """Takes mails where the settings say."""

    sender: str
    service_name: str
    folder: Path
    server: SmtpServer | None

    @classmethod
    def of(cls, settings: Settings) -> Postman:
        """Return a postman of an installation; raises `ConfigurationError`."""
        return cls(
            sender=settings.mail_from or "pars@localhost",
            service_name=settings.service_name,
            folder=settings.data_dir / FOLDER,
            server=settings.smtp_server,
        )

    def send(self, mail_id: str, address: str, text: MailText, at: datetime) -> MailOutcome:
        """Hand a mail over; sent again, it has the same `Message-ID` and is the same file."""
        message = self._message(mail_id, address, text, at)
        if self.server is None:
            write_private_pieces(self.folder / f"{mail_id}.eml", [message.as_bytes()])
            return MailOutcome.SENT
        try:
            return _send(self.server, message)
        except smtplib.SMTPNotSupportedError:
            return MailOutcome.NO_TLS
        except ssl.SSLError:
            return MailOutcome.NO_TLS
        except smtplib.SMTPAuthenticationError:
            return MailOutcome.LOGIN_REFUSED
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            return MailOutcome.REFUSED if all(code >= _PERMANENT for code in codes) else MailOutcome.FAILED
        except smtplib.SMTPResponseException as error:
            return MailOutcome.REFUSED if error.smtp_code >= _PERMANENT else MailOutcome.FAILED
        except (smtplib.SMTPException, OSError):
            return MailOutcome.FAILED

    def _message(self, mail_id: str, address: str, text: MailText, at: datetime) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        _, _, domain = self.sender.rpartition("@")
        message["From"] = Address(self.service_name, addr_spec=self.sender)
        message["To"] = Address(addr_spec=address)
        message["Subject"] = text.subject
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{mail_id}@{domain}>"
        # RFC 3834: nobody's absence is answered.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.body, cte="quoted-printable")
        return message


def _send(server: SmtpServer, message: EmailMessage) -> MailOutcome:
    # Made where it is used: it reads all authorities.
    make_context = ssl.create_default_context
    if server.implicit_tls:
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=make_context())
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    with connection:
        connection.ehlo()
        if not server.implicit_tls and (connection.has_extn("starttls") or not _is_loopback(server.host)):
            connection.starttls(context=make_context())
            connection.ehlo()
        if server.user is not None:
            connection.login(server.user, server.password or "")
        connection.send_message(message)
    return MailOutcome.SENT


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
