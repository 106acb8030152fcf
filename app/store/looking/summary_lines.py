"""The credit lines of activities under a filter of lines: counted by status, and by person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.domain.batches import EntryMethod
from app.domain.credits import CreditStatus
from app.schemas.looking.summary_queries import SummaryQuery
from app.store import completion_lists
from app.store.completion_lists import typed_as
from app.store.lists.keyset_pages import FEW, ListConditions, without_index
from app.store.looking.summary_filters import SummaryFilter
from app.store.looking.totals import STATUSES, by_status
from app.store.sql.statements import fetch, fetch_value, on_sqlite


def _statuses(query: SummaryQuery) -> list[str]:
    return [status for status in (query.status or STATUSES) if status != CreditStatus.WITHDRAWN]


MOST_ENTERED = 20_000
"""Records of the entry methods that are asked for, or of all where one of them is `api`, whose persons are counted."""


def lines_from_totals(connection: Connection, conditions: ListConditions, wanted: SummaryFilter) -> str:
    """Return the query for the counts of lines by activity, from the kept totals by board. Persons are left out."""
    query = wanted.query
    fits = [f"f.status IN ({conditions.in_list('line_status', _statuses(query))})"]
    fits += _board_conditions("f.board", conditions, wanted)
    if query.entry_method:
        fits.append(f"f.entry_method IN ({conditions.in_list('entered', query.entry_method)})")
    columns, where = "f.activity_id, f.status, f.lines, f.quarters", " AND ".join(fits)
    lines = (
        f"SELECT {columns} FROM activities o CROSS JOIN activity_board_totals f "
        f"WHERE o.provider_id = :provider AND f.activity_id = o.activity_id AND {where}"
    )
    if not on_sqlite(connection):
        lines += f" UNION ALL SELECT {columns} FROM activity_total_deltas f WHERE {where}"
    return (
        f"SELECT activity_id, {by_status()}, 0 AS persons FROM ({lines}) u GROUP BY activity_id HAVING sum(lines) <> 0"
    )


def lines_from_rows(connection: Connection, conditions: ListConditions, wanted: SummaryFilter) -> str:
    """Return the query for the counts of lines by activity, from the provider's completions and their credits.

    Completions are found by their days, credits by their completion: all else is tested. Of a credit type, its credits
    are found first where they are few, or where no day is asked for.
    """
    query = wanted.query
    days = ListConditions("", [], "", conditions.parameters)
    days.between_days("c.completed_on", "completed", query.completed_from, query.completed_to)
    days.between_instants("c.submitted_at", "submitted", query.submitted_from, query.submitted_to)
    found = [completion_lists.OWN, *days.conditions]
    tests, source = _credit_conditions(conditions, wanted), "completions c CROSS JOIN credits x"
    if query.entry_method:
        tests.append(f"c.entry_method IN ({conditions.in_list('entered', query.entry_method)})")
    if wanted.credit_types is not None:
        typed = typed_as(conditions, wanted.credit_types)
        tests.append(f"(SELECT 1 FROM credit_types t WHERE t.credit_id = x.credit_id AND ({typed}) LIMIT 1) = 1")
        names = conditions.in_list("type_name", sorted({name for _, name in wanted.credit_types}))
        typed_credits = f"FROM credit_types t WHERE t.credit_type IN ({names})"
        if not days.conditions or _few(connection, typed_credits, conditions.parameters):
            source = f"(SELECT DISTINCT t.credit_id {typed_credits}) k CROSS JOIN credits x CROSS JOIN completions c"
            found.append("x.credit_id = k.credit_id")
    where = " AND ".join((*found, "x.completion_id = c.completion_id", without_index(*tests)))
    # Grouped by the credit's activity: by the completion's, SQLite would read all completions in that order.
    return (
        f"SELECT x.activity_id, {by_status('1', 'x.quarters')}, count(DISTINCT x.subject) AS persons "
        f"FROM {source} WHERE {where} GROUP BY x.activity_id"
    )


def _few(connection: Connection, source: str, parameters: Mapping[str, Any], few: int = FEW) -> bool:
    """Return whether a FROM item with its conditions has few rows."""
    query = f"SELECT count(*) FROM (SELECT 1 {source} LIMIT :few) f"
    return int(fetch_value(connection, query, {**parameters, "few": few + 1})) <= few


def _credit_conditions(conditions: ListConditions, wanted: SummaryFilter) -> list[str]:
    return [*_status_conditions(conditions, wanted), *_board_conditions("x.board", conditions, wanted)]


def _status_conditions(conditions: ListConditions, wanted: SummaryFilter) -> list[str]:
    return [f"x.status IN ({conditions.in_list('line_status', _statuses(wanted.query))})"]


def _board_conditions(column: str, conditions: ListConditions, wanted: SummaryFilter) -> list[str]:
    return [f"{column} IN ({conditions.in_list('line_board', wanted.boards)})"] if wanted.boards is not None else []


def count_persons(connection: Connection, wanted: SummaryFilter, activity_ids: Sequence[str]) -> dict[str, int] | None:
    """Return how many persons have a line that fits, in each of a page's activities; None where it would take long.

    Credit is found where it is least: that of few entries by these, what only waits or was rejected by its status, all
    other by activity and board, where a status is looked at only to tell accepted from pending credit.
    """
    if not activity_ids:
        return {}
    conditions = ListConditions("", [], "", {"provider": wanted.provider_id})
    listed = conditions.in_list("activity", activity_ids)
    statuses, tests = set(_statuses(wanted.query)), _board_conditions("x.board", conditions, wanted)
    if entered := wanted.query.entry_method:
        tests += [*_status_conditions(conditions, wanted), f"x.activity_id IN ({listed})"]
        return _count_persons_entered(connection, conditions, entered, tests)
    if CreditStatus.PENDING in statuses and CreditStatus.ACCEPTED not in statuses:
        (status,) = _status_conditions(conditions, wanted)
        source = f"credits x WHERE x.provider_id = :provider AND {status}"
        return _persons_among(connection, conditions, source, [f"x.activity_id IN ({listed})", *tests])
    parts = ["x.status = 'rejected'"] if CreditStatus.REJECTED in statuses else []
    if CreditStatus.ACCEPTED in statuses:
        accepted = without_index("x.status = 'accepted'")
        parts.append("x.holds" if CreditStatus.PENDING in statuses else f"x.holds AND {accepted}")
    fits = " AND ".join(["x.activity_id = a.activity_id", *tests])
    select = "SELECT x.subject" if len(parts) > 1 else "SELECT DISTINCT x.subject"
    found = " UNION ".join(f"{select} FROM credits x WHERE {fits} AND {part}" for part in parts)
    counted = f"SELECT a.activity_id, (SELECT count(*) FROM ({found}) p) FROM activities a"
    return dict(fetch(connection, f"{counted} WHERE a.activity_id IN ({listed})", conditions.parameters))


def _count_persons_entered(
    connection: Connection, conditions: ListConditions, methods: Sequence[EntryMethod], tests: Sequence[str]
) -> dict[str, int] | None:
    """Return how many persons have a line that was entered by some methods; None of more records than are read."""
    mine = f"FROM completions c WHERE {completion_lists.OWN}"
    entered = f"c.entry_method IN ({conditions.in_list('entered', methods)})"
    if EntryMethod.API not in methods:
        mine += f" AND c.entry_method <> 'api' AND {entered}"
    if not _few(connection, mine, conditions.parameters, MOST_ENTERED):
        return None
    source = f"(SELECT c.completion_id, c.entry_method {mine}) c CROSS JOIN credits x"
    return _persons_among(
        connection, conditions, f"{source} WHERE x.completion_id = c.completion_id", [entered, *tests]
    )


def _persons_among(
    connection: Connection, conditions: ListConditions, source: str, tests: Sequence[str]
) -> dict[str, int]:
    """Return how many persons have a credit of a source, in each activity."""
    query = (
        f"SELECT x.activity_id, count(DISTINCT x.subject) FROM {source} AND {without_index(*tests)} "
        "GROUP BY x.activity_id"
    )
    return dict(fetch(connection, query, conditions.parameters))
