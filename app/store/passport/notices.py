"""What physicians chose to be mailed of, what they are still to be told, and how far events were read for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.domain.passport.notices import MailChoices, MailTime, Notice, VersionSeen
from app.models import passport_choices as tables
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_ids, select_by_keys
from app.store.sql.rows import RowMapper
from app.store.sql.statements import execute, fetch, fetch_column, fetch_value, locking_clause
from app.store.sql.values import read_document

_NOTICE = RowMapper(Notice, tables.passport_notices, "n")
_CHOICES = MailChoices.__struct_fields__
_READER = "events"


class ToldAccount(NamedTuple):
    """A confirmed account, with what its mails depend on."""

    client_id: str
    time_zone: str
    choices: MailChoices


class RecordChange(NamedTuple):
    """A version of a record and the one before it."""

    completion_id: str
    commit_id: str
    after: VersionSeen
    before: VersionSeen | None


def lock_mark(connection: Connection) -> int:
    """Return the position of the last event that was read; nobody else reads meanwhile."""
    position: int = fetch_value(
        connection,
        f"SELECT m.position FROM passport_mail_marks m WHERE m.reader = :reader{locking_clause(connection)}",
        {"reader": _READER},
    )
    return position


def any_unread(connection: Connection) -> bool:
    """Whether there are events that were not read."""
    return bool(
        fetch(
            connection,
            "SELECT 1 FROM passport_mail_marks m WHERE m.reader = :reader "
            "AND m.position < (SELECT coalesce(max(e.position), 0) FROM events e)",
            {"reader": _READER},
        )
    )


def set_mark(connection: Connection, position: int) -> None:
    """Note how far events were read."""
    update(connection, tables.passport_mail_marks, {"position": position}, {"reader": _READER})


def learners_of(connection: Connection, completion_ids: Collection[str]) -> dict[str, str]:
    """Return whose some records are, by the record; those of nobody are left out."""
    return dict(
        select_by_ids(
            connection,
            "SELECT c.completion_id, c.learner_id FROM {keys} JOIN completions c ON c.completion_id = k.id "
            "WHERE c.learner_id IS NOT NULL",
            completion_ids,
        )
    )


def rejected_of(connection: Connection, credit_ids: Collection[str]) -> dict[str, str]:
    """Return whose records some credits are of that are rejected now: the physician by the record."""
    return dict(
        select_by_ids(
            connection,
            "SELECT c.completion_id, c.learner_id FROM {keys} JOIN credits r ON r.credit_id = k.id "
            "JOIN completions c ON c.completion_id = r.completion_id "
            "WHERE r.status = 'rejected' AND c.learner_id IS NOT NULL",
            credit_ids,
        )
    )


def changes_of(connection: Connection, keys: Iterable[tuple[str, str]]) -> list[RecordChange]:
    """Return what commits have changed of records, each given as (record, commit)."""
    rows = select_by_keys(
        connection,
        "v.completion_id, v.commit_id, v.document, p.document",
        ("completion", "commit_id"),
        keys,
        "completion_versions v ON v.completion_id = k.completion AND v.commit_id = k.commit_id "
        "LEFT JOIN completion_versions p ON p.completion_id = v.completion_id AND p.version = v.version - 1",
    )
    return [
        RecordChange(
            completion_id,
            commit_id,
            VersionSeen.of(read_document(after)),
            VersionSeen.of(read_document(before)) if before is not None else None,
        )
        for completion_id, commit_id, after, before in rows
    ]


def any_confirmed(connection: Connection) -> bool:
    """Whether anybody has an account that shows credit."""
    return bool(
        fetch(
            connection,
            "SELECT 1 FROM passport_accounts a WHERE a.closed_at IS NULL AND a.confirmed_at IS NOT NULL LIMIT 1",
        )
    )


def confirmed_of(connection: Connection, learner_ids: Collection[str]) -> dict[str, ToldAccount]:
    """Return the confirmed accounts of physicians by the id under which each was opened."""
    chosen = ", ".join(f"m.{name}" for name in _CHOICES)
    rows = select_by_ids(
        connection,
        f"SELECT a.learner_id, a.client_id, p.time_zone, {chosen} FROM {{keys}} JOIN passport_accounts a "
        "ON a.learner_id = k.id AND a.closed_at IS NULL AND a.confirmed_at IS NOT NULL "
        "JOIN people p ON p.person_id = a.person_id AND p.removed_at IS NULL "
        "LEFT JOIN passport_mail_choices m ON m.client_id = a.client_id",
        learner_ids,
    )
    return {learner_id: ToldAccount(client_id, zone, _choices(values)) for learner_id, client_id, zone, *values in rows}


def _choices(values: Sequence[str | None]) -> MailChoices:
    chosen = {name: MailTime(value) for name, value in zip(_CHOICES, values, strict=True) if value is not None}
    return MailChoices(**chosen)


def choices_of(connection: Connection, client_id: str) -> MailChoices:
    """Return what an account has chosen to be mailed of."""
    rows = fetch(
        connection,
        f"SELECT {', '.join(_CHOICES)} FROM passport_mail_choices WHERE client_id = :id",
        {"id": client_id},
    )
    return _choices(rows[0]) if rows else MailChoices()


def save_choices(connection: Connection, client_id: str, choices: MailChoices) -> None:
    """Keep what an account, which is locked, has chosen."""
    values = {name: getattr(choices, name).value for name in _CHOICES}
    if not update(connection, tables.passport_mail_choices, values, {"client_id": client_id}):
        insert(connection, tables.passport_mail_choices, [{"client_id": client_id, **values}])


def add(connection: Connection, notices: Sequence[Notice]) -> None:
    """Insert what is to be told; what is to be told already stays as it is."""
    insert(connection, tables.passport_notices, [_NOTICE.values_of(one) for one in notices], skip_known=True)


def due_clients(connection: Connection, now: datetime, arrived: datetime, limit: int) -> list[str]:
    """Return accounts that are to be mailed; while a file is applied whose records are told, it waits for the rest.

    Not for one whose records were told of before `arrived`.
    """
    return fetch_column(
        connection,
        "SELECT DISTINCT n.client_id FROM passport_notices n WHERE n.due_at <= :now "
        "AND NOT EXISTS (SELECT 1 FROM passport_notices o JOIN completions c ON c.completion_id = o.subject_id "
        "JOIN batches b ON b.batch_id = c.batch_id AND b.status IN ('queued', 'reading', 'applying') "
        "WHERE o.client_id = n.client_id AND o.at > :arrived) ORDER BY n.client_id LIMIT :limit",
        {"now": now, "arrived": arrived, "limit": limit},
    )


def of_client(connection: Connection, client_id: str) -> list[Notice]:
    """Return what an account is still to be told, the oldest first."""
    rows = fetch(
        connection,
        f"SELECT {_NOTICE.columns} FROM passport_notices n WHERE n.client_id = :id ORDER BY n.at, n.subject_id, n.kind",
        {"id": client_id},
    )
    return _NOTICE.read(connection, rows)


def take(connection: Connection, client_id: str, until: datetime) -> list[Notice]:
    """Remove what an account is to be told by a moment, and return it, the oldest first."""
    found = [one for one in of_client(connection, client_id) if one.due_at <= until]
    execute(
        connection,
        "DELETE FROM passport_notices WHERE client_id = :id AND due_at <= :until",
        {"id": client_id, "until": until},
    )
    return found


def set_due(connection: Connection, client_id: str, kind: str, due_at: datetime | None) -> None:
    """Change when things of a kind that wait are told; None forgets them."""
    where: Mapping[str, Any] = {"id": client_id, "kind": kind}
    if due_at is None:
        execute(connection, "DELETE FROM passport_notices WHERE client_id = :id AND kind = :kind", where)
        return
    update(connection, tables.passport_notices, {"due_at": due_at}, {"client_id": client_id, "kind": kind})


def drop_of_client(connection: Connection, client_id: str) -> None:
    """Forget what an account that ends has chosen, and what it was to be told."""
    for table in ("passport_notices", "passport_mail_choices"):
        execute(connection, f"DELETE FROM {table} WHERE client_id = :id", {"id": client_id})
