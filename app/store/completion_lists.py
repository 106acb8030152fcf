"""Lists of completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from app.domain.credits import Completion
from app.store import dialect
from app.store.completions import COLUMNS, LINKS, read


def page(connection: Connection, where: Sequence[str], given: Mapping[str, Any], *, limit: int) -> list[Completion]:
    """Return standing completions that meet every condition, newest first."""
    conditions = " AND ".join(("c.withdrawn_at IS NULL", *where))
    found = dialect.rows(
        connection,
        f"SELECT {COLUMNS} FROM completions c {LINKS} WHERE {conditions} ORDER BY c.completion_id DESC LIMIT :limit",
        {name: dialect.bound(connection, value) for name, value in given.items()} | {"limit": limit},
    )
    return list(read(connection, found))


def submitted_between(where: list[str], given: dict[str, Any], first: date | None, last: date | None) -> None:
    """Add the conditions that a completion was submitted on or between two days (UTC)."""
    if first is not None:
        where.append("c.submitted_at >= :submitted_from")
        given["submitted_from"] = datetime.combine(first, time.min, UTC)
    if last is not None and last < date.max:
        where.append("c.submitted_at < :submitted_before")
        given["submitted_before"] = datetime.combine(last, time.min, UTC) + timedelta(days=1)
