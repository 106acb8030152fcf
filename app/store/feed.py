"""Queries on boards' feeds and decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.decisions import SentCredit
from app.domain.feeds import FeedEvent, FeedProgress, StatusCount
from app.models import feeds as tables
from app.store.sql.bulk import insert
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import Row, execute, fetch
from app.store.sql.values import read_date, read_document, read_instant, read_optional_instant

NOT_YET = 0
"""The position of what has none yet."""


_ROWS = (
    "SELECT f.position, f.event_id, e.event, e.credit_id, e.at, v.document FROM feed f "
    "JOIN board_events e ON e.event_id = f.event_id "
    "JOIN completion_versions v ON v.completion_id = e.completion_id AND v.version = e.version "
)


def after(connection: Connection, board: str, position: int, limit: int) -> list[FeedEvent]:
    """Return the events of a board's feed after a position, in order."""
    found = fetch(
        connection,
        # Positions have no gaps: bounded at both ends, no plan can join what nobody asked for.
        f"{_ROWS} WHERE f.board = :board AND f.position > :position AND f.position <= :last ORDER BY f.position",
        {"board": board, "position": position, "last": position + limit},
    )
    return _told(connection, found)


def between(
    connection: Connection, board: str, since: datetime, until: datetime, after_position: int, limit: int
) -> list[FeedEvent]:
    """Return the events of a board's feed that happened in a span, in order, from after a position on."""
    found = fetch(
        connection,
        f"{_ROWS} WHERE f.board = :board AND f.position > :position AND e.at >= :since AND e.at < :until "
        "ORDER BY f.position LIMIT :limit",
        {
            "board": board,
            "position": after_position,
            "since": since,
            "until": until,
            "limit": limit,
        },
    )
    return _told(connection, found)


def _told(connection: Connection, found: Sequence[Row]) -> list[FeedEvent]:
    documents = [read_document(row[5]) for row in found]
    activities = _activities(connection, {each["activity_id"] for each in documents})
    # What was reported by a learner id only has no names of its own.
    on_file = _learners(
        connection,
        {
            each["learner_id"]
            for each in documents
            if each["learner_id"] and not (each["first_name"] and each["last_name"] and each["birth_date"])
        },
    )
    return [
        _event(row, document, activities[document["activity_id"]], on_file.get(document["learner_id"], _NOBODY))
        for row, document in zip(found, documents, strict=True)
    ]


_NOBODY = (None, None, None)


def _event(row: Row, document: Mapping[str, Any], activity: Row, on_file: Row) -> FeedEvent:
    (credit,) = [each for each in document["credits"] if each["credit_id"] == row[3]]
    return FeedEvent(
        position=row[0],
        event_id=row[1],
        event=row[2],
        at=read_instant(row[4]),
        credit_id=row[3],
        kind=credit["kind"],
        learner_board_id=credit["registry_id"],
        first_name=document["first_name"] or on_file[0],
        last_name=document["last_name"] or on_file[1],
        birth_date=document["birth_date"] or on_file[2],
        activity_id=document["activity_id"],
        title=activity[0],
        format=activity[1],
        start_date=activity[2],
        end_date=activity[3],
        completed_on=date.fromisoformat(document["completed_on"]),
        quarters=credit["quarters"],
        credit_types=tuple((name, quarters) for name, quarters in credit["credit_types"]),
        provider_id=activity[4],
        provider_name=activity[5],
    )


def _activities(connection: Connection, activity_ids: Iterable[str]) -> dict[str, Row]:
    found = select_by_keys(
        connection,
        "a.activity_id, a.title, a.format, a.start_date, a.end_date, p.provider_id, p.name",
        ("id",),
        ((each,) for each in activity_ids),
        "activities a ON a.activity_id = k.id JOIN providers p ON p.provider_id = a.provider_id",
    )
    return {row[0]: (row[1], row[2], read_date(row[3]), read_date(row[4]), *row[5:]) for row in found}


def _learners(connection: Connection, learner_ids: Iterable[str]) -> dict[str, Row]:
    found = select_by_keys(
        connection,
        "l.learner_id, l.first_name, l.last_name, l.birth_date",
        ("id",),
        ((each,) for each in learner_ids),
        "learners l ON l.learner_id = k.id",
    )
    return {row[0]: row[1:] for row in found}


def at(connection: Connection, board: str, position: int) -> str | None:
    """Return the id of the event at a position, None where there is none."""
    found = fetch(
        connection,
        "SELECT event_id FROM feed WHERE board = :board AND position = :position",
        {"board": board, "position": position},
    )
    return str(found[0][0]) if found else None


def sent(connection: Connection, board: str, credit_ids: Iterable[str]) -> dict[str, SentCredit]:
    """Return where credits stand in a board's feed; those it was never sent are left out."""
    found = select_by_keys(
        connection,
        "e.credit_id, e.completion_id, f.position, e.event",
        ("id", "board"),
        ((each, board) for each in credit_ids),
        "board_events e ON e.credit_id = k.id AND e.board = k.board LEFT JOIN feed f ON f.event_id = e.event_id",
        "ORDER BY e.credit_id, f.position",
    )
    told: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        told[row[0]].append(row)
    return {credit_id: _sent(rows) for credit_id, rows in told.items() if any(row[2] for row in rows)}


def _sent(rows: Sequence[Row]) -> SentCredit:
    """Return what was told last; what has no position yet is later than all that has one."""
    last = next((row for row in rows if row[2] is None), None) or rows[-1]
    return SentCredit(
        credit_id=last[0], completion_id=last[1], position=last[2] or NOT_YET, withdrawn=last[3] == "credit.withdrawn"
    )


def mark_read(connection: Connection, board: str, position: int, at: datetime) -> None:
    """Note how far a board has shown to have read; never back."""
    execute(
        connection,
        "INSERT INTO board_marks (board, carried, settled, read_at) VALUES (:board, :position, 0, :at) "
        "ON CONFLICT (board) DO UPDATE SET carried = excluded.carried, read_at = excluded.read_at "
        "WHERE board_marks.carried < excluded.carried",
        {"board": board, "position": position, "at": at},
    )


def carried(connection: Connection, board: str) -> int:
    """Return how far a board has shown to have read."""
    found = fetch(connection, "SELECT carried FROM board_marks WHERE board = :board", {"board": board})
    return int(found[0][0]) if found else 0


def unsettled(connection: Connection) -> list[tuple[str, int, int]]:
    """Return (board, settled, carried) of boards that have read further than was settled."""
    return [
        (board, settled, carried)
        for board, settled, carried in fetch(
            connection, "SELECT board, settled, carried FROM board_marks WHERE settled < carried ORDER BY board"
        )
    ]


def credits_between(connection: Connection, board: str, after_position: int, limit: int) -> list[tuple[int, str]]:
    """Return (position, credit) of the events that follow a position."""
    return [
        (position, credit_id)
        for position, credit_id in fetch(
            connection,
            "SELECT f.position, e.credit_id FROM feed f JOIN board_events e ON e.event_id = f.event_id "
            "WHERE f.board = :board AND f.position > :position AND f.position <= :last ORDER BY f.position",
            {"board": board, "position": after_position, "last": after_position + limit},
        )
    ]


def settle(connection: Connection, board: str, position: int) -> None:
    """Note up to where credit was accepted for being carried."""
    execute(
        connection,
        "UPDATE board_marks SET settled = :position WHERE board = :board AND settled < :position",
        {"board": board, "position": position},
    )


def add_decisions(connection: Connection, board: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what a board has decided."""
    if not rows:
        return
    insert(connection, tables.decisions, rows)
    # Whoever decides for the board at the same moment waits here: where the last one stands, all before it stand.
    execute(
        connection,
        "INSERT INTO last_decisions (board, decision_id) VALUES (:board, :decision_id) "
        "ON CONFLICT (board) DO UPDATE SET decision_id = excluded.decision_id",
        {"board": board, "decision_id": rows[-1]["decision_id"]},
    )


def last_decision(connection: Connection, board: str) -> str:
    """Return the id of the decision of a board that was committed last, "" where there is none."""
    found = fetch(connection, "SELECT decision_id FROM last_decisions WHERE board = :board", {"board": board})
    return str(found[0][0]) if found else ""


def has_decided(connection: Connection, board: str, decision_id: str) -> bool:
    """Tell whether a decision of a board is on record."""
    return bool(
        fetch(
            connection,
            "SELECT 1 FROM decisions WHERE decision_id = :decision_id AND board = :board",
            {"decision_id": decision_id, "board": board},
        )
    )


def counts(connection: Connection, board: str, overdue_before: datetime) -> dict[str, int]:
    """Return how many credits of a board have each status, and how many have waited too long for an answer."""
    found = fetch(
        connection,
        "SELECT status, count(*), sum(CASE WHEN status = 'pending' AND status_at < :before THEN 1 ELSE 0 END) "
        "FROM credits x WHERE board = :board AND delivery = 'board' AND EXISTS ("
        "SELECT 1 FROM board_events e WHERE e.credit_id = x.credit_id) GROUP BY status",
        {"board": board, "before": overdue_before},
    )
    held = {status: int(count) for status, count, _ in found}
    return held | {"overdue": sum(int(late or 0) for _, _, late in found)}


_OF_BOARDS = """
WITH held AS (
 SELECT x.board, x.status, count(*) AS credits, min(x.status_at) AS oldest,
  sum(CASE WHEN x.status = 'pending' AND x.status_at < :before THEN 1 ELSE 0 END) AS late
 FROM credits x WHERE x.delivery = 'board' AND EXISTS (SELECT 1 FROM board_events e WHERE e.credit_id = x.credit_id)
 GROUP BY x.board, x.status
), feeds AS (
 SELECT b.code, (SELECT max(f.position) FROM feed f WHERE f.board = b.code) AS last_position FROM boards b
)
SELECT b.code, b.last_position, m.carried, m.read_at, h.status, h.credits, h.late, h.oldest
FROM feeds b LEFT JOIN board_marks m ON m.board = b.code LEFT JOIN held h ON h.board = b.code
WHERE b.last_position IS NOT NULL ORDER BY b.code
"""


def of_boards(
    connection: Connection, overdue_before: datetime
) -> list[tuple[str, FeedProgress, dict[str, StatusCount]]]:
    """Return of every board with a feed how it reads, and its credits by status, in one statement."""
    found = fetch(connection, _OF_BOARDS, {"before": overdue_before})
    readings: dict[str, FeedProgress] = {}
    counted: dict[str, dict[str, StatusCount]] = defaultdict(dict)
    for board, last, carried, read_at, status, credits, late, oldest in found:
        at = read_optional_instant(read_at)
        readings[board] = FeedProgress(last_position=last, carried=carried or 0, read_at=at)
        if status is not None:
            counted[board][status] = StatusCount(credits=credits, late=int(late), oldest=read_instant(oldest))
    return [(board, reading, counted[board]) for board, reading in readings.items()]


def last_position(connection: Connection, board: str) -> int:
    """Return the last position of a board's feed, 0 for an empty one."""
    found = fetch(connection, "SELECT max(position) FROM feed WHERE board = :board", {"board": board})
    return int(found[0][0] or 0)
