"""What waits at providers: for each kind the rows that wait, from narrow indexes; counted for one provider or for many.

No kind reads a provider's completions: rejected credit, held records, activities that are open or have a counted
attendance are few of many, and each has a partial index.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.domain.looking.attention import (
    MOST_WAITING,
    REPORTED_AFTER_END,
    AttentionKind,
    Moments,
    RejectedGroup,
    Waiting,
)
from app.models.activities import POSTGRESQL_PHYSICIANS_COUNTED, SQLITE_PHYSICIANS_COUNTED
from app.store.batch_mends import TO_MEND
from app.store.looking.persons import persons_reported
from app.store.sql.key_sets import from_keys
from app.store.sql.statements import fetch, fetch_value, on_sqlite
from app.store.sql.values import read_date, read_optional_instant
from app.store.webhooks import FAILED_AT, FAILS


class _Rows(NamedTuple):
    """The rows of one kind: since when each waits, and where they are found; `{provider}` is the provider's id."""

    at: str
    found: str
    days: timedelta | None = None
    """Where `at` is a day: how long after its beginning the row begins to wait."""


UNREPLACED = (
    "x.status = 'rejected' AND (SELECT 1 FROM credits o WHERE o.completion_id = x.completion_id "
    "AND o.board = x.board AND o.holds LIMIT 1) IS NULL"
)
"""The condition that a credit `x` is rejected and nothing has taken its place.

As a value, not NOT EXISTS: a planner would rather read all credit than look each one up.
"""
OPEN_AND_ENDED = "a.end_date < :today AND a.closed_at IS NULL AND a.deleted_at IS NULL"
"""The condition that an activity `a` has ended and is not closed."""
_FAILING = (
    "FROM webhook_endpoints e WHERE e.client_id = :client AND e.deleted_at IS NULL AND e.board IS NULL "
    f"AND (e.provider_id = {{provider}} OR e.provider_id IS NULL) AND {FAILS}"
)
"""Endpoints of the client itself; a person has none, and is told of those of `clients.failing_endpoints`."""


def physicians_counted(connection: Connection) -> str:
    """Return the SQL of how many physicians an activity had by its provider's count, NULL without one."""
    return SQLITE_PHYSICIANS_COUNTED if on_sqlite(connection) else POSTGRESQL_PHYSICIANS_COUNTED


def attendance_missed(connection: Connection) -> str:
    """Return the condition that an activity `a` ended by `:missed_until` with more physicians than were reported."""
    counted = physicians_counted(connection)
    return (
        f"a.end_date <= :missed_until AND a.deleted_at IS NULL AND {counted} >= 0 "
        f"AND {counted} > {persons_reported(connection, 'a.activity_id')}"
    )


REJECTED = f"FROM credits x WHERE x.provider_id = {{provider}} AND {UNREPLACED}"
"""Where rejected credit `x` of a provider is found."""


def _kinds(connection: Connection) -> dict[AttentionKind, _Rows]:
    of_activities = "FROM activities a WHERE a.provider_id = {provider} AND "
    return {
        AttentionKind.CREDITS_REJECTED: _Rows("x.status_at", REJECTED),
        AttentionKind.ROWS_TO_FIX: _Rows(
            "b.created_at",
            "FROM batches b JOIN batch_rows r ON r.batch_id = b.batch_id AND r.outcome = 'rejected' "
            f"WHERE b.provider_id = {{provider}} AND b.created_at >= :recent AND NOT b.dry_run AND {TO_MEND}",
        ),
        AttentionKind.DISPUTES_OPEN: _Rows(
            "d.opened_at",
            "FROM disputes d WHERE d.provider_id = {provider} AND d.closed_at IS NULL AND d.status = 'open'",
        ),
        AttentionKind.RECORDS_HELD: _Rows(
            "h.submitted_at", "FROM held_records h WHERE h.provider_id = {provider} AND h.status = 'waiting'"
        ),
        AttentionKind.ATTENDANCE_ABOVE_REPORTED: _Rows(
            "a.end_date", of_activities + attendance_missed(connection), REPORTED_AFTER_END
        ),
        AttentionKind.ACTIVITIES_TO_CLOSE: _Rows("a.end_date", of_activities + OPEN_AND_ENDED, timedelta(days=1)),
        AttentionKind.WEBHOOKS_FAILING: _Rows(FAILED_AT, _FAILING),
    }


def _parameters(client_id: str, moments: Moments) -> dict[AttentionKind, dict[str, Any]]:
    """Return the parameters of each kind."""
    given: dict[AttentionKind, dict[str, Any]] = {
        AttentionKind.ROWS_TO_FIX: {"recent": moments.recent},
        AttentionKind.ATTENDANCE_ABOVE_REPORTED: {"missed_until": moments.missed_until},
        AttentionKind.ACTIVITIES_TO_CLOSE: {"today": moments.today},
        AttentionKind.WEBHOOKS_FAILING: {"client": client_id},
    }
    return {kind: given.get(kind, {}) for kind in AttentionKind}


def waiting(connection: Connection, client_id: str, provider_id: str, moments: Moments) -> dict[AttentionKind, Waiting]:
    """Return what waits at one provider of each kind that is stored with it: how much, and since when."""
    found: dict[AttentionKind, Waiting] = {}
    parameters = _parameters(client_id, moments)
    for kind, rows in _kinds(connection).items():
        ((count, at),) = fetch(
            connection,
            f"SELECT count(*), min(at) FROM (SELECT {rows.at} AS at {rows.found.format(provider=':provider')} "
            f"LIMIT {MOST_WAITING}) n",
            {"provider": provider_id, **parameters[kind]},
        )
        oldest = read_optional_instant(at) if rows.days is None else at and _begins(read_date(at), rows.days)
        found[kind] = Waiting(count=count, oldest_at=oldest)
    return found


def _begins(day: date, days: timedelta) -> datetime:
    return datetime.combine(day + days, time.min, UTC)


def counts(
    connection: Connection, client_id: str, provider_ids: Iterable[str], moments: Moments
) -> dict[str, dict[AttentionKind, int]]:
    """Return how much waits at each of some providers, by kind: the same rows, look-ups for each provider."""
    keys = [(provider_id,) for provider_id in provider_ids]
    if not keys:
        return {}
    source, parameters = from_keys(connection, ("id",), keys)
    kinds = _kinds(connection)
    counted = ", ".join(
        f"(SELECT count(*) FROM (SELECT 1 {rows.found.format(provider='k.id')} LIMIT {MOST_WAITING}) n)"
        for rows in kinds.values()
    )
    for given in _parameters(client_id, moments).values():
        parameters |= given
    rows = fetch(connection, f"SELECT k.id, {counted} FROM {source}", parameters)
    return {provider_id: dict(zip(kinds, numbers, strict=True)) for provider_id, *numbers in rows}


def count_to_close(connection: Connection, provider_id: str, moments: Moments, year: int) -> int:
    """Return how many activities have ended in a year or before, and are not closed."""
    query = (
        f"SELECT 1 FROM activities a WHERE a.provider_id = :provider AND {OPEN_AND_ENDED} AND a.end_date <= :last_day"
    )
    found: int = fetch_value(
        connection,
        f"SELECT count(*) FROM ({query} LIMIT {MOST_WAITING}) n",
        {"provider": provider_id, "today": moments.today, "last_day": date(year, 12, 31)},
    )
    return found


def rejected_groups(connection: Connection, provider_id: str) -> list[RejectedGroup]:
    """Return the rejected credit of a provider that nothing has taken the place of, by board and reason."""
    rows = fetch(
        connection,
        "SELECT board, reason, count(*) FROM (SELECT x.board AS board, x.status_reason AS reason "
        f"{REJECTED.format(provider=':provider')} LIMIT {MOST_WAITING}) n GROUP BY board, reason",
        {"provider": provider_id},
    )
    return [RejectedGroup(board=board, reason=reason, count=count) for board, reason, count in rows]
