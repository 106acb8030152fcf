"""Queries on activities."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.activities import Activity, RegisteredActivity, Registration
from app.domain.amounts import in_credits, in_quarters
from app.models.activities import activities, activity_boards
from app.store import dialect

COLUMNS = (
    "a.activity_id, a.provider_id, a.internal_id, a.title, a.format, a.start_date, a.end_date, a.ama_quarters, "
    "a.description, a.providership, a.city, a.state, a.country, a.delivery_methods, a.listing_public, a.mips, a.rems, "
    "a.details, a.closed_at, a.version, a.created_at, a.updated_at, "
    "(SELECT p.sandbox_of IS NOT NULL FROM providers p WHERE p.provider_id = a.provider_id)"
)


def reportable(
    connection: Connection, asked: Iterable[tuple[str, str]], *, locking: bool = True
) -> dict[str, Activity]:
    """Return the activities asked for as (provider, activity), by id.

    They are locked against changes that take `FOR UPDATE`, until the records are stored.
    """
    found = dialect.by_keys(
        connection,
        COLUMNS,
        ("provider", "id"),
        asked,
        "activities a ON a.activity_id = k.id AND a.provider_id = k.provider AND a.deleted_at IS NULL",
        dialect.for_update(connection, "KEY SHARE OF a") if locking else "",
    )
    return {each.activity.activity_id: each.activity for each in read(connection, found)}


def one(
    connection: Connection, provider_id: str, activity_id: str, *, for_update: bool = False
) -> RegisteredActivity | None:
    """Return one activity of a provider; `for_update` keeps reports of learners out until the transaction ends."""
    found = dialect.rows(
        connection,
        f"SELECT {COLUMNS} FROM activities a WHERE a.activity_id = :id AND a.provider_id = :provider "
        "AND a.deleted_at IS NULL" + (dialect.for_update(connection) if for_update else ""),
        {"id": activity_id, "provider": provider_id},
    )
    return next(iter(read(connection, found)), None)


def id_of_internal(connection: Connection, provider_id: str, internal_id: str) -> str | None:
    """Return the id of the provider's activity with this internal id."""
    found = dialect.rows(
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
    found = dialect.rows(
        connection,
        "SELECT activity_id FROM activities WHERE provider_id = :provider AND deleted_at IS NULL "
        "AND internal_id IS NULL AND title = :title AND format = :format AND start_date = :start AND end_date = :end "
        "ORDER BY activity_id LIMIT 1",
        {
            "provider": given.provider_id,
            "title": given.title,
            "format": given.kind.code,
            "start": dialect.bound(connection, given.start_date),
            "end": dialect.bound(connection, given.end_date),
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
    return bool(dialect.rows(connection, "SELECT 1 FROM activities WHERE activity_id = :id", {"id": activity_id}))


def add(connection: Connection, given: Sequence[Activity], at: datetime) -> None:
    """Insert activities with their registrations, as version 1."""
    rows = [_row(each, at) | {"activity_id": each.activity_id, "provider_id": each.provider_id} for each in given]
    dialect.insert(connection, activities, [row | {"version": 1, "created_at": at} for row in rows])
    _add_boards(connection, given)


def replace_with(connection: Connection, before: Activity, after: Activity, version: int, at: datetime) -> None:
    """Write an activity over what stands, as a new version. The moment it was closed stays while it is closed."""
    row = _row(after, at) | {"version": version}
    if before.closed == after.closed:
        del row["closed_at"]
    dialect.update(connection, activities, row, {"activity_id": after.activity_id})
    dialect.run(connection, "DELETE FROM activity_boards WHERE activity_id = :id", [{"id": after.activity_id}])
    _add_boards(connection, [after])


def remove(connection: Connection, activity_id: str, at: datetime) -> None:
    """Take an activity out of every list; what was withdrawn from it keeps its place in the history."""
    dialect.update(connection, activities, {"deleted_at": at}, {"activity_id": activity_id})


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
    dialect.insert(
        connection,
        activity_boards,
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


def _credits(quarters: int | None) -> float | None:
    return None if quarters is None else in_credits(quarters)


def read(connection: Connection, found: Sequence[dialect.Row]) -> Iterable[RegisteredActivity]:
    """Yield the activities of rows of `COLUMNS`, each with its registrations."""
    registered: dict[str, list[Registration]] = {}
    for row in dialect.by_keys(
        connection,
        "b.activity_id, b.board, b.points_quarters, b.credit_types, b.credit_claim_date, b.practice_areas, "
        "b.content_outline, b.attested",
        ("id",),
        ((row[0],) for row in found),
        "activity_boards b ON b.activity_id = k.id",
        "ORDER BY b.activity_id, b.place",
    ):
        registered.setdefault(row[0], []).append(
            Registration(
                board=row[1],
                points=_credits(row[2]),
                credit_types=tuple(dialect.as_document(row[3])),
                credit_claim_date=dialect.as_date_or_none(row[4]),
                practice_areas=tuple(dialect.as_document(row[5])),
                content_outline=tuple(dialect.as_document(row[6])),
                attested=None if row[7] is None else bool(row[7]),
            )
        )
    for row in found:
        stored = _stored(row)
        yield replace(
            stored,
            activity=replace(stored.activity, registrations=tuple(registered.get(stored.activity.activity_id, ()))),
        )


def _flag(value: Any) -> bool | None:
    return None if value is None else bool(value)


def _stored(row: dialect.Row) -> RegisteredActivity:
    start: date = dialect.as_date(row[5])
    return RegisteredActivity(
        activity=Activity(
            activity_id=row[0],
            provider_id=row[1],
            internal_id=row[2],
            title=row[3],
            format=row[4],
            start_date=start,
            end_date=dialect.as_date(row[6]),
            ama_pra_credits=_credits(row[7]),
            description=row[8],
            providership=row[9],
            city=row[10],
            state=row[11],
            country=row[12],
            delivery_methods=tuple(dialect.as_document(row[13])),
            listing_public=_flag(row[14]),
            mips=_flag(row[15]),
            rems=dialect.as_document(row[16]),
            details=dialect.as_document(row[17]),
            closed=row[18] is not None,
            sandbox=bool(row[22]),
        ),
        version=row[19],
        created_at=dialect.as_instant(row[20]),
        updated_at=dialect.as_instant(row[21]),
    )
