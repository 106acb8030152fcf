"""Whether the service can do its work."""

from __future__ import annotations

from sqlalchemy import Connection

from app.core.errors import Unavailable
from app.store import schema

_HEAD = schema.head()


def ready(connection: Connection) -> None:
    """Raise `Unavailable` unless the database answers and has the newest schema."""
    if schema.current(connection) != _HEAD:
        raise Unavailable("The database has another schema than this version needs.")
