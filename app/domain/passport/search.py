"""The search for accredited activities: what is asked, in which order, and what was found."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import msgspec

from app.domain.activities import Activity


class PassportFacet(enum.StrEnum):
    """A filter of the search whose values are counted."""

    SPECIALTY = "specialty"
    """A specialty under which the provider lists the activity."""
    BOARD = "board"
    """A certifying board that the activity is registered for."""
    ACTIVITY_FORMAT = "activity_format"
    """The activity's format."""
    DELIVERY_METHOD = "delivery_method"
    """How it is delivered."""
    STATE = "state"
    """The state where it takes place."""
    CITY = "city"
    """The city where it takes place."""
    COUNTRY = "country"
    """The country where it takes place, as it was sent."""
    MOC = "moc"
    """Whether it is registered for a certifying board."""
    CREDIT_TYPE = "credit_type"
    """A credit type that it is registered for."""
    FEE = "fee"
    """Whether taking part costs anything."""
    REGISTRATION = "registration"
    """Who may register."""
    REMS = "rems"
    """Whether it belongs to a REMS programme."""
    MIPS = "mips"
    """Whether it is flagged for MIPS."""
    INTERPROFESSIONAL = "interprofessional"
    """Whether it is interprofessional continuing education (IPCE)."""
    PROFESSION = "profession"
    """A profession that interprofessional education is for."""
    JOINT_ACCREDITATION = "joint_accreditation"
    """Whether its provider is jointly accredited."""


class PassportOrder(enum.StrEnum):
    """The order in which activities are listed."""

    SOONEST = "soonest"
    """Open ones first, the first to end before all; then those to come by their start; then past ones, newest first."""
    FIT = "fit"
    """Those with most of the words in their title first, each group as `soonest`."""
    TITLE = "title"
    TITLE_DOWN = "-title"
    START = "start_date"
    START_DOWN = "-start_date"
    END = "end_date"
    END_DOWN = "-end_date"
    CREDITS = "credits"
    CREDITS_DOWN = "-credits"


Place: TypeAlias = Sequence[Any]
"""Where an activity stands in an order, as a value of JSON."""
CreditTypeKey: TypeAlias = tuple[str, str]
"""A board's code, empty for any board, and the key of a credit type."""


class PublicActivity(msgspec.Struct, frozen=True, kw_only=True):
    """An activity with what the list says of its provider."""

    activity: Activity
    version: int
    updated_at: datetime
    provider_name: str
    jointly_accredited: bool


class PassportStanding(enum.StrEnum):
    """Where an activity stands on a day."""

    UPCOMING = "upcoming"
    """It has not begun."""
    OPEN = "open"
    """It has begun, and has not ended."""
    PAST = "past"
    """It has ended."""


def standing_of(activity: Activity, today: date) -> PassportStanding:
    """Return where an activity stands on a day."""
    if isinstance(activity.start_date, date) and activity.start_date > today:
        return PassportStanding.UPCOMING
    return (
        PassportStanding.PAST
        if isinstance(activity.end_date, date) and activity.end_date < today
        else PassportStanding.OPEN
    )


class ShownActivity(msgspec.Struct, frozen=True, kw_only=True):
    """An activity as physicians see it."""

    listed: PublicActivity
    credit_reported: bool
    """Whether credit is reported for them: it is registered for a board, or its provider has reported credit."""


class ActivitySearch(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched for. Values of one filter mean any of them; different filters must all fit."""

    words: tuple[str, ...] = ()
    chosen: Mapping[PassportFacet, frozenset[str]] = msgspec.field(default_factory=dict)
    """The keys of values (see `facet_values`), without those of credit types."""
    credit_types: frozenset[CreditTypeKey] | None = None
    """None for any. With boards and points, of one and the same registration."""
    credits_from: int | None = None
    credits_to: int | None = None
    """AMA PRA credit, in quarters."""
    points_from: int | None = None
    points_to: int | None = None
    """Points of a certifying board, in quarters."""
    on_or_after: date | None = None
    """It ends on this day or later."""
    on_or_before: date | None = None
    """It starts on this day or before."""
    past: bool = False
    """Whether those that have ended are listed too."""
    order: PassportOrder = PassportOrder.SOONEST


class CountedValue(msgspec.Struct, frozen=True):
    """A value of a facet, with the activities that it would leave."""

    value: str
    name: str
    count: int


class FoundActivities(msgspec.Struct, frozen=True, kw_only=True):
    """A page of activities by their ids."""

    total: int
    places: Sequence[tuple[Place, str]]
    """Each with its place in the order."""
    facets: Mapping[PassportFacet, Sequence[CountedValue]] | None = None
    """Values by facet, those of most activities first; None unless asked for."""
    left_without: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Where nothing was found: how many there would be without a filter, by its name."""
