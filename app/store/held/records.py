"""Held records: added, found by what was sent or by references, locked to be judged again, and saved."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.held import (
    HeldFilter,
    HeldRecord,
    digest_of_record,
    document_of_findings,
    document_of_report,
    findings_of_document,
    references_in,
    report_of_document,
)
from app.models import held as tables
from app.store.registry.generation import GENERATION
from app.store.sql.bulk import insert, update
from app.store.sql.key_sets import select_by_ids, select_by_keys
from app.store.sql.rows import RowMapper, column
from app.store.sql.statements import (
    execute,
    fetch,
    fetch_column,
    fetch_value,
    in_list,
    locking_clause,
    narrow_to,
    on_sqlite,
)
from app.store.sql.values import read_instant

_HELD = RowMapper(
    HeldRecord,
    tables.held_records,
    "h",
    report=column("report", report_of_document, write=document_of_report),
    findings=column("findings", findings_of_document, write=document_of_findings),
)
_CHANGING = (
    *("status", "submitted_at", "expires_at", "findings", "judged_at", "generation", "reason", "ended_at"),
    *("completion_id", "superseded_by", "version", "updated_at"),
)
Digest = tuple[str, str]
"""(provider, digest of a record)"""
_JUDGING_LOCK = 0x686C
_EXPIRED = f"h.status = 'waiting' AND h.expires_at <= :now AND h.generation >= {GENERATION}"
"""What the registry could still match is judged before its time is over."""


def digest_key(held: HeldRecord) -> Digest:
    """Return the key under which a record is found when it is sent again."""
    return held.provider_id, digest_of_record(held.report)


def add(connection: Connection, records: Sequence[HeldRecord]) -> None:
    """Insert records that are held for the first time.

    Raises an integrity error where one of them has meanwhile been held by somebody else: the loser starts over.
    """
    insert(connection, tables.held_records, [_values_of(held) for held in records])
    add_digests(connection, [(*digest_key(held), held.held_id) for held in records])
    _add_references(connection, records)


def replace_report(connection: Connection, held: HeldRecord, *, is_new: bool) -> None:
    """Write a record that its sender has corrected; what it was before leads to it as well.

    `is_new` says that its digest is not known yet.
    """
    update(connection, tables.held_records, _values_of(held), {"held_id": held.held_id})
    if is_new:
        add_digests(connection, [(*digest_key(held), held.held_id)])
    execute(connection, "DELETE FROM held_references WHERE held_id = :id", {"id": held.held_id})
    _add_references(connection, [held])


def move(connection: Connection, held: HeldRecord, provider_id: str) -> HeldRecord:
    """Make a record that of another provider, into which its own was merged; return it as it is then.

    What was sent leads to it as before, and so does the same sent for the other provider.
    """
    moved = replace(held, provider_id=provider_id, report=replace(held.report, provider_id=provider_id))
    update(connection, tables.held_records, _values_of(moved), {"held_id": held.held_id})
    provider, digest = digest_key(moved)
    row = {"provider_id": provider, "digest": digest, "held_id": moved.held_id}
    insert(connection, tables.held_digests, [row], skip_known=True)
    return moved


def add_digests(connection: Connection, rows: Iterable[tuple[str, str, str]]) -> None:
    """Insert (provider, digest, held record)."""
    # In one order for all transactions: in two, two would block each other.
    ordered = [{"provider_id": provider, "digest": digest, "held_id": id} for provider, digest, id in sorted(rows)]
    insert(connection, tables.held_digests, ordered)


def _add_references(connection: Connection, records: Sequence[HeldRecord]) -> None:
    keys = {(held.provider_id, reference, held.held_id) for held in records for reference in references_in(held.report)}
    insert(
        connection,
        tables.held_references,
        [
            {"provider_id": provider_id, "client_reference": reference, "held_id": held_id}
            for provider_id, reference, held_id in sorted(keys)
        ],
    )


def _values_of(held: HeldRecord) -> dict[str, Any]:
    reason = held.reason.value if held.reason is not None else None
    return _HELD.values_of(held) | {"status": held.status.value, "reason": reason}


def by_digests(connection: Connection, digests: Iterable[Digest], *, locking: bool = False) -> dict[Digest, HeldRecord]:
    """Return the held records of which these were sent; with `locking`, nobody changes them meanwhile."""
    rows = select_by_keys(
        connection,
        f"d.provider_id, d.digest, {_HELD.columns}",
        ("provider", "digest"),
        digests,
        "held_digests d ON d.provider_id = k.provider AND d.digest = k.digest "
        "JOIN held_records h ON h.held_id = d.held_id",
        f" ORDER BY h.held_id{locking_clause(connection, 'NO KEY UPDATE OF h') if locking else ''}",
    )
    keys = [(provider_id, digest) for provider_id, digest, *_ in rows]
    return dict(zip(keys, _HELD.read(connection, [row[2:] for row in rows]), strict=True))


def lock_waiting_under(
    connection: Connection, references: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str], set[str]]:
    """Lock the waiting records that bear references, and return their ids by (provider, reference).

    `references` are (provider, reference in normal form, id of the held record that asks): that one is left out.
    """
    rows = select_by_keys(
        connection,
        "r.provider_id, r.client_reference, h.held_id",
        ("provider", "reference", "asking"),
        references,
        "held_references r ON r.provider_id = k.provider AND r.client_reference = k.reference "
        "JOIN held_records h ON h.held_id = r.held_id AND h.held_id <> k.asking AND h.status = 'waiting'",
        f" ORDER BY h.held_id{locking_clause(connection, 'NO KEY UPDATE OF h')}",
    )
    found: dict[tuple[str, str], set[str]] = {}
    for provider_id, reference, held_id in rows:
        found.setdefault((provider_id, reference), set()).add(held_id)
    return found


def by_ids(connection: Connection, held_ids: Collection[str]) -> dict[str, HeldRecord]:
    """Return held records by their ids."""
    rows = select_by_ids(
        connection, f"SELECT {_HELD.columns} FROM {{keys}} JOIN held_records h ON h.held_id = k.id", held_ids
    )
    return {held.held_id: held for held in _HELD.read(connection, rows)}


def lock_one(connection: Connection, held_id: str) -> HeldRecord | None:
    """Return a held record of any provider, locked until the transaction ends."""
    sql = (
        f"SELECT {_HELD.columns} FROM held_records h WHERE h.held_id = :id{locking_clause(connection, 'NO KEY UPDATE')}"
    )
    return next(iter(_HELD.read(connection, fetch(connection, sql, {"id": held_id}))), None)


def one(
    connection: Connection, held_id: str, *, provider_id: str | None = None, for_update: bool = False
) -> HeldRecord | None:
    """Return a held record, of a certain provider if one is given."""
    of_provider = " AND h.provider_id = :provider" if provider_id is not None else ""
    rows = fetch(
        connection,
        f"SELECT {_HELD.columns} FROM held_records h WHERE h.held_id = :id{of_provider}"
        + (locking_clause(connection, "NO KEY UPDATE") if for_update else ""),
        {"id": held_id, "provider": provider_id},
    )
    return _HELD.read_first(connection, rows)


def page(
    connection: Connection, provider_id: str, wanted: HeldFilter, *, before: str | None, limit: int
) -> list[HeldRecord]:
    """Return held records of a provider before one of them, newest first."""
    narrowed, parameters = narrow_to(
        "h", {"status": wanted.statuses, "activity_id": wanted.activity_ids, "batch_id": wanted.batch_ids}
    )
    conditions = ["h.provider_id = :provider", "h.held_id < :before", *narrowed]
    parameters |= {"provider": provider_id, "before": before or "~", "limit": limit}
    if wanted.references:
        marks, in_values = in_list("reference", wanted.references)
        conditions.append(
            "EXISTS (SELECT 1 FROM held_references r WHERE r.provider_id = :provider AND r.held_id = h.held_id "
            f"AND r.client_reference IN ({marks}))"
        )
        parameters |= in_values
    rows = fetch(
        connection,
        f"SELECT {_HELD.columns} FROM held_records h WHERE {' AND '.join(conditions)} "
        "ORDER BY h.held_id DESC LIMIT :limit",
        parameters,
    )
    return _HELD.read(connection, rows)


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What waits to be judged again, or for its end."""

    generation: int | None
    """The registry's generation, where a waiting record was judged by an earlier one."""
    expired: bool
    """Whether the time of a record is over that need not be judged again before."""


def find_due(connection: Connection, now: datetime) -> Due:
    """Return whether anything is due, so that idle workers need not write to find out."""
    ((generation, oldest, first_end),) = fetch(
        connection,
        "SELECT g.generation, (SELECT min(h.generation) FROM held_records h WHERE h.status = 'waiting'), "
        f"(SELECT h.held_id FROM held_records h WHERE {_EXPIRED} LIMIT 1) FROM registry_generation g",
        {"now": now},
    )
    is_due = oldest is not None and oldest < generation
    return Due(generation=generation if is_due else None, expired=first_end is not None)


def take_turn(connection: Connection) -> bool:
    """Take the turn of judging again until the transaction ends; False while another process has it.

    SQLite has one writer. PostgreSQL:

        SELECT pg_try_advisory_xact_lock(:key)
    """
    if on_sqlite(connection):
        return True
    return bool(fetch_value(connection, "SELECT pg_try_advisory_xact_lock(:key)", {"key": _JUDGING_LOCK}))


Place = tuple[datetime, str]
"""(first submission, id): where a held record stands among those that are judged again."""


def lock_due(connection: Connection, generation: int, limit: int, after: Place | None = None) -> list[HeldRecord]:
    """Lock and return waiting records judged by an earlier generation, in the order of their first submission."""
    behind = " AND (h.submitted_at, h.held_id) > (:submitted, :id)" if after is not None else ""
    submitted, held_id = after or (None, None)
    rows = fetch(
        connection,
        f"SELECT {_HELD.columns} FROM held_records h WHERE h.status = 'waiting' AND h.generation < :generation{behind} "
        f"ORDER BY h.submitted_at, h.held_id LIMIT :limit{locking_clause(connection, 'NO KEY UPDATE')}",
        {"generation": generation, "limit": limit, "submitted": submitted, "id": held_id},
    )
    return _HELD.read(connection, rows)


def pass_next(connection: Connection, generation: int, at: datetime, after: Place | None = None) -> Place | None:
    """Note of the next record that is due that it was judged, whatever is wrong with it; return where it stands."""
    behind = " AND (h.submitted_at, h.held_id) > (:submitted, :id)" if after is not None else ""
    submitted, held_id = after or (None, None)
    rows = fetch(
        connection,
        "UPDATE held_records SET generation = :generation, judged_at = :at WHERE held_id = ("
        f"SELECT h.held_id FROM held_records h WHERE h.status = 'waiting' AND h.generation < :generation{behind} "
        "ORDER BY h.submitted_at, h.held_id LIMIT 1) RETURNING submitted_at, held_id",
        {"generation": generation, "at": at, "submitted": submitted, "id": held_id},
    )
    return next(((read_instant(first), passed) for first, passed in rows), None)


def lock_expired(connection: Connection, now: datetime, limit: int) -> list[HeldRecord]:
    """Lock and return waiting records whose time is over, the first to end first."""
    rows = fetch(
        connection,
        f"SELECT {_HELD.columns} FROM held_records h WHERE {_EXPIRED} "
        f"ORDER BY h.expires_at LIMIT :limit{locking_clause(connection, 'NO KEY UPDATE')}",
        {"now": now, "limit": limit},
    )
    return _HELD.read(connection, rows)


def waiting_of(connection: Connection, held_ids: Sequence[str]) -> set[str]:
    """Return those of some records that wait."""
    marks, in_ids = in_list("id", held_ids)
    sql = f"SELECT held_id FROM held_records WHERE status = 'waiting' AND held_id IN ({marks})"
    return set(fetch_column(connection, sql, in_ids))


def mark_judged(connection: Connection, held_ids: Sequence[str], generation: int, at: datetime) -> None:
    """Note that records were judged by a generation, and are as they were."""
    marks, in_ids = in_list("id", held_ids)
    execute(
        connection,
        f"UPDATE held_records SET generation = :generation, judged_at = :at WHERE held_id IN ({marks})",
        in_ids | {"generation": generation, "at": at},
    )


def save(connection: Connection, records: Iterable[HeldRecord]) -> None:
    """Write records as they have changed; what was sent stays as it is."""
    for held in records:
        values = _values_of(held)
        changed = {name: values[name] for name in _CHANGING}
        update(connection, tables.held_records, changed, {"held_id": held.held_id})
