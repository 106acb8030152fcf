"""The learners that a provider knows: those it has reported, under the names it reported them by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

_MOST_SHOWN = 4


class KnownNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A board that a learner was last reported for, with the beginning of the number that was reported."""

    board: str
    begins: str | None
    """None where no number was reported, or it is too short to be shown in part."""


class SeriesAttendance(msgspec.Struct, frozen=True, kw_only=True):
    """What a learner has in one activity."""

    completions: int
    last_completed_on: date | None
    quarters: int
    """CME that counts there."""


class UsualCredit(msgspec.Struct, frozen=True, kw_only=True):
    """The CME credit that a learner of the next session of an activity most likely gets."""

    quarters: float
    day: date | None = None
    """The session at which most were given it; None where the activity is registered for it and has had none."""


class KnownLearner(msgspec.Struct, frozen=True, kw_only=True):
    """A learner as a provider last reported them, and how often it did."""

    learner_id: str
    first_name: str | None
    last_name: str | None
    numbers: Sequence[KnownNumber]
    completions: int
    last_completed_on: date
    series: SeriesAttendance | None
    """None where no series was asked for."""


def beginning_of(number: str | None) -> str | None:
    """Return what is shown of a number to tell namesakes apart: four characters, and never more than half of it."""
    shown = (number or "")[: min(_MOST_SHOWN, len(number or "") // 2)]
    return shown or None
