"""Physicians as the registry has them, and as a report names them."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from app.domain.boards import Span
from app.domain.identity.comparison_keys import full_name_key, id_key, name_key
from app.domain.parsing import MonthDay, Unparsed


class Holding(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A licence or certification: the board and the person's number with it."""

    board: str
    number: str
    known_key: str = ""
    """The comparison key, where it is known: that of a holding on file, or one that was computed."""
    self_reported: bool = False
    """Whether its holder alone told it: it helps to find them, and credit waits until a board confirms it."""
    dates: Span | None = None
    """The days on which it is held, where any is on file; a licence's number may be somebody else's after them."""

    @property
    def key(self) -> str:
        """The number's comparison key."""
        return self.known_key or id_key(self.number)

    def __eq__(self, other: object) -> bool:
        # `known_key` follows from the number and is not always present; dates tell when, not which.
        if not isinstance(other, Holding):
            return NotImplemented
        return self.board == other.board and self.number == other.number

    def __hash__(self) -> int:
        return hash((self.board, self.number))


class IdentifierKind(enum.StrEnum):
    """The numbers that a physician is known by."""

    NPI = "npi"
    """The National Provider Identifier; groups have one too, which files give for each of their members."""
    LICENSE = "license"
    """A licence number of a board."""
    CERTIFICATION = "certification"
    """A certifying board's id."""


class NameKind(enum.StrEnum):
    """What one of somebody's names is; of the one that is shown nothing is stored."""

    LEGAL = "legal"
    """The name on the licence."""
    FORMER = "former"
    """A name of earlier, such as one before a marriage."""
    PROFESSIONAL = "professional"
    """The name under which somebody practises."""
    OTHER = "other"
    """Any other."""


class OtherName(msgspec.Struct, frozen=True, kw_only=True):
    """Another name of a physician, as written; parts left out are those of the name that is shown."""

    kind: NameKind
    last_name: str
    first_name: str | None = None
    middle_name: str | None = None
    suffix: str | None = None


class PairStatus(enum.StrEnum):
    """What was decided of two physicians on file who seem to be one person."""

    OPEN = "open"
    """Nothing yet."""
    NEVER = "never"
    """They are two people, whatever later sources say."""
    JOINED = "joined"
    """They are one."""


class NpiListing(msgspec.Struct, frozen=True, kw_only=True):
    """An NPI as the national provider file lists it: it is one person's, who told all that stands beside it."""

    ended_on: date | None = None
    """When it was deactivated, unless it was reactivated since."""
    active_on: date | None = None
    """A day on which it was active: that of its last change, or of its reactivation."""


class RegistryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One physician of an import. Lists may be empty; absence removes nothing."""

    first_name: str
    last_name: str
    middle_name: str | None = None
    suffix: str | None = None
    other_last_names: tuple[str, ...] = ()
    other_names: tuple[OtherName, ...] = ()
    birth_date: MonthDay | None = None
    npi: str | None = None
    medical_school: str | None = None
    licenses: tuple[Holding, ...] = ()
    certifications: tuple[Holding, ...] = ()
    listing: NpiListing | None = None
    """What the national provider file says of the NPI, in rows that come from it."""

    def all_names(self) -> tuple[tuple[str, str], ...]:
        """Return (first, last) of every name, that of the row first."""
        if not self.other_last_names and not self.other_names:
            return ((self.first_name, self.last_name),)
        return (
            (self.first_name, self.last_name),
            *((self.first_name, last) for last in self.other_last_names),
            *((name.first_name or self.first_name, name.last_name) for name in self.other_names),
        )

    def with_keys(self) -> RegistryRow:
        """Return the row with the comparison keys of its numbers: an import asks for each of them many times."""
        if all(held.known_key for held in self.licenses) and all(held.known_key for held in self.certifications):
            return self
        return replace(self, licenses=_with_keys(self.licenses), certifications=_with_keys(self.certifications))


def _with_keys(holdings: tuple[Holding, ...]) -> tuple[Holding, ...]:
    return tuple([replace(held, known_key=held.key) for held in holdings])


class WrittenName(msgspec.Struct, frozen=True):
    """A name as a source or a sender wrote it; empty where it has no such part."""

    first: str
    last: str
    middle: str = ""
    suffix: str = ""


def name_on_file(first_key: str, last: str, apart: Sequence[str | None], shown: Sequence[str | None]) -> WrittenName:
    """Return a name on file as it was written.

    `apart` are the first name, middle name and suffix that were stored with it, `shown` those of the name that is
    shown: they stand for what was not stored, where the first name is the same. Without them only the key is known.
    """
    first, middle, suffix = apart
    shown_first, shown_middle, shown_suffix = shown
    same = name_key(first or shown_first) == first_key == name_key(shown_first) or not first_key
    if not same:
        return WrittenName(first or first_key, last, middle or "", suffix or "")
    return WrittenName(first or shown_first or "", last, middle or shown_middle or "", suffix or shown_suffix or "")


class Learner(msgspec.Struct, frozen=True, kw_only=True):
    """One physician of the registry, as matching and rules need them."""

    physician_id: str
    names: frozenset[tuple[str, str]]
    """(last, first) as name keys, other names included."""
    written: tuple[WrittenName, ...] = ()
    """The names as written; none where it was not asked for them."""
    birth_date: str | None
    npi: str | None
    licenses: tuple[Holding, ...]
    certifications: tuple[Holding, ...]
    medical_school: str | None = None
    sandbox: str = ""
    """The name of a learner of the sandbox; empty for a physician of the registry."""
    npi_disputed: bool = False
    """Whether a source gave the NPI for somebody else too: it finds its holder beside the birth date only."""

    def licensed_by(self, boards: Collection[str]) -> tuple[Holding, ...]:
        """Return the licences of these boards, lapsed ones included."""
        return tuple([held for held in self.licenses if held.board in boards])

    def certified_by(self, board: str) -> tuple[Holding, ...]:
        """Return the certifications of a board, of any date or status."""
        return tuple([held for held in self.certifications if held.board == board])


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The learner as a report names them, without the numbers of its parts."""

    first_name: str | None = None
    last_name: str | None = None
    birth_date: MonthDay | Unparsed | None = None
    npi: str | None = None
    learner_id: str | None = None

    @property
    def name(self) -> tuple[str, str]:
        """(last, first) as name keys."""
        return full_name_key(self.first_name, self.last_name)
