"""Which completions an edit of an activity would leave uncovered."""

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
from app.domain.comparison_keys import code_key
from app.store.sql.statements import fetch

_STANDING = "SELECT c.completion_id FROM completions c WHERE c.activity_id = :activity AND c.withdrawn_at IS NULL"
_CREDITS = "SELECT x.completion_id FROM credits x WHERE x.activity_id = :activity AND x.holds"


def uncovered(connection: Connection, activity_id: str, bounds: Sequence[Tightened], few: int) -> tuple[int, list[str]]:
    """Return how many completions tighter bounds leave out, and the first of them."""
    queries: list[str] = []
    given: dict[str, Any] = {"activity": activity_id}
    for place, bound in enumerate(bounds):
        query, parameters = _query(connection, activity_id, bound)
        for name, value in parameters.items():
            query = query.replace(f":{name}", f":{name}_{place}")
            given[f"{name}_{place}"] = value
        queries.append(query)
    found = " UNION ".join(queries)
    (count,) = fetch(connection, f"SELECT count(DISTINCT completion_id) FROM ({found}) f", given)[0]
    first = fetch(
        connection, f"SELECT DISTINCT completion_id FROM ({found}) f ORDER BY completion_id LIMIT {few}", given
    )
    return int(count), [row[0] for row in first]


def standing(connection: Connection, activity_id: str, few: int) -> tuple[int, list[str]]:
    """Return how many completions of an activity stand, and the first of them."""
    return uncovered(connection, activity_id, [BecomesDraft(pointer="", detail="")], few)


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
    """Return the query for credit of a type, under whichever spelling it was registered when it was reported."""
    stored = fetch(
        connection,
        "SELECT DISTINCT t.credit_type FROM credits x JOIN credit_types t ON t.credit_id = x.credit_id "
        "WHERE x.activity_id = :activity AND x.board = :board AND x.holds",
        {"activity": activity_id, "board": board},
    )
    spelt = [row[0] for row in stored if code_key(row[0]) == code_key(name)] or [name]
    marks = {f"type{place}t": each for place, each in enumerate(spelt)}
    typed = f"SELECT t.credit_id FROM credit_types t WHERE t.credit_type IN ({', '.join(':' + m for m in marks)})"
    return f"{_CREDITS} AND x.board = :board AND x.credit_id IN ({typed})", {"board": board, **marks}
