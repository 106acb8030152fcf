"""Writing the registry of physicians, set by set."""

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
    """One physician on file, with everything an import may add to."""

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
    """The physicians on file that the rows of a piece may mean, by everything that names them."""

    by_npi: dict[str, Entry] = field(default_factory=dict)
    by_license: defaultdict[Number, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    by_certification: defaultdict[Number, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    by_name: defaultdict[tuple[str, str, str | None], list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def put(self, entry: Entry) -> None:
        """Let later rows of the piece find an entry."""
        if entry.npi:
            self.by_npi[entry.npi] = entry
        for held, index in ((entry.licenses, self.by_license), (entry.certifications, self.by_certification)):
            for number in held:
                if entry not in index[number]:
                    index[number].append(entry)
        for last, first in entry.names:
            if entry not in self.by_name[last, first, entry.birth_date]:
                self.by_name[last, first, entry.birth_date].append(entry)


def known_to(connection: Connection, rows: Sequence[RegistryRow]) -> Known:
    """Return everybody on file that shares a number, or name and birth date, with one of the rows."""
    ids: set[str] = set()
    npis = [(row.npi,) for row in rows if row.npi]
    ids.update(
        each[0] for each in select_by_keys(connection, "l.learner_id", ("npi",), npis, "learners l ON l.npi = k.npi")
    )
    for table, numbers in (
        ("licenses", [held for row in rows for held in row.licenses]),
        ("certifications", [held for row in rows for held in row.certifications]),
    ):
        keys = ((held.board, short_id_key(held.key), held.key) for held in numbers)
        on = f"{table} h ON h.board = k.board AND h.short_key = k.short AND h.id_key = k.exact"
        ids.update(
            each[0] for each in select_by_keys(connection, "h.learner_id", ("board", "short", "exact"), keys, on)
        )
    names = [
        (*full_name_key(row.first_name, row.last_name), str(row.birth_date or ""))
        for row in rows
        if not (row.npi or row.licenses or row.certifications)
    ]
    on = "learner_names n ON n.last_key = k.last AND n.first_key = k.first AND n.birth_date = k.birth"
    ids.update(each[0] for each in select_by_keys(connection, "n.learner_id", ("last", "first", "birth"), names, on))
    known = Known()
    for entry in _entries(connection, ids):
        known.put(entry)
    return known


def _entries(connection: Connection, ids: Iterable[str]) -> list[Entry]:
    keys = [(each,) for each in ids]
    entries = {
        row[0]: Entry(
            physician_id=row[0],
            first_name=row[1],
            middle_name=row[2],
            last_name=row[3],
            birth_date=row[4],
            npi=row[5],
            medical_school=row[6],
        )
        for row in select_by_keys(
            connection,
            "l.learner_id, l.first_name, l.middle_name, l.last_name, l.birth_date, l.npi, l.medical_school",
            ("id",),
            keys,
            "learners l ON l.learner_id = k.id AND l.sandbox = ''",
        )
    }
    keys = [(each,) for each in entries]
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
    """What a piece of an import writes, collected table by table."""

    learners: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    names: list[dict[str, Any]] = field(default_factory=list)
    licenses: list[dict[str, Any]] = field(default_factory=list)
    certifications: list[dict[str, Any]] = field(default_factory=list)

    def add_name(self, entry: Entry, first_name: str, last_name: str) -> bool:
        """Note a name of a physician; False when it is on file."""
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
        """Note a licence or certification of a physician; False when it is on file."""
        key = id_key(number)
        held: set[Number] = getattr(entry, table)
        if (board, key) in held:
            return False
        held.add((board, key))
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
        [each | {"updated_at": each["updated_at"]} for each in writes.changed],
    )
    execute_many(
        connection,
        "UPDATE learner_names SET birth_date = :birth_date WHERE learner_id = :learner_id "
        "AND birth_date <> :birth_date",
        [{"learner_id": each["learner_id"], "birth_date": each["birth_date"] or ""} for each in writes.changed],
    )
    insert(connection, tables.learner_names, writes.names)
    insert(connection, tables.licenses, writes.licenses)
    insert(connection, tables.certifications, writes.certifications)
