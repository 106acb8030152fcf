"""Physicians as the registry has them, and as a report names them."""

from __future__ import annotations

import enum
from collections.abc import Collection

import msgspec
from msgspec.structs import replace

from app.domain.boards import Span
from app.domain.identity.comparison_keys import full_name_key, id_key
from app.domain.parsing import MonthDay, Unparsed


class Holding(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A licence or certification: the board and the person's number with it."""

    board: str
    number: str
    known_key: str = ""
    """The comparison key, where it is known: that of a holding on file, or one that was computed."""
    dates: Span | None = None
    """The days on which a licence is held, where any is on file; a number may be given to somebody else after them."""

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


class PairStatus(enum.StrEnum):
    """What was decided of two physicians on file who seem to be one person."""

    OPEN = "open"
    """Nothing yet."""
    NEVER = "never"
    """They are two people, whatever later sources say."""
    JOINED = "joined"
    """They are one."""


class RegistryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One physician of an import. Lists may be empty; absence removes nothing."""

    first_name: str
    last_name: str
    middle_name: str | None = None
    other_last_names: tuple[str, ...] = ()
    birth_date: MonthDay | None = None
    npi: str | None = None
    medical_school: str | None = None
    licenses: tuple[Holding, ...] = ()
    certifications: tuple[Holding, ...] = ()

    def with_keys(self) -> RegistryRow:
        """Return the row with the comparison keys of its numbers: an import asks for each of them many times."""
        if all(held.known_key for held in self.licenses) and all(held.known_key for held in self.certifications):
            return self
        return replace(self, licenses=_with_keys(self.licenses), certifications=_with_keys(self.certifications))


def _with_keys(holdings: tuple[Holding, ...]) -> tuple[Holding, ...]:
    return tuple([replace(held, known_key=held.key) for held in holdings])


class Learner(msgspec.Struct, frozen=True, kw_only=True):
    """One physician of the registry, as matching and rules need them."""

    physician_id: str
    names: frozenset[tuple[str, str]]
    """(last, first) as name keys, other last names included."""
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
