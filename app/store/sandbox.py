"""Queries on the sandbox: its providers and its learners."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.comparison_keys import full_name_key, short_id_key
from app.domain.sandbox import MagicLearner
from app.models import learners as tables
from app.store import clients
from app.store.sql.bulk import insert
from app.store.sql.statements import fetch

FIRST_ID, LAST_ID = 9_900_000, 9_999_998
"""Between these, sandboxes get their ids: where few accredited providers are, below the shared sandbox."""


def is_sandbox(connection: Connection, provider_id: str) -> bool:
    """Tell whether a provider is one of the sandbox."""
    found = fetch(
        connection,
        "SELECT 1 FROM providers WHERE provider_id = :id AND sandbox_of IS NOT NULL",
        {"id": provider_id},
    )
    return bool(found)


def id_of_sandbox(connection: Connection, provider_id: str) -> str | None:
    """Return the sandbox that a provider's id means: its own id, where it is one, else the one made for it."""
    found = fetch(
        connection,
        "SELECT provider_id FROM providers "
        "WHERE sandbox_of = :id OR (provider_id = :id AND sandbox_of IS NOT NULL) ORDER BY provider_id = :id DESC",
        {"id": provider_id},
    )
    return str(found[0][0]) if found else None


def name_of(connection: Connection, provider_id: str) -> str:
    """Return the name of a provider that stands."""
    found = fetch(connection, "SELECT name FROM providers WHERE provider_id = :id", {"id": provider_id})
    return str(found[0][0])


def free_provider_id(connection: Connection) -> str:
    """Return a seven-digit id that no provider has. A clash with a concurrent insert fails on the primary key."""
    while True:
        drawn = str(random.SystemRandom().randint(FIRST_ID, LAST_ID))
        if not clients.provider_exists(connection, drawn):
            return drawn


def add_learners(connection: Connection, given: Iterable[MagicLearner], at: datetime) -> None:
    """Insert magic learners with their names and numbers; what stands already stays as it is."""
    for each in given:
        row = each.row
        birth_date = str(row.birth_date or "")
        learner = {
            "learner_id": each.physician_id,
            "first_name": row.first_name,
            "last_name": row.last_name,
            "birth_date": birth_date or None,
            "npi": row.npi,
            "sandbox": each.name,
            "created_at": at,
            "updated_at": at,
        }
        insert(connection, tables.learners, [learner], skip_known=True)
        names = [_name(each, last, birth_date) for last in (row.last_name, *row.other_last_names)]
        insert(connection, tables.learner_names, names, skip_known=True)
        for table, column, held in (
            (tables.licenses, "license_id", row.licenses),
            (tables.certifications, "board_id", row.certifications),
        ):
            numbers = [
                {
                    "learner_id": each.physician_id,
                    "board": number.board,
                    "id_key": number.key,
                    column: number.number,
                    "short_key": short_id_key(number.key),
                    "first_seen_at": at,
                }
                for number in held
            ]
            insert(connection, table, numbers, skip_known=True)


def _name(each: MagicLearner, last_name: str, birth_date: str) -> dict[str, Any]:
    last_key, first_key = full_name_key(each.row.first_name, last_name)
    return {
        "learner_id": each.physician_id,
        "last_key": last_key,
        "first_key": first_key,
        "birth_date": birth_date,
        "last_name": last_name,
    }
