"""What a provider submitted lately, counted along `ix_completions_submitted`."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection

from app.core.clock import first_instant
from app.domain.credits import CreditStatus
from app.domain.looking.recent_figures import DayCount, YearFigures
from app.models import completions as tables
from app.store.completion_lists import OWN
from app.store.sql.statements import fetch, fetch_value, on_sqlite
from app.store.sql.values import read_date

_SINCE = f"{OWN} AND c.submitted_at >= :since"
_CREDITS = "completions c {join} credits x ON x.completion_id = c.completion_id"


def are_more(connection: Connection, provider_id: str, since: date, most: int) -> bool:
    """Whether more records than `most` were submitted since a day, and stand."""
    parameters = _parameters(provider_id, since) | {"enough": most + 1}
    found = f"SELECT 1 FROM completions c WHERE {_SINCE} LIMIT :enough"
    return int(fetch_value(connection, f"SELECT count(*) FROM ({found}) f", parameters)) > most


def lines_by_day(connection: Connection, provider_id: str, since: date) -> list[DayCount]:
    """Return the lines submitted since a day, by day in UTC and status.

    The day is `substr(c.submitted_at, 1, 10)` on SQLite, and on PostgreSQL
    `CAST(c.submitted_at AT TIME ZONE 'UTC' AS date)`.
    """
    sqlite = on_sqlite(connection)
    day = "substr(c.submitted_at, 1, 10)" if sqlite else "CAST(c.submitted_at AT TIME ZONE 'UTC' AS date)"
    rows = fetch(
        connection,
        f"SELECT {day} AS day, x.status, count(*) FROM {_credits(sqlite)} "
        f"WHERE {_SINCE} AND x.status <> 'withdrawn' GROUP BY 1, 2 ORDER BY 1, 2",
        _parameters(provider_id, since),
    )
    return [DayCount(read_date(day), CreditStatus(status), lines) for day, status, lines in rows]


def of_year(connection: Connection, provider_id: str, since: date) -> YearFigures:
    """Return the figures of what was submitted since a day."""
    sqlite = on_sqlite(connection)
    late = (tables.SQLITE_LATE if sqlite else tables.POSTGRESQL_LATE).format(c="c.")
    parameters = _parameters(provider_id, since)
    ((records, persons, late_ones),) = fetch(
        connection,
        "SELECT count(*), count(DISTINCT c.subject), "
        f"CAST(coalesce(sum(CASE WHEN {late} THEN 1 ELSE 0 END), 0) AS bigint) FROM completions c WHERE {_SINCE}",
        parameters,
    )
    quarters = fetch_value(
        connection,
        "SELECT CAST(coalesce(sum(most), 0) AS bigint) FROM (SELECT max(x.quarters) AS most "
        f"FROM {_credits(sqlite)} WHERE {_SINCE} AND x.kind = 'cme' AND x.holds GROUP BY c.completion_id) m",
        parameters,
    )
    return YearFigures(records=records, persons=persons, late=late_ones, quarters=int(quarters))


def _credits(sqlite: bool) -> str:
    return _CREDITS.format(join="CROSS JOIN" if sqlite else "JOIN")


def _parameters(provider_id: str, since: date) -> dict[str, Any]:
    return {"provider": provider_id, "since": first_instant(since)}
