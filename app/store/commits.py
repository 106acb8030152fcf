"""Queries on commits, the audit log, board events and the feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.domain.events import Noted
from app.models import commits as tables
from app.store import dialect

_SEALER_LOCK = 0x7365


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done for one caller: a commit with its audit rows and board events."""

    commit: Mapping[str, Any]
    audit: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]


def record(connection: Connection, done: Sequence[Done]) -> None:
    """Write what a transaction did, in the order in which it was done."""
    dialect.insert(connection, tables.commits, [each.commit for each in done])
    dialect.insert(connection, tables.audit, [row for each in done for row in each.audit])
    dialect.insert(connection, tables.board_events, [row for each in done for row in each.events])
    marks = [{"id": each.commit["commit_id"]} for each in done]
    dialect.run(connection, "INSERT INTO unsealed (commit_id) VALUES (:id)", marks)


def lock_sealer(connection: Connection) -> None:
    """Let only one sealer work at a time."""
    dialect.lock(connection, _SEALER_LOCK, [1])


def unsealed(connection: Connection, limit: int) -> list[str]:
    """Return commits without a seal, in the order in which they ended. What commits late is seen later."""
    found = dialect.rows(connection, "SELECT commit_id FROM unsealed ORDER BY position LIMIT :limit", {"limit": limit})
    return [row[0] for row in found]


def audit_rows(connection: Connection, commit_ids: Sequence[str]) -> list[dialect.Row]:
    """Return the audit rows of commits with their commits, in order: what a seal is made over."""
    return [
        (row[0], dialect.as_instant(row[1]).isoformat(), *row[2:5], *row[5:9], dialect.as_document(row[9]))
        for row in dialect.by_keys(
            connection,
            "c.commit_id, c.at, c.client_id, c.provider_id, c.request_id, a.item, a.verb, a.noun, a.subject_id, "
            "a.fields",
            ("id",),
            ((each,) for each in commit_ids),
            "commits c ON c.commit_id = k.id LEFT JOIN audit a ON a.commit_id = c.commit_id",
            "ORDER BY c.commit_id, a.item",
        )
    ]


def noted(connection: Connection, commit_ids: Sequence[str]) -> list[tuple[str, Noted]]:
    """Return what the audit log notes of commits, in the order of the commits given."""
    found = dialect.by_keys(
        connection,
        "c.commit_id, a.item, c.provider_id, a.verb, a.noun, a.subject_id, a.fields, c.at",
        ("id",),
        ((each,) for each in commit_ids),
        "commits c ON c.commit_id = k.id JOIN audit a ON a.commit_id = c.commit_id",
    )
    places = {commit_id: place for place, commit_id in enumerate(commit_ids)}
    return [
        (
            row[0],
            Noted(
                # What a board or the operator does is told to the provider of the record.
                provider_id=fields.get("provider_id", row[2]),
                verb=row[3],
                noun=row[4],
                subject_id=row[5],
                fields=fields,
                at=dialect.as_instant(row[7]),
            ),
        )
        for row in sorted(found, key=lambda row: (places[row[0]], row[1]))
        for fields in (dialect.as_document(row[6]),)
    ]


def events_of(connection: Connection, commit_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return (board, event) of the commits' board events, in the order of the commits given."""
    found = dialect.by_keys(
        connection,
        "e.commit_id, e.item, e.board, e.event_id",
        ("id",),
        ((each,) for each in commit_ids),
        "board_events e ON e.commit_id = k.id",
    )
    places = {commit_id: place for place, commit_id in enumerate(commit_ids)}
    return [(board, event) for _, _, board, event in sorted(found, key=lambda row: (places[row[0]], row[1]))]


def last_positions(connection: Connection, boards: Sequence[str]) -> dict[str, int]:
    """Return the last position in each board's feed, 0 for an empty one."""
    return {
        row[0]: row[1] or 0
        for row in dialect.by_keys(
            connection,
            "k.board, (SELECT max(position) FROM feed f WHERE f.board = k.board)",
            ("board",),
            ((each,) for each in boards),
            "boards b ON b.code = k.board",
        )
    }


def last_seal(connection: Connection) -> tuple[int, str]:
    """Return the number and text of the last seal, (0, "") before the first."""
    found = dialect.rows(connection, "SELECT number, seal FROM seals ORDER BY number DESC LIMIT 1")
    return (found[0][0], found[0][1]) if found else (0, "")


def seal(
    connection: Connection, row: Mapping[str, Any], commit_ids: Sequence[str], published: Sequence[tuple[str, int, str]]
) -> None:
    """Write a seal over commits and the feed positions of their events, and take them off the list."""
    dialect.insert(connection, tables.seals, [row])
    dialect.insert(
        connection,
        tables.sealed_commits,
        [{"commit_id": each, "seal": row["number"], "place": place} for place, each in enumerate(commit_ids)],
    )
    dialect.insert(
        connection,
        tables.feed,
        [{"board": board, "position": position, "event_id": event} for board, position, event in published],
    )
    dialect.run(connection, "DELETE FROM unsealed WHERE commit_id = :id", [{"id": each} for each in commit_ids])


def seals(connection: Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """Return seals in order."""
    names = ("number", "at", "commits", "audit_rows", "digest", "seal")
    found = dialect.rows(
        connection,
        f"SELECT {', '.join(names)} FROM seals WHERE number > :after ORDER BY number LIMIT :limit",
        {"after": after, "limit": limit},
    )
    return [dict(zip(names, row, strict=True)) | {"at": dialect.as_instant(row[1])} for row in found]


def commits_of_seal(connection: Connection, number: int) -> list[str]:
    """Return the commits under a seal, in their order."""
    found = dialect.rows(
        connection, "SELECT commit_id FROM sealed_commits WHERE seal = :number ORDER BY place", {"number": number}
    )
    return [row[0] for row in found]
