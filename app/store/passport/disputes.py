"""Physicians' disputes and their steps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.domain.passport.disputes import Dispute, DisputeStep
from app.models import disputes as tables
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_ids
from app.store.sql.rows import RowMapper
from app.store.sql.statements import execute, fetch, fetch_column, fetch_value, in_list, locking_clause, narrow_to

_DISPUTE = RowMapper(Dispute, tables.disputes, "d")
_STEP = RowMapper(DisputeStep, tables.dispute_steps, "s")
_GONE = (
    "d.completion_id IS NOT NULL AND EXISTS ("
    "SELECT 1 FROM completions c LEFT JOIN learners l ON l.learner_id = d.learner_id "
    "WHERE c.completion_id = d.completion_id AND (c.withdrawn_at IS NOT NULL "
    "OR coalesce(c.learner_id, '') <> coalesce(l.merged_into, d.learner_id)))"
)
"""The condition that the record of a dispute `d` is withdrawn, or somebody else's by now."""
_GONE_ALL = (
    "d.completion_id IS NULL AND NOT EXISTS ("
    "SELECT 1 FROM completions c JOIN learners l ON l.learner_id = d.learner_id "
    "WHERE c.learner_id = coalesce(l.merged_into, d.learner_id) AND c.provider_id = d.provider_id "
    "AND c.withdrawn_at IS NULL)"
)
"""The condition that nothing stands any longer of what a dispute `d` about a whole provider is about."""


def add(connection: Connection, dispute: Dispute) -> None:
    """Insert a dispute."""
    insert(connection, tables.disputes, [_DISPUTE.values_of(dispute)])


def save(connection: Connection, dispute: Dispute) -> None:
    """Write a dispute as it has changed."""
    update(connection, tables.disputes, _DISPUTE.values_of(dispute), {"dispute_id": dispute.dispute_id})


def add_step(connection: Connection, step: DisputeStep) -> None:
    """Insert a step."""
    insert(connection, tables.dispute_steps, [_STEP.values_of(step)])


def steps_of(connection: Connection, dispute_ids: Iterable[str]) -> dict[str, list[DisputeStep]]:
    """Return the steps of disputes by their ids, the oldest first."""
    rows = select_by_ids(
        connection,
        f"SELECT {_STEP.columns} FROM {{keys}} JOIN dispute_steps s ON s.dispute_id = k.id ORDER BY s.step_id",
        dispute_ids,
    )
    found: dict[str, list[DisputeStep]] = {}
    for step in _STEP.read(connection, rows):
        found.setdefault(step.dispute_id, []).append(step)
    return found


def one(connection: Connection, dispute_id: str, *, for_update: bool = False) -> Dispute | None:
    """Return a dispute. With `for_update`, PostgreSQL appends `FOR NO KEY UPDATE`."""
    rows = fetch(
        connection,
        f"SELECT {_DISPUTE.columns} FROM disputes d WHERE d.dispute_id = :id"
        + (locking_clause(connection, "NO KEY UPDATE") if for_update else ""),
        {"id": dispute_id},
    )
    return _DISPUTE.read_first(connection, rows)


def page(
    connection: Connection,
    *,
    statuses: Sequence[str],
    provider_id: str | None,
    before: str | None,
    limit: int,
    oldest_first: bool = False,
) -> list[Dispute]:
    """Return disputes, the newest first, those before one of them; of one provider, or of all."""
    narrowed, in_values = narrow_to("d", {"status": statuses, "provider_id": [provider_id] if provider_id else []})
    if before is not None:
        narrowed.append("d.dispute_id < :before")
        in_values["before"] = before
    rows = fetch(
        connection,
        f"SELECT {_DISPUTE.columns} FROM disputes d WHERE {' AND '.join(narrowed) or '1 = 1'} "
        f"ORDER BY d.dispute_id{'' if oldest_first else ' DESC'} LIMIT :limit",
        in_values | {"limit": limit},
    )
    return _DISPUTE.read(connection, rows)


def of_learner(
    connection: Connection, learner_ids: Collection[str], completion_id: str | None = None, limit: int = 1_000
) -> list[Dispute]:
    """Return a physician's disputes, who has several ids after a merge, the newest first; of one record, or of all."""
    marks, parameters = in_list("id", sorted(learner_ids))
    narrowed = ""
    if completion_id is not None:
        narrowed = "AND d.completion_id = :completion "
        parameters["completion"] = completion_id
    rows = fetch(
        connection,
        f"SELECT {_DISPUTE.columns} FROM disputes d WHERE d.learner_id IN ({marks}) {narrowed}"
        "ORDER BY d.dispute_id DESC LIMIT :limit",
        parameters | {"limit": limit},
    )
    return _DISPUTE.read(connection, rows)


def open_of(connection: Connection, learner_ids: Iterable[str]) -> list[Dispute]:
    """Return the disputes of physicians that are not closed."""
    rows = select_by_ids(
        connection,
        f"SELECT {_DISPUTE.columns} FROM {{keys}} JOIN disputes d ON d.learner_id = k.id AND d.closed_at IS NULL "
        "ORDER BY d.dispute_id DESC",
        set(learner_ids),
    )
    return _DISPUTE.read(connection, rows)


def open_of_permission(connection: Connection, permission_id: str) -> Dispute | None:
    """Return the open dispute that came with a withdrawal of permission, locked for this transaction."""
    rows = fetch(
        connection,
        f"SELECT {_DISPUTE.columns} FROM disputes d WHERE d.permission_id = :id AND d.closed_at IS NULL"
        f"{locking_clause(connection, 'NO KEY UPDATE')}",
        {"id": permission_id},
    )
    return _DISPUTE.read_first(connection, rows)


def last_of_permission(connection: Connection, permission_id: str) -> Dispute | None:
    """Return the last dispute that came with a withdrawal of permission, open or not."""
    rows = fetch(
        connection,
        f"SELECT {_DISPUTE.columns} FROM disputes d WHERE d.permission_id = :id ORDER BY d.dispute_id DESC LIMIT 1",
        {"id": permission_id},
    )
    return _DISPUTE.read_first(connection, rows)


def settled_by_records(connection: Connection, limit: int) -> list[str]:
    """Return open disputes whose records are withdrawn, or another's by now."""
    return fetch_column(
        connection,
        f"SELECT d.dispute_id FROM disputes d WHERE d.closed_at IS NULL AND (({_GONE}) OR ({_GONE_ALL})) "
        "ORDER BY d.dispute_id LIMIT :limit",
        {"limit": limit},
    )


def is_settled_by_record(connection: Connection, dispute_id: str) -> bool:
    """Whether what a dispute is about is withdrawn, or another's by now."""
    sql = f"SELECT 1 FROM disputes d WHERE d.dispute_id = :id AND (({_GONE}) OR ({_GONE_ALL}))"
    return fetch_value(connection, sql, {"id": dispute_id}) is not None


def due(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Return disputes of which a time is over."""
    return fetch_column(
        connection,
        "SELECT d.dispute_id FROM disputes d WHERE d.closed_at IS NULL AND d.due_at <= :now "
        "ORDER BY d.dispute_id LIMIT :limit",
        {"now": now, "limit": limit},
    )


def forget_of_learners(connection: Connection, learner_ids: Collection[str], at: datetime) -> list[Dispute]:
    """Take out what was said in the disputes of physicians who are erased, and end those that are open.

    Return these as they were. That there were disputes stays: whom they were of does not.
    """
    marks, parameters = in_list("id", sorted(learner_ids))
    rows = fetch(
        connection,
        f"SELECT {_DISPUTE.columns} FROM disputes d WHERE d.learner_id IN ({marks}) AND d.closed_at IS NULL "
        f"ORDER BY d.dispute_id DESC{locking_clause(connection, 'NO KEY UPDATE')}",
        parameters,
    )
    ended = _DISPUTE.read(connection, rows)
    execute(
        connection,
        "UPDATE disputes SET status = 'taken-back', closed_at = :at, due_at = NULL, version = version + 1 "
        f"WHERE learner_id IN ({marks}) AND closed_at IS NULL",
        parameters | {"at": at},
    )
    # Of what has ended nobody says more: what was said while this waited is there to be taken out.
    execute(
        connection,
        "UPDATE dispute_steps SET message = NULL WHERE dispute_id IN ("
        f"SELECT d.dispute_id FROM disputes d WHERE d.learner_id IN ({marks}))",
        parameters,
    )
    return ended
