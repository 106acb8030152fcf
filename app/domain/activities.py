"""Activities as the rules see them, their status, and what is missing for the next one."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from app.domain.findings import Finding
from app.domain.formats import ActivityFormat, find_format
from app.domain.identity.comparison_keys import code_key
from app.domain.parsing import Unparsed


class ActivityStatus(enum.StrEnum):
    """Where an activity stands. Computed from its fields and the date, never sent."""

    DRAFT = "draft"
    """Something is still missing before learners can be reported."""
    ACTIVE = "active"
    """Learners can be reported."""
    READY_TO_CLOSE = "ready-to-close"
    """The end date has passed; learners can still be reported."""
    CLOSED = "closed"
    """Closed by the provider; learners can still be reported, with a warning."""


class Registration(msgspec.Struct, frozen=True):
    """An activity's registration for one certifying board. Amounts in credits as they were given."""

    board: str
    """The board's code; before the rules have read it, the sender's text."""
    points: float | None = None
    credit_types: tuple[str, ...] = ()
    credit_claim_date: date | Unparsed | None = None
    practice_areas: tuple[str, ...] = ()
    content_outline: tuple[str, ...] = ()
    attested: bool | None = None

    def has_type(self, key: str) -> bool:
        """Return True if a credit type is registered, by its key."""
        return any(code_key(name) == key for name in self.credit_types)


class Activity(msgspec.Struct, frozen=True):
    """One activity. `details` holds what no rule on learners reads, in the shape of the API."""

    activity_id: str
    provider_id: str
    title: str | None
    format: str | None
    start_date: date | Unparsed | None
    end_date: date | Unparsed | None
    internal_id: str | None = None
    ama_pra_credits: float | None = None
    registrations: tuple[Registration, ...] = ()
    rems: Mapping[str, Any] | None = None
    mips: bool | None = None
    description: str | None = None
    providership: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    delivery_methods: tuple[str, ...] = ()
    listing_public: bool | None = None
    details: Mapping[str, Any] = msgspec.field(default_factory=dict)
    closed: bool = False
    sandbox: bool = False
    """Whether its provider is one of the sandbox."""
    jointly_accredited: bool | None = None
    """Whether its provider is accredited for interprofessional education; None where nobody looked."""

    @property
    def listing(self) -> Mapping[str, Any]:
        """What the public list says of it, but for whether it is there."""
        listing: Mapping[str, Any] = self.details.get("listing") or {}
        return listing

    @property
    def joint_accreditation(self) -> Mapping[str, Any]:
        """What it is as interprofessional education."""
        joint: Mapping[str, Any] = self.details.get("joint_accreditation") or {}
        return joint

    @property
    def kind(self) -> ActivityFormat | None:
        """The activity's format, if it is a known one."""
        return find_format(self.format) if self.format else None

    @property
    def maximum_checked(self) -> bool:
        """Whether learners of this format are held to the activity's maximum."""
        return self.kind is not None and self.kind.maximum_checked

    def registration(self, board: str) -> Registration | None:
        """Return the registration for a board by its code."""
        return next((registration for registration in self.registrations if registration.board == board), None)

    def maximum(self, board: str | None = None) -> float | None:
        """Return the most credits for a certifying board, or of CME when none is named.

        A board registered without points has the activity's AMA amount.
        """
        if board is None:
            return self.ama_pra_credits
        registration = self.registration(board)
        if registration is None:
            return None
        return registration.points if registration.points is not None else self.ama_pra_credits

    def claim_date(self, board: str) -> date | None:
        """Return the last completion date for a board's points: its claim date, or else the end date."""
        registration = self.registration(board)
        claim = registration.credit_claim_date if registration else None
        for day in (claim, self.end_date):
            if isinstance(day, date):
                return day
        return None

    def status(self, today: date) -> ActivityStatus:
        """Return the status on a day."""
        if any(self.missing_to_activate()):
            return ActivityStatus.DRAFT
        if self.closed:
            return ActivityStatus.CLOSED
        if isinstance(self.end_date, date) and self.end_date < today:
            return ActivityStatus.READY_TO_CLOSE
        return ActivityStatus.ACTIVE

    def missing(self, today: date) -> tuple[str, ...]:
        """Return the fields that the next status needs and that are absent, as dotted paths."""
        match self.status(today):
            case ActivityStatus.DRAFT:
                return tuple(self.missing_to_activate())
            case ActivityStatus.READY_TO_CLOSE:
                return tuple(self.missing_to_close())
            case _:
                return ()

    def missing_to_activate(self) -> Iterator[str]:
        """Yield the fields without which learners cannot be reported."""
        if not self.delivery_methods:
            yield "delivery_methods"
        if "in-person" in self.delivery_methods and not (self.city and (self.state or self.country)):
            yield "location"
        if self.ama_pra_credits is None:
            yield "ama_pra_credits"
        if not self.description:
            yield "description"
        if self.listing_public is None:
            yield "listing.public"
        if self.providership is None:
            yield "providership"

    def missing_to_close(self) -> Iterator[str]:
        """Yield the fields without which the activity cannot be closed."""
        for name in ("measured_outcomes", "commercial_support", "learner_counts"):
            if self.details.get(name) is None:
                yield name
        for index, registration in enumerate(self.registrations):
            if not registration.attested:
                yield f"moc.{index}.attested"
            if not registration.practice_areas:
                yield f"moc.{index}.practice_areas"
            if not registration.credit_types:
                yield f"moc.{index}.credit_types"


class RegisteredActivity(msgspec.Struct, frozen=True):
    """An activity as stored, with the rules' advice about it."""

    activity: Activity
    version: int
    created_at: datetime
    updated_at: datetime
    findings: tuple[Finding, ...] = ()

    def reads_alike(self, today: date) -> bool:
        """Return True if this version reads today as it first did: the status also changes with the date."""
        return self.activity.status(today) is self.activity.status(self.updated_at.date())
