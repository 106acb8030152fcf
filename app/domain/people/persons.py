"""People and their memberships. A membership is a client, so everything below knows one kind of caller."""

from __future__ import annotations

import enum
import re
import unicodedata
from datetime import datetime

import msgspec

from app.domain.clients import Role

LONGEST_ADDRESS = 254
"""Characters (RFC 5321, 4.5.3.1.3)."""
LONGEST_NAME = 200
_ADDRESS = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*")
_FORBIDDEN = set('<>()[],;:"\\')


class PersonRole(enum.StrEnum):
    """What a person may do where they are a member."""

    READER = "reader"
    """Looks things up and downloads."""
    REPORTER = "reporter"
    """Reports, uploads and mends as well."""
    MANAGER = "manager"
    """Manages people, keys, webhooks and grants as well."""
    BOARD = "board"
    """Works for a board."""
    OPERATOR = "operator"
    """Runs the installation."""
    LEARNER = "learner"
    """Sees the credit that was reported for them."""

    @property
    def needs_totp(self) -> bool:
        """Whether a mailbox alone is not enough to sign in."""
        return self in (PersonRole.MANAGER, PersonRole.OPERATOR)

    def fits(self, role: Role) -> bool:
        """Whether a member of a client's kind can have it."""
        if role is Role.OPERATOR:
            return self is PersonRole.OPERATOR
        if role is Role.BOARD:
            return self is PersonRole.BOARD
        if role is Role.LEARNER:
            return self is PersonRole.LEARNER
        return self in RANKS


RANKS = (PersonRole.READER, PersonRole.REPORTER, PersonRole.MANAGER)
"""Roles at a provider or vendor: each may do what those before it may."""


class Theme(enum.StrEnum):
    """How pages look to a person."""

    SYSTEM = "system"
    """As the browser is set."""
    LIGHT = "light"
    DARK = "dark"


class MailChoice(enum.StrEnum):
    """How often a person is told by mail what needs attention."""

    NONE = "none"
    DAILY = "daily"
    WEEKLY = "weekly"


class StaffPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may sign in."""

    person_id: str
    address: str | None
    """Where mail goes; None once the person was removed."""
    name: str | None
    time_zone: str
    theme: Theme
    mail_choice: MailChoice
    totp_secret: str | None
    """Sealed; None where no authenticator is enrolled."""
    created_at: datetime
    removed_at: datetime | None

    @property
    def shown_name(self) -> str:
        """What a page calls the person."""
        return self.name or self.address or "removed"


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may do at one provider, vendor or board, or as an operator: the client of that id."""

    client_id: str
    person_id: str
    role: PersonRole
    place: str
    """For what it was made, as `place_of` writes it."""
    vendor_client: str | None
    """The vendor's client whose grants it has."""
    board: str | None
    client_role: Role
    provider_ids: tuple[str, ...]
    """Providers that it may act for now; an operator for all."""
    created_at: datetime
    ended_at: datetime | None


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a provider, vendor or board, as those who manage it see them."""

    client_id: str
    person_id: str
    name: str | None
    address: str | None
    role: PersonRole
    created_at: datetime
    seen_at: datetime | None
    """When the person was last here, to the minute."""
    has_totp: bool


def place_of(role: Role, id: str | None) -> str:
    """Return what a membership is made for, as one text: `provider:0008001`, `board:ABA`, `operator`."""
    return role.value if id is None else f"{role.value}:{id}"


def read_address(given: str) -> str | None:
    """Return a mail address without what surrounds it; None for what is none that this service writes to."""
    address = given.strip()
    if len(address) > LONGEST_ADDRESS or _FORBIDDEN & set(address) or not _ADDRESS.fullmatch(address):
        return None
    return address


def fold_address(address: str) -> str:
    """Return the form by which addresses are compared: nobody has two that differ in case alone."""
    return unicodedata.normalize("NFKC", address.strip()).casefold()
