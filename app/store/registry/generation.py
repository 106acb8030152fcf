"""The registry's generation: a number that rises with every change of it, so that held records are judged again."""

from __future__ import annotations

from sqlalchemy import Connection

from app.store.sql.statements import execute, fetch_value

GENERATION = "(SELECT g.generation FROM registry_generation g)"
"""The generation, as part of another statement."""


def note_registry_change(connection: Connection) -> None:
    """Raise the generation, as the last write of a transaction that changes whom records may match.

    Others that change the registry wait from here on until the transaction ends, so nothing else is to be locked after.
    """
    execute(connection, "UPDATE registry_generation SET generation = generation + 1")


def current(connection: Connection) -> int:
    """Return the generation. To judge by it, read it before anybody is looked up."""
    generation: int = fetch_value(connection, f"SELECT {GENERATION}")
    return generation
