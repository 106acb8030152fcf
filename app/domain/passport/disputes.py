"""Disputes: a physician says that a record is wrong, or no longer permits it; provider and operator answer."""

from __future__ import annotations

import enum
from datetime import date, datetime, timedelta

import msgspec

from app.domain.credits import Completion

ANSWER_TIME = timedelta(days=30)
"""How long a provider has to answer; after that the operator decides. As long the physician looks at an answer."""


class DisputeKind(enum.StrEnum):
    """What a physician says of a record."""

    NOT_ME = "not-me"
    """It is somebody else's."""
    AMOUNT = "amount"
    DATE = "date"
    ACTIVITY = "activity"
    CREDIT_TYPE = "credit-type"
    """A credit type of it is wrong."""
    MISSING_TYPE = "missing-type"
    """A credit type is missing."""
    PERMISSION = "permission"
    """It is no longer permitted, and has to be withdrawn; made by withdrawing permission only."""


class DisputeStatus(enum.StrEnum):
    """Where a dispute stands."""

    OPEN = "open"
    """The provider is to answer."""
    ANSWERED = "answered"
    """The provider has answered in words, and the physician looks at it."""
    REFERRED = "referred"
    """The operator is to decide."""
    AGREED = "agreed"
    """The record was corrected or withdrawn."""
    REFUSED = "refused"
    """The record stays as it is, for a reason."""
    TAKEN_BACK = "taken-back"
    """The physician took it back."""

    @property
    def is_open(self) -> bool:
        """Whether somebody has still to do something."""
        return self in OPEN_STATUSES


OPEN_STATUSES = frozenset((DisputeStatus.OPEN, DisputeStatus.ANSWERED, DisputeStatus.REFERRED))


class Party(enum.StrEnum):
    """Whose step it was."""

    PHYSICIAN = "physician"
    PROVIDER = "provider"
    OPERATOR = "operator"
    SERVICE = "service"
    """Nobody's: a time was over, or the record has changed."""


class DisputeVerb(enum.StrEnum):
    """What was done."""

    OPEN = "open"
    ADD = "add"
    """More was said."""
    ANSWER = "answer"
    REFER = "refer"
    """The operator was asked to decide, or the time to answer was over."""
    AGREE = "agree"
    REFUSE = "refuse"
    TAKE_BACK = "take-back"


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute about one record; about all of a provider where permission was withdrawn altogether."""

    dispute_id: str
    kind: DisputeKind
    status: DisputeStatus
    learner_id: str
    """The physician as the account was then; merges say whom it means now. Never shown."""
    provider_id: str
    completion_id: str | None
    """None where it is about every record of the provider."""
    activity_id: str | None
    """The activity of the record as it was then."""
    permission_id: str | None
    """The withdrawal of permission that it came with."""
    record_version: int | None
    """The version of the record that it is about."""
    client_id: str
    """The account that opened it."""
    opened_at: datetime
    answer_by: datetime
    """Until when the provider answers."""
    due_at: datetime | None
    """When something happens by itself; None where the operator is to decide, and at the end."""
    answered_at: datetime | None
    closed_at: datetime | None
    version: int


class DisputeStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a dispute."""

    step_id: str
    dispute_id: str
    verb: DisputeVerb
    party: Party
    client_id: str | None
    """Whose it was; None for the service's own."""
    at: datetime
    message: str | None


class WithdrawnPermission(msgspec.Struct, frozen=True, kw_only=True):
    """A physician's word that a provider may no longer report them, or one record of theirs."""

    permission_id: str
    learner_id: str
    provider_id: str
    completion_id: str | None
    """None for whatever the provider reports."""
    activity_id: str | None
    completed_on: date | None
    """Activity and day of the one record: it is not reported again either."""
    client_id: str
    """The account that withdrew it."""
    withdrawn_at: datetime
    given_back_at: datetime | None


class DisputeCase(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute with what it is about."""

    dispute: Dispute
    steps: tuple[DisputeStep, ...]
    provider: str
    """The provider's name."""
    activity: str
    """The activity's title; empty where it is about all that the provider has reported."""
    record: Completion | None
    """The record as it stands, withdrawn or not."""
    before: Completion | None
    """The record as it was when the dispute was opened."""
    changed: bool
    """Whether somebody changed what the record says since."""
    own: bool = False
    """Whether the record is still the physician's, of those who ask for their own disputes."""


class ProviderCase(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute as its provider sees it."""

    case: DisputeCase
    learner_id: str | None
    """The opaque id by which the provider may name the physician; None where it knows none."""
