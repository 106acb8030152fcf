"""What waits for a worker, and since when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.store.sql.statements import fetch_value
from app.store.sql.values import read_instant

_OLDEST = {
    # A file whose reader has died waits from the end of its claim on.
    "reading a file": "SELECT min(CASE WHEN status = 'queued' THEN updated_at ELSE claimed_until END) FROM batches "
    "WHERE finished_at IS NULL AND status IN ('queued', 'reading')",
    "applying a file": "SELECT min(coalesce(turn_at, updated_at)) FROM batches "
    "WHERE finished_at IS NULL AND status = 'applying'",
    "sealing a commit": "SELECT c.at FROM (SELECT commit_id FROM unsealed ORDER BY position LIMIT 1) u "
    "JOIN commits c ON c.commit_id = u.commit_id",
    # One index lookup for each endpoint, however many deliveries it has.
    "sending a webhook": "SELECT min((SELECT d.due_at FROM webhook_deliveries d WHERE d.endpoint_id = e.endpoint_id "
    "AND d.status IN ('pending', 'sending') ORDER BY d.due_at LIMIT 1)) FROM webhook_endpoints e "
    "WHERE e.deleted_at IS NULL AND e.status = 'enabled'",
}


def oldest(connection: Connection) -> dict[str, datetime | None]:
    """Return since when the oldest piece of each kind of work has waited, None where none waits."""
    found = {work: fetch_value(connection, statement, {}) for work, statement in _OLDEST.items()}
    return {work: read_instant(at) if at is not None else None for work, at in found.items()}
