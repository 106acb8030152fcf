"""Completions and credits as stored. The credit is the unit of status, maximum and delivery."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import asdict, replace

from app.domain.boards import BoardKind
from app.domain.parsing import plain_text
from app.domain.reports import RemsPart

CME = "CME"
"""The ledger's target for CME as a whole, whichever states it is reported for."""
REMS = "REMS"
"""Stands in place of a board for risk-mitigation education, which earns no credit."""
Gone: TypeAlias = tuple[date, int, str]
"""Something withdrawn: (completion date, occasion, board or `REMS`)."""


_REMS_SUBJECT = "rems:"


class CreditKind(enum.StrEnum):
    """Which kind of board a credit goes to."""

    CME = "cme"
    """AMA PRA Category 1 credit for a state of licensure."""
    MOC = "moc"
    """Maintenance of certification points for a certifying board."""


KIND_OF_BOARD = {BoardKind.LICENSING: CreditKind.CME, BoardKind.CERTIFYING: CreditKind.MOC}
"""The kind of credit that a kind of board receives."""


class CreditStatus(enum.StrEnum):
    """Where a credit stands with its board."""

    PENDING = "pending"
    """Accepted here, and not yet decided by the board, or not yet read by a board that does not decide."""
    ACCEPTED = "accepted"
    """Accepted by the board, or recorded for the transcript where no board takes it."""
    REJECTED = "rejected"
    """Refused by the board; it counts neither for the day nor towards the maximum."""
    WITHDRAWN = "withdrawn"
    """Taken back by the provider."""

    @property
    def holds(self) -> bool:
        """Whether a credit of this status counts for its day and towards the maximum."""
        return self in (CreditStatus.PENDING, CreditStatus.ACCEPTED)


class Delivery(enum.StrEnum):
    """Where a credit goes."""

    BOARD = "board"
    """It is sent to the board."""
    TRANSCRIPT_ONLY = "transcript-only"
    """The board does not participate; the physician's transcript shows it."""


class Outcome(enum.StrEnum):
    """The outcome of one record."""

    CREATED = "created"
    """A new completion."""
    JOINED = "joined"
    """Credit was added to a completion that stands."""
    UPDATED = "updated"
    """A completion was corrected in place."""
    DELETED = "deleted"
    """A completion, or some credit of it, was withdrawn."""
    UNCHANGED = "unchanged"
    """All of it had been reported, or withdrawn, before; nothing but a new reference was written."""
    REJECTED = "rejected"
    """Refused, with every finding."""
    HELD = "held"
    """Kept without credit until its physician is found."""


class VersionAction(enum.StrEnum):
    """The action that made a version of a completion."""

    CREATED = "created"
    """It was reported."""
    JOINED = "joined"
    """Credit was added to it."""
    UPDATED = "updated"
    """It was corrected in place."""
    DECIDED = "decided"
    """A board decided on some credit of it, or took what it was sent."""
    WITHDRAWN = "withdrawn"
    """It was withdrawn, or some credit of it."""
    ERASED = "erased"
    """Its physician was erased: what names them is gone from every version."""


def add_references(held: tuple[str, ...], given: Iterable[str]) -> tuple[str, ...]:
    """Return references with those given beside them, each once: one that stands keeps its spelling."""
    spelled = {plain_text(reference): reference for reference in held}
    for reference in given:
        spelled.setdefault(plain_text(reference), reference)
    return held if len(spelled) == len(held) else tuple(sorted(spelled.values()))


def rems_subject(provider_id: str, local_id: str) -> str:
    """Return the subject of a completion without a physician: the provider's own id of the person, normalised."""
    return f"{_REMS_SUBJECT}{provider_id}:{plain_text(local_id)}"


def is_rems_subject(subject: str) -> bool:
    """Return True if a completion's subject is not a physician of the registry."""
    return subject.startswith(_REMS_SUBJECT)


class Credit(msgspec.Struct, frozen=True):
    """CME for one licensing board, or points for one certifying board, within a completion."""

    credit_id: str
    kind: CreditKind
    board: str
    number_reported: str | None
    """The learner's number with the board, as the sender wrote it."""
    number_on_file: str | None
    """The same number as the registry has it: the one sent to the board."""
    quarters: int
    credit_types: tuple[tuple[str, int], ...]
    """(type, quarters); for CME, its special credits."""
    client_references: tuple[str, ...]
    status: CreditStatus
    delivery: Delivery
    status_reason: str | None
    status_at: datetime
    once_per_day: bool
    status_text: str | None = None
    """The board's reason in its own words."""

    @property
    def target(self) -> str:
        """The ledger target that its amount counts against: CME as a whole, or one certifying board."""
        return CME if self.kind is CreditKind.CME else self.board

    @property
    def holds(self) -> bool:
        """Whether it counts for its day and towards the maximum."""
        return self.status.holds

    @property
    def waits(self) -> bool:
        """Whether its board has not decided on it."""
        return self.status is CreditStatus.PENDING and self.delivery is Delivery.BOARD


class Completion(msgspec.Struct, frozen=True):
    """One learner completing one activity on one date, on one occasion, with its credits."""

    completion_id: str
    provider_id: str
    activity_id: str
    physician_id: str | None
    """The registry's id of the physician; never shown."""
    subject: str
    """Who it is about, for uniqueness: `physician_id`, or provider and local id where there is no physician."""
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
    """Digest of the board facts it was judged by."""
    credits: tuple[Credit, ...]
    client_references: tuple[str, ...] = ()
    """The sender's own keys of the record as a whole. Every credit that was reported under one bears it as well."""

    @property
    def pair(self) -> tuple[str, str]:
        """(activity, subject): everything one learner has in one activity is judged together."""
        return self.activity_id, self.subject

    @property
    def rems_fields(self) -> dict[str, Any] | None:
        """The risk-mitigation part as stored."""
        return None if self.rems is None else asdict(self.rems)

    def holding(self, board: str) -> Credit | None:
        """Return the credit that counts for a board, if any."""
        return next((credit for credit in self.credits if credit.board == board and credit.holds), None)

    def current(self, board: str) -> Credit | None:
        """Return the credit a correction for a board is about: the one that counts, else the last rejected one."""
        rejected = [c for c in self.credits if c.board == board and c.status is CreditStatus.REJECTED]
        return self.holding(board) or next(reversed(rejected), None)

    @property
    def person(self) -> tuple[str | None, ...]:
        """The learner as reported: first name, last name, birth date (MM/DD), NPI."""
        return self.first_name, self.last_name, self.birth_date, self.npi

    def with_credits(self, added: Iterable[Credit], at: datetime) -> Completion:
        """Return the next version, with credits added."""
        return replace(self, credits=(*self.credits, *added), version=self.version + 1, updated_at=at)

    def person_changes_with(self, added: Iterable[Credit]) -> bool:
        """Return True if the learner as reported with new credits replaces the learner as first reported.

        That is so where the new credits replace rejected or withdrawn ones, or where no other credit counts: a report
        that failed under one name goes out again under another.
        """
        fallen = {credit.board for credit in self.credits if not credit.holds}
        replaced = any(credit.board in fallen for credit in added)
        return replaced or (bool(fallen) and not any(credit.holds for credit in self.credits))

    def as_reported_by(self, person: Sequence[str | None]) -> Completion:
        """Return the completion with the learner as another record reported them; fields it left out stay."""
        first_name, last_name, birth_date, npi = (
            given or kept for given, kept in zip(person, self.person, strict=True)
        )
        return replace(self, first_name=first_name, last_name=last_name, birth_date=birth_date, npi=npi)


def held_quarters(credits: Iterable[Credit]) -> dict[str, int]:
    """Return the quarters that one completion's credits count per target.

    CME of one completion counts once, however many states it goes to: the largest amount.
    """
    held: dict[str, int] = {}
    for credit in credits:
        if credit.holds:
            held[credit.target] = max(held.get(credit.target, 0), credit.quarters)
    return held
