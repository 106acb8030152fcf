"""Reports that list or sum credit lines: of one provider, along the days on which it was completed.

A page walks the provider's records of the year by `ix_completions_completed` (late ones by `ix_completions_late`, which
holds nothing else), or gathers from the index of a filter that has few, as all lists do. Sums read the provider's year.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.domain.credits import CreditStatus
from app.domain.looking.standing_reports import GroupTotals, ReportFilter, ReportLine, UnacceptedGroup, YearTotals
from app.models import completions as tables
from app.store.completion_lists import OWN
from app.store.completions import LINKS
from app.store.lists.keyset_pages import ListConditions, count_total, find_places, plan_for_values, without_index
from app.store.lists.orders import Order, Place, SortColumn
from app.store.looking.attention import REJECTED, UNREPLACED
from app.store.looking.ids_in_order import Reached, along, next_ids
from app.store.sql.key_sets import from_keys, join_per_key
from app.store.sql.rows import RowMapper, column, expression
from app.store.sql.statements import fetch, fetch_value, in_list, on_sqlite
from app.store.sql.values import read_date, read_instant

_LINE = RowMapper(
    ReportLine,
    tables.credits,
    "x",
    title=expression("a.title"),
    activity_format=expression("a.format"),
    first_name=expression("c.first_name"),
    last_name=expression("c.last_name"),
    learner_id=expression("l.link"),
    number_reported=column("reported_id"),
    completed_on=expression("c.completed_on", read_date),
    submitted_at=expression("c.submitted_at", read_instant),
)
_ORDER = Order(((SortColumn("c.completed_on", date), False), (SortColumn("c.completion_id"), False)))
LineRow = tuple[Place, ReportLine]
"""A line, and where it stands in the order: day, completion, credit."""
Fitting = tuple[list[str], dict[str, Any]]
"""Conditions of a credit `x`, and their parameters."""
_FEW = 10_000
"""Records from which their lines are counted as well: none has a hundred lines."""


class ReportedLines(msgspec.Struct, frozen=True):
    """The lines of a report: the records that have one, and which of their credits are."""

    records: ListConditions
    fitting: Fitting


def not_yet_accepted(wanted: ReportFilter, statuses: Collection[CreditStatus]) -> ReportedLines:
    """Return which lines are pending, or rejected and not replaced."""
    conditions = _conditions(wanted, [_unaccepted(statuses)], ())
    if CreditStatus.PENDING in statuses:
        marks = conditions.in_list("source_status", sorted(statuses))
        conditions.sources.append(
            f"SELECT x.completion_id FROM credits x WHERE x.provider_id = :provider AND x.status IN ({marks})"
        )
    else:
        conditions.sources.append(f"SELECT x.completion_id {REJECTED.format(provider=':provider')}")
    return ReportedLines(conditions, _fitting(wanted, [_unaccepted(statuses)]))


def reported_late(connection: Connection, wanted: ReportFilter) -> ReportedLines:
    """Return which lines were submitted more than 30 days after the completion."""
    late = (tables.SQLITE_LATE if on_sqlite(connection) else tables.POSTGRESQL_LATE).format(c="c.")
    standing = ["x.status <> 'withdrawn'"]
    return ReportedLines(_conditions(wanted, standing, [late]), _fitting(wanted, standing))


def page(connection: Connection, reported: ReportedLines, after: Any, limit: int) -> list[LineRow]:
    """Return the lines after a place, by the day of completion: those left of its record, then those after it."""
    start, found = None, []
    if after is not None:
        *start, credit_id = after
        _, completion_id = start
        lines = _lines(connection, [completion_id], reported.fitting)
        found = [(place, line) for place, line in lines if line.credit_id > credit_id]
    if len(found) < limit:
        places = find_places(connection, reported.records, _ORDER, start, limit - len(found))
        found += _lines(connection, [id for _, id in places], reported.fitting)
    return found[:limit]


def read_next(
    connection: Connection, reported: ReportedLines, reached: Reached, records: int
) -> tuple[list[ReportLine], Reached]:
    """Return the lines of the next records, by the day of completion, and how far the report is read."""
    ids, further = next_ids(along(connection, reported.records, _ORDER), reached, records)
    return [line for _, line in _lines(connection, ids, reported.fitting)], further


def count(connection: Connection, reported: ReportedLines, most: int) -> int:
    """Count the lines, up to one more than `most`; where they are few, their records."""
    records = count_total(connection, reported.records, most)
    if records.capped or records.count < _FEW:
        return most + 1 if records.capped else records.count
    fits, given = reported.fitting
    where = " AND ".join((*reported.records.always, *reported.records.conditions, without_index(*fits)))
    query = (
        f"SELECT 1 FROM completions c JOIN credits x ON x.completion_id = c.completion_id WHERE {where} LIMIT :enough"
    )
    parameters = {**reported.records.parameters, **given, "enough": most + 1}
    return int(fetch_value(connection, f"SELECT count(*) FROM ({query}) f", parameters))


def unaccepted_groups(
    connection: Connection, wanted: ReportFilter, statuses: Collection[CreditStatus]
) -> list[UnacceptedGroup]:
    """Return the lines of `not_yet_accepted`, of all pages, counted by board, status and reason."""
    found, parameters = _year(connection, wanted, _unaccepted(statuses))
    rows = fetch(
        connection,
        "SELECT board, status, reason, count(*), count(DISTINCT subject) "
        f"FROM ({found}) n GROUP BY board, status, reason ORDER BY board, status, reason",
        parameters,
    )
    return [
        UnacceptedGroup(board=board, status=CreditStatus(status), status_reason=reason, lines=lines, persons=persons)
        for board, status, reason, lines, persons in rows
    ]


def year_totals(connection: Connection, wanted: ReportFilter) -> YearTotals:
    """Return the totals of the lines completed in a year, by board and format."""
    counted = (
        "count(CASE WHEN status = 'accepted' THEN 1 END), count(CASE WHEN status = 'pending' THEN 1 END), "
        "count(CASE WHEN status = 'rejected' THEN 1 END), count(DISTINCT CASE WHEN holds THEN subject END), "
        "count(DISTINCT CASE WHEN holds THEN activity_id END), coalesce(sum(CASE WHEN holds THEN quarters END), 0)"
    )
    found, parameters = _year(connection, wanted, f"(x.holds OR ({UNREPLACED}))")
    *groups, (*_, persons, activities, _) = fetch(
        connection,
        f"WITH lines AS MATERIALIZED ({found}) "
        f"SELECT 0 AS whole, board, format, {counted} FROM lines GROUP BY board, format UNION ALL "
        f"SELECT 1, NULL, NULL, {counted} FROM lines ORDER BY whole, board, format",
        parameters,
    )
    return YearTotals(
        groups=[
            GroupTotals(
                board=board, activity_format=format, lines_accepted=accepted, lines_pending=pending,
                lines_rejected=rejected, persons=of_group, activities=in_group, quarters=int(quarters),
            )
            for _, board, format, accepted, pending, rejected, of_group, in_group, quarters in groups
        ],
        persons=persons,
        activities=activities,
    )  # fmt: skip


def _conditions(wanted: ReportFilter, fits: Sequence[str], always: Sequence[str]) -> ListConditions:
    """Return the conditions of records that have a line of a report."""
    own, given = _fitting(wanted, fits)
    conditions = ListConditions(
        "completions c", [OWN, *always], "completion_id", {"provider": wanted.provider_id, **given}
    )
    if wanted.year is not None:
        conditions.between_days("c.completed_on", "completed", wanted.first_day, wanted.last_day)
    credit = f"SELECT 1 FROM credits x WHERE x.completion_id = c.completion_id AND {without_index(*own)} LIMIT 1"
    conditions.add(f"({credit}) = 1")
    if wanted.formats is not None:
        marks = conditions.in_list("format", wanted.formats)
        format = f"SELECT 1 FROM activities a WHERE a.activity_id = c.activity_id AND a.format IN ({marks}) LIMIT 1"
        conditions.add(f"({format}) = 1")
    return conditions


def _fitting(wanted: ReportFilter, fits: Sequence[str]) -> Fitting:
    if wanted.boards is None:
        return [*fits], {}
    marks, given = in_list("board", wanted.boards)
    return [f"x.board IN ({marks})", *fits], given


def _lines(connection: Connection, completion_ids: Iterable[str], fitting: Fitting) -> list[LineRow]:
    """Return the lines of records that fit a report, in its order."""
    keys = [(id,) for id in completion_ids]
    if not keys:
        return []
    fits, given = fitting
    source, parameters = from_keys(connection, ("id",), keys)
    first = "CROSS JOIN" if on_sqlite(connection) else "JOIN"
    rows = fetch(
        connection,
        f"SELECT {_LINE.columns} FROM {source} {first} completions c ON c.completion_id = k.id "
        "JOIN credits x ON x.completion_id = c.completion_id JOIN activities a ON a.activity_id = c.activity_id "
        f"{LINKS} WHERE c.withdrawn_at IS NULL AND {' AND '.join(fits)} "
        "ORDER BY c.completed_on, c.completion_id, x.credit_id",
        parameters | given,
    )
    lines = _LINE.read(connection, rows)
    return [([line.completed_on.isoformat(), line.completion_id, line.credit_id], line) for line in lines]


def _unaccepted(statuses: Collection[CreditStatus]) -> str:
    either = [
        condition
        for status, condition in (
            (CreditStatus.PENDING, "x.status = 'pending'"), (CreditStatus.REJECTED, f"({UNREPLACED})")
        )
        if status in statuses
    ]  # fmt: skip
    return f"({' OR '.join(either)})"


def _year(connection: Connection, wanted: ReportFilter, fits: str) -> tuple[str, dict[str, Any]]:
    """Return the query for the lines of a provider's year that fit, records first, and its parameters."""
    plan_for_values(connection)
    conditions, given = _fitting(wanted, [fits])
    if wanted.formats is not None:
        marks, of_formats = in_list("format", wanted.formats)
        conditions.append(f"a.format IN ({marks})")
        given |= of_formats
    join = "CROSS JOIN" if on_sqlite(connection) else "JOIN"
    credits = join_per_key(connection, "credits x", "x.completion_id = c.completion_id")
    query = (
        "SELECT x.board AS board, a.format AS format, x.status AS status, x.status_reason AS reason, x.holds AS holds, "
        "x.quarters AS quarters, c.subject AS subject, c.activity_id AS activity_id "
        f"FROM completions c {join} {credits} {join} activities a ON a.activity_id = c.activity_id "
        f"WHERE {OWN} AND c.completed_on >= :first_day AND c.completed_on <= :last_day AND {' AND '.join(conditions)}"
    )
    days = {"provider": wanted.provider_id, "first_day": wanted.first_day, "last_day": wanted.last_day}
    return query, {**days, **given}
