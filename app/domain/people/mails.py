"""Mails to people: what each says, when the regular ones are due, and when one is tried again."""

from __future__ import annotations

import enum
import textwrap
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from app.domain.people.persons import MailChoice

FROM_HOUR = 7
"""Local hour of a day from which regular mails go out."""
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
"""How long after each failed try the next follows; after the last the mail is given up."""
MOST_PLACES = 50
"""Providers of one mail; the others are counted."""
_LINE = 72
_MARK = "- "


class MailKind(enum.StrEnum):
    """Why a mail is sent."""

    SIGN_IN = "sign-in"
    INVITATION = "invitation"
    ATTENTION = "attention"
    """What waits, daily or weekly."""
    NOTICE = "notice"
    """Something changed about how the person signs in."""
    JOINING = "joining"
    """Somebody asked for an account in CME Passport; it may hold a link that opens one."""
    PASSPORT = "passport"
    """Something happened to an account in CME Passport."""


class MailStatus(enum.StrEnum):
    """How far a mail has come."""

    PENDING = "pending"
    SENDING = "sending"
    """A worker has it leased."""
    SENT = "sent"
    DEAD = "dead"
    """Given up: its receiver was removed, or every try failed."""


class MailText(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail says."""

    subject: str
    body: str


class PlaceWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits at one provider, in sentences with counts and nobody's name."""

    name: str
    sentences: Sequence[str]


class LeasedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that a worker is to send."""

    mail_id: str
    kind: MailKind
    address: str | None
    """None where the person was removed meanwhile."""
    content: str | None
    """Sealed."""
    attempts: int
    fence: int
    created_at: datetime


def period_of(choice: MailChoice, now: datetime, time_zone: str) -> str | None:
    """Return the period whose mail is due: `2026-11-30`, or `2026-W49` from Monday morning on; None for no mail."""
    local = now.astimezone(ZoneInfo(time_zone))
    if choice is MailChoice.NONE:
        return None
    morning = local - timedelta(hours=FROM_HOUR)
    day: date = morning.date()
    if choice is MailChoice.DAILY:
        return day.isoformat() if morning.date() == local.date() else None
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def sign_in_text(link: str, code: str, *, service: str) -> MailText:
    """Return the mail by which a person signs in."""
    return MailText(
        subject=f"Sign in to {service}",
        body=letter(
            "Open this link to sign in:",
            link,
            f"Or type this code where you asked for it: {code}",
            "Both work once, for 15 minutes. Did you not ask for this? Then leave it: nobody is signed in without it.",
        ),
    )


def invitation_text(link: str, what: str, *, service: str) -> MailText:
    """Return the mail by which a person is invited."""
    return MailText(
        subject=f"You can now use {service}",
        body=letter(
            "Open this link to sign in for the first time:",
            link,
            f"You were given access: {what}.",
            "The link works once, for 3 days. Later, sign in with this address: a new link is mailed to you each time.",
        ),
    )


def notice_text(what: str, *, service: str) -> MailText:
    """Return the mail that tells a person what was changed about how they sign in."""
    return MailText(
        subject=f"How you sign in to {service} was changed",
        body=letter(what, "Was it not you, nor somebody whom you asked? Then tell your manager or the operator now."),
    )


def attention_text(places: Sequence[PlaceWaiting], link: str, *, service: str) -> MailText:
    """Return the mail that says what waits: counts, and nobody's name."""
    parts = [f"{_wrap(place.name)}\n{listed(place.sentences)}" for place in places[:MOST_PLACES]]
    if len(places) > MOST_PLACES:
        parts.append(f"And {len(places) - MOST_PLACES} more providers.")
    waiting = sum(len(place.sentences) for place in places)
    return MailText(
        subject=f"{service}: {waiting} {'thing waits' if waiting == 1 else 'things wait'} for you",
        body="\n\n".join(
            [
                "Open this link, and deal with what waits:",
                link,
                *parts,
                f"Choose how often this is sent: {link}/account\n",
            ]
        ),
    )


def letter(*paragraphs: str) -> str:
    """Return paragraphs as the body of a mail; lists among them stay as they are."""
    return "\n\n".join(text if text.startswith(_MARK) else _wrap(text) for text in paragraphs) + "\n"


def listed(items: Sequence[str]) -> str:
    """Return a paragraph that lists things, one below the other."""
    return "\n".join(_wrap(item, _MARK) for item in items)


def _wrap(text: str, mark: str = "") -> str:
    """Return a paragraph in lines that every reader shows whole; a link stays in one."""
    return textwrap.fill(
        text,
        _LINE,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )
