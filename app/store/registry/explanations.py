"""Why a person was found whose data were not written exactly as on file: kept for the operator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.models.learners import match_explanations
from app.store.sql.bulk import insert
from app.store.sql.statements import execute_many, fetch, fetch_value
from app.store.sql.values import read_document, read_instant


def save(connection: Connection, explanations: Mapping[str, dict[str, Any]], at: datetime) -> None:
    """Store explanations by the completion, or the waiting record, that they are about, in place of earlier ones."""
    if not explanations:
        return
    ids = [{"subject_id": subject_id} for subject_id in sorted(explanations)]
    execute_many(connection, "DELETE FROM match_explanations WHERE subject_id = :subject_id", ids)
    rows = [
        {"subject_id": subject_id, "made_at": at, "document": document}
        for subject_id, document in sorted(explanations.items())
    ]
    insert(connection, match_explanations, rows)


def get(connection: Connection, subject_id: str) -> dict[str, Any] | None:
    """Return the explanation of a completion or a waiting record; None where everything fitted exactly."""
    found = fetch_value(
        connection, "SELECT document FROM match_explanations WHERE subject_id = :subject_id", {"subject_id": subject_id}
    )
    return None if found is None else read_document(found)


def find(connection: Connection, subject_id: str) -> tuple[datetime, dict[str, Any]] | None:
    """Return when an explanation was made, and the explanation."""
    rows = fetch(
        connection,
        "SELECT made_at, document FROM match_explanations WHERE subject_id = :subject_id",
        {"subject_id": subject_id},
    )
    return next(((read_instant(made_at), read_document(document)) for made_at, document in rows), None)


def owner_of(connection: Connection, completion_id: str) -> tuple[bool, str | None]:
    """Return whether there is a completion of a live provider, withdrawn ones too, and whose it is."""
    rows = fetch(
        connection,
        "SELECT c.learner_id FROM completions c JOIN providers p ON p.provider_id = c.provider_id "
        "WHERE c.completion_id = :id AND p.sandbox_of IS NULL",
        {"id": completion_id},
    )
    return next(((True, physician_id) for (physician_id,) in rows), (False, None))


def is_held(connection: Connection, held_id: str) -> bool:
    """Return whether a record of a live provider was held under this id."""
    found = fetch_value(
        connection,
        "SELECT 1 FROM held_records h JOIN providers p ON p.provider_id = h.provider_id "
        "WHERE h.held_id = :id AND p.sandbox_of IS NULL",
        {"id": held_id},
    )
    return found is not None
