"""Physicians' accounts in CME Passport: who asked for one, whom it is of, and what has confirmed it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

CLAIM_LIFE = timedelta(hours=24)
"""How long the link of a mail opens an account."""
CLAIMS_AN_HOUR = 5
"""Mails to one address; after that nothing is mailed, and nothing says so."""
CODE_LIFE = timedelta(days=30)
"""How long a joining code of a provider works."""
TRIES_A_CODE = 5
"""Times that codes of one physician may be given with wrong data: as many birth dates as may be tried of anybody."""


class ClaimOutcome(enum.StrEnum):
    """What was found for somebody who asked for an account."""

    FOUND = "found"
    """One physician, who has no account."""
    TAKEN = "taken"
    """One physician, who has an account: the operator decides between the two."""
    NOBODY = "nobody"


class ConfirmedBy(enum.StrEnum):
    """What has shown that an account is the physician's: names, birthdays and numbers are too easily known."""

    CODE = "code"
    """A code of a provider that reported them."""
    OPERATOR = "operator"
    ROSTER = "roster"
    """The mail address of the account is the one that a board has on file."""


class PassportAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A physician's account: the membership of that client."""

    client_id: str
    person_id: str
    learner_id: str
    """The physician as they were matched; merges say whom it means now."""
    opened_at: datetime
    confirmed_at: datetime | None
    """None while the account shows no credit, and can give nothing away."""
    confirmed_by: ConfirmedBy | None
    closed_at: datetime | None


class PassportClaim(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asked for an account."""

    claim_id: str
    person_id: str
    learner_id: str | None
    outcome: ClaimOutcome
    code_digest: str | None
    """Of a provider's code that was given, which confirms the account."""
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    objected_at: datetime | None
    decided_at: datetime | None

    def works_at(self, now: datetime) -> bool:
        """Whether its link opens an account."""
        return self.outcome is ClaimOutcome.FOUND and self.used_at is None and now < self.expires_at


class DoubleAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Two accounts of one physician since two entries were merged, of which one is to stay: kept as a claim.

    The claimant is who has the second; the claim is decided where it was clear which is closed.
    """

    claim_id: str
    first: str
    """The client of the account that came first: confirmed, or older."""
    second: str
    decided_at: datetime | None


class Meeting(enum.StrEnum):
    """What becomes of a second account where two are one physician's since a merge."""

    OWN = "own"
    """Both are one person's: the second is closed."""
    CLOSED = "closed"
    """The first is confirmed, and nothing has confirmed the second: it is closed."""
    DECIDED = "decided"
    """Both are confirmed, or neither: both stay until the operator has decided."""


def in_precedence(accounts: Iterable[PassportAccount]) -> list[PassportAccount]:
    """Return accounts of one physician, the one to stay first: the confirmed before the others, then the oldest."""
    return sorted(accounts, key=lambda one: (one.confirmed_at is None, one.opened_at, one.client_id))


def meeting_of(first: PassportAccount, second: PassportAccount) -> Meeting:
    """Return what becomes of the second of two accounts, which stand as they precede each other."""
    if first.person_id == second.person_id:
        return Meeting.OWN
    return Meeting.CLOSED if first.confirmed_at is not None and second.confirmed_at is None else Meeting.DECIDED


class JoiningCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code by which a provider says to a physician whom it knows: this is you."""

    digest: str
    learner_id: str
    provider_id: str
    expires_at: datetime
    used_at: datetime | None
    tries: int
    """Times that it was given with data that are not the physician's."""

    def works_at(self, now: datetime) -> bool:
        """Whether it confirms an account."""
        return self.used_at is None and self.tries < TRIES_A_CODE and now < self.expires_at
