"""Completions that an edit of an activity would leave outside its bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.domain.activity_tightening import (
    BecomesDraft,
    EndsEarlier,
    MaximumLowered,
    RegistrationRemoved,
    RemsFlagRemoved,
    StartsLater,
    Tightened,
)
from app.domain.identity.comparison_keys import code_key
from app.store.sql.statements import fetch_column, fetch_value

_STANDING = "SELECT c.completion_id FROM completions c WHERE c.activity_id = :activity AND c.withdrawn_at IS NULL"
_CREDITS = "SELECT x.completion_id FROM credits x WHERE x.activity_id = :activity AND x.holds"


def find_uncovered(
    connection: Connection, activity_id: str, bounds: Sequence[Tightened], few: int
) -> tuple[int, list[str]]:
    """Return how many completions are outside tighter bounds, and the ids of the first few."""
    queries: list[str] = []
    given: dict[str, Any] = {"activity": activity_id}
    for place, bound in enumerate(bounds):
        query, parameters = _query(connection, activity_id, bound)
        for name, value in parameters.items():
            query = query.replace(f":{name}", f":{name}_{place}")
            given[f"{name}_{place}"] = value
        queries.append(query)
    outside = " UNION ".join(queries)
    count = fetch_value(connection, f"SELECT count(DISTINCT completion_id) FROM ({outside}) f", given)
    first = fetch_column(
        connection, f"SELECT DISTINCT completion_id FROM ({outside}) f ORDER BY completion_id LIMIT {few}", given
    )
    return int(count), first


def find_standing(connection: Connection, activity_id: str, few: int) -> tuple[int, list[str]]:
    """Return how many completions of an activity have not been withdrawn, and the ids of the first few."""
    return find_uncovered(connection, activity_id, [BecomesDraft(pointer="", detail="")], few)


def _query(connection: Connection, activity_id: str, bound: Tightened) -> tuple[str, dict[str, Any]]:
    match bound:
        case StartsLater(start=start):
            return f"{_STANDING} AND c.completed_on < :day", {"day": start}
        case EndsEarlier(end=end, board=None):
            query = f"{_CREDITS} AND x.kind = 'cme' AND x.completed_on > :day"
            rems = f"{_STANDING} AND c.rems IS NOT NULL AND c.completed_on > :day"
            return f"{query} UNION {rems}", {"day": end}
        case EndsEarlier(end=end, board=board):
            given = {"day": end, "board": board}
            return f"{_CREDITS} AND x.board = :board AND x.completed_on > :day", given
        case MaximumLowered(target=target, quarters=quarters):
            ledger = (
                "SELECT l.subject FROM ledger l WHERE l.activity_id = :activity AND l.target = :target "
                "AND l.quarters > :quarters"
            )
            query = (
                f"{_CREDITS} AND x.subject IN ({ledger}) "
                "AND CASE WHEN x.kind = 'cme' THEN 'CME' ELSE x.board END = :target"
            )
            return query, {"target": target, "quarters": quarters}
        case RegistrationRemoved(board=board, credit_type=None):
            return f"{_CREDITS} AND x.board = :board", {"board": board}
        case RegistrationRemoved(board=board, credit_type=name):
            return _with_type(connection, activity_id, board, name or "")
        case RemsFlagRemoved():
            return f"{_STANDING} AND c.rems IS NOT NULL", {}
        case _:
            return _STANDING, {}


def _with_type(connection: Connection, activity_id: str, board: str, name: str) -> tuple[str, dict[str, Any]]:
    """Return the query for credit of a type, under every spelling that it was stored under."""
    stored = fetch_column(
        connection,
        "SELECT DISTINCT t.credit_type FROM credits x JOIN credit_types t ON t.credit_id = x.credit_id "
        "WHERE x.activity_id = :activity AND x.board = :board AND x.holds",
        {"activity": activity_id, "board": board},
    )
    spellings = [spelling for spelling in stored if code_key(spelling) == code_key(name)] or [name]
    # The numbers are not last: `find_uncovered` renames parameters, and one name must not begin another.
    given = {f"type{number}t": spelling for number, spelling in enumerate(spellings)}
    marks = ", ".join(f":{mark}" for mark in given)
    typed = f"SELECT t.credit_id FROM credit_types t WHERE t.credit_type IN ({marks})"
    return f"{_CREDITS} AND x.board = :board AND x.credit_id IN ({typed})", {"board": board, **given}
