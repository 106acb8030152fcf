"""A piece of an import: its rows are placed one after another, and what they change is written in one go."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from msgspec import UnsetType

from app.core.clock import new_id
from app.domain.identity.comparison_keys import short_id_key
from app.domain.identity.erasure import npi_text, number_text
from app.domain.identity.learners import IdentifierKind, NameKind, RegistryRow
from app.services.context import Work
from app.services.registry import name_forms
from app.services.registry.placing import (
    HeldIdentifier,
    Identifier,
    IdentifierFault,
    PairSeen,
    RowPlacement,
    dates_after,
    place,
)
from app.store.access.erasure import remembered
from app.store.registry import import_writes
from app.store.registry.import_writes import Writes
from app.store.registry.imports import NO_DATES, Entry, Known

KeptPair = tuple[Entry, PairSeen]
ERASED_IDENTITY = "erased-identity"
"""The purpose of the key under which numbers of erased physicians are digested."""
_ERASED = "whose identity was erased at their wish: `pars learner readmit` takes them in again, if they want it"


class RowEffect(enum.Enum):
    """What a row did to the physician that it is about."""

    ADDED = enum.auto()
    """Nobody was on file."""
    UPDATED = enum.auto()
    """Something of it was new."""
    UNCHANGED = enum.auto()
    """All of it was on file."""


class Piece:
    """Some rows of an import in one transaction."""

    def __init__(self, work: Work, known: Known, source: str) -> None:
        self._work = work
        self._known = known
        self._source = source
        self._writes = Writes()
        self.left_aside: Sequence[HeldIdentifier] = ()
        """Of the row taken last: who holds the licences that it claims."""
        self._erased = remembered(work.connection)

    def take(self, row: RegistryRow) -> tuple[RowEffect, list[KeptPair]]:
        """Add or update the physician of a row; return the pairs that are new. Raises `IdentifierFault`."""
        effect, pairs, _ = self.take_entry(row)
        return effect, pairs

    def take_entry(self, row: RegistryRow) -> tuple[RowEffect, list[KeptPair], Entry]:
        """Do as `take`; return the physician as well."""
        if self._erased:
            self._refuse_erased(row)
        placement = place(row, self._known)
        entry, self.left_aside = placement.entry, placement.left_aside
        if entry is None:
            entry, effect = self._add(row, placement), RowEffect.ADDED
        else:
            effect = RowEffect.UPDATED if self._update(entry, row, placement) else RowEffect.UNCHANGED
        self._known.put(entry)
        return effect, self._keep_pairs([(entry, pair) for pair in placement.pairs]), entry

    def _refuse_erased(self, row: RegistryRow) -> None:
        """Raise `IdentifierFault` for a row with a number of somebody who was erased: it would bring them back."""
        texts = [(IdentifierKind.NPI, npi_text(row.npi))] if row.npi else []
        for kind, word, holdings in (
            (IdentifierKind.LICENSE, "license", row.licenses),
            (IdentifierKind.CERTIFICATION, "certification", row.certifications),
        ):
            texts += [(kind, number_text(word, held.board, short_id_key(held.key))) for held in holdings]
        held_by: defaultdict[str, list[IdentifierKind]] = defaultdict(list)
        for kind, text in texts:
            for digest in self._work.service.keyring.keyed_digests(ERASED_IDENTITY, text):
                if digest in self._erased and kind not in held_by[self._erased[digest]]:
                    held_by[self._erased[digest]].append(kind)
        if found := [(id, kinds) for id, kinds in held_by.items() if kinds]:
            raise IdentifierFault(
                [HeldIdentifier(kinds=tuple(kinds), reason=_ERASED, physician_id=id) for id, kinds in found]
            )

    def refuse(self, fault: IdentifierFault) -> list[KeptPair]:
        """Mark the NPIs that a refused row gives for somebody else; return the pairs that are new.

        Who holds such an NPI keeps it, and is found by it beside the birth date only.
        """
        for held in fault.held:
            entry = self._known.entries.get(held.physician_id)
            if entry is None:
                continue
            if IdentifierKind.NPI in held.kinds and not held.fits and not entry.npi_disputed:
                entry.npi_disputed = True
                self._writes.disputed.append({"learner_id": entry.physician_id, "at": self._work.now})
        return self._keep_pairs(fault.pairs)

    @property
    def has_changes(self) -> bool:
        """Whether anything is to be written."""
        return any(getattr(self._writes, table) for table in Writes.__dataclass_fields__)

    def write(self) -> None:
        """Write what the rows have changed; the caller audits each of these physicians."""
        import_writes.save(self._work.connection, self._writes)
        # Without a birth date nobody has forms.
        written = self._writes.physician_ids
        dated = {physician_id for physician_id in written if self._known.entries[physician_id].birth_date}
        name_forms.refresh(self._work.connection, dated, self._writes.new_ids & dated)

    def save(self) -> str | UnsetType:
        """Write what the rows have changed, and digests of these physicians; return what the audit log says of them."""
        self.write()
        return self._work.protect("learner", self._writes.physician_ids)

    def _keep_pairs(self, pairs: Any) -> list[KeptPair]:
        new = [(one, seen) for one, seen in pairs if self._known.add_pair(one.physician_id, seen.other.physician_id)]
        for one, seen in new:
            self._writes.add_pair(
                one.physician_id,
                seen.other.physician_id,
                evidence=seen.evidence,
                names=seen.names,
                birth=seen.birth,
                source=self._source,
                at=self._work.now,
            )
        return new

    def _add(self, row: RegistryRow, placement: RowPlacement) -> Entry:
        entry = Entry(
            physician_id=new_id(),
            first_name=row.first_name,
            middle_name=row.middle_name,
            last_name=row.last_name,
            birth_date=str(row.birth_date) if row.birth_date else None,
            npi=_own_npi(row, placement),
            medical_school=row.medical_school,
            suffix=row.suffix,
        )
        _note_listing(entry, row)
        at = self._work.now
        self._writes.learners.append(_learner_row(entry) | {"sandbox": "", "created_at": at, "updated_at": at})
        self._add_names_and_numbers(entry, row, placement)
        return entry

    def _update(self, entry: Entry, row: RegistryRow, placement: RowPlacement) -> bool:
        """Update a physician from a row; return whether anything was new. What the row leaves out stays.

        What people have told of themselves replaces nothing that a board or the operator has given.
        """
        before = _learner_row(entry)
        if row.listing is None or entry.is_only_listed:
            entry.first_name, entry.last_name = row.first_name, row.last_name
            entry.middle_name = row.middle_name or entry.middle_name
            entry.suffix = row.suffix or entry.suffix
        else:
            entry.middle_name = entry.middle_name or row.middle_name
            entry.suffix = entry.suffix or row.suffix
        entry.birth_date = str(row.birth_date) if row.birth_date else entry.birth_date
        entry.npi = _own_npi(row, placement) or entry.npi
        entry.medical_school = row.medical_school or entry.medical_school
        _note_listing(entry, row)
        changed = _learner_row(entry) != before
        if changed:
            self._writes.changed.append(_learner_row(entry) | {"updated_at": self._work.now})
        return self._add_names_and_numbers(entry, row, placement) or changed

    def _add_names_and_numbers(self, entry: Entry, row: RegistryRow, placement: RowPlacement) -> bool:
        add, middle = self._writes.add_name, row.middle_name
        legal = NameKind.LEGAL if row.listing is not None and not _is_shown(entry, row) else None
        new = [add(entry, row.first_name, row.last_name, middle, row.suffix if legal else None, legal)]
        new += [add(entry, row.first_name, last, middle) for last in row.other_last_names]
        new += [
            add(entry, name.first_name or row.first_name, name.last_name, name.middle_name, name.suffix, name.kind)
            for name in row.other_names
        ]
        for kind, holdings in (
            (IdentifierKind.LICENSE, row.licenses),
            (IdentifierKind.CERTIFICATION, row.certifications),
        ):
            on_file = entry.numbers(kind)
            for held in holdings:
                number = (held.board, held.key)
                if not placement.held_by_others or (kind, number) not in placement.held_by_others:
                    dates = dates_after(on_file.get(number, NO_DATES), held.dates)
                    new.append(self._writes.add_number(entry, kind, held, dates, self._work.now))
        return any(new)


def _own_npi(row: RegistryRow, placement: RowPlacement) -> str | None:
    """Return the NPI of a row, None where it stays with somebody else."""
    if not placement.held_by_others:
        return row.npi
    identifier: Identifier = (IdentifierKind.NPI, ("", row.npi or ""))
    return None if identifier in placement.held_by_others else row.npi


def _is_shown(entry: Entry, row: RegistryRow) -> bool:
    """Whether the name of a row is the one that is shown."""
    return (entry.first_name, entry.last_name) == (row.first_name, row.last_name)


def _note_listing(entry: Entry, row: RegistryRow) -> None:
    """Note what the national provider file says of a physician's NPI; an older file ends and begins nothing anew."""
    listing = row.listing
    if listing is None or entry.npi is None or entry.npi != row.npi:
        return
    entry.npi_listed = True
    if listing.ended_on is not None:
        entry.npi_ended_on = max(listing.ended_on, entry.npi_ended_on or listing.ended_on)
    elif entry.npi_ended_on and listing.active_on and listing.active_on > entry.npi_ended_on:
        entry.npi_ended_on = None


def _learner_row(entry: Entry) -> dict[str, Any]:
    return {
        "learner_id": entry.physician_id,
        "first_name": entry.first_name,
        "middle_name": entry.middle_name,
        "last_name": entry.last_name,
        "suffix": entry.suffix,
        "birth_date": entry.birth_date,
        "npi": entry.npi,
        "npi_listed": entry.npi_listed or None,
        "npi_ended_on": entry.npi_ended_on,
        "medical_school": entry.medical_school,
    }
