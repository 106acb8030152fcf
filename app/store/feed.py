"""Boards' feeds, how far each board has read, and its decisions."""

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
from app.store.sql.statements import Row, execute, fetch, fetch_value, on_sqlite
from app.store.sql.values import read_date, read_document, read_instant, read_optional_instant

NOT_YET = 0
"""The position of an event that is not sealed yet."""


_EVENTS = (
    "SELECT f.position, f.event_id, e.event, e.credit_id, e.at, v.document FROM feed f "
    "JOIN board_events e ON e.event_id = f.event_id "
    "JOIN completion_versions v ON v.completion_id = e.completion_id AND v.version = e.version "
)


def after(connection: Connection, board: str, position: int, limit: int) -> list[FeedEvent]:
    """Return the events of a board's feed after a position, in order."""
    rows = fetch(
        connection,
        # Positions have no gaps: bounded at both ends, no plan can join more rows than were asked for.
        f"{_EVENTS} WHERE f.board = :board AND f.position > :position AND f.position <= :last ORDER BY f.position",
        {"board": board, "position": position, "last": position + limit},
    )
    return _read_events(connection, rows)


def between(
    connection: Connection, board: str, since: datetime, until: datetime, after_position: int, limit: int
) -> list[FeedEvent]:
    """Return a board's events after a position that happened from `since` until before `until`, in order."""
    rows = fetch(
        connection,
        f"{_EVENTS} WHERE f.board = :board AND f.position > :position AND e.at >= :since AND e.at < :until "
        "ORDER BY f.position LIMIT :limit",
        {
            "board": board,
            "position": after_position,
            "since": since,
            "until": until,
            "limit": limit,
        },
    )
    return _read_events(connection, rows)


def count_between(connection: Connection, board: str, spans: Sequence[tuple[datetime, datetime]]) -> list[int]:
    """Return how many of a board's events happened in each span, from its first moment until before its second.

    The feed is walked once for all of them. Positions tell nothing of when: a clock that was wrong for days would hide
    events from whoever looked at those around a day only.
    """
    given: dict[str, Any] = {"board": board}
    counted = []
    for place, (since, until) in enumerate(spans):
        given |= {f"since_{place}": since, f"until_{place}": until}
        counted.append(f"coalesce(sum(CASE WHEN e.at >= :since_{place} AND e.at < :until_{place} THEN 1 END), 0)")
    (counts,) = fetch(
        connection,
        f"SELECT {', '.join(counted)} FROM feed f JOIN board_events e ON e.event_id = f.event_id "
        "WHERE f.board = :board",
        given,
    )
    return [int(count) for count in counts]


def statuses(connection: Connection, board: str, credit_ids: Iterable[str]) -> dict[str, str]:
    """Return how some credits of a board stand now; those that no longer stand under their id are left out."""
    rows = select_by_keys(
        connection,
        "x.credit_id, x.status",
        ("id", "board"),
        ((credit_id, board) for credit_id in credit_ids),
        "credits x ON x.credit_id = k.id AND x.board = k.board",
    )
    return dict(map(tuple, rows))


def _read_events(connection: Connection, rows: Sequence[Row]) -> list[FeedEvent]:
    """Read rows of `_EVENTS`, each with its activity and, where the report has no names, the learner on file."""
    documents = [
        (position, event_id, event, credit_id, at, read_document(document))
        for position, event_id, event, credit_id, at, document in rows
    ]
    activities = _activities(connection, {document["activity_id"] for *_, document in documents})
    # A completion reported by a learner id only has no names of its own.
    unnamed = {
        document["learner_id"]
        for *_, document in documents
        if document["learner_id"] and not (document["first_name"] and document["last_name"] and document["birth_date"])
    }
    on_file = _learners(connection, unnamed)
    events: list[FeedEvent] = []
    for position, event_id, event, credit_id, at, document in documents:
        (credit,) = [credit for credit in document["credits"] if credit["credit_id"] == credit_id]
        title, format, start_date, end_date, provider_id, provider_name = activities[document["activity_id"]]
        first_name, last_name, birth_date = on_file.get(document["learner_id"], (None, None, None))
        events.append(
            FeedEvent(
                position=position,
                event_id=event_id,
                event=event,
                at=read_instant(at),
                credit_id=credit_id,
                kind=credit["kind"],
                learner_board_id=credit["registry_id"],
                first_name=document["first_name"] or first_name,
                last_name=document["last_name"] or last_name,
                birth_date=document["birth_date"] or birth_date,
                activity_id=document["activity_id"],
                title=title,
                format=format,
                start_date=start_date,
                end_date=end_date,
                completed_on=date.fromisoformat(document["completed_on"]),
                quarters=credit["quarters"],
                credit_types=tuple((name, quarters) for name, quarters in credit["credit_types"]),
                provider_id=provider_id,
                provider_name=provider_name,
            )
        )
    return events


def _activities(connection: Connection, activity_ids: Iterable[str]) -> dict[str, Row]:
    """Return (title, format, start date, end date, provider id, provider's name) of activities, by id."""
    rows = select_by_keys(
        connection,
        "a.activity_id, a.title, a.format, a.start_date, a.end_date, p.provider_id, p.name",
        ("id",),
        ((activity_id,) for activity_id in activity_ids),
        "activities a ON a.activity_id = k.id JOIN providers p ON p.provider_id = a.provider_id",
    )
    return {
        activity_id: (title, format, read_date(start), read_date(end), provider_id, name)
        for activity_id, title, format, start, end, provider_id, name in rows
    }


def _learners(connection: Connection, physician_ids: Iterable[str]) -> dict[str, Row]:
    """Return (first name, last name, birth date) of learners on file, by id."""
    rows = select_by_keys(
        connection,
        "l.learner_id, l.first_name, l.last_name, l.birth_date",
        ("id",),
        ((physician_id,) for physician_id in physician_ids),
        "learners l ON l.learner_id = k.id",
    )
    return {physician_id: (first, last, birth_date) for physician_id, first, last, birth_date in rows}


def at(connection: Connection, board: str, position: int) -> str | None:
    """Return the id of the event at a position, None where there is none."""
    event_id: str | None = fetch_value(
        connection,
        "SELECT event_id FROM feed WHERE board = :board AND position = :position",
        {"board": board, "position": position},
    )
    return event_id


def last_sent(connection: Connection, board: str, credit_ids: Iterable[str]) -> dict[str, SentCredit]:
    """Return the last event of each credit in a board's feed; credits without a sealed event are left out."""
    rows = select_by_keys(
        connection,
        "e.credit_id, e.completion_id, f.position, e.event",
        ("id", "board"),
        ((credit_id, board) for credit_id in credit_ids),
        "board_events e ON e.credit_id = k.id AND e.board = k.board LEFT JOIN feed f ON f.event_id = e.event_id",
        "ORDER BY e.credit_id, f.position",
    )
    sent: dict[str, SentCredit] = {}
    sealed: set[str] = set()
    for credit_id, completion_id, position, event in rows:
        if position is not None:
            sealed.add(credit_id)
        # Rows come by position: the last one counts, but an event that is not sealed yet is later than all others.
        if credit_id not in sent or sent[credit_id].position != NOT_YET:
            sent[credit_id] = SentCredit(
                credit_id=credit_id,
                completion_id=completion_id,
                position=position or NOT_YET,
                withdrawn=event == "credit.withdrawn",
            )
    return {credit_id: last for credit_id, last in sent.items() if credit_id in sealed}


def mark_read(connection: Connection, board: str, position: int, at: datetime) -> None:
    """Record how far a board has shown to have read its feed; it never goes back."""
    execute(
        connection,
        "INSERT INTO board_marks (board, carried, settled, read_at) VALUES (:board, :position, 0, :at) "
        "ON CONFLICT (board) DO UPDATE SET carried = excluded.carried, read_at = excluded.read_at "
        "WHERE board_marks.carried < excluded.carried",
        {"board": board, "position": position, "at": at},
    )


def position_read(connection: Connection, board: str) -> int:
    """Return how far a board has shown to have read its feed, 0 before it has read anything."""
    return int(fetch_value(connection, "SELECT carried FROM board_marks WHERE board = :board", {"board": board}) or 0)


def find_unsettled(connection: Connection) -> list[tuple[str, int, int]]:
    """Return (board, settled, carried) of the boards that have read further than is settled."""
    rows = fetch(connection, "SELECT board, settled, carried FROM board_marks WHERE settled < carried ORDER BY board")
    return [(board, settled, carried) for board, settled, carried in rows]


def credits_between(connection: Connection, board: str, after_position: int, limit: int) -> list[tuple[int, str]]:
    """Return (position, credit) of the `limit` events after a position."""
    rows = fetch(
        connection,
        "SELECT f.position, e.credit_id FROM feed f JOIN board_events e ON e.event_id = f.event_id "
        "WHERE f.board = :board AND f.position > :position AND f.position <= :last ORDER BY f.position",
        {"board": board, "position": after_position, "last": after_position + limit},
    )
    return [(position, credit_id) for position, credit_id in rows]


def settle(connection: Connection, board: str, position: int) -> None:
    """Record the position up to which the credit that the board has read was accepted; it never goes back."""
    execute(
        connection,
        "UPDATE board_marks SET settled = :position WHERE board = :board AND settled < :position",
        {"board": board, "position": position},
    )


def add_decisions(connection: Connection, board: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert decisions of a board, and the last of them as its last decision."""
    if not rows:
        return
    insert(connection, tables.decisions, rows)
    # Transactions with decisions of one board wait here for each other: once the last is committed, all before it are.
    execute(
        connection,
        "INSERT INTO last_decisions (board, decision_id) VALUES (:board, :decision_id) "
        "ON CONFLICT (board) DO UPDATE SET decision_id = excluded.decision_id",
        {"board": board, "decision_id": rows[-1]["decision_id"]},
    )


def last_decision(connection: Connection, board: str) -> str:
    """Return the id of the board's decision that was committed last, "" without one."""
    return (
        fetch_value(connection, "SELECT decision_id FROM last_decisions WHERE board = :board", {"board": board}) or ""
    )


def has_decided(connection: Connection, board: str, decision_id: str) -> bool:
    """Return whether the board has made this decision."""
    return bool(
        fetch(
            connection,
            "SELECT 1 FROM decisions WHERE decision_id = :decision_id AND board = :board",
            {"decision_id": decision_id, "board": board},
        )
    )


_WAS_TOLD = "EXISTS (SELECT 1 FROM board_events e WHERE e.credit_id = x.credit_id)"
_OF_BOARDS = (
    f"x.delivery = 'board' AND ({_WAS_TOLD} "
    "OR EXISTS (SELECT 1 FROM imported_credits i WHERE i.credit_id = x.credit_id))"
)
"""Credit that a board was told of, here or by the system that it was taken over from: none of the sandbox."""
_IS_LATE = f"x.status = 'pending' AND x.status_at < :before AND {_WAS_TOLD}"
"""Who was told nothing from here is not late with an answer."""


def counts(connection: Connection, board: str, overdue_before: datetime) -> dict[str, int]:
    """Return a board's credits by status, and as `overdue` those pending since before a moment."""
    found = fetch(
        connection,
        f"SELECT status, count(*), sum(CASE WHEN {_IS_LATE} THEN 1 ELSE 0 END) "
        f"FROM credits x WHERE board = :board AND {_OF_BOARDS} GROUP BY status",
        {"board": board, "before": overdue_before},
    )
    by_status = {status: int(count) for status, count, _ in found}
    return by_status | {"overdue": sum(int(late or 0) for _, _, late in found)}


_PROGRESS = f"""
WITH counts AS (
 SELECT x.board, x.status, count(*) AS credits,
  min(CASE WHEN x.status = 'pending' AND {_WAS_TOLD} THEN x.status_at END) AS oldest,
  sum(CASE WHEN {_IS_LATE} THEN 1 ELSE 0 END) AS late
 FROM credits x WHERE {_OF_BOARDS}
 GROUP BY x.board, x.status
), feeds AS (
 SELECT b.code, (SELECT max(f.position) FROM feed f WHERE f.board = b.code) AS last_position FROM boards b
)
SELECT b.code, b.last_position, m.carried, m.read_at, h.status, h.credits, h.late, h.oldest
FROM feeds b LEFT JOIN board_marks m ON m.board = b.code LEFT JOIN counts h ON h.board = b.code
WHERE b.last_position IS NOT NULL ORDER BY b.code
"""


def progress_of_boards(
    connection: Connection, overdue_before: datetime
) -> list[tuple[str, FeedProgress, dict[str, StatusCount]]]:
    """Return (board, its progress, its credits by status) of every board with a feed, in one statement."""
    rows = fetch(connection, _PROGRESS, {"before": overdue_before})
    progress: dict[str, FeedProgress] = {}
    counts: dict[str, dict[str, StatusCount]] = defaultdict(dict)
    for board, last, carried, read_at, status, credits, late, oldest in rows:
        at = read_optional_instant(read_at)
        progress[board] = FeedProgress(last_position=last, carried=carried or 0, read_at=at)
        if status is not None:
            counts[board][status] = StatusCount(
                credits=credits, late=int(late), oldest_told=read_optional_instant(oldest)
            )
    return [(board, of_board, counts[board]) for board, of_board in progress.items()]


def unread_since(connection: Connection) -> dict[str, datetime]:
    """Return when the first event happened that a board has not read, of each that has not read all of its feed."""
    join = "CROSS JOIN" if on_sqlite(connection) else "JOIN"
    rows = fetch(
        connection,
        "SELECT b.code, e.at FROM boards b LEFT JOIN board_marks m ON m.board = b.code "
        f"{join} feed f ON f.board = b.code AND f.position = coalesce(m.carried, 0) + 1 "
        f"{join} board_events e ON e.event_id = f.event_id",
    )
    return {board: read_instant(at) for board, at in rows}


def last_position(connection: Connection, board: str) -> int:
    """Return the last position of a board's feed, 0 for an empty one."""
    return int(fetch_value(connection, "SELECT max(position) FROM feed WHERE board = :board", {"board": board}) or 0)
