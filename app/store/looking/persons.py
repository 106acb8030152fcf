"""How many persons were reported for an activity: one expression, wherever it is asked."""

from __future__ import annotations

from sqlalchemy import Connection

from app.store.sql.statements import on_sqlite


def persons_reported(connection: Connection, activity_id: str) -> str:
    """Return the SQL of how many persons have a standing record in an activity, whose id is an expression.

    It reads the kept total; PostgreSQL adds the deltas that are not in it yet.
    """
    kept = f"coalesce((SELECT t.persons FROM activity_totals t WHERE t.activity_id = {activity_id}), 0)"
    if on_sqlite(connection):
        return kept
    return (
        f"({kept} + (SELECT CAST(coalesce(sum(d.persons), 0) AS int) FROM activity_total_deltas d "
        f"WHERE d.activity_id = {activity_id}))"
    )


def anything_reported(activity_id: str) -> str:
    """Return the condition that an activity has a standing record.

    As a value, not EXISTS: a planner would rather read every record than look each activity up.
    """
    return (
        f"((SELECT 1 FROM completions t WHERE t.activity_id = {activity_id} AND t.withdrawn_at IS NULL LIMIT 1) "
        "IS NOT NULL)"
    )
