"""Activities with their registrations."""

from __future__ import annotations

import random
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.domain.activities import Activity, RegisteredActivity, Registration
from app.domain.amounts import in_credits, in_quarters
from app.domain.identity.comparison_keys import phrase_key
from app.domain.parsing import plain_or_none, plain_text
from app.models import activities as tables
from app.store.registry.generation import GENERATION
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_keys
from app.store.sql.rows import RowMapper, column, expression, looked_up_by
from app.store.sql.statements import Row, execute, fetch, fetch_value, locking_clause, take_advisory_locks

_SAME_LOCKS = 0x7361
_MOST_ZEROS = 16
"""Zeros before a number that are looked for: a number cell holds fifteen digits."""
_ACCREDITED_JOINTLY = "(SELECT p.joint FROM providers p WHERE p.provider_id = a.provider_id)"
_IN_SANDBOX = "(SELECT p.sandbox_of IS NOT NULL FROM providers p WHERE p.provider_id = a.provider_id)"


def _quarters(credits: float) -> int:
    return int(in_quarters(credits))


_FIELDS = RowMapper(
    Activity,
    tables.activities,
    "a",
    ama_pra_credits=column("ama_quarters", in_credits, write=_quarters),
    registrations=looked_up_by("activity_id"),
    closed=expression("a.closed_at IS NOT NULL", bool),
    sandbox=expression(_IN_SANDBOX, bool),
    jointly_accredited=expression(_ACCREDITED_JOINTLY, bool),
)
ACTIVITY = RowMapper(RegisteredActivity, tables.activities, "a", activity=_FIELDS)
_REGISTRATION = RowMapper(
    Registration, tables.activity_boards, "b", points=column("points_quarters", in_credits, write=_quarters)
)


_VERSION = "a.activity_id, a.provider_id, a.version, a.updated_at"
_HAS_WAITING = "EXISTS (SELECT 1 FROM held_records h WHERE h.activity_id = a.activity_id AND h.status = 'waiting')"
_UNACCREDITED = (
    "EXISTS (SELECT 1 FROM providers p WHERE p.provider_id = a.provider_id "
    "AND (p.accredited_to < a.start_date OR p.accredited_from > a.end_date))"
)
_KEPT = "activities by version"
_MOST_KEPT = 256
"""Activities that a connection keeps; one takes about three kilobytes."""


class Reportable(msgspec.Struct, frozen=True, kw_only=True):
    """Activities that records are reported for, and what is to be known of records held for them."""

    activities: dict[str, Activity]
    """By id."""
    with_waiting: frozenset[str] = frozenset()
    """Those for which a record waits for its match."""
    unaccredited: frozenset[str] = frozenset()
    """Those that lie outside the time of their provider's accreditation."""
    generation: int = 0
    """The registry's generation, read before anybody is looked up; 0 without activities."""


def load_reportable(connection: Connection, keys: Iterable[tuple[str, str]], *, locking: bool = True) -> Reportable:
    """Return the activities named as (provider, activity).

    With `locking`, PostgreSQL appends `FOR KEY SHARE OF a`: edits, which lock with `FOR UPDATE`, wait for the
    transaction to end. The version is read each time; the rest of a version that the connection has read before is
    kept with it, for reading it takes a tenth of the time of a single report.
    """
    rows = select_by_keys(
        connection,
        f"{_VERSION}, {_HAS_WAITING}, {_UNACCREDITED}, {GENERATION}",
        ("provider", "id"),
        keys,
        "activities a ON a.activity_id = k.id AND a.provider_id = k.provider AND a.deleted_at IS NULL",
        locking_clause(connection, "KEY SHARE OF a") if locking else "",
    )
    versions = [tuple(version) for *version, _, _, _ in rows]
    kept: dict[Row, Activity] = connection.info.setdefault(_KEPT, {})
    found = {version: kept[version] for version in versions if version in kept}
    if len(found) < len(versions):
        found = _read_versions(connection, versions)
        kept |= found
        for oldest in list(kept)[: max(len(kept) - _MOST_KEPT, 0)]:
            del kept[oldest]
    return Reportable(
        activities={activity.activity_id: activity for activity in found.values()},
        with_waiting=frozenset([activity_id for activity_id, *_, has_waiting, _, _ in rows if has_waiting]),
        unaccredited=frozenset([activity_id for activity_id, *_, unaccredited, _ in rows if unaccredited]),
        generation=max((generation for *_, generation in rows), default=0),
    )


def _read_versions(connection: Connection, versions: Sequence[Row]) -> dict[Row, Activity]:
    """Read activities of which the versions were read before, in the same snapshot or under a lock; by version."""
    rows = select_by_keys(
        connection,
        f"{_VERSION}, {ACTIVITY.columns}",
        ("id",),
        ((activity_id,) for activity_id, *_ in versions),
        "activities a ON a.activity_id = k.id",
    )
    width = len(_VERSION.split(", "))
    activities = read(connection, [row[width:] for row in rows])
    return {tuple(row[:width]): found.activity for row, found in zip(rows, activities, strict=True)}


_OF_PROVIDER = "WHERE a.activity_id = :id AND a.provider_id = :provider AND a.deleted_at IS NULL"


def one(connection: Connection, provider_id: str, activity_id: str) -> RegisteredActivity | None:
    """Return one activity of a provider, read in one statement with its registrations."""
    rows = fetch(
        connection,
        f"SELECT {ACTIVITY.columns}, {_REGISTRATION.columns} FROM activities a "
        f"LEFT JOIN activity_boards b ON b.activity_id = a.activity_id {_OF_PROVIDER} ORDER BY b.place",
        {"id": activity_id, "provider": provider_id},
    )
    boards = [row[ACTIVITY.width :] for row in rows]
    held = tuple(_REGISTRATION.read(connection, [board for board in boards if any(board)]))
    return ACTIVITY.read_first(connection, [row[: ACTIVITY.width] for row in rows[:1]], registrations=lambda _: held)


def one_for_update(connection: Connection, provider_id: str, activity_id: str) -> RegisteredActivity | None:
    """Return one activity of a provider; reports for it wait until the transaction ends.

    PostgreSQL appends `FOR UPDATE`; SQLite's transaction is the only writer. The registrations are read afterwards, as
    they stand once the lock is held.
    """
    rows = fetch(
        connection,
        f"SELECT {ACTIVITY.columns} FROM activities a {_OF_PROVIDER}{locking_clause(connection)}",
        {"id": activity_id, "provider": provider_id},
    )
    return next(iter(read(connection, rows)), None)


def id_of_internal(connection: Connection, provider_id: str, internal_id: str) -> str | None:
    """Return the id of the provider's activity with this internal id, in this spelling before any other."""
    own = "FROM activities WHERE provider_id = :provider AND deleted_at IS NULL"
    activity_id: str | None = fetch_value(
        connection,
        f"SELECT found.activity_id FROM (SELECT activity_id, 0 AS distance {own} AND internal_id = :internal "
        f"UNION ALL SELECT activity_id, 1 AS distance {own} AND internal_key = :key) found "
        "ORDER BY found.distance LIMIT 1",
        {"provider": provider_id, "internal": internal_id, "key": plain_text(internal_id)},
    )
    return activity_id


def has_internal_with_other_zeros(connection: Connection, provider_id: str, internal_id: str) -> bool:
    """Return True if an activity's internal id differs from a number by the zeros before it alone, at most sixteen."""
    given = plain_text(internal_id)
    if not given.isdecimal() or not given.strip("0"):
        return False
    keys = {f"key{zeros}": "0" * zeros + given.lstrip("0") for zeros in range(_MOST_ZEROS)}
    others = {name: key for name, key in keys.items() if key != given}
    found = fetch_value(
        connection,
        "SELECT activity_id FROM activities WHERE provider_id = :provider AND deleted_at IS NULL "
        f"AND internal_key IN ({', '.join(f':{name}' for name in others)}) LIMIT 1",
        {"provider": provider_id, **others},
    )
    return found is not None


def lock_same(connection: Connection, given: Iterable[Activity]) -> None:
    """Take the advisory locks on what activities without any id are known by, for this transaction.

    No constraint can stand for it: two with one title, format and days may be registered on purpose, one by one. On
    SQLite the one writer is the lock.
    """
    names = (
        f"{one.provider_id}|{one.kind.code}|{one.start_date}|{one.end_date}|{plain_text(one.title or '')}"
        for one in given
        if one.kind is not None
    )
    take_advisory_locks(connection, _SAME_LOCKS, (zlib.crc32(name.encode()) & 0xFFFF for name in names))


def id_of_same(connection: Connection, activity: Activity) -> str | None:
    """Return the id of the provider's activity without an internal id that has the same title, format and dates."""
    if not (
        isinstance(activity.start_date, date) and isinstance(activity.end_date, date) and activity.kind is not None
    ):
        return None
    similar = fetch(
        connection,
        "SELECT activity_id, title FROM activities WHERE provider_id = :provider AND deleted_at IS NULL "
        "AND internal_id IS NULL AND format = :format AND start_date = :start AND end_date = :end ORDER BY activity_id",
        {
            "provider": activity.provider_id,
            "format": activity.kind.code,
            "start": activity.start_date,
            "end": activity.end_date,
        },
    )
    wanted = plain_text(activity.title or "")
    return next((activity_id for activity_id, title in similar if plain_text(title) == wanted), None)


def draw_id(connection: Connection) -> str:
    """Draw a nine-digit id that no activity has. A clash with a concurrent insert fails on the primary key."""
    while True:
        drawn = str(random.SystemRandom().randrange(300_000_000, 1_000_000_000))
        if not exists(connection, drawn):
            return drawn


def exists(connection: Connection, activity_id: str) -> bool:
    """Return whether any provider has an activity with this id."""
    return bool(fetch(connection, "SELECT 1 FROM activities WHERE activity_id = :id", {"id": activity_id}))


def add(
    connection: Connection,
    new: Sequence[Activity],
    at: datetime,
    *,
    created_at: datetime | None = None,
    closed_at: datetime | None = None,
) -> None:
    """Insert activities with their registrations, as version 1.

    They were created, and closed if they are, at the same moment, unless another is given: in another system.
    """
    other = {"closed_at": closed_at} if closed_at is not None else {}
    rows = [_row(activity, at) | other | {"version": 1, "created_at": created_at or at} for activity in new]
    insert(connection, tables.activities, rows)
    _add_boards(connection, new)


def replace_with(connection: Connection, before: Activity, after: Activity, version: int, at: datetime) -> None:
    """Update an activity to a new version. The time at which it was closed stays while it is closed."""
    row = _row(after, at) | {"version": version}
    kept = {"activity_id", "provider_id"}
    kept |= {"closed_at"} if before.closed == after.closed else set()
    # Of two older activities whose ids are alike, one has no key, and can have none while the other has it.
    kept |= {"internal_key"} if before.internal_id == after.internal_id else set()
    changed = {name: value for name, value in row.items() if name not in kept}
    update(connection, tables.activities, changed, {"activity_id": after.activity_id})
    execute(connection, "DELETE FROM activity_boards WHERE activity_id = :id", {"id": after.activity_id})
    _add_boards(connection, [after])


def remove(connection: Connection, activity_id: str, at: datetime) -> None:
    """Mark an activity as deleted; its withdrawn completions still refer to it."""
    update(connection, tables.activities, {"deleted_at": at}, {"activity_id": activity_id})


def _row(activity: Activity, at: datetime) -> dict[str, Any]:
    return _FIELDS.values_of(activity) | {
        "internal_key": plain_or_none(activity.internal_id),
        "title_key": phrase_key(activity.title or ""),
        "closed_at": at if activity.closed else None,
        "updated_at": at,
    }


def _add_boards(connection: Connection, new: Sequence[Activity]) -> None:
    rows = [
        _REGISTRATION.values_of(registration) | {"activity_id": activity.activity_id, "place": place}
        for activity in new
        for place, registration in enumerate(activity.registrations)
    ]
    insert(connection, tables.activity_boards, rows)


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
