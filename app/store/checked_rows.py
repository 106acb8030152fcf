"""Rows as `pars check` reads them: whole, in ranges of ids, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Table

from app.core.progress import report_progress
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import fetch, fetch_column, fetch_value, on_sqlite
from app.store.sql.values import Converter, column_reader, read_document, read_instant
from app.store.states import key_range


class Range(msgspec.Struct, frozen=True):
    """The ids after one, up to another; None for no end."""

    after: str
    until: str | None


def ranges(connection: Connection, table: str, key: str, noun: str, at_once: int) -> Iterator[Range]:
    """Yield ranges that hold every id of a table and of the audit log's entries about a noun, some at once.

    The last one has no end: rows of other tables that refer to nothing are in one of them.
    """
    after, done = "", 0
    total: int = fetch_value(connection, f"SELECT count(*) FROM {table}")
    while True:
        report_progress(f"checking {table}", min(done, total), total)
        ids = fetch_column(
            connection,
            f"SELECT id FROM (SELECT * FROM (SELECT {key} AS id FROM {table} WHERE {key} > :after "
            f"ORDER BY {key} LIMIT :limit) s UNION "
            "SELECT * FROM (SELECT DISTINCT subject_id AS id FROM audit WHERE noun = :noun AND subject_id > :after "
            "ORDER BY subject_id LIMIT :limit) a) u ORDER BY id LIMIT :limit",
            {"after": after, "noun": noun, "limit": at_once},
        )
        if len(ids) < at_once:
            yield Range(after, None)
            return
        yield Range(after, ids[-1])
        after = ids[-1]
        done += len(ids)


@cache
def _readers(table: Table, *, sqlite: bool) -> list[tuple[str, Converter | None]]:
    return [(column.name, column_reader(column, sqlite=sqlite)) for column in table.columns]


def rows_between(connection: Connection, table: Table, key: str, within: Range, join: str = "") -> list[dict[str, Any]]:
    """Return whole rows of a table, `t`, whose key is in a range."""
    readers = _readers(table, sqlite=on_sqlite(connection))
    between, parameters = key_range(key, within.after, within.until)
    rows = fetch(
        connection,
        f"SELECT {', '.join(f't.{name}' for name, _ in readers)} FROM {join or f'{table.name} t'} WHERE {between}",
        parameters,
    )
    return [
        {
            name: value if read is None or value is None else read(value)
            for (name, read), value in zip(readers, row, strict=True)
        }
        for row in rows
    ]


class CheckedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the audit log, the place of its commit in the order of commits, and its own among the commit's."""

    subject_id: str
    commit_id: str
    at: datetime
    client_id: str
    verb: str
    fields: dict[str, Any]
    place: tuple[Place, int]


Place = tuple[int, int, int]
"""Where a commit stands in the order of commits: a sealed one before one that waits."""


def _place(seal: int | None, place: int | None, position: int | None) -> Place:
    return int(seal is None), seal or position or 0, place or 0


def places_of(connection: Connection, commit_ids: Iterable[str]) -> dict[str, Place]:
    """Return where commits stand in their order."""
    rows = select_by_keys(
        connection,
        "c.commit_id, s.seal, s.place, u.position",
        ("id",),
        ((commit_id,) for commit_id in commit_ids),
        "commits c ON c.commit_id = k.id LEFT JOIN sealed_commits s ON s.commit_id = c.commit_id "
        "LEFT JOIN unsealed u ON u.commit_id = c.commit_id",
    )
    return {commit_id: _place(*place) for commit_id, *place in rows}


def entries_between(connection: Connection, noun: str, within: Range) -> list[CheckedEntry]:
    """Return the entries about subjects in a range, in the order of their commits."""
    between, parameters = key_range("a.subject_id", within.after, within.until)
    rows = fetch(
        connection,
        "SELECT a.subject_id, a.commit_id, c.at, c.client_id, a.verb, a.fields, s.seal, s.place, u.position, a.item "
        "FROM audit a JOIN commits c ON c.commit_id = a.commit_id "
        "LEFT JOIN sealed_commits s ON s.commit_id = a.commit_id LEFT JOIN unsealed u ON u.commit_id = a.commit_id "
        f"WHERE a.noun = :noun AND {between}",
        parameters | {"noun": noun},
    )
    entries = [
        CheckedEntry(
            subject_id=subject_id,
            commit_id=commit_id,
            at=read_instant(at),
            client_id=client_id,
            verb=verb,
            fields=read_document(fields),
            place=(_place(seal, place, position), item),
        )
        for subject_id, commit_id, at, client_id, verb, fields, seal, place, position, item in rows
    ]
    return sorted(entries, key=lambda entry: entry.place)
