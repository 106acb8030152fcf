"""Queries on commits, the audit log, board events and the feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple, TypedDict

import msgspec
from sqlalchemy import Connection

from app.models import commits as tables
from app.store.sql.bulk import insert
from app.store.sql.key_sets import from_ordered_ids, select_by_keys
from app.store.sql.statements import execute_many, fetch, take_advisory_locks
from app.store.sql.values import read_document, read_instant

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
    """What was done for one caller: a commit with its audit rows and board events."""

    commit: CommitRow
    audit: Sequence[AuditRow]
    events: Sequence[BoardEventRow]


def record(connection: Connection, done: Sequence[Commit]) -> None:
    """Write what a transaction did, in the order in which it was done."""
    insert(connection, tables.commits, [each.commit for each in done])
    insert(connection, tables.audit, [row for each in done for row in each.audit])
    insert(connection, tables.board_events, [row for each in done for row in each.events])
    marks = [{"id": each.commit["commit_id"]} for each in done]
    execute_many(connection, "INSERT INTO unsealed (commit_id) VALUES (:id)", marks)


def lock_sealer(connection: Connection) -> None:
    """Let only one sealer work at a time."""
    take_advisory_locks(connection, _SEALER_LOCK, [1])


def unsealed(connection: Connection, limit: int, most_rows: int) -> tuple[list[str], bool]:
    """Return commits without a seal, in the order in which they ended, and whether more wait than these.

    So many at most, and no more than have `most_rows` audit rows and board events together; but one in any case.
    What commits late is seen later.
    """
    found = fetch(
        connection,
        "SELECT u.commit_id, c.audit_rows + c.board_events FROM ("
        "SELECT position, commit_id FROM unsealed ORDER BY position LIMIT :limit) u "
        "JOIN commits c ON c.commit_id = u.commit_id ORDER BY u.position",
        {"limit": limit + 1},
    )
    fitting = sum(1 for rows in accumulate(row[1] for row in found) if rows <= most_rows)
    taken = [row[0] for row in found[: min(max(fitting, 1), limit)]]
    return taken, len(taken) < len(found)


def any_unsealed(connection: Connection) -> bool:
    """Tell whether a commit waits for its seal."""
    return bool(fetch(connection, "SELECT 1 FROM unsealed LIMIT 1"))


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
            ((each,) for each in commit_ids),
            "commits c ON c.commit_id = k.id LEFT JOIN audit a ON a.commit_id = c.commit_id",
            "ORDER BY c.commit_id, a.item",
        )
    ]


def last_seal(connection: Connection) -> tuple[int, str]:
    """Return the number and text of the last seal, (0, "") before the first."""
    found = fetch(connection, "SELECT number, seal FROM seals ORDER BY number DESC LIMIT 1")
    return (found[0][0], found[0][1]) if found else (0, "")


def seal(connection: Connection, row: Mapping[str, Any], commit_ids: Sequence[str]) -> None:
    """Write a seal over commits, give their board events positions in their order, and take them off the list."""
    insert(connection, tables.seals, [row])
    source, keys = from_ordered_ids(connection, commit_ids)
    execute_many(
        connection,
        "INSERT INTO sealed_commits (commit_id, seal, place) "
        f"SELECT k.id, CAST(:number AS int), k.place FROM {source} ORDER BY k.place",
        [keys | {"number": row["number"]}],
    )
    execute_many(
        connection,
        # Materialised: looked up while rows go in, the last position would be sought among them, again and again.
        "WITH told AS MATERIALIZED (SELECT e.board, k.place, e.item, e.event_id "
        f"FROM {source} CROSS JOIN board_events e WHERE e.commit_id = k.id), "
        "last AS MATERIALIZED (SELECT b.board, (SELECT coalesce(max(f.position), 0) FROM feed f "
        "WHERE f.board = b.board) AS position FROM (SELECT DISTINCT board FROM told) b) "
        "INSERT INTO feed (board, position, event_id) SELECT t.board, l.position + "
        "row_number() OVER (PARTITION BY t.board ORDER BY t.place, t.item), t.event_id "
        "FROM told t JOIN last l ON l.board = t.board",
        [keys],
    )
    execute_many(connection, f"DELETE FROM unsealed WHERE commit_id IN (SELECT k.id FROM {source})", [keys])


def seals(connection: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """Return seals in order."""
    names = ("number", "at", "commits", "audit_rows", "digest", "seal")
    found = fetch(
        connection,
        f"SELECT {', '.join(names)} FROM seals WHERE number > :after ORDER BY number LIMIT :limit",
        {"after": after, "limit": limit},
    )
    return [dict(zip(names, row, strict=True)) | {"at": read_instant(row[1])} for row in found]


def commits_of_seal(connection: Connection, number: int) -> list[str]:
    """Return the commits under a seal, in their order."""
    found = fetch(
        connection, "SELECT commit_id FROM sealed_commits WHERE seal = :number ORDER BY place", {"number": number}
    )
    return [row[0] for row in found]
