"""What clients are called where somebody sees what they did."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from app.services.context import Caller
from app.store.people import persons


def names_of(connection: Connection, _caller: Caller, client_ids: Collection[str]) -> dict[str, str]:
    """Return the names of clients by id: of people theirs, of programs the one that they were given."""
    return persons.client_names(connection, client_ids) if client_ids else {}
