"""Reports that list activities: those of one provider, by the day on which they end. A provider has thousands.

Those that are open, and those with a counted attendance, are found by partial indexes that hold nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.domain.looking.attention import Moments
from app.domain.looking.standing_reports import ReportedActivity, ReportFilter
from app.store.activity_lists import load_by_ids
from app.store.lists.keyset_pages import plan_for_values
from app.store.lists.orders import Place
from app.store.looking.attention import OPEN_AND_ENDED, attendance_missed, physicians_counted
from app.store.looking.persons import anything_reported, persons_reported
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import fetch, fetch_value, in_list
from app.store.sql.values import read_date

ActivityRow = tuple[Place, ReportedActivity]
"""An activity, and where it stands in the order."""


class ReportedActivities(msgspec.Struct, frozen=True):
    """The activities `a` of a report: their condition, and its parameters."""

    fits: str
    parameters: dict[str, Any]


def nothing_reported(moments: Moments) -> ReportedActivities:
    """Return which activities have begun and have no standing record."""
    fits = f"a.start_date <= :today AND a.deleted_at IS NULL AND NOT {anything_reported('a.activity_id')}"
    return ReportedActivities(fits, {"today": moments.today})


def before_closing(moments: Moments) -> ReportedActivities:
    """Return which activities have ended and are not closed."""
    return ReportedActivities(OPEN_AND_ENDED, {"today": moments.today})


def attendance(connection: Connection, moments: Moments, *, missed: bool | None) -> ReportedActivities:
    """Return for which activities physicians were counted; only those with persons missed, or only the others."""
    counted = f"{physicians_counted(connection)} >= 0 AND a.deleted_at IS NULL"
    of_missed = attendance_missed(connection)
    fits = counted if missed is None else of_missed if missed else f"{counted} AND NOT ({of_missed})"
    return ReportedActivities(fits, {} if missed is None else {"missed_until": moments.missed_until})


def page(
    connection: Connection, wanted: ReportFilter, reported: ReportedActivities, after: Any, limit: int
) -> list[ActivityRow]:
    """Return activities after a place, by the day on which they end."""
    where, parameters = _narrow(wanted, reported)
    if after is not None:
        day, activity_id = after
        where += " AND (a.end_date, a.activity_id) > (:day, :after)"
        parameters |= {"day": read_date(day), "after": activity_id}
    plan_for_values(connection)
    found = fetch(
        connection,
        f"SELECT a.activity_id, a.end_date FROM activities a WHERE {where} "
        "ORDER BY a.end_date, a.activity_id LIMIT :limit",
        parameters | {"limit": limit},
    )
    return _read(connection, [(activity_id, read_date(day)) for activity_id, day in found])


def count(connection: Connection, wanted: ReportFilter, reported: ReportedActivities, most: int) -> int:
    """Count the activities, up to one more than `most`."""
    where, parameters = _narrow(wanted, reported)
    plan_for_values(connection)
    query = f"SELECT 1 FROM activities a WHERE {where} LIMIT :enough"
    return int(fetch_value(connection, f"SELECT count(*) FROM ({query}) f", parameters | {"enough": most + 1}))


def _narrow(wanted: ReportFilter, reported: ReportedActivities) -> tuple[str, dict[str, Any]]:
    """Return the conditions of activities of a report under its filters, and their parameters."""
    where = ["a.provider_id = :provider", reported.fits]
    given: dict[str, Any] = {"provider": wanted.provider_id, **reported.parameters}
    if wanted.year is not None:
        where.append("a.start_date <= :last_day AND a.end_date >= :first_day")
        given |= {"first_day": wanted.first_day, "last_day": wanted.last_day}
    if wanted.formats is not None:
        marks, values = in_list("format", wanted.formats)
        where.append(f"a.format IN ({marks})")
        given |= values
    if wanted.boards is not None:
        marks, values = in_list("board", wanted.boards)
        where.append(
            "(SELECT 1 FROM activity_boards b WHERE b.activity_id = a.activity_id "
            f"AND b.board IN ({marks}) LIMIT 1) = 1"
        )
        given |= values
    return " AND ".join(where), given


def _read(connection: Connection, found: Sequence[tuple[str, date]]) -> list[ActivityRow]:
    stored = load_by_ids(connection, [activity_id for activity_id, _ in found])
    counted = f"a.activity_id, {persons_reported(connection, 'a.activity_id')}"
    join = "activities a ON a.activity_id = k.id"
    persons: dict[str, int] = dict(
        select_by_keys(connection, counted, ("id",), [(activity_id,) for activity_id in stored], join)
    )
    return [
        ([day.isoformat(), activity_id], ReportedActivity(stored=stored[activity_id], persons=persons[activity_id]))
        for activity_id, day in found
    ]
