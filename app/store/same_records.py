"""Completions that may be a record that is sent, whoever they are credited to: by its reference, or by its names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec
from sqlalchemy import Connection

from app.store.sql.key_sets import Way, select_by_found_ids
from app.store.sql.statements import on_sqlite
from app.store.sql.values import read_date

MOST_BEARERS = 200
"""Credits of one reference that are looked at, the newest: what more bear is the key of a session, not of a record."""


class NamedCompletion(msgspec.Struct, frozen=True):
    """Whom a completion that stands is credited to, and in whose name it was reported."""

    completion_id: str
    provider_id: str
    activity_id: str
    subject: str
    completed_on: date
    last_key: str
    first_key: str
    birth_date: str | None


def find(
    connection: Connection,
    named: Iterable[tuple[str, str, str, str]],
    referred: Iterable[tuple[str, str, str]],
) -> list[NamedCompletion]:
    """Return the completions of (provider, activity, last, first) keys, and of (provider, activity, reference) ones.

    One statement for any number of keys; no keys, no statement. Names are found in `ix_completions_named` alone.
    """
    by_name = Way(
        ("provider", "activity", "last", "first"),
        named,
        "SELECT c.completion_id FROM {keys} JOIN completions c ON c.provider_id = k.provider AND c.last_key = k.last "
        "AND c.first_key = k.first AND c.activity_id = k.activity AND c.withdrawn_at IS NULL",
    )
    by_reference = Way(("provider", "activity", "reference"), referred, _by_reference(connection))
    rows = select_by_found_ids(
        connection,
        "SELECT c.completion_id, c.provider_id, c.activity_id, c.subject, c.completed_on, c.last_key, c.first_key, "
        "c.birth_date FROM {keys} JOIN completions c ON c.completion_id = k.id AND c.withdrawn_at IS NULL",
        [by_name, by_reference],
    )
    return [
        NamedCompletion(completion_id, provider_id, activity_id, subject, read_date(day), last, first, born)
        for completion_id, provider_id, activity_id, subject, day, last, first, born in rows
    ]


def _by_reference(connection: Connection) -> str:
    """Return how completions are found by the newest credits that bear a reference.

    SQLite:

        SELECT x.completion_id FROM {keys} JOIN credits x ON x.credit_id IN (SELECT r.credit_id FROM …)
        AND x.activity_id = k.activity AND x.holds

    PostgreSQL:

        SELECT x.completion_id FROM {keys} JOIN LATERAL (SELECT r.credit_id FROM …) AS r ON true
        JOIN LATERAL (SELECT x.* FROM credits x WHERE x.credit_id = r.credit_id OFFSET 0) AS x
        ON x.activity_id = k.activity AND x.holds
    """
    bearers = (
        "SELECT r.credit_id FROM credit_references r WHERE r.provider_id = k.provider "
        f"AND r.client_reference = k.reference ORDER BY r.credit_id DESC LIMIT {MOST_BEARERS}"
    )
    here = "x.activity_id = k.activity AND x.holds"
    if on_sqlite(connection):
        return f"SELECT x.completion_id FROM {{keys}} JOIN credits x ON x.credit_id IN ({bearers}) AND {here}"
    each = "SELECT x.* FROM credits x WHERE x.credit_id = r.credit_id OFFSET 0"
    return (
        f"SELECT x.completion_id FROM {{keys}} JOIN LATERAL ({bearers}) AS r ON true "
        f"JOIN LATERAL ({each}) AS x ON {here}"
    )
