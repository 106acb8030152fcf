"""Completions and credits as they are kept: the credit is the unit of status, maximum and delivery."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import asdict, replace

from app.domain.reports import RemsPart

CME = "CME"
"""The ledger's name for CME as a whole, whichever states it is reported for."""
REMS = "REMS"
"""Participation in risk-mitigation education, which is no credit."""
Gone: TypeAlias = tuple[date, int, str]
"""Something withdrawn: the day, the occasion, and the board, or `REMS`."""


_REMS_SUBJECT = "rems:"


class CreditKind(enum.StrEnum):
    """Which kind of board a credit goes to."""

    CME = "cme"
    """AMA PRA Category 1 credit for a state of licensure."""
    MOC = "moc"
    """Maintenance of certification points for a certifying board."""


class CreditStatus(enum.StrEnum):
    """Where a credit stands with its board."""

    PENDING = "pending"
    """Accepted here, not yet decided by the board, or not yet carried to a board that does not decide."""
    ACCEPTED = "accepted"
    """Accepted by the board, or recorded for the transcript where no board takes it."""
    REJECTED = "rejected"
    """Refused by the board; it holds neither the day nor a part of the maximum."""
    WITHDRAWN = "withdrawn"
    """Taken back by the provider."""

    @property
    def holds(self) -> bool:
        """Whether a credit of this status holds its day and its part of the maximum."""
        return self in (CreditStatus.PENDING, CreditStatus.ACCEPTED)


class Delivery(enum.StrEnum):
    """Where a credit goes."""

    BOARD = "board"
    """It is sent to the board."""
    TRANSCRIPT_ONLY = "transcript-only"
    """The board does not participate; the physician's transcript shows it."""


class Outcome(enum.StrEnum):
    """What became of one record."""

    CREATED = "created"
    """A new completion."""
    JOINED = "joined"
    """Credit was added to a completion that stands."""
    UPDATED = "updated"
    """A completion was corrected in place."""
    DELETED = "deleted"
    """A completion, or some credit of it, was withdrawn."""
    UNCHANGED = "unchanged"
    """All of it had been reported, or withdrawn, before; nothing was written."""
    REJECTED = "rejected"
    """Refused, with every finding."""


def rems_subject(provider_id: str, local_id: str) -> str:
    """Return whom a completion is about when no physician is looked for: the provider's own id of the person."""
    return f"{_REMS_SUBJECT}{provider_id}:{local_id}"


def is_rems_subject(subject: str) -> bool:
    """Tell whether a completion's subject is no learner of the registry."""
    return subject.startswith(_REMS_SUBJECT)


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """One target of a completion: CME for one licensing board, or points for one certifying board."""

    credit_id: str
    kind: CreditKind
    board: str
    number_reported: str | None
    """The learner's number with the board as the sender gave it."""
    number_on_file: str | None
    """The same number as the registry has it: what the board is told."""
    quarters: int
    credit_types: tuple[tuple[str, int], ...]
    """(type, quarters); of CME, its special credits."""
    client_references: tuple[str, ...]
    status: CreditStatus
    delivery: Delivery
    status_reason: str | None
    status_at: datetime
    once_per_day: bool
    status_text: str | None = None
    """What the board said of it in its own words."""

    @property
    def target(self) -> str:
        """What its amount counts against: CME as a whole, or one certifying board."""
        return CME if self.kind is CreditKind.CME else self.board

    @property
    def holds(self) -> bool:
        """Whether it holds its day and its part of the maximum."""
        return self.status.holds


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """One learner completing one activity on one date, on one occasion, with its credits."""

    completion_id: str
    provider_id: str
    activity_id: str
    physician_id: str | None
    """The registry's own id of the learner; never shown."""
    subject: str
    """Who it is about, for uniqueness: the registry id, or provider and local id where there is no physician."""
    learner_id: str | None
    """The opaque id by which the provider may name the learner."""
    completed_on: date
    occasion: int
    first_name: str | None
    last_name: str | None
    birth_date: str | None
    npi: str | None
    rems: RemsPart | None
    entry_method: str
    client_id: str
    batch_id: str | None
    submitted_at: datetime
    updated_at: datetime
    version: int
    withdrawn_at: datetime | None
    catalogue: str
    """Digest of the board facts by which it was judged."""
    credits: tuple[Credit, ...]

    @property
    def pair(self) -> tuple[str, str]:
        """The activity, and whom it is about: what one learner has in one activity is judged together."""
        return self.activity_id, self.subject

    @property
    def rems_fields(self) -> dict[str, Any] | None:
        """Its risk-mitigation part as it is kept."""
        return None if self.rems is None else asdict(self.rems)

    def holding(self, board: str) -> Credit | None:
        """Return the credit that holds for a board, if one does."""
        return next((each for each in self.credits if each.board == board and each.holds), None)

    def current(self, board: str) -> Credit | None:
        """Return the credit that a correction for a board is about: the one that holds, else the last one rejected."""
        rejected = [c for c in self.credits if c.board == board and c.status is CreditStatus.REJECTED]
        return self.holding(board) or next(reversed(rejected), None)

    @property
    def person(self) -> tuple[str | None, ...]:
        """The learner as reported: first name, last name, birth date (MM/DD), NPI."""
        return self.first_name, self.last_name, self.birth_date, self.npi

    def with_credits(self, added: Iterable[Credit], at: datetime) -> Completion:
        """Return the next version, with credits added."""
        return replace(self, credits=(*self.credits, *added), version=self.version + 1, updated_at=at)

    def takes_person_with(self, added: Iterable[Credit]) -> bool:
        """Tell whether the learner as reported with new credits shall stand in place of the one reported first.

        So where they take the place of credit that was rejected or withdrawn, or where nothing else holds: what failed
        under one name goes out again under another.
        """
        fallen = {each.board for each in self.credits if not each.holds}
        replaced = any(each.board in fallen for each in added)
        return replaced or (bool(fallen) and not any(each.holds for each in self.credits))

    def as_reported_by(self, person: Sequence[str | None]) -> Completion:
        """Return it with the learner as another record reported them; what that left out stays."""
        first_name, last_name, birth_date, npi = (
            given or kept for given, kept in zip(person, self.person, strict=True)
        )
        return replace(self, first_name=first_name, last_name=last_name, birth_date=birth_date, npi=npi)


def held_quarters(credits: Iterable[Credit]) -> dict[str, int]:
    """Return what one completion's credits count per target.

    CME of one completion is one amount, however many states it goes to: the largest counts, once.
    """
    held: dict[str, int] = {}
    for credit in credits:
        if credit.holds:
            held[credit.target] = max(held.get(credit.target, 0), credit.quarters)
    return held
