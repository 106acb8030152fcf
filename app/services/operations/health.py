"""Readiness: whether the service can serve requests."""

from __future__ import annotations

from sqlalchemy import Connection

from app.core.errors import Unavailable
from app.store import schema

_HEAD = schema.head()


def check_ready(connection: Connection) -> None:
    """Raise `Unavailable` unless the database answers and has this version's schema."""
    if schema.current(connection) != _HEAD:
        raise Unavailable("The database schema is not the one that this version needs.")
