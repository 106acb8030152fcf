"""Physicians as the registry knows them, and what a report says about one."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from app.domain.comparison_keys import full_name_key, id_key
from app.domain.parsing import MonthDay, Unparsed


class Holding(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A licence or a certification: the board that gave it and the number the board knows the person by."""

    board: str
    number: str
    known_key: str = ""
    """The key as it stands in the registry, where the holding was read from there."""

    @property
    def key(self) -> str:
        """The number as it is compared."""
        return self.known_key or id_key(self.number)

    def __eq__(self, other: object) -> bool:
        # The key follows from the number, and is only sometimes kept beside it.
        if not isinstance(other, Holding):
            return NotImplemented
        return self.board == other.board and self.number == other.number

    def __hash__(self) -> int:
        return hash((self.board, self.number))


class RegistryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One physician as an import brings them. Lists may be empty; absence removes nothing."""

    first_name: str
    last_name: str
    middle_name: str | None = None
    other_last_names: tuple[str, ...] = ()
    birth_date: MonthDay | None = None
    npi: str | None = None
    medical_school: str | None = None
    licenses: tuple[Holding, ...] = ()
    certifications: tuple[Holding, ...] = ()


class Learner(msgspec.Struct, frozen=True, kw_only=True):
    """One physician of the registry, as far as matching and rules need to know them."""

    physician_id: str
    names: frozenset[tuple[str, str]]
    """(last, first) as name keys, other last names included."""
    birth_date: str | None
    npi: str | None
    licenses: tuple[Holding, ...]
    certifications: tuple[Holding, ...]
    medical_school: str | None = None
    sandbox: str = ""
    """The name of a magic learner of the sandbox; empty for a physician of the registry."""

    def licensed_by(self, boards: Collection[str]) -> tuple[Holding, ...]:
        """Return the licences of these boards, lapsed ones included."""
        return tuple([held for held in self.licenses if held.board in boards])

    def certified_by(self, board: str) -> tuple[Holding, ...]:
        """Return the certifications of a board, of any date or status."""
        return tuple([held for held in self.certifications if held.board == board])


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says of the learner beside the ids of its targets."""

    first_name: str | None = None
    last_name: str | None = None
    birth_date: MonthDay | Unparsed | None = None
    npi: str | None = None
    learner_id: str | None = None

    @property
    def name(self) -> tuple[str, str]:
        """(last, first) as name keys."""
        return full_name_key(self.first_name, self.last_name)
