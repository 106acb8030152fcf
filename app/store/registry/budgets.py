"""The budgets against guessing birth dates, as stored: dates tried, finds, and what is spent."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from operator import itemgetter

from sqlalchemy import Connection

from app.domain.identity.budgets import BudgetKind, SpentBudget
from app.models.budgets import identity_budgets, identity_finds
from app.store.sql.bulk import Rows, insert
from app.store.sql.key_sets import select_by_keys
from app.store.sql.rows import RowMapper
from app.store.sql.statements import (
    execute,
    execute_many,
    fetch,
    fetch_value,
    in_list,
    locking_clause,
    take_locks_alone_and_shared,
)
from app.store.sql.values import read_instant

_LOCKS = 0x49444247
"""The space of advisory locks on persons and clients."""


def find_unknown(connection: Connection, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bool]:
    """Return those of (provider, physician) where the provider has not found the physician by the birth date on file.

    With each, whether a birth date is on file. The same statement runs whether there are any or not.
    """
    return {
        (provider, physician): bool(dated)
        for provider, physician, dated in select_by_keys(
            connection,
            "k.provider, k.learner, l.birth_date IS NOT NULL",
            ("provider", "learner"),
            set(pairs) or _NO_PAIR,
            "learners l ON l.learner_id = k.learner LEFT JOIN identity_finds f "
            "ON f.provider_id = k.provider AND f.learner_id = k.learner",
            "WHERE l.birth_date IS NULL OR f.learner_id IS NULL",
        )
    }


_NO_PAIR = {("", "")}


def lock(connection: Connection, alone: Iterable[str], shared: Iterable[str]) -> None:
    """Take advisory locks on persons and clients for this transaction: `alone` to charge, `shared` to be found."""
    take_locks_alone_and_shared(connection, _LOCKS, set(map(_bucket, alone)), set(map(_bucket, shared)))


def _bucket(subject: str) -> int:
    return zlib.crc32(subject.encode()) & 0x7FFFFFFF


def load_tries(connection: Connection, persons: Collection[str], since: datetime) -> dict[str, set[str]]:
    """Return the digests of the dates tried of each person since a moment."""
    tries: defaultdict[str, set[str]] = defaultdict(set)
    for person, digest, at in select_by_keys(
        connection,
        "t.person, t.date_digest, t.at",
        ("person",),
        ((person,) for person in persons),
        "identity_tries t ON t.person = k.person",
    ):
        if read_instant(at) > since:
            tries[person].add(digest)
    return tries


def count_questions(connection: Connection, client_ids: Iterable[str], since: datetime) -> dict[str, int]:
    """Return how many questions of each client about people on file led to nobody since a moment."""
    marks, parameters = in_list("client", sorted(client_ids))
    rows = fetch(
        connection,
        f"SELECT client_id, count(*) FROM identity_tries WHERE client_id IN ({marks}) AND at > :since AND counted "
        "GROUP BY client_id",
        parameters | {"since": since},
    )
    return dict(rows)


def count_finds(connection: Connection, client_id: str, since: datetime, most: int) -> int:
    """Return how many people a client has found first for its provider since a moment, `most` if there are more."""
    some = "SELECT 1 FROM identity_finds WHERE client_id = :client AND at > :since LIMIT :most"
    found = fetch_value(
        connection, f"SELECT count(*) FROM ({some}) f", {"client": client_id, "since": since, "most": most}
    )
    return int(found)


def add_tries(connection: Connection, rows: Rows, since: datetime) -> None:
    """Store dates that were tried; one that stands from after a moment stays as it is."""
    execute_many(
        connection,
        "INSERT INTO identity_tries (person, date_digest, client_id, counted, at) "
        "VALUES (:person, :date_digest, :client_id, :counted, :at) ON CONFLICT (person, date_digest) "
        "DO UPDATE SET client_id = excluded.client_id, counted = excluded.counted, at = excluded.at "
        "WHERE identity_tries.at <= :since",
        [{**row, "since": since} for row in sorted(rows, key=itemgetter("person", "date_digest"))],
    )


def add_finds(connection: Connection, rows: Rows) -> None:
    """Store who was found by whom; one that stands already stays."""
    insert(connection, identity_finds, sorted(rows, key=itemgetter("provider_id", "learner_id")), skip_known=True)


def forget_finds(connection: Connection, physician_id: str) -> None:
    """Forget who has found a physician: they have shown to know a birth date that is on file no more."""
    execute(connection, "DELETE FROM identity_finds WHERE learner_id = :id", {"id": physician_id})


def note_spent(connection: Connection, rows: Rows) -> None:
    """Note budgets that are spent, or add to what was refused for them."""
    execute_many(
        connection,
        "INSERT INTO identity_budgets (budget_id, kind, subject, spent_at, refused, refused_at) "
        "VALUES (:budget_id, :kind, :subject, :spent_at, :refused, :refused_at) ON CONFLICT (kind, subject) "
        "DO UPDATE SET refused = identity_budgets.refused + excluded.refused, "
        "refused_at = coalesce(excluded.refused_at, identity_budgets.refused_at)",
        sorted(rows, key=itemgetter("kind", "subject")),
    )


def page(connection: Connection, after: str | None, limit: int) -> list[SpentBudget]:
    """Return budgets that are spent after an id, oldest first."""
    rows = fetch(
        connection,
        f"SELECT {_SPENT.columns} FROM identity_budgets b WHERE b.budget_id > :after ORDER BY b.budget_id LIMIT :limit",
        {"after": after or "", "limit": limit},
    )
    return _SPENT.read(connection, rows)


def lock_one(connection: Connection, budget_id: str) -> SpentBudget | None:
    """Return a budget that is spent, locked until the transaction ends."""
    sql = f"SELECT {_SPENT.columns} FROM identity_budgets b WHERE b.budget_id = :id{locking_clause(connection)}"
    return next(iter(_SPENT.read(connection, fetch(connection, sql, {"id": budget_id}))), None)


def release(connection: Connection, budget: SpentBudget) -> None:
    """Forget what was charged to a budget, and that it was spent."""
    if budget.kind is BudgetKind.PERSON:
        execute(connection, "DELETE FROM identity_tries WHERE person = :subject", {"subject": budget.subject})
    else:
        # The dates stay charged to the persons.
        sql = "UPDATE identity_tries SET counted = :no WHERE client_id = :subject AND counted"
        execute(connection, sql, {"subject": budget.subject, "no": False})
    execute(connection, "DELETE FROM identity_budgets WHERE budget_id = :id", {"id": budget.budget_id})


def delete_expired(connection: Connection, before: datetime) -> int:
    """Delete dates tried before a moment, and budgets for which nothing happened since; return how many rows."""
    tries = execute(connection, "DELETE FROM identity_tries WHERE at <= :before", {"before": before})
    sql = "DELETE FROM identity_budgets WHERE spent_at <= :before AND (refused_at IS NULL OR refused_at <= :before)"
    return tries + execute(connection, sql, {"before": before})


def count_spent(connection: Connection) -> dict[str, int]:
    """Return how many budgets of each kind are spent."""
    return dict(fetch(connection, "SELECT kind, count(*) FROM identity_budgets GROUP BY kind"))


_SPENT = RowMapper(SpentBudget, identity_budgets, "b")
