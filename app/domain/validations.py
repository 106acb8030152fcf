"""Learner validations: what is asked, under which keys the registry is looked through, and what is answered."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.domain.comparison_keys import full_name_key
from app.domain.findings import Finding
from app.domain.identity import Result
from app.domain.learners import Learner
from app.domain.parsing import MonthDay, Unparsed


class ValidationRequest(NamedTuple):
    """What a provider knows of a learner, as given: read but not judged. Only the names have to be given."""

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
    """Whether it is of the sandbox, and about nobody of the registry."""

    @property
    def name(self) -> tuple[str, str]:
        """(last, first) as name keys."""
        return full_name_key(self.first_name, self.last_name)


class LookupKey(enum.Enum):
    """Through which index the registry is looked through. The name must fit in all of them."""

    NPI = "npi"
    """Whoever has the NPI."""
    LICENSE = "license"
    """Whoever holds the licence: board and number."""
    CERTIFICATION = "certification"
    """Whoever holds the certification: board and number."""
    NAME = "name"
    """Everybody of the name."""
    NAME_LICENSED = "name, licensed"
    """Those of the name who hold a licence of the board, or of any board under the number."""
    NAME_CERTIFIED = "name, certified"
    """Those of the name who hold a certification of the board, or of any board under the number."""


class Lookup(NamedTuple):
    """One look into the registry, bounded: beyond `most` learners it is only told that there are more."""

    by: LookupKey
    last: str
    first: str
    born_from: str
    """MM/DD; the same as `born_to` when the birth date is given, and both empty for those without one on file."""
    born_to: str
    board: str
    """Empty for any."""
    number: str
    """An NPI, or a licence or board id as it is compared; empty for any."""
    certifying: str
    """Of those found by a licence: the board that certified them as well; empty for any."""
    certified: str
    """And their id with it; empty for any, and of both for no matter whether anybody certified them."""
    most: int
    decides: bool
    """Whether it looks at everything that was given, so that nobody found needs comparing."""
    sandbox: bool
    """Whether magic learners are looked for, or those of the registry."""


class LookupResults(NamedTuple):
    """What lookups returned."""

    ids: Sequence[Sequence[str]]
    """Of each lookup, in their order, the learners' ids; one more than it may return when there are more."""
    learners: Mapping[str, Learner]
    """Everybody under lookups that have not looked at everything, and did not return too many."""
    learner_ids: Mapping[tuple[str, str], str | None] = {}
    """Of a provider and a learner, the opaque id; None where there is none yet. Nothing of those in `learners`."""


class ValidationAnswer(NamedTuple):
    """The answer to one validation, as far as it may be told."""

    result: Result
    learner_id: str | None = None
    """The opaque id by which the provider may name the one learner."""
    matched_boards: tuple[str, ...] = ()
    """Boards named in the request of which the one learner is on file, as codes."""
    hint: str = ""
    """What to do next."""
    findings: tuple[Finding, ...] = ()
    """Why nobody was looked for."""
