"""The permission to report them that physicians have withdrawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import TypeAlias

from sqlalchemy import Connection

from app.domain.passport.disputes import WithdrawnPermission
from app.models import disputes as tables
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_keys
from app.store.sql.rows import RowMapper
from app.store.sql.statements import fetch, fetch_value, in_list, locking_clause
from app.store.sql.values import read_date

_PERMISSION = RowMapper(WithdrawnPermission, tables.withdrawn_permissions, "w")
Unpermitted: TypeAlias = tuple[str, str, str | None, date | None]
"""(provider, physician, activity, day); activity and day are None where nothing may be reported."""


def add(connection: Connection, permission: WithdrawnPermission) -> None:
    """Insert a withdrawal of permission."""
    insert(connection, tables.withdrawn_permissions, [_PERMISSION.values_of(permission)])


def give_back(connection: Connection, permission_id: str, at: datetime) -> None:
    """Note that permission was given back."""
    update(connection, tables.withdrawn_permissions, {"given_back_at": at}, {"permission_id": permission_id})


def one(connection: Connection, permission_id: str) -> WithdrawnPermission | None:
    """Return a withdrawal, locked for this transaction: PostgreSQL appends `FOR NO KEY UPDATE`."""
    rows = fetch(
        connection,
        f"SELECT {_PERMISSION.columns} FROM withdrawn_permissions w WHERE w.permission_id = :id"
        f"{locking_clause(connection, 'NO KEY UPDATE')}",
        {"id": permission_id},
    )
    return _PERMISSION.read_first(connection, rows)


def standing_of(connection: Connection, learner_ids: Collection[str]) -> list[WithdrawnPermission]:
    """Return what physicians have withdrawn and not given back, the oldest first; one has several ids after a merge."""
    marks, parameters = in_list("id", sorted(learner_ids))
    rows = fetch(
        connection,
        f"SELECT {_PERMISSION.columns} FROM withdrawn_permissions w WHERE w.learner_id IN ({marks}) "
        "AND w.given_back_at IS NULL ORDER BY w.permission_id",
        parameters,
    )
    return _PERMISSION.read(connection, rows)


ANY_STANDS = "EXISTS (SELECT 1 FROM withdrawn_permissions s WHERE s.given_back_at IS NULL)"
"""Whether anybody has withdrawn anything: a part of a statement, which costs nothing of its own."""


def any_stands(connection: Connection) -> bool:
    """Whether anybody has withdrawn a permission and not given it back."""
    return bool(fetch_value(connection, f"SELECT {ANY_STANDS}"))


def unpermitted(connection: Connection, pairs: Iterable[tuple[str, str]]) -> frozenset[Unpermitted]:
    """Return what may not be reported, of pairs of a provider and a physician, by what any alias of theirs withdrew."""
    rows = select_by_keys(
        connection,
        "k.provider, k.learner, w.activity_id, w.completed_on",
        ("provider", "learner"),
        pairs,
        "learners l ON (l.learner_id = k.learner OR l.merged_into = k.learner) JOIN withdrawn_permissions w "
        "ON w.learner_id = l.learner_id AND w.provider_id = k.provider AND w.given_back_at IS NULL",
    )
    return frozenset((provider, learner, activity, day and read_date(day)) for provider, learner, activity, day in rows)


def end_of_learners(connection: Connection, learner_ids: Collection[str], at: datetime) -> list[WithdrawnPermission]:
    """End what physicians have withdrawn who are erased, since nobody is matched with them; return what it was."""
    standing = standing_of(connection, learner_ids)
    for permission in standing:
        give_back(connection, permission.permission_id, at)
    return standing
