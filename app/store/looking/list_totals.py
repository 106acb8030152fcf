"""How many rows lists have, from the kept totals where filters of several tables would have very many rows read.

A board has a third of a list, a format of activities another, and neither's index tells which rows have both. The kept
totals of activities do, in a row for each activity, board, status and entry method.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Connection

from app.core.http.pagination import MOST_COUNTED, Total
from app.domain.credits import CreditStatus
from app.store import completion_lists
from app.store.completion_lists import CompletionFilter, activity_conditions
from app.store.lists.keyset_pages import ListConditions, count_total, without_index
from app.store.looking import credit_lines
from app.store.looking.totals import STATUSES
from app.store.sql.statements import fetch, on_sqlite

_TOLD = frozenset(
    {"board", "kind", "state", "status", "entry_method", "activity_id", "activity_format", "mips", "rems"}
)
"""Filters that the kept totals answer: of credits, and of activities."""
_HOLDING = frozenset({CreditStatus.PENDING, CreditStatus.ACCEPTED})


def count_lines(connection: Connection, wanted: CompletionFilter, boards: Collection[str] | None) -> Total:
    """Count the credit lines that fit; `boards` are those that the query leaves, by their kinds too, None for all."""
    if not _is_worth_it(wanted, boards) or CreditStatus.WITHDRAWN in wanted.query.status:
        return credit_lines.count(connection, wanted)
    return _capped(sum(_kept(connection, wanted, boards, wanted.query.status or STATUSES).values()))


def count_completions(connection: Connection, wanted: CompletionFilter, boards: Collection[str] | None) -> Total:
    """Count the completions that fit; `boards` are those that the query leaves, by their kinds too, None for all.

    A completion has at most one credit of a board that holds. So it has at least as many completions as lines of one
    board; and of that board alone exactly these, and those whose credit of it was rejected or withdrawn.
    """
    several = _is_worth_it(wanted, boards)
    if not several and not _may_be_many(wanted, boards):
        return completion_lists.count(connection, wanted)
    asked = set(wanted.query.status) or set(CreditStatus)
    kept = _kept(connection, wanted, boards, sorted(asked & _HOLDING))
    holding = max(kept.values(), default=0)
    if holding > MOST_COUNTED:
        return _capped(holding)
    if not several:
        return completion_lists.count(connection, wanted)
    if boards is None or len(boards) > 1:
        return completion_lists.count(connection, wanted)
    if not asked - _HOLDING:
        return _capped(holding)
    fallen = _count_fallen(connection, wanted, boards, asked)
    return fallen if fallen.capped else _capped(holding + fallen.count)


def _is_worth_it(wanted: CompletionFilter, boards: Collection[str] | None) -> bool:
    """Return whether the kept totals tell all that is asked for, and the rows of one filter would not do."""
    query = wanted.query
    of_activities = activity_conditions(ListConditions("", [], ""), wanted) or query.activity_id
    of_credits = boards is not None or query.status
    several = sum(map(bool, (of_activities, of_credits, query.entry_method))) > 1
    return several and set(query.filters()) - {"sort"} <= _TOLD


def _may_be_many(wanted: CompletionFilter, boards: Collection[str] | None) -> bool:
    """Return whether one filter alone leaves so many that ten thousand of them take longer than the kept totals.

    That is of boards and of formats; few activities, records that wait, and entry methods have an index that is short.
    """
    query = wanted.query
    asked = set(query.filters()) - {"sort"}
    return asked <= _TOLD and not query.status and (boards is not None or wanted.formats is not None)


def _kept(
    connection: Connection, wanted: CompletionFilter, boards: Collection[str] | None, statuses: Sequence[str]
) -> dict[str, int]:
    """Return the lines of each board, of some statuses, from the kept totals of the activities that fit."""
    list_ = ListConditions("", [], "", {"provider": wanted.provider_id})
    activities = activity_conditions(list_, wanted)
    if wanted.query.activity_id:
        activities.append(f"a.activity_id IN ({list_.in_list('activity', wanted.query.activity_id)})")
    of_lines = ["f.board IS NOT NULL", f"f.status IN ({list_.in_list('kept_status', statuses)})"]
    if boards is not None:
        of_lines.append(f"f.board IN ({list_.in_list('kept_board', sorted(boards))})")
    if wanted.query.entry_method:
        of_lines.append(f"f.entry_method IN ({list_.in_list('entered', wanted.query.entry_method)})")
    where = " AND ".join(("a.provider_id = :provider", *activities, *of_lines))
    tables = ["activity_board_totals"] if on_sqlite(connection) else ["activity_board_totals", "activity_total_deltas"]
    lines = " UNION ALL ".join(
        f"SELECT f.board, f.lines FROM activities a JOIN {table} f ON f.activity_id = a.activity_id WHERE {where}"
        for table in tables
    )
    query = f"SELECT board, CAST(sum(lines) AS bigint) FROM ({lines}) s GROUP BY board"
    return {str(board): int(count) for board, count in fetch(connection, query, list_.parameters)}


def _count_fallen(
    connection: Connection, wanted: CompletionFilter, boards: Collection[str], asked: Collection[CreditStatus]
) -> Total:
    """Count the completions with a rejected or withdrawn credit that fits, and none that holds."""
    query = wanted.query.model_copy(update={"status": sorted(set(asked) - _HOLDING)})
    conditions = completion_lists.conditions_of(msgspec.structs.replace(wanted, query=query))
    if holding := sorted(_HOLDING.intersection(asked)):
        held = conditions.in_list("holding", holding)
        board = conditions.in_list("holding_board", sorted(boards))
        holds = without_index(f"h.board IN ({board})", f"h.status IN ({held})")
        conditions.add(f"(SELECT 1 FROM credits h WHERE h.completion_id = c.completion_id AND {holds} LIMIT 1) IS NULL")
    return count_total(connection, conditions)


def _capped(counted: int) -> Total:
    return Total(min(counted, MOST_COUNTED), counted > MOST_COUNTED)
