"""Summaries of activities: their credit lines counted by status, under any filter and in any order.

A provider has thousands of activities, so a page sorts all that fit. What is counted comes from where it costs least:

    no filter of lines                  the kept totals of each activity
    board, kind, status, entry method   the kept totals by board; persons of the page's activities from their credits
    days, credit types                  the provider's completions of those days, with their credits

The kept totals are read together with the deltas that are not in them yet (`totals.py`), in one snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from app.core.http.pagination import SortKey, Total, place_after
from app.domain.looking.activity_counts import ActivitySummary
from app.store.activity_lists import OWN, load_by_ids, narrow_to_activities
from app.store.keyset_pages import ListConditions, Place, SortColumn, count_total, order_of
from app.store.looking.summary_filters import Spelled, SummaryFilter
from app.store.looking.summary_lines import count_persons, lines_from_rows, lines_from_totals
from app.store.looking.totals import by_status, counts_of
from app.store.sql.statements import execute, fetch, fetch_column, fetch_value, on_sqlite

SORTS = {
    "learners_accepted": SortColumn("s.accepted", int),
    "learners_rejected": SortColumn("s.rejected", int),
    "learners_pending": SortColumn("s.pending", int),
    "persons": SortColumn("s.persons", int),
    "credits": SortColumn("s.quarters", int),
    "title": SortColumn("s.title_key"),
    "format": SortColumn("s.format"),
    "internal_id": SortColumn("s.internal_id"),
    "start_date": SortColumn("s.start_date", date),
    "end_date": SortColumn("s.end_date", date),
    "activity_id": SortColumn("s.activity_id"),
}
_MOST_ACCEPTED = SortKey("learners_accepted", descending=True)
_COUNTED = ("accepted", "rejected", "pending", "quarters", "persons")


def page(connection: Connection, wanted: SummaryFilter, after: Any, limit: int) -> list[tuple[Place, ActivitySummary]]:
    """Return summaries after a place of the order, those with most accepted lines first when the query names none."""
    keys = wanted.query.order() or [_MOST_ACCEPTED]
    order = order_of(keys, SORTS, SORTS["activity_id"], _MOST_ACCEPTED)
    start = place_after(after, len(order.keys))
    rows_only = wanted.narrows_lines and any(key.name == "persons" for key in keys)
    conditions = _summed(connection, wanted, from_rows=wanted.needs_rows or rows_only)
    coming, place = order.after(start) if start is not None else ("true", {})
    found = fetch(
        connection,
        f"SELECT {', '.join(f's.{name}' for name in _COUNTED)}, {order.selected()} FROM {conditions.table} "
        f"WHERE {coming} ORDER BY {order.sql()} LIMIT :rows",
        {**conditions.parameters, **place, "rows": limit},
    )
    _plan_sums(connection, from_rows=True)
    ids = [activity_id for *_, activity_id in found]
    persons = {activity_id: number for _, _, _, _, number, *_, activity_id in found}
    if wanted.narrows_lines and not (wanted.needs_rows or rows_only):
        persons = count_persons(connection, wanted, ids)
    stored = load_by_ids(connection, ids)
    name = provider_name(connection, wanted.provider_id) if found else ""
    return [
        (
            order.place(place_of),
            ActivitySummary(
                activity=stored[place_of[-1]].activity,
                provider_name=name,
                counts=counts_of((accepted, rejected, pending, quarters)),
                persons=persons.get(place_of[-1], 0),
            ),
        )
        for accepted, rejected, pending, quarters, _, *place_of in found
    ]


def count(connection: Connection, wanted: SummaryFilter) -> Total:
    """Count the activities, up to `MOST_COUNTED`."""
    counted = count_total(connection, _summed(connection, wanted, from_rows=wanted.needs_rows))
    _plan_sums(connection, from_rows=True)
    return counted


def provider_name(connection: Connection, provider_id: str) -> str:
    """Return the name of a provider."""
    return str(fetch_value(connection, "SELECT name FROM providers WHERE provider_id = :id", {"id": provider_id}))


def spellings(connection: Connection, provider_id: str, field: Spelled) -> list[str]:
    """Return every text that some activity of a provider has in a field."""
    parameters = {"provider": provider_id}
    if field in (Spelled.STATE, Spelled.CITY, Spelled.COUNTRY):
        column = f"a.{field.value}"
        query = f"SELECT DISTINCT {column} FROM activities a WHERE {OWN} AND {column} IS NOT NULL"
        return fetch_column(connection, query, parameters)
    each = [
        f"SELECT j.value FROM activities a CROSS JOIN {_elements(connection, 'a.details', field.value)} WHERE {OWN}"
    ]
    if field is Spelled.PRACTICE_AREA:
        each.append(
            "SELECT j.value FROM activities a JOIN activity_boards b ON b.activity_id = a.activity_id "
            f"CROSS JOIN {_elements(connection, 'b.practice_areas')} WHERE {OWN}"
        )
    return fetch_column(connection, " UNION ".join(each), parameters)


def _elements(connection: Connection, document: str, name: str | None = None) -> str:
    """Return the FROM item `j` with the elements of an array, or of the array under a name of an object, as `value`.

    SQLite:

        json_each(a.details, '$.joint_providers') AS j

    PostgreSQL:

        jsonb_array_elements_text(CASE jsonb_typeof(a.details -> 'joint_providers') WHEN 'array'
            THEN a.details -> 'joint_providers' ELSE '[]' END) AS j(value)
    """
    if on_sqlite(connection):
        return f"json_each({document}) AS j" if name is None else f"json_each({document}, '$.{name}') AS j"
    array = document if name is None else f"{document} -> '{name}'"
    return f"jsonb_array_elements_text(CASE jsonb_typeof({array}) WHEN 'array' THEN {array} ELSE '[]' END) AS j(value)"


def _plan_sums(connection: Connection, *, from_rows: bool) -> None:
    """Let PostgreSQL join totals with deltas by a hash table, rows never, and compile none of it.

    Without a hash table each total would be compared with each delta. Compiling takes longer than the query.
    """
    if not on_sqlite(connection):
        execute(connection, "SET LOCAL jit = off")
        execute(connection, f"SET LOCAL enable_hashjoin = {'off' if from_rows else 'on'}")


def _summed(connection: Connection, wanted: SummaryFilter, *, from_rows: bool) -> ListConditions:
    """Return the activities that fit with their counts: a FROM item `s` with the columns of all orders."""
    conditions = ListConditions("", [OWN], "activity_id", {"provider": wanted.provider_id})
    _narrow(connection, conditions, wanted)
    if not wanted.narrows_lines:
        joined, counted = _all_lines(connection)
    else:
        count_lines = lines_from_rows if from_rows else lines_from_totals
        lines = count_lines(connection, conditions, wanted)
        joined = f"JOIN ({lines}) n ON n.activity_id = a.activity_id"
        counted = ", ".join(f"n.{name}" for name in _COUNTED)
    _plan_sums(connection, from_rows=from_rows)
    where = " AND ".join((OWN, *conditions.conditions))
    conditions.table = (
        "(SELECT a.activity_id, a.title_key, a.format, coalesce(a.internal_id, '') AS internal_id, a.start_date, "
        f"a.end_date, {counted} FROM activities a {joined} WHERE {where}) s"
    )
    conditions.always, conditions.tests = ["true"], []
    return conditions


def _all_lines(connection: Connection) -> tuple[str, str]:
    """Return the joins with the totals of activities, and the SELECT list of the counts."""
    joined = "LEFT JOIN activity_totals t ON t.activity_id = a.activity_id"
    if on_sqlite(connection):
        return joined, ", ".join(f"coalesce(t.{name}, 0) AS {name}" for name in _COUNTED)
    deltas = f"SELECT activity_id, {by_status()}, CAST(sum(persons) AS bigint) AS persons FROM activity_total_deltas"
    return (
        f"{joined} LEFT JOIN ({deltas} GROUP BY activity_id) d ON d.activity_id = a.activity_id",
        ", ".join(f"coalesce(t.{name}, 0) + coalesce(d.{name}, 0) AS {name}" for name in _COUNTED),
    )


def _narrow(connection: Connection, conditions: ListConditions, wanted: SummaryFilter) -> None:
    """Narrow to the activities that fit."""
    query = wanted.query
    narrow_to_activities(conditions, query, wanted.formats)
    if query.moc is not None:
        registered = "(SELECT 1 FROM activity_boards b WHERE b.activity_id = a.activity_id LIMIT 1)"
        conditions.add(f"{registered} IS {'NOT ' if query.moc else ''}NULL")
    if query.activity_status:
        statuses = conditions.in_list("activity_status", query.activity_status)
        conditions.add(f"{STATUS} IN ({statuses})", today=wanted.today)
    conditions.between_days("a.end_date", "activity_ends", query.activity_from, None)
    conditions.between_days("a.start_date", "activity_starts", None, query.activity_to)
    for column, field in (("a.city", Spelled.CITY), ("a.state", Spelled.STATE), ("a.country", Spelled.COUNTRY)):
        if field in wanted.spelled:
            conditions.add(f"{column} IN ({conditions.in_list(field.value, wanted.spelled[field])})")
    if query.outcome:
        value = "j.value" if on_sqlite(connection) else "CAST(j.value AS jsonb)"
        _narrow_to_element(connection, conditions, "measured_outcomes", f"{value} ->> 'outcome'", query.outcome)
    if (names := wanted.spelled.get(Spelled.JOINT_PROVIDER)) is not None:
        _narrow_to_element(connection, conditions, "joint_providers", "j.value", names)
    if (names := wanted.spelled.get(Spelled.PRACTICE_AREA)) is not None:
        _narrow_to_element(
            connection, conditions, "practice_areas", "j.value", names,
            f"activity_boards b CROSS JOIN {_elements(connection, 'b.practice_areas')} "
            "WHERE b.activity_id = a.activity_id AND ",
        )  # fmt: skip


def _narrow_to_element(
    connection: Connection,
    conditions: ListConditions,
    name: str,
    value: str,
    wanted: Sequence[str],
    elsewhere: str | None = None,
) -> None:
    """Narrow to activities where some element of a list in the details, or elsewhere, has a value that is wanted."""
    fits = f"({value}) IN ({conditions.in_list(name, wanted)})"
    sources = [f"{_elements(connection, 'a.details', name)} WHERE ", *([elsewhere] if elsewhere else [])]
    conditions.add(f"({' OR '.join(f'(SELECT 1 FROM {source}{fits} LIMIT 1) = 1' for source in sources)})")


STATUS = """CASE
    WHEN CAST(a.delivery_methods AS text) = '[]' OR a.ama_quarters IS NULL OR coalesce(a.description, '') = ''
        OR a.listing_public IS NULL OR a.providership IS NULL OR (CAST(a.delivery_methods AS text) LIKE '%"in-person"%'
        AND (coalesce(a.city, '') = '' OR (coalesce(a.state, '') = '' AND coalesce(a.country, '') = ''))) THEN 'draft'
    WHEN a.closed_at IS NOT NULL THEN 'closed' WHEN a.end_date < :today THEN 'ready-to-close' ELSE 'active' END"""
"""An activity's status on a day: what `Activity.status` says."""
