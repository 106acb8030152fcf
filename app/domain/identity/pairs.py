"""Pairs: two physicians on file who seem to be one person, side by side."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from app.domain.identity.physicians import Physician


class FiledPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two physicians on file who seem to be one person."""

    physician_id: str
    other_id: str
    evidence: str
    name_level: str
    birth_level: str
    source: str
    first_seen_at: datetime
    status: str
    decided_at: datetime | None = None
    decided_by: str | None = None
    postponed_at: datetime | None = None

    @property
    def pair_id(self) -> str:
        """The id by which it is decided on."""
        return f"{self.physician_id}.{self.other_id}"


class FieldLevel(enum.StrEnum):
    """How one field of two physicians compares."""

    SAME = "same"
    """Both have it, and it is the same; of lists, something is in common."""
    RELATED = "related"
    """Names that are not the same, and have a part in common."""
    ABSENT = "absent"
    """One of them lacks it."""
    DIFFERENT = "different"
    """Both have it, and it differs."""


class CreditedBoard(msgspec.Struct, frozen=True, kw_only=True):
    """What is credited to a physician for one board."""

    board: str
    credits: int
    quarters: int


class PairSide(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two."""

    physician: Physician
    completions: int
    credited: tuple[CreditedBoard, ...]


class ReviewedPair(msgspec.Struct, frozen=True, kw_only=True):
    """A pair with both sides, and how they compare."""

    pair: FiledPair
    sides: tuple[PairSide, PairSide]
    levels: dict[str, FieldLevel]
    into: str
    """The one into whom the other would be merged, unless told otherwise: who has more credit, then more on file."""
