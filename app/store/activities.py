"""Queries on activities."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.activities import Activity, RegisteredActivity, Registration
from app.domain.amounts import in_credits, in_quarters
from app.models import activities as tables
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_keys
from app.store.sql.rows import RowMapper, column, expression, looked_up_by
from app.store.sql.statements import Row, execute, fetch, locking_clause

_IN_SANDBOX = "(SELECT p.sandbox_of IS NOT NULL FROM providers p WHERE p.provider_id = a.provider_id)"
ACTIVITY = RowMapper(
    RegisteredActivity,
    tables.activities,
    "a",
    activity=RowMapper(
        Activity,
        tables.activities,
        "a",
        ama_pra_credits=column("ama_quarters", in_credits),
        registrations=looked_up_by("activity_id"),
        closed=expression("a.closed_at IS NOT NULL", bool),
        sandbox=expression(_IN_SANDBOX, bool),
    ),
)
_REGISTRATION = RowMapper(Registration, tables.activity_boards, "b", points=column("points_quarters", in_credits))


def reportable(
    connection: Connection, asked: Iterable[tuple[str, str]], *, locking: bool = True
) -> dict[str, Activity]:
    """Return the activities asked for as (provider, activity), by id.

    They are locked against changes that take `FOR UPDATE`, until the records are stored.
    """
    found = select_by_keys(
        connection,
        ACTIVITY.columns,
        ("provider", "id"),
        asked,
        "activities a ON a.activity_id = k.id AND a.provider_id = k.provider AND a.deleted_at IS NULL",
        locking_clause(connection, "KEY SHARE OF a") if locking else "",
    )
    return {each.activity.activity_id: each.activity for each in read(connection, found)}


def one(
    connection: Connection, provider_id: str, activity_id: str, *, for_update: bool = False
) -> RegisteredActivity | None:
    """Return one activity of a provider; `for_update` keeps reports of learners out until the transaction ends."""
    found = fetch(
        connection,
        f"SELECT {ACTIVITY.columns} FROM activities a WHERE a.activity_id = :id AND a.provider_id = :provider "
        "AND a.deleted_at IS NULL" + (locking_clause(connection) if for_update else ""),
        {"id": activity_id, "provider": provider_id},
    )
    return next(iter(read(connection, found)), None)


def id_of_internal(connection: Connection, provider_id: str, internal_id: str) -> str | None:
    """Return the id of the provider's activity with this internal id."""
    found = fetch(
        connection,
        "SELECT activity_id FROM activities WHERE provider_id = :provider AND internal_id = :internal "
        "AND deleted_at IS NULL",
        {"provider": provider_id, "internal": internal_id},
    )
    return str(found[0][0]) if found else None


def id_of_the_same(connection: Connection, given: Activity) -> str | None:
    """Return the provider's activity without an internal id that has the same title, format and dates."""
    if not (isinstance(given.start_date, date) and isinstance(given.end_date, date) and given.kind is not None):
        return None
    found = fetch(
        connection,
        "SELECT activity_id FROM activities WHERE provider_id = :provider AND deleted_at IS NULL "
        "AND internal_id IS NULL AND title = :title AND format = :format AND start_date = :start AND end_date = :end "
        "ORDER BY activity_id LIMIT 1",
        {
            "provider": given.provider_id,
            "title": given.title,
            "format": given.kind.code,
            "start": given.start_date,
            "end": given.end_date,
        },
    )
    return found[0][0] if found else None


def free_id(connection: Connection) -> str:
    """Return a nine-digit id that no activity has. A clash with a concurrent insert fails on the primary key."""
    while True:
        drawn = str(random.SystemRandom().randrange(300_000_000, 1_000_000_000))
        if not exists(connection, drawn):
            return drawn


def exists(connection: Connection, activity_id: str) -> bool:
    """Tell whether there is an activity with this id, whoever's it is."""
    return bool(fetch(connection, "SELECT 1 FROM activities WHERE activity_id = :id", {"id": activity_id}))


def add(connection: Connection, given: Sequence[Activity], at: datetime) -> None:
    """Insert activities with their registrations, as version 1."""
    rows = [_row(each, at) | {"activity_id": each.activity_id, "provider_id": each.provider_id} for each in given]
    insert(connection, tables.activities, [row | {"version": 1, "created_at": at} for row in rows])
    _add_boards(connection, given)


def replace_with(connection: Connection, before: Activity, after: Activity, version: int, at: datetime) -> None:
    """Write an activity over what stands, as a new version. The moment it was closed stays while it is closed."""
    row = _row(after, at) | {"version": version}
    if before.closed == after.closed:
        del row["closed_at"]
    update(connection, tables.activities, row, {"activity_id": after.activity_id})
    execute(connection, "DELETE FROM activity_boards WHERE activity_id = :id", {"id": after.activity_id})
    _add_boards(connection, [after])


def remove(connection: Connection, activity_id: str, at: datetime) -> None:
    """Take an activity out of every list; what was withdrawn from it keeps its place in the history."""
    update(connection, tables.activities, {"deleted_at": at}, {"activity_id": activity_id})


def _row(each: Activity, at: datetime) -> dict[str, Any]:
    return {
        "internal_id": each.internal_id,
        "title": each.title,
        "format": each.format,
        "start_date": each.start_date,
        "end_date": each.end_date,
        "ama_quarters": _quarters(each.ama_pra_credits),
        "description": each.description,
        "providership": each.providership,
        "city": each.city,
        "state": each.state,
        "country": each.country,
        "delivery_methods": list(each.delivery_methods),
        "listing_public": each.listing_public,
        "mips": each.mips,
        "rems": each.rems,
        "details": each.details,
        "closed_at": at if each.closed else None,
        "updated_at": at,
    }


def _add_boards(connection: Connection, given: Sequence[Activity]) -> None:
    insert(
        connection,
        tables.activity_boards,
        [
            {
                "activity_id": each.activity_id,
                "board": registration.board,
                "place": place,
                "points_quarters": _quarters(registration.points),
                "credit_types": list(registration.credit_types),
                "credit_claim_date": registration.credit_claim_date,
                "practice_areas": list(registration.practice_areas),
                "content_outline": list(registration.content_outline),
                "attested": registration.attested,
            }
            for each in given
            for place, registration in enumerate(each.registrations)
        ],
    )


def _quarters(credits: float | None) -> int | None:
    return None if credits is None else int(in_quarters(credits))


def read(connection: Connection, rows: Sequence[Row]) -> list[RegisteredActivity]:
    """Read rows of `ACTIVITY`, each with its registrations."""
    found = select_by_keys(
        connection,
        f"b.activity_id, {_REGISTRATION.columns}",
        ("id",),
        ((activity_id,) for activity_id in ACTIVITY.column(rows, "activity_id")),
        "activity_boards b ON b.activity_id = k.id",
        "ORDER BY b.activity_id, b.place",
    )
    registrations: dict[str, list[Registration]] = defaultdict(list)
    for activity_id, registration in _REGISTRATION.read_keyed(connection, found):
        registrations[activity_id].append(registration)
    return ACTIVITY.read(connection, rows, registrations=lambda activity_id: tuple(registrations.get(activity_id, ())))
