"""What an import writes into the registry of physicians, collected table by table, and written in one go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.boards import Span
from app.domain.identity.comparison_keys import full_name_key, short_id_key
from app.domain.identity.learners import Holding, IdentifierKind, NameKind, PairStatus
from app.models import learners as tables
from app.store.registry.generation import note_registry_change
from app.store.registry.imports import Entry
from app.store.sql.bulk import insert
from app.store.sql.statements import execute_many


@dataclass(slots=True)
class Writes:
    """The rows that a piece of an import writes, collected by table."""

    learners: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    disputed: list[dict[str, Any]] = field(default_factory=list)
    names: list[dict[str, Any]] = field(default_factory=list)
    licenses: list[dict[str, Any]] = field(default_factory=list)
    dates: list[dict[str, Any]] = field(default_factory=list)
    """Licences on file that have other dates now, or were confirmed."""
    certified: list[dict[str, Any]] = field(default_factory=list)
    """Certifications on file that have other dates now."""
    certifications: list[dict[str, Any]] = field(default_factory=list)
    pairs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def physician_ids(self) -> set[str]:
        """The physicians of whom anything is written."""
        tables = (
            self.learners, self.changed, self.disputed, self.names, self.licenses, self.dates,
            self.certifications, self.certified,
        )  # fmt: skip
        return {row["learner_id"] for rows in tables for row in rows}

    @property
    def new_ids(self) -> set[str]:
        """The physicians who are written for the first time."""
        return {row["learner_id"] for row in self.learners}

    def add_name(
        self,
        entry: Entry,
        first_name: str,
        last_name: str,
        middle_name: str | None = None,
        suffix: str | None = None,
        kind: NameKind | None = None,
    ) -> bool:
        """Add a name of a physician, with its kind where it is not the one that is shown; False when it is on file."""
        last_key, first_key = full_name_key(first_name, last_name)
        if (last_key, first_key) in entry.names:
            return False
        entry.names[last_key, first_key] = last_name
        self.names.append(
            {
                "learner_id": entry.physician_id,
                "last_key": last_key,
                "first_key": first_key,
                "birth_date": entry.birth_date or "",
                "last_name": last_name,
                "first_name": first_name,
                "middle_name": middle_name,
                "suffix": suffix,
                "kind": kind and kind.value,
            }
        )
        return True

    def add_number(self, entry: Entry, kind: IdentifierKind, held: Holding, dates: Span, at: datetime) -> bool:
        """Add a licence or certification of a physician, change its dates or confirm it; False when all is on file."""
        key, on_file = held.key, entry.numbers(kind)
        number = (held.board, key)
        licence = kind is IdentifierKind.LICENSE
        confirmed = licence and not held.self_reported and number in entry.self_reported
        if number in on_file and (on_file[number] is dates or on_file[number] == dates) and not confirmed:
            return False
        row: dict[str, Any] = {
            "learner_id": entry.physician_id, "board": held.board, "id_key": key,
            "starts_on": dates.since, "ends_on": dates.until,
        }  # fmt: skip
        if licence:
            told = held.self_reported and (number not in on_file or number in entry.self_reported)
            (entry.self_reported.add if told else entry.self_reported.discard)(number)
            row["self_reported"] = told or None
        if number in on_file:
            (self.dates if licence else self.certified).append(row)
        else:
            written = {"license_id" if licence else "board_id": held.number, "short_key": short_id_key(key)}
            (self.licenses if licence else self.certifications).append(row | written | {"first_seen_at": at})
        on_file[number] = dates
        return True

    def add_pair(
        self, one: str, other: str, *, evidence: str, names: str, birth: str, source: str, at: datetime
    ) -> None:
        """Keep two physicians as a pair."""
        first, second = sorted((one, other))
        self.pairs.append(
            {
                "learner_id": first,
                "other_id": second,
                "evidence": evidence,
                "name_level": names,
                "birth_level": birth,
                "source": source,
                "first_seen_at": at,
                "status": PairStatus.OPEN.value,
            }
        )


def save(connection: Connection, writes: Writes) -> None:
    """Write a piece of an import; held records are judged again after one that changes a physician."""
    insert(connection, tables.learners, writes.learners)
    execute_many(
        connection,
        "UPDATE learners SET first_name = :first_name, middle_name = :middle_name, last_name = :last_name, "
        "suffix = :suffix, birth_date = :birth_date, npi = :npi, npi_listed = :npi_listed, "
        "npi_ended_on = :npi_ended_on, medical_school = :medical_school, updated_at = :updated_at "
        "WHERE learner_id = :learner_id",
        writes.changed,
    )
    execute_many(
        connection, "UPDATE learners SET npi_disputed_at = :at WHERE learner_id = :learner_id", writes.disputed
    )
    insert(connection, tables.learner_names, writes.names)
    # After all names are in: a name of this piece may be older than the birth date that a later row gave.
    execute_many(
        connection,
        "UPDATE learner_names SET birth_date = :birth_date WHERE learner_id = :learner_id "
        "AND birth_date <> :birth_date",
        [{"learner_id": row["learner_id"], "birth_date": row["birth_date"] or ""} for row in writes.changed],
    )
    insert(connection, tables.licenses, writes.licenses)
    of_holding = "WHERE learner_id = :learner_id AND board = :board AND id_key = :id_key"
    days = "starts_on = :starts_on, ends_on = :ends_on"
    execute_many(connection, f"UPDATE licenses SET {days}, self_reported = :self_reported {of_holding}", writes.dates)
    insert(connection, tables.certifications, writes.certifications)
    execute_many(connection, f"UPDATE certifications SET {days} {of_holding}", writes.certified)
    insert(connection, tables.registry_pairs, writes.pairs)
    if writes.physician_ids:
        note_registry_change(connection)


def end_npis(connection: Connection, ends: Iterable[tuple[str, date]], at: datetime) -> None:
    """Note on which day the NPIs of physicians ended."""
    changed = execute_many(
        connection,
        "UPDATE learners SET npi_ended_on = :ended_on, updated_at = :at WHERE learner_id = :learner_id",
        [{"learner_id": physician_id, "ended_on": ended_on, "at": at} for physician_id, ended_on in ends],
    )
    if changed:
        note_registry_change(connection)
