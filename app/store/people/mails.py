"""Mails: queued, leased by workers, finished."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.people.mails import LeasedMail, MailStatus
from app.models import people as tables
from app.store import leases
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_keys
from app.store.sql.rows import RowMapper, expression
from app.store.sql.statements import execute, fetch, fetch_column, locking_clause

_MAIL = RowMapper(LeasedMail, tables.mails, "m", address=expression("p.address"))
_PENDING, _SENDING = MailStatus.PENDING.value, MailStatus.SENDING.value
OPEN = "m.status IN ('pending', 'sending')"
"""The condition of the partial index, word for word."""


def add(connection: Connection, row: Mapping[str, Any]) -> None:
    """Insert a mail; a regular one whose period has one stays as it is."""
    insert(connection, tables.mails, [{"fence": 0, "attempts": 0, **row}], skip_known=True)


def add_or_take_back(connection: Connection, row: Mapping[str, Any]) -> None:
    """Insert a mail to a person; where the row has none, insert it to the first there is, and take it back.

    So both touch as many pages: what is written takes most of the time of a commit.
    """
    nobody = row["person_id"] is None
    given = {"fence": 0, "attempts": 0, **row, "person_id": row["person_id"] or ""}
    values = ", ".join("p.person_id" if name == "person_id" else f":{name}" for name in given)
    execute(
        connection,
        f"INSERT INTO mails ({', '.join(given)}) SELECT {values} FROM people p WHERE p.person_id = "
        "CASE WHEN :nobody = 1 THEN (SELECT min(person_id) FROM people) ELSE :person_id END",
        given | {"nobody": int(nobody)},
    )
    execute(connection, "DELETE FROM mails WHERE mail_id = :id", {"id": row["mail_id"] if nobody else ""})


def has_period(connection: Connection, person_id: str, kind: str, period: str) -> bool:
    """Whether there is a regular mail of a period."""
    return bool(
        fetch(
            connection,
            "SELECT 1 FROM mails WHERE person_id = :person AND kind = :kind AND period = :period",
            {"person": person_id, "kind": kind, "period": period},
        )
    )


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether any mail is due."""
    return bool(fetch(connection, f"SELECT 1 FROM mails m WHERE {OPEN} AND m.due_at <= :now LIMIT 1", {"now": now}))


def lease_due(connection: Connection, *, now: datetime, until: datetime, most: int) -> list[LeasedMail]:
    """Lease up to `most` mails that are due, until a moment. PostgreSQL appends `FOR NO KEY UPDATE SKIP LOCKED`."""
    due = fetch_column(
        connection,
        f"SELECT m.mail_id FROM mails m WHERE {OPEN} AND m.due_at <= :now ORDER BY m.due_at LIMIT :most"
        f"{locking_clause(connection, 'NO KEY UPDATE SKIP LOCKED')}",
        {"now": now, "most": most},
    )
    leased = leases.lease(connection, tables.mails, due, pending=_PENDING, leased=_SENDING, now=now, until=until)
    rows = select_by_keys(
        connection,
        _MAIL.columns,
        ("id",),
        ((mail_id,) for mail_id in sorted(leased)),
        "mails m ON m.mail_id = k.id JOIN people p ON p.person_id = m.person_id",
    )
    return _MAIL.read(connection, rows)


def save_attempt(connection: Connection, mail: LeasedMail, values: Mapping[str, Any]) -> bool:
    """Write the outcome of an attempt; False when another worker has leased the mail since."""
    return leases.release(connection, tables.mails, mail.mail_id, mail.fence, values, leased=_SENDING)


def end_of_person(connection: Connection, person_id: str, at: datetime) -> None:
    """Give up the mails of a person that wait."""
    ended = {"status": MailStatus.DEAD.value, "content": None, "finished_at": at, "outcome": "removed"}
    update(connection, tables.mails, ended, {"person_id": person_id, "status": _PENDING})
