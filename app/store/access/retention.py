"""What is stored for longer than it has to be: found, some at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.store.sql.statements import execute, fetch_column, fetch_value

# Whose records wait for a match may be asked about, corrected and judged again: their file stays as it was sent.
_SETTLED = (
    "b.finished_at < :before AND NOT EXISTS (SELECT 1 FROM held_records h "
    "WHERE h.batch_id = b.batch_id AND h.status = 'waiting')"
)
_HELD = (
    "FROM held_records h WHERE h.status <> 'waiting' AND h.ended_at < :before AND EXISTS ("
    "SELECT 1 FROM held_digests d WHERE d.held_id = h.held_id AND d.digest NOT LIKE 'erased:%')"
)
_REST = {
    "answers": ("idempotency_keys", "client_id, provider_id, key", "created_at"),
    "deliveries": ("webhook_deliveries", "delivery_id", "finished_at"),
    "explanations": ("match_explanations", "subject_id", "made_at"),
    "downloads": ("downloads", "download_id", "expires_at"),
    "sign_in_links": ("sign_in_links", "link_id", "expires_at"),
    "sessions": ("sessions", "session_id", "expires_at"),
    "mails": ("mails", "mail_id", "finished_at"),
}
"""What is deleted by its age alone: the table, its key, and the column of its moment."""


def batches_due(connection: Connection, column: str, before: datetime, limit: int) -> list[str]:
    """Return batches that ended before a moment, none of whose records wait, whose `column` is empty."""
    return fetch_column(
        connection,
        f"SELECT b.batch_id FROM batches b WHERE b.{column} IS NULL AND {_SETTLED} ORDER BY b.finished_at LIMIT :limit",
        {"before": before, "limit": limit},
    )


def count_batches(connection: Connection, column: str, before: datetime) -> int:
    """Return how many batches `batches_due` would return without a limit."""
    sql = f"SELECT count(*) FROM batches b WHERE b.{column} IS NULL AND {_SETTLED}"
    return int(fetch_value(connection, sql, {"before": before}))


def has_waiting(connection: Connection, batch_id: str) -> bool:
    """Whether a record of a batch waits for its match."""
    sql = "SELECT 1 FROM held_records WHERE batch_id = :id AND status = 'waiting' LIMIT 1"
    return fetch_value(connection, sql, {"id": batch_id}) is not None


def held_due(connection: Connection, before: datetime, limit: int) -> list[str]:
    """Return held records that ended before a moment and still say whom they are about."""
    return fetch_column(
        connection, f"SELECT h.held_id {_HELD} ORDER BY h.held_id LIMIT :limit", {"before": before, "limit": limit}
    )


def count_held(connection: Connection, before: datetime) -> int:
    """Return how many held records `held_due` would return without a limit."""
    return int(fetch_value(connection, f"SELECT count(*) {_HELD}", {"before": before}))


_WORDS = (
    "dispute_steps s WHERE s.message IS NOT NULL AND s.dispute_id IN ("
    "SELECT d.dispute_id FROM disputes d WHERE d.closed_at < :before)"
)
"""Steps of disputes that ended before a moment, and say something still."""


def count_words(connection: Connection, before: datetime) -> int:
    """Return how many steps say something in disputes that ended before a moment."""
    return int(fetch_value(connection, f"SELECT count(*) FROM {_WORDS}", {"before": before}))


def forget_words(connection: Connection, before: datetime, limit: int) -> int:
    """Take out what was said in disputes that ended before a moment, of at most `limit` steps; return how many."""
    return execute(
        connection,
        f"UPDATE dispute_steps SET message = NULL WHERE step_id IN (SELECT s.step_id FROM {_WORDS} LIMIT :limit)",
        {"before": before, "limit": limit},
    )


def count_rest(connection: Connection, what: str, before: datetime) -> int:
    """Return how many answers, deliveries or explanations are from before a moment."""
    table, _, column = _REST[what]
    return int(fetch_value(connection, f"SELECT count(*) FROM {table} WHERE {column} < :before", {"before": before}))


def drop_rest(connection: Connection, what: str, before: datetime, limit: int) -> int:
    """Delete answers, deliveries or explanations from before a moment, at most `limit`; return how many."""
    table, key, column = _REST[what]
    return execute(
        connection,
        f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {column} < :before LIMIT :limit)",
        {"before": before, "limit": limit},
    )
