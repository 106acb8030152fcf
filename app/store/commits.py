"""Commits with their audit rows and board events, and the seals over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple, TypedDict

import msgspec
from sqlalchemy import Connection

from app.core.errors import ProviderMoved
from app.models import commits as tables
from app.store.sql.bulk import insert, insert_all
from app.store.sql.key_sets import from_ordered_ids, select_by_keys
from app.store.sql.statements import execute, fetch, fetch_column, fetch_value, on_sqlite, take_advisory_locks
from app.store.sql.values import read_document, read_instant, read_optional_instant

_SEALER_LOCK = 0x7365


class CommitRow(TypedDict):
    """A row of `commits`: who did something, when, and how many rows came of it."""

    commit_id: str
    at: datetime
    client_id: str
    provider_id: str | None
    request_id: str | None
    audit_rows: int
    board_events: int


class AuditRow(TypedDict):
    """A row of `audit`; `fields` are those of `app/domain/audit.py`."""

    commit_id: str
    item: int
    verb: str
    noun: str
    subject_id: str
    fields: Mapping[str, Any]


class BoardEventRow(TypedDict):
    """A row of `board_events`: the version of the completion holds what the board is sent."""

    event_id: str
    commit_id: str
    item: int
    board: str
    event: str
    credit_id: str
    completion_id: str
    version: int
    at: datetime


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One caller's part of a transaction: a commit with its audit rows and board events."""

    commit: CommitRow
    audit: Sequence[AuditRow]
    events: Sequence[BoardEventRow]


def record(connection: Connection, done: Sequence[Commit]) -> None:
    """Insert the commits of a transaction, in their order, and mark them as unsealed.

    Raises `ProviderMoved` where a provider was merged into another one since the work was begun. PostgreSQL has a
    trigger for that; SQLite has one writer, and is asked once for all of them:

        SELECT provider_id FROM providers WHERE merged_into IS NOT NULL
    """
    if on_sqlite(connection):
        merged = set(fetch_column(connection, "SELECT provider_id FROM providers WHERE merged_into IS NOT NULL"))
        if merged and any(commit.commit["provider_id"] in merged for commit in done):
            raise ProviderMoved
    insert_all(
        connection,
        (tables.commits, [commit.commit for commit in done]),
        (tables.audit, [row for commit in done for row in commit.audit]),
        (tables.board_events, [row for commit in done for row in commit.events]),
        (tables.unsealed, [{"commit_id": commit.commit["commit_id"]} for commit in done]),
    )


def lock_sealer(connection: Connection) -> None:
    """Take the advisory lock of the one sealer for this transaction."""
    take_advisory_locks(connection, _SEALER_LOCK, [1])


def find_unsealed(connection: Connection, limit: int, most_rows: int) -> tuple[list[str], bool]:
    """Return the ids of unsealed commits, in the order in which their transactions ended, and whether there are more.

    At most `limit` of them, with at most `most_rows` audit rows and board events in all, but always one. A transaction
    that commits late is found later.
    """
    rows = fetch(
        connection,
        "SELECT u.commit_id, c.audit_rows + c.board_events FROM ("
        "SELECT position, commit_id FROM unsealed ORDER BY position LIMIT :limit) u "
        "JOIN commits c ON c.commit_id = u.commit_id ORDER BY u.position",
        {"limit": limit + 1},
    )
    fitting = sum(1 for total in accumulate(count for _, count in rows) if total <= most_rows)
    commit_ids = [commit_id for commit_id, _ in rows[: min(max(fitting, 1), limit)]]
    return commit_ids, len(commit_ids) < len(rows)


def any_unsealed(connection: Connection) -> bool:
    """Return whether any commit is unsealed."""
    return bool(fetch(connection, "SELECT 1 FROM unsealed LIMIT 1"))


def newest_at(connection: Connection) -> datetime | None:
    """Return when the newest commit was made, None where there is none; ids grow with time."""
    return read_optional_instant(fetch_value(connection, "SELECT at FROM commits ORDER BY commit_id DESC LIMIT 1"))


class AuditLogRow(NamedTuple):
    """A commit with one of its audit rows, or with none; as JSON it is an array, in this order."""

    commit_id: str
    at: str
    """ISO text."""
    client_id: str
    provider_id: str | None
    request_id: str | None
    item: int | None
    """None, as all that follows, for a commit without audit rows."""
    verb: str
    noun: str
    subject_id: str
    fields: Mapping[str, Any]


def audit_rows(connection: Connection, commit_ids: Sequence[str]) -> list[AuditLogRow]:
    """Return the audit rows of commits with their commits, in order: what a seal is made over."""
    return [
        AuditLogRow._make((commit_id, read_instant(at).isoformat(), *rest, read_document(fields)))
        for commit_id, at, *rest, fields in select_by_keys(
            connection,
            "c.commit_id, c.at, c.client_id, c.provider_id, c.request_id, a.item, a.verb, a.noun, a.subject_id, "
            "a.fields",
            ("id",),
            ((commit_id,) for commit_id in commit_ids),
            "commits c ON c.commit_id = k.id LEFT JOIN audit a ON a.commit_id = c.commit_id",
            "ORDER BY c.commit_id, a.item",
        )
    ]


def last_seal(connection: Connection) -> tuple[int, str]:
    """Return the number and text of the last seal, (0, "") before the first."""
    rows = fetch(connection, "SELECT number, seal FROM seals ORDER BY number DESC LIMIT 1")
    return next(((number, seal) for number, seal in rows), (0, ""))


def seal(connection: Connection, row: Mapping[str, Any], commit_ids: Sequence[str]) -> None:
    """Insert a seal over commits, give their board events the next positions of their feeds, and unmark the commits.

    Both databases, with `k` as in `from_ordered_ids`:

        WITH new_events AS MATERIALIZED (… FROM {k} CROSS JOIN board_events e WHERE e.commit_id = k.id),
        last AS MATERIALIZED (…) INSERT INTO feed (board, position, event_id) SELECT … FROM new_events t JOIN last l …
    """
    insert(connection, tables.seals, [row])
    source, keys = from_ordered_ids(connection, commit_ids)
    execute(
        connection,
        "INSERT INTO sealed_commits (commit_id, seal, place) "
        f"SELECT k.id, CAST(:number AS int), k.place FROM {source} ORDER BY k.place",
        keys | {"number": row["number"]},
    )
    execute(
        connection,
        # Materialised: else the last position would be looked up again for every row, among the rows just inserted.
        "WITH new_events AS MATERIALIZED (SELECT e.board, k.place, e.item, e.event_id "
        f"FROM {source} CROSS JOIN board_events e WHERE e.commit_id = k.id), "
        "last AS MATERIALIZED (SELECT b.board, (SELECT coalesce(max(f.position), 0) FROM feed f "
        "WHERE f.board = b.board) AS position FROM (SELECT DISTINCT board FROM new_events) b) "
        "INSERT INTO feed (board, position, event_id) SELECT t.board, l.position + "
        "row_number() OVER (PARTITION BY t.board ORDER BY t.place, t.item), t.event_id "
        "FROM new_events t JOIN last l ON l.board = t.board",
        keys,
    )
    execute(connection, f"DELETE FROM unsealed WHERE commit_id IN (SELECT k.id FROM {source})", keys)


def seals(connection: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """Return the seals after a number, in their order, as dictionaries of their columns."""
    rows = fetch(
        connection,
        "SELECT number, at, commits, audit_rows, digest, seal FROM seals WHERE number > :after "
        "ORDER BY number LIMIT :limit",
        {"after": after, "limit": limit},
    )
    return [
        {
            "number": number,
            "at": read_instant(at),
            "commits": commits,
            "audit_rows": audit_rows,
            "digest": digest,
            "seal": seal,
        }
        for number, at, commits, audit_rows, digest, seal in rows
    ]


def commits_of_seal(connection: Connection, number: int) -> list[str]:
    """Return the commits under a seal, in their order."""
    return fetch_column(
        connection, "SELECT commit_id FROM sealed_commits WHERE seal = :number ORDER BY place", {"number": number}
    )
