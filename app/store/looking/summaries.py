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

import msgspec
from sqlalchemy import Connection

from app.core.http.pagination import SortKey, Total, place_after
from app.domain.looking.activity_counts import ActivitySummary, LineCounts
from app.store.activity_lists import OWN, load_by_ids
from app.store.lists.keyset_pages import ListConditions, count_total, plan_for_values
from app.store.lists.orders import Order, Place, SortColumn, order_of
from app.store.looking.summary_filters import SummaryFilter, narrow
from app.store.looking.summary_lines import count_persons, lines_from_rows, lines_from_totals
from app.store.looking.totals import by_status, counts_of
from app.store.sql.statements import execute, fetch, fetch_value, on_sqlite

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


class _Sums(msgspec.Struct, frozen=True):
    """What is counted of an activity that fits, and its values of the order, the id last."""

    counts: LineCounts
    persons: int
    values: Sequence[Any]

    @property
    def activity_id(self) -> str:
        """The activity."""
        *_, activity_id = self.values
        return str(activity_id)


def page(connection: Connection, wanted: SummaryFilter, after: Any, limit: int) -> list[tuple[Place, ActivitySummary]]:
    """Return summaries after a place of the order, those with most accepted lines first when the query names none."""
    order = _order(wanted)
    sums = _sum_up(connection, wanted, order, place_after(after, len(order.keys)), limit)
    summaries = _summaries(connection, wanted, order, sums)
    return [(order.place(of.values), summary) for of, summary in zip(sums, summaries, strict=True)]


def find_ids(
    connection: Connection, wanted: SummaryFilter, after: Place | None, limit: int
) -> tuple[list[str], Place | None]:
    """Return the ids of the next activities, and the place of the last of them."""
    order = _order(wanted)
    sums = _sum_up(connection, wanted, order, after, limit)
    return [of.activity_id for of in sums], order.place(sums[-1].values) if sums else None


def load(connection: Connection, wanted: SummaryFilter, activity_ids: Sequence[str]) -> list[ActivitySummary]:
    """Return the summaries of those of some activities that fit now, in the order of the ids."""
    order, chosen = _order(wanted), msgspec.structs.replace(wanted, activity_ids=activity_ids)
    sums = {of.activity_id: of for of in _sum_up(connection, chosen, order, None, len(activity_ids))}
    return _summaries(connection, wanted, order, [sums[id] for id in activity_ids if id in sums])


def _order(wanted: SummaryFilter) -> Order:
    return order_of(wanted.query.order() or [_MOST_ACCEPTED], SORTS, SORTS["activity_id"], _MOST_ACCEPTED)


def _reads_rows(wanted: SummaryFilter, order: Order) -> bool:
    """Return whether lines are counted from rows: their filters need them, or the order needs all persons."""
    by_persons = any(column is SORTS["persons"] for column, _ in order.keys)
    return wanted.needs_rows or (wanted.narrows_lines and by_persons)


def _sum_up(
    connection: Connection, wanted: SummaryFilter, order: Order, start: Place | None, limit: int
) -> list[_Sums]:
    """Return the next activities in an order with their counts; persons are 0 where totals by board are read."""
    plan_for_values(connection)
    conditions = sum_activities(connection, wanted, from_rows=_reads_rows(wanted, order))
    coming, place = order.after(start) if start is not None else ("true", {})
    found = fetch(
        connection,
        f"SELECT {', '.join(f's.{name}' for name in _COUNTED)}, {order.selected()} FROM {conditions.table} "
        f"WHERE {coming} ORDER BY {order.sql()} LIMIT :rows",
        {**conditions.parameters, **place, "rows": limit},
    )
    plan_sums(connection, from_rows=True)
    return [
        _Sums(counts_of((accepted, rejected, pending, quarters)), persons, values)
        for accepted, rejected, pending, quarters, persons, *values in found
    ]


def _summaries(
    connection: Connection, wanted: SummaryFilter, order: Order, sums: Sequence[_Sums]
) -> list[ActivitySummary]:
    """Return the summaries of activities that were counted, with their persons."""
    ids = [of.activity_id for of in sums]
    persons: dict[str, int] | None = {of.activity_id: of.persons for of in sums}
    if wanted.narrows_lines and not _reads_rows(wanted, order):
        persons = count_persons(connection, wanted, ids)
    stored = load_by_ids(connection, ids)
    name = provider_name(connection, wanted.provider_id) if sums else ""
    return [
        ActivitySummary(
            activity=stored[of.activity_id].activity,
            provider_name=name,
            counts=of.counts,
            persons=persons.get(of.activity_id, 0) if persons is not None else None,
        )
        for of in sums
    ]


def count(connection: Connection, wanted: SummaryFilter, most: int | None = None) -> Total:
    """Count the activities, up to `most`, or to `MOST_COUNTED`."""
    counted = count_total(connection, sum_activities(connection, wanted, from_rows=wanted.needs_rows), most)
    plan_sums(connection, from_rows=True)
    return counted


def provider_name(connection: Connection, provider_id: str) -> str:
    """Return the name of a provider."""
    return str(fetch_value(connection, "SELECT name FROM providers WHERE provider_id = :id", {"id": provider_id}))


def plan_sums(connection: Connection, *, from_rows: bool) -> None:
    """Let PostgreSQL join totals with deltas by a hash table, rows never, and compile none of it.

    Without a hash table each total would be compared with each delta. Compiling takes longer than the query.
    """
    if not on_sqlite(connection):
        execute(connection, "SET LOCAL jit = off")
        execute(connection, f"SET LOCAL enable_hashjoin = {'off' if from_rows else 'on'}")


def sum_activities(connection: Connection, wanted: SummaryFilter, *, from_rows: bool) -> ListConditions:
    """Return the activities that fit with their counts: a FROM item `s` with the columns of all orders."""
    conditions = ListConditions("", [OWN], "activity_id", {"provider": wanted.provider_id})
    narrow(connection, conditions, wanted)
    if not wanted.narrows_lines:
        joined, counted = _all_lines(connection)
    else:
        count_lines = lines_from_rows if from_rows else lines_from_totals
        lines = count_lines(connection, conditions, wanted)
        joined = f"JOIN ({lines}) n ON n.activity_id = a.activity_id"
        counted = ", ".join(f"n.{name}" for name in _COUNTED)
    plan_sums(connection, from_rows=from_rows)
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
