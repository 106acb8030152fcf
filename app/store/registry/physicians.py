"""Physicians of the registry as the operator reads and changes them, with every row on file of each."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.identity.learners import NameKind, name_on_file
from app.domain.identity.physicians import FiledName, FiledNumber, Physician, PhysicianSearch
from app.models import learners as tables
from app.store import states
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import Row, execute, fetch, fetch_column, locking_clause, on_sqlite
from app.store.sql.values import read_date, read_instant, read_optional_instant

_PEOPLE = """l.learner_id, l.first_name, l.middle_name, l.last_name, l.suffix, l.birth_date, l.npi, l.npi_disputed_at,
    l.medical_school, l.merged_into, l.created_at, l.updated_at, l.npi_listed, l.npi_ended_on"""
_NAMES = "n.learner_id, n.last_key, n.first_key, n.last_name, n.first_name, n.middle_name, n.suffix, n.kind"
_VERSIONS = 10**15


def roots_of(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return by id who somebody of the registry is now: those who were merged are the one they were merged into.

    Who was erased is nobody.
    """
    return dict(
        select_by_keys(
            connection,
            "l.learner_id, coalesce(l.merged_into, l.learner_id)",
            ("id",),
            ((id,) for id in ids),
            "learners l ON l.learner_id = k.id AND l.sandbox = '' AND l.erased_at IS NULL",
        )
    )


def aliases_of(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return who was merged into some physicians: the one who stays, by the id of the one who is an alias."""
    on = "learners l ON l.merged_into = k.id"
    return dict(select_by_keys(connection, "l.learner_id, l.merged_into", ("id",), ((id,) for id in ids), on))


def aliases_by_root(connection: Connection, ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the ids of those who were merged into some physicians, by the id of the one who stays."""
    by_root: defaultdict[str, list[str]] = defaultdict(list)
    for alias, root in sorted(aliases_of(connection, ids).items()):
        by_root[root].append(alias)
    return by_root


def is_alias_of(connection: Connection, physician_id: str, root_id: str) -> bool:
    """Whether a physician was merged into another one."""
    return aliases_of(connection, [root_id]).get(physician_id) == root_id


def lock(connection: Connection, ids: Iterable[str]) -> None:
    """Lock the rows of physicians: who refers to one of them waits. PostgreSQL appends `FOR UPDATE`."""
    for id in sorted(ids):
        sql = "SELECT learner_id FROM learners WHERE learner_id = :id"
        fetch(connection, sql + locking_clause(connection, "UPDATE"), {"id": id})


def load(connection: Connection, ids: Iterable[str]) -> dict[str, Physician]:
    """Return physicians by their ids, in this order; who is not of the registry is left out."""
    wanted = list(dict.fromkeys(ids))
    keys = [(id,) for id in wanted]
    people = select_by_keys(connection, _PEOPLE, ("id",), keys, "learners l ON l.learner_id = k.id AND l.sandbox = ''")
    names: defaultdict[str, list[Row]] = defaultdict(list)
    for row in select_by_keys(
        connection, _NAMES, ("id",), keys, "learner_names n ON n.learner_id = k.id", "ORDER BY n.last_key, n.first_key"
    ):
        names[next(iter(row))].append(row)
    licenses = _numbers(connection, keys, "licenses", "h.license_id", "h.self_reported")
    certifications = _numbers(connection, keys, "certifications", "h.board_id", "NULL")
    aliases = aliases_by_root(connection, wanted)
    versions = states.load(connection, "learner", wanted)
    found = {}
    for row in people:
        physician_id, first, middle, last, suffix, birth_date, npi, *more = row
        disputed, school, merged, created, updated, listed, ended_on = more
        shown = FiledName(first_name=first, last_name=last, middle_name=middle, suffix=suffix)
        found[physician_id] = Physician(
            physician_id=physician_id,
            shown=shown,
            other_names=_other_names(shown, names[physician_id]),
            birth_date=birth_date,
            npi=npi,
            npi_disputed_at=read_optional_instant(disputed),
            npi_listed=bool(listed),
            npi_ended_on=ended_on and read_date(ended_on),
            medical_school=school,
            licenses=tuple(licenses.get(physician_id, ())),
            certifications=tuple(certifications.get(physician_id, ())),
            aliases=tuple(aliases.get(physician_id, ())),
            merged_into=merged,
            created_at=read_instant(created),
            updated_at=read_instant(updated),
            version=_version_of(versions[physician_id]),
        )
    return {id: found[id] for id in wanted if id in found}


def _version_of(state: bytes) -> int:
    """Return a number that changes with every row on file: imports write them without counting."""
    return int.from_bytes(hashlib.sha256(state).digest()[:8]) % _VERSIONS + 1


def _other_names(shown: FiledName, rows: Sequence[Row]) -> tuple[FiledName, ...]:
    names = []
    for _, last_key, first_key, last, first, middle, suffix, kind in rows:
        if (last_key, first_key) == shown.key:
            continue
        written = name_on_file(
            first_key, last, (first, middle, suffix), (shown.first_name, shown.middle_name, shown.suffix)
        )
        names.append(
            FiledName(
                first_name=written.first,
                last_name=written.last,
                middle_name=written.middle or None,
                suffix=written.suffix or None,
                kind=NameKind(kind) if kind is not None else None,
            )
        )
    return tuple(names)


def _numbers(
    connection: Connection, keys: Sequence[tuple[str]], table: str, number: str, self_reported: str
) -> dict[str, list[FiledNumber]]:
    held: defaultdict[str, list[FiledNumber]] = defaultdict(list)
    for physician_id, board, written, since, until, told, seen in select_by_keys(
        connection,
        f"h.learner_id, h.board, {number}, h.starts_on, h.ends_on, {self_reported}, h.first_seen_at",
        ("id",),
        keys,
        f"{table} h ON h.learner_id = k.id",
        "ORDER BY h.learner_id, h.board, h.id_key",
    ):
        held[physician_id].append(
            FiledNumber(
                board=board,
                number=written,
                starts_on=since and read_date(since),
                ends_on=until and read_date(until),
                self_reported=bool(told),
                first_seen_at=read_instant(seen),
            )
        )
    return held


def page(connection: Connection, after: str | None, limit: int) -> list[str]:
    """Return the ids of the next physicians of the registry, those who were merged left out."""
    return fetch_column(
        connection,
        "SELECT learner_id FROM learners WHERE sandbox = '' AND merged_into IS NULL AND erased_at IS NULL "
        "AND learner_id > :after "
        "ORDER BY learner_id LIMIT :limit",
        {"after": after or "", "limit": limit},
    )


_AFTER_ALL = "\U0010ffff"
"""Sorts behind every letter: the end of the names that begin with some letters."""


def search(connection: Connection, wanted: PhysicianSearch, after: str | None, limit: int) -> list[str]:
    """Return the ids of the next physicians who fit everything that is wanted.

    Names are comparison keys here; the same row of names must fit both.
    """
    parameters: dict[str, Any] = {"after": after or "", "limit": limit}
    conditions = []
    named = []
    for column, key in (("last_key", wanted.last_name), ("first_key", wanted.first_name)):
        if key:
            named.append(f"n.{column} >= :{column} AND n.{column} < :{column}_end")
            parameters |= {column: key, f"{column}_end": key + _AFTER_ALL}
    if named:
        conditions.append(f"l.learner_id IN (SELECT n.learner_id FROM learner_names n WHERE {' AND '.join(named)})")
    for column, value in (("birth_date", wanted.birth_date), ("npi", wanted.npi)):
        if value:
            conditions.append(f"l.{column} = :{column}")
            parameters[column] = value
    for name, table, held in (
        ("license", "licenses", wanted.license),
        ("certification", "certifications", wanted.certification),
    ):
        if held:
            conditions.append(
                f"l.learner_id IN (SELECT h.learner_id FROM {table} h WHERE h.board = :{name}_board "
                f"AND h.short_key = :{name}_short AND h.id_key = :{name}_key)"
            )
            board, key = held
            parameters |= {f"{name}_board": board, f"{name}_key": key, f"{name}_short": key.lstrip("0") or key}
    if wanted.board:
        held_there = " UNION ALL ".join(
            f"SELECT 1 FROM {table} h WHERE h.learner_id = l.learner_id AND h.board = :board"
            for table in ("licenses", "certifications")
        )
        conditions.append(f"EXISTS ({held_there})")
        parameters["board"] = wanted.board
    return fetch_column(
        connection,
        "SELECT l.learner_id FROM learners l WHERE l.sandbox = '' AND l.merged_into IS NULL AND l.erased_at IS NULL "
        f"AND l.learner_id > :after{''.join(f' AND {condition}' for condition in conditions)} "
        "ORDER BY l.learner_id LIMIT :limit",
        parameters,
    )


def holder_of_npi(connection: Connection, npi: str) -> str | None:
    """Return who has an NPI."""
    found = fetch_column(connection, "SELECT learner_id FROM learners WHERE npi = :npi AND sandbox = ''", {"npi": npi})
    return next(iter(found), None)


def holders_of(connection: Connection, table: str, number: FiledNumber) -> list[tuple[str, FiledNumber]]:
    """Return everybody of the registry who holds a number of a board, each with its dates."""
    board, key = number.key
    rows = fetch(
        connection,
        f"SELECT h.learner_id, h.starts_on, h.ends_on FROM {table} h JOIN learners l ON l.learner_id = h.learner_id "
        "WHERE h.board = :board AND h.short_key = :short AND h.id_key = :key AND l.sandbox = ''",
        {"board": board, "short": number.short_key, "key": key},
    )
    return [
        (
            physician_id,
            FiledNumber(
                board=board,
                number=number.number,
                starts_on=since and read_date(since),
                ends_on=until and read_date(until),
            ),
        )
        for physician_id, since, until in rows
    ]


def set_fields(connection: Connection, physician_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a physician's own row; all names carry the birth date."""
    update(connection, tables.learners, values, {"learner_id": physician_id})
    if "birth_date" in values:
        execute(
            connection,
            "UPDATE learner_names SET birth_date = :birth_date WHERE learner_id = :id",
            {"birth_date": values["birth_date"] or "", "id": physician_id},
        )


def replace_names(connection: Connection, physician: Physician) -> None:
    """Store the names of a physician in place of those on file."""
    execute(connection, "DELETE FROM learner_names WHERE learner_id = :id", {"id": physician.physician_id})
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for name in physician.names:
        last_key, first_key = name.key
        rows.setdefault(
            name.key,
            {
                "learner_id": physician.physician_id,
                "last_key": last_key,
                "first_key": first_key,
                "birth_date": physician.birth_date or "",
                "last_name": name.last_name,
                "first_name": name.first_name or None,
                "middle_name": name.middle_name,
                "suffix": name.suffix,
                "kind": name.kind.value if name.kind is not None else None,
            },
        )
    insert(connection, tables.learner_names, list(rows.values()))


def replace_numbers(connection: Connection, physician: Physician, at: datetime) -> None:
    """Store the licences and certifications of a physician in place of those on file."""
    for table, held in ((tables.licenses, physician.licenses), (tables.certifications, physician.certifications)):
        execute(connection, f"DELETE FROM {table.name} WHERE learner_id = :id", {"id": physician.physician_id})
        licence = table is tables.licenses
        rows = []
        for number in held:
            board, key = number.key
            row = {
                "learner_id": physician.physician_id,
                "board": board,
                "id_key": key,
                "license_id" if licence else "board_id": number.number,
                "short_key": number.short_key,
                "first_seen_at": number.first_seen_at or at,
                "starts_on": number.starts_on,
                "ends_on": number.ends_on,
            }
            rows.append(row | ({"self_reported": number.self_reported or None} if licence else {}))
        insert(connection, table, rows)


def remove_names_and_numbers(connection: Connection, physician_id: str) -> None:
    """Delete the names, licences and certifications of a physician."""
    for table in ("learner_names", "licenses", "certifications"):
        execute(connection, f"DELETE FROM {table} WHERE learner_id = :id", {"id": physician_id})


def add(connection: Connection, physician: Physician) -> None:
    """Store a new physician, names and numbers with them."""
    row = {
        "learner_id": physician.physician_id,
        "first_name": physician.shown.first_name,
        "middle_name": physician.shown.middle_name,
        "last_name": physician.shown.last_name,
        "suffix": physician.shown.suffix,
        "birth_date": physician.birth_date,
        "npi": physician.npi,
        "npi_disputed_at": physician.npi_disputed_at,
        "npi_listed": physician.npi_listed or None,
        "npi_ended_on": physician.npi_ended_on,
        "medical_school": physician.medical_school,
        "sandbox": "",
        "created_at": physician.created_at,
        "updated_at": physician.updated_at,
    }
    insert(connection, tables.learners, [row])
    replace_names(connection, physician)
    replace_numbers(connection, physician, physician.created_at)


def completion_ids_of(
    connection: Connection,
    physician_id: str,
    after: Sequence[str] | None = None,
    limit: int | None = None,
    *,
    withdrawn: bool = False,
) -> list[str]:
    """Return the ids of a physician's completions by day; those that were withdrawn too if asked for.

    `after` is day and id of the last one of the page before. SQLite compares `completed_on` with the text of the day,
    PostgreSQL with `CAST(:day AS date)`.
    """
    day, completion_id = after if after is not None else ("", "")
    behind = ":day" if on_sqlite(connection) else "CAST(:day AS date)"
    return fetch_column(
        connection,
        "SELECT completion_id FROM completions WHERE learner_id = :id"
        f"{'' if withdrawn else ' AND withdrawn_at IS NULL'}"
        f"{f' AND (completed_on, completion_id) > ({behind}, :after)' if after is not None else ''} "
        f"ORDER BY completed_on, completion_id{' LIMIT :limit' if limit is not None else ''}",
        {"id": physician_id}
        | ({"day": day, "after": completion_id} if after is not None else {})
        | ({"limit": limit} if limit is not None else {}),
    )
