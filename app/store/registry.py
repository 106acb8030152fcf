"""The registry of physicians, as an import reads and writes it, table by table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.comparison_keys import full_name_key, id_key, short_id_key
from app.domain.learners import RegistryRow
from app.models import learners as tables
from app.store.sql.bulk import insert
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import execute_many

Number = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Entry:
    """A physician on file, with everything that an import may add to."""

    physician_id: str
    first_name: str
    middle_name: str | None
    last_name: str
    birth_date: str | None
    npi: str | None
    medical_school: str | None
    names: set[tuple[str, str]] = field(default_factory=set)
    licenses: set[Number] = field(default_factory=set)
    certifications: set[Number] = field(default_factory=set)


@dataclass(slots=True)
class Known:
    """The physicians on file that rows of an import may be about, indexed by numbers and by name and birth date."""

    by_npi: dict[str, Entry] = field(default_factory=dict)
    by_license: defaultdict[Number, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    by_certification: defaultdict[Number, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    by_name: defaultdict[tuple[str, str, str | None], list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def put(self, entry: Entry) -> None:
        """Index an entry, so that later rows find it."""
        if entry.npi:
            self.by_npi[entry.npi] = entry
        for numbers, index in ((entry.licenses, self.by_license), (entry.certifications, self.by_certification)):
            for number in numbers:
                if entry not in index[number]:
                    index[number].append(entry)
        for last, first in entry.names:
            if entry not in self.by_name[last, first, entry.birth_date]:
                self.by_name[last, first, entry.birth_date].append(entry)


def load_known(connection: Connection, rows: Sequence[RegistryRow]) -> Known:
    """Return the physicians on file that share a number, or name and birth date, with one of the rows."""
    ids: set[str] = set()
    npis = [(row.npi,) for row in rows if row.npi]
    ids.update(_select_ids(connection, "l.learner_id", ("npi",), npis, "learners l ON l.npi = k.npi"))
    for table, holdings in (
        ("licenses", [holding for row in rows for holding in row.licenses]),
        ("certifications", [holding for row in rows for holding in row.certifications]),
    ):
        keys = ((holding.board, short_id_key(holding.key), holding.key) for holding in holdings)
        on = f"{table} h ON h.board = k.board AND h.short_key = k.short AND h.id_key = k.exact"
        ids.update(_select_ids(connection, "h.learner_id", ("board", "short", "exact"), keys, on))
    names = [
        (*full_name_key(row.first_name, row.last_name), str(row.birth_date or ""))
        for row in rows
        if not (row.npi or row.licenses or row.certifications)
    ]
    on = "learner_names n ON n.last_key = k.last AND n.first_key = k.first AND n.birth_date = k.birth"
    ids.update(_select_ids(connection, "n.learner_id", ("last", "first", "birth"), names, on))
    known = Known()
    for entry in _entries(connection, ids):
        known.put(entry)
    return known


def _select_ids(
    connection: Connection, column: str, columns: Sequence[str], keys: Iterable[tuple[str, ...]], join: str
) -> list[str]:
    return [id for (id,) in select_by_keys(connection, column, columns, keys, join)]


def _entries(connection: Connection, ids: Iterable[str]) -> list[Entry]:
    rows = select_by_keys(
        connection,
        "l.learner_id, l.first_name, l.middle_name, l.last_name, l.birth_date, l.npi, l.medical_school",
        ("id",),
        ((id,) for id in ids),
        "learners l ON l.learner_id = k.id AND l.sandbox = ''",
    )
    entries = {
        physician_id: Entry(
            physician_id=physician_id,
            first_name=first_name,
            middle_name=middle_name,
            last_name=last_name,
            birth_date=birth_date,
            npi=npi,
            medical_school=medical_school,
        )
        for physician_id, first_name, middle_name, last_name, birth_date, npi, medical_school in rows
    }
    keys = [(physician_id,) for physician_id in entries]
    for physician_id, last, first in select_by_keys(
        connection, "n.learner_id, n.last_key, n.first_key", ("id",), keys, "learner_names n ON n.learner_id = k.id"
    ):
        entries[physician_id].names.add((last, first))
    for table in ("licenses", "certifications"):
        for physician_id, board, key in select_by_keys(
            connection, "h.learner_id, h.board, h.id_key", ("id",), keys, f"{table} h ON h.learner_id = k.id"
        ):
            getattr(entries[physician_id], table).add((board, key))
    return list(entries.values())


@dataclass(slots=True)
class Writes:
    """The rows that a piece of an import writes, collected by table."""

    learners: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    names: list[dict[str, Any]] = field(default_factory=list)
    licenses: list[dict[str, Any]] = field(default_factory=list)
    certifications: list[dict[str, Any]] = field(default_factory=list)

    @property
    def physician_ids(self) -> set[str]:
        """The physicians of whom anything is written."""
        tables = (self.learners, self.changed, self.names, self.licenses, self.certifications)
        return {row["learner_id"] for rows in tables for row in rows}

    def add_name(self, entry: Entry, first_name: str, last_name: str) -> bool:
        """Add a name of a physician; False when it is on file."""
        last_key, first_key = full_name_key(first_name, last_name)
        if (last_key, first_key) in entry.names:
            return False
        entry.names.add((last_key, first_key))
        self.names.append(
            {
                "learner_id": entry.physician_id,
                "last_key": last_key,
                "first_key": first_key,
                "birth_date": entry.birth_date or "",
                "last_name": last_name,
            }
        )
        return True

    def add_number(self, entry: Entry, table: str, board: str, number: str, at: datetime) -> bool:
        """Add a licence or certification of a physician; False when it is on file."""
        key = id_key(number)
        on_file: set[Number] = getattr(entry, table)
        if (board, key) in on_file:
            return False
        on_file.add((board, key))
        getattr(self, table).append(
            {
                "learner_id": entry.physician_id,
                "board": board,
                "id_key": key,
                "license_id" if table == "licenses" else "board_id": number,
                "short_key": short_id_key(key),
                "first_seen_at": at,
            }
        )
        return True


def save(connection: Connection, writes: Writes) -> None:
    """Write a piece of an import."""
    insert(connection, tables.learners, writes.learners)
    execute_many(
        connection,
        "UPDATE learners SET first_name = :first_name, middle_name = :middle_name, last_name = :last_name, "
        "birth_date = :birth_date, npi = :npi, medical_school = :medical_school, updated_at = :updated_at "
        "WHERE learner_id = :learner_id",
        writes.changed,
    )
    execute_many(
        connection,
        "UPDATE learner_names SET birth_date = :birth_date WHERE learner_id = :learner_id "
        "AND birth_date <> :birth_date",
        [{"learner_id": row["learner_id"], "birth_date": row["birth_date"] or ""} for row in writes.changed],
    )
    insert(connection, tables.learner_names, writes.names)
    insert(connection, tables.licenses, writes.licenses)
    insert(connection, tables.certifications, writes.certifications)
