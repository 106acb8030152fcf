"""Digests of many subjects under one commit, whose audit row holds a digest of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from app.core.security import Keyring
from app.domain.audit import IntegrityAudit
from app.models import commits as tables
from app.store import states
from app.store.sql.bulk import insert
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import execute, fetch, fetch_column
from app.store.sql.values import read_document, read_instant

_ROWS = "record-digests"


def add(connection: Connection, keyring: Keyring, commit_id: str, noun: str, subject_ids: Iterable[str]) -> str | None:
    """Store the digests of subjects as they stand now; return the digest of these rows for the audit log.

    None when there are no subjects. For any number of subjects, in five statements.
    """
    ids = sorted(set(subject_ids))
    if not ids:
        return None
    states.lock(connection, noun)
    numbers = _last_numbers(connection, noun, ids)
    return insert_digests(
        connection,
        keyring,
        commit_id,
        noun,
        [
            (id, numbers.get(id, 0) + 1, states.digest_state(keyring, noun, id, commit_id, state))
            for id, state in sorted(states.load(connection, noun, ids).items())
        ],
    )


def insert_digests(
    connection: Connection, keyring: Keyring, commit_id: str, noun: str, digests: Sequence[tuple[str, int, str]]
) -> str:
    """Insert (subject, number, digest) under a commit; return the digest of these rows for the audit log."""
    rows = [
        {"noun": noun, "subject_id": id, "number": number, "commit_id": commit_id, "digest": digest}
        for id, number, digest in digests
    ]
    insert(connection, tables.record_digests, rows)
    return keyring.record_digest(_ROWS, _rows_text((noun, *values) for values in digests))


def _rows_text(rows: Iterable[Sequence[Any]]) -> bytes:
    return b"\n".join(sorted(states.canonical(tuple(row)) for row in rows))


def _last_numbers(connection: Connection, noun: str, ids: Iterable[str]) -> dict[str, int]:
    return dict(
        select_by_keys(
            connection,
            "d.subject_id, max(d.number)",
            ("noun", "id"),
            ((noun, id) for id in ids),
            "record_digests d ON d.noun = k.noun AND d.subject_id = k.id",
            "GROUP BY d.subject_id",
        )
    )


def verifies_rows(connection: Connection, keyring: Keyring, commit_id: str, digest: str) -> bool:
    """Whether the digests stored under a commit are those that its audit row speaks of."""
    rows = fetch(
        connection,
        "SELECT noun, subject_id, number, digest FROM record_digests WHERE commit_id = :id",
        {"id": commit_id},
    )
    return keyring.verifies_record(_ROWS, _rows_text(rows), digest)


def digests_between(
    connection: Connection, noun: str, after: str, until: str | None
) -> list[tuple[str, int, str, str]]:
    """Return (subject, number, commit, digest) of the digests of subjects in a range, in their order."""
    between, parameters = states.key_range("subject_id", after, until)
    rows = fetch(
        connection,
        "SELECT subject_id, number, commit_id, digest FROM record_digests "
        f"WHERE noun = :noun AND {between} ORDER BY subject_id, number",
        parameters | {"noun": noun},
    )
    return [(id, number, commit_id, digest) for id, number, commit_id, digest in rows]


def due(connection: Connection) -> list[str]:
    """Return the nouns whose digests a migration wants made."""
    return fetch_column(connection, "SELECT noun FROM digests_due ORDER BY noun")


def is_done(connection: Connection, noun: str) -> None:
    """Note that the digests of a noun are made."""
    execute(connection, "DELETE FROM digests_due WHERE noun = :noun", {"noun": noun})


def baselines(connection: Connection) -> list[tuple[str, str, datetime, int]]:
    """Return (noun, revision, moment, subjects) of the digests made of what stood at a migration, in their order."""
    totals: dict[tuple[str, str, date], tuple[datetime, int]] = {}
    for at, fields in fetch(
        connection,
        "SELECT c.at, a.fields FROM audit a JOIN commits c ON c.commit_id = a.commit_id WHERE a.noun = :noun "
        "ORDER BY a.commit_id",
        {"noun": IntegrityAudit.noun},
    ):
        moment, read = read_instant(at), read_document(fields)
        key = (read["kind"], read["revision"], moment.date())
        first, count = totals.get(key, (moment, 0))
        totals[key] = first, count + read["subjects"]
    return [(noun, revision, at, count) for (noun, revision, _), (at, count) in totals.items()]
