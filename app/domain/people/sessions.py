"""Signing in and staying signed in: links, codes and sessions, and how long each works."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

import msgspec

LINK_LIFE = timedelta(minutes=15)
INVITATION_LIFE = timedelta(days=3)
LINKS_AN_HOUR = 5
"""For one address."""
TRIES_A_LINK = 5
"""Wrong codes after which the code of a link opens nothing; the link itself does."""
WRONG_A_DAY = 20
"""Wrong codes of one person's mails after which no such code opens anything for a day; the same of authenticators."""
SESSION_LIFE = timedelta(hours=12)
IDLE = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is known when a session was last used."""
LONGEST_PATH = 1_000
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


class SignInLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that was mailed, or would have been: for an address that nobody has there is one as well."""

    link_id: str
    person_id: str | None
    code_digest: str | None
    """Keyed; None for an invitation, which has no code."""
    tries: int
    next_path: str | None
    """Where the person was going."""
    expires_at: datetime
    used_at: datetime | None

    def works_at(self, now: datetime) -> bool:
        """Whether it signs somebody in."""
        return self.person_id is not None and self.used_at is None and self.expires_at > now


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A browser in which a person is signed in, or was."""

    session_id: str
    person_id: str
    browser: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    confirmed_at: datetime | None
    """When a second factor was given; None where none was."""

    def works_at(self, now: datetime) -> bool:
        """Whether the person is signed in by it."""
        return self.ended_at is None and now < self.expires_at and now < self.seen_at + IDLE


def new_code() -> str:
    """Return a new code of six digits."""
    return f"{secrets.randbelow(1_000_000):06d}"


def read_path(given: str | None) -> str | None:
    """Return a path of this installation to go on to; None for anything that could lead elsewhere."""
    return given if given and len(given) <= LONGEST_PATH and _PATH.fullmatch(given) else None


def browser_of(user_agent: str | None) -> str:
    """Return what tells a person their browsers apart, such as `Firefox on Linux`: no version, nothing that is sent."""
    given = user_agent or ""
    browser = next((name for mark, name in _BROWSERS if mark in given), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in given), None)
    return f"{browser} on {system}" if system else browser
