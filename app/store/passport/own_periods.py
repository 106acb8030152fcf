"""What physicians keep for themselves: periods with a name, and when they looked at their credit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.domain.passport.own_periods import OwnPeriod, OwnVisit
from app.domain.passport.transcripts import TranscriptPeriod
from app.models import passport_choices as tables
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper
from app.store.sql.statements import execute, fetch
from app.store.sql.values import read_date

_VISIT = RowMapper(OwnVisit, tables.passport_visits, "v")


def of_client(connection: Connection, client_id: str) -> list[OwnPeriod]:
    """Return the periods that an account has saved, by name."""
    rows = fetch(
        connection,
        "SELECT p.period_id, p.name, p.period_first, p.period_last FROM passport_periods p WHERE p.client_id = :id "
        "ORDER BY p.name",
        {"id": client_id},
    )
    return [
        OwnPeriod(
            period_id=period_id,
            name=name,
            period=TranscriptPeriod(
                first=read_date(first) if first is not None else None,
                last=read_date(last) if last is not None else None,
            ),
        )
        for period_id, name, first, last in rows
    ]


def add(connection: Connection, client_id: str, own: OwnPeriod, at: datetime) -> None:
    """Insert a period."""
    row = {
        "period_id": own.period_id,
        "client_id": client_id,
        "name": own.name,
        "period_first": own.period.first,
        "period_last": own.period.last,
        "created_at": at,
    }
    insert(connection, tables.passport_periods, [row])


def remove(connection: Connection, client_id: str, period_id: str) -> bool:
    """Delete a period of an account; False where it has none such."""
    where = {"client": client_id, "id": period_id}
    return bool(
        execute(connection, "DELETE FROM passport_periods WHERE client_id = :client AND period_id = :id", where)
    )


def visit_of(connection: Connection, client_id: str) -> OwnVisit | None:
    """Return when an account looked at its credit; None where it never did."""
    rows = fetch(
        connection, f"SELECT {_VISIT.columns} FROM passport_visits v WHERE v.client_id = :id", {"id": client_id}
    )
    return _VISIT.read_first(connection, rows)


def save_visit(connection: Connection, client_id: str, visit: OwnVisit) -> None:
    """Keep when an account looked at its credit; of two first looks at once, one is kept."""
    values = {"looked_at": visit.looked_at, "new_since": visit.new_since}
    if not update(connection, tables.passport_visits, values, {"client_id": client_id}):
        insert(connection, tables.passport_visits, [{"client_id": client_id, **values}], skip_known=True)


def drop_of_client(connection: Connection, client_id: str) -> None:
    """Forget what an account that ends has kept."""
    for table in ("passport_periods", "passport_visits"):
        execute(connection, f"DELETE FROM {table} WHERE client_id = :id", {"id": client_id})
