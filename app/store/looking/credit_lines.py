"""Credit lines: each credit of a standing completion by itself, in any order of its columns, under any filter.

The filters are those of completions. The order decides which table is walked: completions, with their credits beside
each, or credits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import starmap, takewhile
from typing import Any

from sqlalchemy import Connection

from app.core.http.pagination import SortKey, Total
from app.domain.looking.credit_lines import CreditLine, LineActivity
from app.store.completion_lists import OWN, CompletionFilter, narrow
from app.store.completions import load_by_ids
from app.store.lists.keyset_pages import ListConditions, count_total, find_places
from app.store.lists.orders import Order, Place, SortColumn
from app.store.sql.key_sets import select_by_ids
from app.store.sql.statements import on_sqlite

OF_COMPLETIONS = {
    "completed_on": SortColumn("c.completed_on", date),
    "submitted_at": SortColumn("c.submitted_at", datetime),
    "updated_at": SortColumn("c.updated_at", datetime),
    "last_name": SortColumn("c.last_key"),
    "first_name": SortColumn("c.first_key"),
    "activity_id": SortColumn("c.activity_id"),
    "date_of_birth": SortColumn("c.birth_date"),
}
OF_CREDITS = {
    "board": SortColumn("x.board"),
    "status": SortColumn("x.status"),
    "credits": SortColumn("x.quarters", int),
    "learner_board_id": SortColumn("x.reported_id"),
}
SORTS = OF_COMPLETIONS | OF_CREDITS
EMPTY = ("date_of_birth", "learner_board_id")
"""Orders by columns that may be empty: no value comes before every other."""


def page(connection: Connection, wanted: CompletionFilter, after: Any, limit: int) -> list[tuple[Place, CreditLine]]:
    """Return lines after a place of the order, newest first when the query names none.

    Without `status`, withdrawn credits of standing completions are left out.
    """
    places = find_lines(connection, wanted, after, limit)
    completions = {one.completion_id: one for one in load_by_ids(connection, [place[-2] for place in places])}
    activities = _activities(connection, {one.activity_id for one in completions.values()})
    lines = []
    for place in places:
        completion = completions[place[-2]]
        [credit] = [credit for credit in completion.credits if credit.credit_id == place[-1]]
        lines.append((place, CreditLine(completion, credit, activities[completion.activity_id])))
    return lines


def count(connection: Connection, wanted: CompletionFilter) -> Total:
    """Count the lines, up to `MOST_COUNTED`."""
    return count_total(connection, conditions_of(connection, wanted))


def conditions_of(connection: Connection, wanted: CompletionFilter) -> ListConditions:
    """Return the conditions of a query whose lines are wanted in any order."""
    of_credits = wanted.boards is not None or wanted.query.status or wanted.query.kind
    return _conditions(connection, wanted, along_credits=bool(of_credits))


def find_lines(connection: Connection, wanted: CompletionFilter, after: Any, limit: int) -> list[Place]:
    """Return the places of the next lines, each with the ids of its completion and its credit at its end.

    Lines whose leading column is empty are a part of their own, for no index orders NULL alike on both databases: it
    comes first in ascending orders and last in descending ones. Their places begin with None.
    """
    sort = wanted.query.order()
    if [key.name for key in sort] == ["last_name"]:
        sort = [*sort, SortKey("first_name", sort[0].descending)]
    if not sort or sort[0].name not in EMPTY:
        along_credits = bool(sort) and sort[0].name in OF_CREDITS
        conditions = _conditions(connection, wanted, along_credits=along_credits)
        return find_places(connection, conditions, _order(sort, along_credits=along_credits), after, limit)
    parts = [_find_empty, _find_filled]
    if sort[0].descending:
        parts.reverse()
    if after is not None and (after[0] is None) == (parts[-1] is _find_empty):
        del parts[0]
    places: list[Place] = []
    for find_part in parts:
        places += find_part(connection, wanted, sort, after, limit - len(places))
        after = None
        if len(places) >= limit:
            break
    return places


def _find_filled(
    connection: Connection, wanted: CompletionFilter, sort: Sequence[SortKey], after: Any, limit: int
) -> list[Place]:
    column, along_credits = SORTS[sort[0].name].sql, sort[0].name in OF_CREDITS
    conditions = _conditions(connection, wanted, along_credits=along_credits)
    conditions.add(f"{column} IS NOT NULL", column)
    return find_places(connection, conditions, _order(sort, along_credits=along_credits), after, limit)


def _find_empty(
    connection: Connection, wanted: CompletionFilter, sort: Sequence[SortKey], after: Any, limit: int
) -> list[Place]:
    column, of_credits = SORTS[sort[0].name].sql, sort[0].name in OF_CREDITS
    # Without further keys, lines are by id alone: along the table that lacks the value.
    along_credits = sort[1].name in OF_CREDITS if len(sort) > 1 else of_credits
    conditions = _conditions(connection, wanted, along_credits=along_credits)
    empty = f"{column} IS NULL"
    conditions.add(empty, column)
    # Few lines have no value: they are the front of the column's index, and stand there by their ids.
    conditions.along_id.append(empty)
    table, own = ("credits x", "x.provider_id = :provider") if of_credits else ("completions c", OWN)
    conditions.sources.insert(0, f"SELECT {table[-1]}.completion_id FROM {table} WHERE {own} AND {empty}")
    order = _order(sort, along_credits=along_credits, filled=False)
    return [[None, *place] for place in find_places(connection, conditions, order, after and after[1:], limit)]


def _order(sort: Sequence[SortKey], *, along_credits: bool, filled: bool = True) -> Order:
    """Return the order by some keys, then by completion and credit in the direction of the last key.

    Where the column of the first key is not `filled`, the order is by the others. Of these, any may be empty.
    """
    descending = sort[-1].descending if sort else True
    keys = sort if filled else sort[1:]
    walked, alias = (OF_CREDITS, "x") if along_credits else (OF_COMPLETIONS, "c")
    columns = [
        SortColumn(f"coalesce({SORTS[key.name].sql}, '')")
        if key.name in EMPTY and not (filled and key is sort[0])
        else SORTS[key.name]
        for key in keys
    ]
    leading = sum(1 for _ in takewhile(walked.__contains__, (key.name for key in keys)))
    indexed = leading if leading < len(keys) else leading + 1 + along_credits
    ids = (SortColumn(f"{alias}.completion_id"), SortColumn("x.credit_id"))
    ordered = [(column, key.descending) for column, key in zip(columns, keys, strict=True)]
    return Order((*ordered, *((column, descending) for column in ids)), indexed)


def _conditions(connection: Connection, wanted: CompletionFilter, *, along_credits: bool) -> ListConditions:
    join = "CROSS JOIN" if on_sqlite(connection) else "JOIN"
    # The last of all statuses: so an index of statuses ends before it. Where another order is walked, SQLite is not to
    # take that index for it: it would sort all lines.
    walks_statuses = wanted.query.sort is None or wanted.query.sort.lstrip("-").startswith("status")
    status = "x.status" if walks_statuses or not on_sqlite(connection) else "+x.status"
    always = [OWN] if wanted.query.status else [OWN, f"{status} < 'withdrawn'"]
    if along_credits:
        always.insert(0, "x.provider_id = :provider")
    first, second = ("credits x", "completions c") if along_credits else ("completions c", "credits x")
    conditions = ListConditions(
        f"{first} {join} {second} ON x.completion_id = c.completion_id",
        always,
        "completion_id",
        {"provider": wanted.provider_id},
    )
    narrow(conditions, wanted, to_lines=True)
    return conditions


def _activities(connection: Connection, activity_ids: Iterable[str]) -> dict[str, LineActivity]:
    rows = select_by_ids(
        connection,
        "SELECT a.activity_id, a.title, a.internal_id, a.format FROM {keys} JOIN activities a ON a.activity_id = k.id",
        activity_ids,
    )
    return {activity.activity_id: activity for activity in starmap(LineActivity, rows)}
