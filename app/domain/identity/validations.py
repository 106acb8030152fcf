"""Learner validations: the request, the lookups in the registry, and the answer."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import msgspec

from app.domain.findings import Finding
from app.domain.identity.comparison_keys import full_name_key
from app.domain.identity.learners import Learner
from app.domain.identity.matches import Result
from app.domain.parsing import MonthDay, Unparsed


class ValidationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's knowledge of a learner, parsed but not judged. Only the names are required."""

    first_name: str | None = None
    last_name: str | None = None
    birth_date: MonthDay | Unparsed | None = None
    state: str | None = None
    license_id: str | None = None
    board: str | None = None
    board_id: str | None = None
    npi: str | None = None
    medical_school: str | None = None
    sandbox: bool = False
    """Whether it is asked of the sandbox's learners, and not of the registry."""

    @property
    def name(self) -> tuple[str, str]:
        """(last, first) as name keys."""
        return full_name_key(self.first_name, self.last_name)


class LookupKey(enum.Enum):
    """The index by which a lookup finds learners. The name must fit in all of them."""

    NPI = "npi"
    """The learner with the NPI."""
    LICENSE = "license"
    """Learners who hold the licence: board and number."""
    CERTIFICATION = "certification"
    """Learners who hold the certification: board and number."""
    NAME = "name"
    """All learners of the name."""
    NAME_LICENSED = "name, licensed"
    """Learners of the name with a licence of the board, or of any board under the number."""
    NAME_CERTIFIED = "name, certified"
    """Learners of the name with a certification of the board, or of any board under the number."""


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """One bounded lookup in the registry: beyond `most` learners it returns only that there are more."""

    by: LookupKey
    last: str
    first: str
    born_from: str
    """MM/DD; the same as `born_to` when the birth date is given, and both empty for those without one on file."""
    born_to: str
    unless_born: str
    """MM/DD; people without a birth date are not meant where somebody of the name has this one. Empty for no date."""
    board: str
    """Empty for any."""
    number: str
    """An NPI, or the comparison key of a licence or board id; empty for any."""
    certifying: str
    """For a lookup by licence: the board that must have certified the learner too; empty for any."""
    certified: str
    """The id of that certification; empty for any. Both empty: no certification is needed."""
    most: int
    decides: bool
    """Whether it checks everything that was given, so that nobody found needs comparing."""
    sandbox: bool
    """Whether it looks among the sandbox's learners, or in the registry."""


class LookupResults(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a list of lookups."""

    ids: Sequence[Sequence[str]]
    """The physicians' ids found by each lookup, in their order; `most` + 1 of them when there are more."""
    learners: Mapping[str, Learner]
    """Everybody found by lookups that do not decide and did not find too many."""
    learner_ids: Mapping[tuple[str, str], str | None] = {}
    """(provider, physician) to the opaque id, None where there is none yet; for lookups that decide."""


class ValidationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one validation."""

    result: Result
    learner_id: str | None = None
    """The opaque id by which the provider may name the one learner."""
    matched_boards: tuple[str, ...] = ()
    """Codes of the boards named in the request with which the one learner is on file."""
    hint: str = ""
    """The next step for the caller."""
    findings: tuple[Finding, ...] = ()
    """Why nobody was looked up."""
