"""The kept totals of activities: deltas folded into them, and both read together."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from app.domain.credits import KIND_OF_BOARD
from app.domain.looking.activity_counts import BoardCounts, LineCounts
from app.store.sql.statements import fetch, fetch_value, on_sqlite

AT_ONCE = 5_000
"""Deltas that are folded in one transaction, at most."""
STATUSES = ("accepted", "rejected", "pending")


def by_status(lines: str = "lines", quarters: str = "quarters") -> str:
    """Return the SELECT list `accepted, rejected, pending, quarters`: sums over rows of lines by status."""
    counted = ", ".join(
        f"CAST(coalesce(sum(CASE WHEN status = '{status}' THEN {lines} ELSE 0 END), 0) AS bigint) AS {status}"
        for status in STATUSES
    )
    held = f"sum(CASE WHEN status IN ('accepted', 'pending') THEN {quarters} ELSE 0 END)"
    return f"{counted}, CAST(coalesce({held}, 0) AS bigint) AS quarters"


_FOLD = f"""
    WITH taken AS MATERIALIZED (
        DELETE FROM activity_total_deltas WHERE position IN (
            SELECT position FROM activity_total_deltas ORDER BY position LIMIT :at_once) RETURNING *),
    by_board AS (
        INSERT INTO activity_board_totals AS t (activity_id, board, status, entry_method, lines, quarters)
        SELECT activity_id, board, status, entry_method, sum(lines), sum(quarters) FROM taken
        WHERE board IS NOT NULL GROUP BY 1, 2, 3, 4
        ON CONFLICT (activity_id, board, status, entry_method) DO UPDATE
        SET lines = t.lines + excluded.lines, quarters = t.quarters + excluded.quarters),
    by_activity AS (
        INSERT INTO activity_totals AS t (activity_id, accepted, rejected, pending, quarters, persons)
        SELECT activity_id, {by_status()}, sum(persons) FROM taken GROUP BY 1
        ON CONFLICT (activity_id) DO UPDATE
        SET accepted = t.accepted + excluded.accepted, rejected = t.rejected + excluded.rejected,
            pending = t.pending + excluded.pending, quarters = t.quarters + excluded.quarters,
            persons = t.persons + excluded.persons)
    SELECT count(*) FROM taken"""


def any_deltas(connection: Connection) -> bool:
    """Return whether any change of totals has not been added to them."""
    return not on_sqlite(connection) and fetch_value(connection, "SELECT 1 FROM activity_total_deltas LIMIT 1") == 1


def fold_deltas(connection: Connection) -> bool:
    """Add changes of totals to them; return whether there may be more. Only the sealer does, under its lock.

    A delta is added and gone in one statement, so readers see it once: before it, or in the totals. SQLite has none.
    """
    if on_sqlite(connection):
        return False
    return int(fetch_value(connection, _FOLD, {"at_once": AT_ONCE})) == AT_ONCE


def of_activity(connection: Connection, activity_id: str) -> tuple[LineCounts, int]:
    """Return the counts of an activity's lines, and how many persons have a completion that stands."""
    deltas = (
        f" UNION ALL SELECT {by_status()}, CAST(coalesce(sum(persons), 0) AS bigint) FROM activity_total_deltas "
        "WHERE activity_id = :id"
    )
    rows = fetch(
        connection,
        "SELECT accepted, rejected, pending, quarters, persons FROM activity_totals WHERE activity_id = :id"
        + ("" if on_sqlite(connection) else deltas),
        {"id": activity_id},
    )
    *counted, persons = map(sum, zip(*rows, strict=True)) if rows else (0,) * 5
    return counts_of(counted), persons


def by_board(connection: Connection, activity_id: str) -> list[BoardCounts]:
    """Return the counts of an activity's lines for each board that has any, by its code."""
    lines = "SELECT board, status, lines, quarters FROM {} WHERE activity_id = :id AND board IS NOT NULL"
    tables = ["activity_board_totals", *([] if on_sqlite(connection) else ["activity_total_deltas"])]
    rows = fetch(
        connection,
        f"SELECT s.board, b.kind, {by_status()} FROM ({' UNION ALL '.join(map(lines.format, tables))}) s "
        "JOIN boards b ON b.code = s.board GROUP BY s.board, b.kind HAVING sum(lines) <> 0 ORDER BY s.board",
        {"id": activity_id},
    )
    return [
        BoardCounts(board=board, kind=KIND_OF_BOARD[kind], counts=counts_of(counted)) for board, kind, *counted in rows
    ]


def counts_of(counted: Sequence[int]) -> LineCounts:
    """Return the counts of columns selected by `by_status`."""
    accepted, rejected, pending, quarters = counted
    return LineCounts(accepted=accepted, rejected=rejected, pending=pending, quarters=quarters)
