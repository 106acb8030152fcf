"""What charts are drawn of; each reads a bounded number of rows along an index, the newest first."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from app.domain.looking.chart_figures import AnswerTimes, MonthCount, SessionCount
from app.models import completions as tables
from app.store.completion_lists import OWN
from app.store.lists.keyset_pages import plan_for_values
from app.store.sql.key_sets import join_per_key
from app.store.sql.statements import fetch, on_sqlite
from app.store.sql.values import read_date, read_instant


def by_month(connection: Connection, provider_id: str, first: date, last: date, most: int) -> list[MonthCount]:
    """Return the records completed from one day to another, by month; of the newest `most` where there are more.

    Whole months only: that in which the reading ended is left out. The month is `substr(c.completed_on, 1, 7)` on
    SQLite, and on PostgreSQL `to_char(c.completed_on, 'YYYY-MM')`.
    """
    plan_for_values(connection)
    sqlite = on_sqlite(connection)
    month = "substr(c.completed_on, 1, 7)" if sqlite else "to_char(c.completed_on, 'YYYY-MM')"
    late = (tables.SQLITE_LATE if sqlite else tables.POSTGRESQL_LATE).format(c="c.")
    rows = fetch(
        connection,
        "SELECT month, count(*), CAST(sum(late) AS bigint) FROM "
        f"(SELECT {month} AS month, CASE WHEN {late} THEN 1 ELSE 0 END AS late FROM completions c "
        f"WHERE {OWN} AND c.completed_on >= :first AND c.completed_on <= :last "
        "ORDER BY c.completed_on DESC LIMIT :most) n GROUP BY month ORDER BY month",
        {"provider": provider_id, "first": first, "last": last, "most": most},
    )
    found = [
        MonthCount(month=date.fromisoformat(f"{month}-01"), records=records, late=int(late))
        for month, records, late in rows
    ]
    return found if sum(month.records for month in found) < most else found[1:]


_NEWEST = (
    "SELECT credit_id FROM (SELECT x.credit_id FROM credits x WHERE x.provider_id = :provider AND "
    "x.status = '{status}' ORDER BY x.completion_id DESC LIMIT :most) {status}"
)


def answer_times(connection: Connection, provider_id: str, most: int) -> AnswerTimes | None:
    """Return how long boards took to answer on the newest `most` accepted credits, and on as many rejected ones.

    An answer is the first decision on an event of the feed; None without any. The hours are
    `(julianday(answered) - julianday(told)) * 24` on SQLite, and on PostgreSQL `extract(epoch FROM answered - told) /
    3600`, both without a rest.
    """
    plan_for_values(connection)
    sqlite = on_sqlite(connection)
    join = "CROSS JOIN" if sqlite else "JOIN"
    # A second more: a fraction of days falls just short of the hour.
    hours = (
        "CAST((julianday(answered) - julianday(told)) * 24 + 1 / 3600.0 AS integer)"
        if sqlite
        else "CAST(floor(extract(epoch FROM answered - told) / 3600) AS integer)"
    )
    decisions = join_per_key(connection, "decisions decided", "decided.credit_id = n.credit_id")
    feed = join_per_key(connection, "feed f", "f.board = decided.board AND f.position = decided.position")
    events = join_per_key(connection, "board_events e", "e.event_id = f.event_id")
    rows = fetch(
        connection,
        f"SELECT {hours} AS hours, count(*), min(told), max(told) FROM "
        "(SELECT min(e.at) AS told, min(decided.at) AS answered FROM "
        f"({_NEWEST.format(status='accepted')} UNION ALL {_NEWEST.format(status='rejected')}) n "
        f"{join} {decisions} {join} {feed} {join} {events} GROUP BY n.credit_id, decided.position) answers "
        "GROUP BY 1 ORDER BY 1",
        {"provider": provider_id, "most": most},
    )
    if not rows:
        return None
    return AnswerTimes(
        hours={hours: answers for hours, answers, _, _ in rows},
        since=min(read_instant(first) for _, _, first, _ in rows),
        until=max(read_instant(last) for _, _, _, last in rows),
    )


def by_session(connection: Connection, activity_id: str) -> list[SessionCount]:
    """Return the learners of an activity by the day of completion, along `uq_completions_standing`."""
    rows = fetch(
        connection,
        "SELECT completed_on, count(*) FROM (SELECT DISTINCT c.subject, c.completed_on FROM completions c "
        "WHERE c.activity_id = :activity AND c.withdrawn_at IS NULL) n GROUP BY completed_on ORDER BY completed_on",
        {"activity": activity_id},
    )
    return [SessionCount(day=read_date(day), learners=learners) for day, learners in rows]
