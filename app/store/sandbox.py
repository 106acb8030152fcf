"""The sandbox's providers and learners."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.identity.comparison_keys import full_name_key, short_id_key
from app.domain.sandbox import MagicLearner
from app.models import learners as tables
from app.store import clients
from app.store.sql.bulk import insert
from app.store.sql.statements import fetch, fetch_value

FIRST_ID, LAST_ID = 9_900_000, 9_999_998
"""The range of sandboxes' ids: few accredited providers are in it, and the shared sandbox is above it."""


def is_sandbox(connection: Connection, provider_id: str) -> bool:
    """Return whether a provider is a sandbox."""
    sql = "SELECT 1 FROM providers WHERE provider_id = :id AND sandbox_of IS NOT NULL"
    return bool(fetch(connection, sql, {"id": provider_id}))


def id_of_sandbox(connection: Connection, provider_id: str) -> str | None:
    """Return the id of the sandbox that a provider's id stands for: the sandbox itself, or the one made for it."""
    sandbox_id: str | None = fetch_value(
        connection,
        "SELECT provider_id FROM providers "
        "WHERE sandbox_of = :id OR (provider_id = :id AND sandbox_of IS NOT NULL) ORDER BY provider_id = :id DESC",
        {"id": provider_id},
    )
    return sandbox_id


def name_of(connection: Connection, provider_id: str) -> str:
    """Return the name of a provider that exists."""
    return str(fetch_value(connection, "SELECT name FROM providers WHERE provider_id = :id", {"id": provider_id}))


def draw_provider_id(connection: Connection) -> str:
    """Draw a seven-digit id that no provider has. A clash with a concurrent insert fails on the primary key."""
    while True:
        drawn = str(random.SystemRandom().randint(FIRST_ID, LAST_ID))
        if not clients.provider_exists(connection, drawn):
            return drawn


def add_learners(connection: Connection, learners: Iterable[MagicLearner], at: datetime) -> None:
    """Insert magic learners with their names and numbers; those that exist stay as they are."""
    for learner in learners:
        row = learner.row
        birth_date = str(row.birth_date or "")
        learner_row = {
            "learner_id": learner.physician_id,
            "first_name": row.first_name,
            "last_name": row.last_name,
            "birth_date": birth_date or None,
            "npi": row.npi,
            "sandbox": learner.name,
            "created_at": at,
            "updated_at": at,
        }
        insert(connection, tables.learners, [learner_row], skip_known=True)
        names = [_name_row(learner, last, birth_date) for last in (row.last_name, *row.other_last_names)]
        insert(connection, tables.learner_names, names, skip_known=True)
        for table, column, holdings in (
            (tables.licenses, "license_id", row.licenses),
            (tables.certifications, "board_id", row.certifications),
        ):
            numbers = [
                {
                    "learner_id": learner.physician_id,
                    "board": holding.board,
                    "id_key": holding.key,
                    column: holding.number,
                    "short_key": short_id_key(holding.key),
                    "first_seen_at": at,
                }
                for holding in holdings
            ]
            insert(connection, table, numbers, skip_known=True)


def _name_row(learner: MagicLearner, last_name: str, birth_date: str) -> dict[str, Any]:
    last_key, first_key = full_name_key(learner.row.first_name, last_name)
    return {
        "learner_id": learner.physician_id,
        "last_key": last_key,
        "first_key": first_key,
        "birth_date": birth_date,
        "last_name": last_name,
        "first_name": learner.row.first_name,
    }
