"""Physicians as the operator sees and changes them: every row that is on file of one person."""

from __future__ import annotations

import enum
from datetime import date, datetime

import msgspec

from app.domain.identity.comparison_keys import full_name_key, id_key, short_id_key
from app.domain.identity.learners import NameKind
from app.domain.parsing import MonthDay


class FiledName(msgspec.Struct, frozen=True, kw_only=True):
    """A name on file, as written; former first names of early imports are known by their keys only."""

    first_name: str
    last_name: str
    middle_name: str | None = None
    suffix: str | None = None
    kind: NameKind | None = None
    """None for the name that is shown, or where no source says."""

    @property
    def key(self) -> tuple[str, str]:
        """(last, first) as name keys."""
        return full_name_key(self.first_name, self.last_name)

    @property
    def in_full(self) -> str:
        """All its parts in one line."""
        return " ".join(filter(None, (self.first_name, self.middle_name, self.last_name, self.suffix)))


class FiledNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A licence or certification on file."""

    board: str
    number: str
    starts_on: date | None = None
    ends_on: date | None = None
    self_reported: bool = False
    """Whether its holder told it and no board has confirmed it; licences only."""
    first_seen_at: datetime | None = None
    """None for one that is not stored yet."""

    @property
    def key(self) -> tuple[str, str]:
        """Its board, and the comparison key of the number."""
        return self.board, id_key(self.number)

    @property
    def short_key(self) -> str:
        """The number's key without leading zeros."""
        return short_id_key(id_key(self.number))


class Physician(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on file of one person."""

    physician_id: str
    shown: FiledName
    other_names: tuple[FiledName, ...] = ()
    birth_date: str | None = None
    npi: str | None = None
    npi_disputed_at: datetime | None = None
    npi_listed: bool = False
    """Whether the national provider file lists the NPI as this person's."""
    npi_ended_on: date | None = None
    """When the NPI was deactivated."""
    medical_school: str | None = None
    licenses: tuple[FiledNumber, ...] = ()
    certifications: tuple[FiledNumber, ...] = ()
    aliases: tuple[str, ...] = ()
    """Ids of physicians who were merged into this one."""
    merged_into: str | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1
    """Follows from all that is on file, so that an import changes it too."""

    @property
    def names(self) -> tuple[FiledName, ...]:
        """All names, the one that is shown first."""
        return (self.shown, *self.other_names)


class PhysicianSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator looks for; everything given must fit. Names are compared by their beginnings."""

    first_name: str | None = None
    last_name: str | None = None
    birth_date: str | None = None
    npi: str | None = None
    license: tuple[str, str] | None = None
    """(board, comparison key)"""
    certification: tuple[str, str] | None = None
    board: str | None = None
    """Holds any licence or certification of it."""


class Addition(enum.StrEnum):
    """What became of a physician who was to be added."""

    ADDED = "added"
    """Nobody on file is meant: a physician of their own."""
    PAIR = "pair"
    """Added, and kept as a pair beside somebody whom the data seem to describe."""
    JOINED = "joined"
    """Somebody on file is meant, and knows more now."""
    UNCHANGED = "unchanged"
    """All of it was on file."""


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """The physician that was added or joined."""

    outcome: Addition
    physician: Physician
    pairs: tuple[str, ...] = ()
    """Ids of those beside whom it is kept."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A physician as an operator gives them."""

    shown: FiledName
    other_names: tuple[FiledName, ...] = ()
    birth_date: MonthDay | None = None
    npi: str | None = None
    medical_school: str | None = None
    licenses: tuple[FiledNumber, ...] = ()
    certifications: tuple[FiledNumber, ...] = ()
