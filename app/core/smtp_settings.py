"""The server that takes mails, as its address says."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import msgspec

from app.core.errors import ConfigurationError

_PORTS = {"smtp": 587, "smtps": 465}


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server that takes mails."""

    host: str
    port: int
    implicit_tls: bool
    """Encrypted from the first byte; else by STARTTLS, without which nothing is sent but to this machine itself."""
    user: str | None
    password: str | None

    def __repr__(self) -> str:
        """Return the server without its password."""
        return f"SmtpServer({self.host!r}, {self.port})"


def read_smtp_server(url: str, mail_from: str, public_url: str) -> SmtpServer | None:
    """Return the server of `PARS_SMTP_URL`, None where it is empty; raises `ConfigurationError`, without the value."""
    if mail_from and ("@" not in mail_from or any(letter.isspace() for letter in mail_from)):
        raise ConfigurationError("PARS_MAIL_FROM must be an address such as pars@example.org.")
    if not url.strip():
        return None
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigurationError(
            "PARS_SMTP_URL looks like smtps://user:password@mail.example.org:465 or smtp://mail.example.org:587, with "
            "@ and / in a password written as %40 and %2F."
        )
    if not mail_from:
        raise ConfigurationError("PARS_MAIL_FROM must be set beside PARS_SMTP_URL: the address that mails come from.")
    if not public_url:
        raise ConfigurationError("PARS_PUBLIC_URL must be set beside PARS_SMTP_URL: links in mails begin with it.")
    return SmtpServer(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        implicit_tls=parts.scheme == "smtps",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
