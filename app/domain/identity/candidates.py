"""The keys that physicians are looked up by, and the physicians found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from app.domain.identity.comparison_keys import short_id_key
from app.domain.identity.learners import Holding, Learner
from app.domain.reports import CompletionReport

NameAndBirth = tuple[str, str, str]
BoardAndId = tuple[str, str]
FormKey = tuple[str, str, str, str]
"""(kind, form, birth date, state)"""
NamesakeKey = tuple[str, str, str]
"""(last name, first name, state) of somebody; the state is empty where none is given."""


@dataclass(slots=True)
class Wanted:
    """The keys to look up candidates for some reports by."""

    names: set[NameAndBirth] = field(default_factory=set)
    licenses: set[BoardAndId] = field(default_factory=set)
    certifications: set[BoardAndId] = field(default_factory=set)
    short_licenses: set[BoardAndId] = field(default_factory=set)
    """Licences from number cells, without leading zeros."""
    short_certifications: set[BoardAndId] = field(default_factory=set)
    """Board ids from number cells, without leading zeros."""
    npis: set[str] = field(default_factory=set)
    learner_ids: set[tuple[str, str]] = field(default_factory=set)
    forms: set[FormKey] = field(default_factory=set)
    """Forms of last and first names, for those whose name was written otherwise."""
    namesakes: set[NamesakeKey] = field(default_factory=set)
    """The very names typed, for those who may be meant though their birth date is another, or not on file."""

    def add(self, other: Wanted) -> None:
        """Add the keys of another report."""
        self.names |= other.names
        self.licenses |= other.licenses
        self.certifications |= other.certifications
        self.short_licenses |= other.short_licenses
        self.short_certifications |= other.short_certifications
        self.npis |= other.npis
        self.learner_ids |= other.learner_ids
        self.forms |= other.forms
        self.namesakes |= other.namesakes


def _lists() -> dict[Any, list[Learner]]:
    return defaultdict(list)


class Candidates(msgspec.Struct, frozen=True):
    """Every physician found under the wanted keys; matching decides which one is meant."""

    learners: dict[str, Learner]
    by_learner_id: dict[tuple[str, str], str]
    _by_name: dict[Any, list[Learner]] = msgspec.field(default_factory=_lists)
    _by_license: dict[Any, list[Learner]] = msgspec.field(default_factory=_lists)
    _by_certification: dict[Any, list[Learner]] = msgspec.field(default_factory=_lists)
    _by_short_license: dict[Any, list[Learner]] = msgspec.field(default_factory=_lists)
    _by_short_certification: dict[Any, list[Learner]] = msgspec.field(default_factory=_lists)
    _by_npi: dict[Any, list[Learner]] = msgspec.field(default_factory=_lists)
    _worlds: dict[bool, Candidates] = msgspec.field(default_factory=dict)

    @classmethod
    def of(cls, learners: Iterable[Learner], learner_ids: dict[tuple[str, str], str] | None = None) -> Candidates:
        """Index physicians by everything a report may identify them by."""
        found = cls({}, learner_ids or {})
        for learner in learners:
            found.learners[learner.physician_id] = learner
            for last, first in learner.names:
                found._by_name[last, first, learner.birth_date or ""].append(learner)
            for held in learner.licenses:
                found._by_license[held.board, held.key].append(learner)
                found._by_short_license[held.board, short_id_key(held.key)].append(learner)
            for held in learner.certifications:
                found._by_certification[held.board, held.key].append(learner)
                found._by_short_certification[held.board, short_id_key(held.key)].append(learner)
            if learner.npi:
                found._by_npi[learner.npi].append(learner)
        return found

    def in_world(self, sandbox: bool) -> Candidates:
        """Return the candidates of the sandbox, or of the registry: neither exists for the other's reports."""
        if sandbox not in self._worlds:
            here = [learner for learner in self.learners.values() if bool(learner.sandbox) is sandbox]
            self._worlds[sandbox] = self if len(here) == len(self.learners) else Candidates.of(here, self.by_learner_id)
        return self._worlds[sandbox]

    def holds_license(self, board: str, key: str, *, was_number: bool = False) -> bool:
        """Return True if anybody on file holds this licence; a number cell may have lost leading zeros."""
        return (board, key) in self._by_license or (was_number and (board, short_id_key(key)) in self._by_short_license)

    def another_holds(self, held: Holding, day: date, physician_id: str) -> bool:
        """Return True if somebody else on file holds a licence of this number, and did so on a day."""
        return any(
            learner.physician_id != physician_id and (same.dates is None or same.dates.covers(day))
            for learner in self._by_license.get((held.board, held.key), ())
            for same in learner.licenses
            if (same.board, same.key) == (held.board, held.key)
        )

    def has_npi(self, npi: str) -> bool:
        """Return True if anybody on file has this NPI."""
        return npi in self._by_npi

    def under(self, wanted: Wanted, report: CompletionReport) -> dict[str, Learner]:
        """Return all that any evidence of one report points to; a learner id points to one person only."""
        if report.person.learner_id is not None:
            physician_id = self.by_learner_id.get((report.provider_id, report.person.learner_id))
            known = self.learners.get(physician_id) if physician_id else None
            return {known.physician_id: known} if known else {}
        return self.by_numbers(wanted, (self._by_name, wanted.names))

    def by_numbers(
        self, wanted: Wanted, *more: tuple[Mapping[Any, list[Learner]], Iterable[Any]]
    ) -> dict[str, Learner]:
        """Return all that any number among some keys points to."""
        pool: dict[str, Learner] = {}
        for index, keys in (
            *more,
            (self._by_license, wanted.licenses),
            (self._by_certification, wanted.certifications),
            (self._by_short_license, wanted.short_licenses),
            (self._by_short_certification, wanted.short_certifications),
            (self._by_npi, wanted.npis),
        ):
            for key in keys:
                for learner in index.get(key, ()):
                    pool[learner.physician_id] = learner
        return pool
