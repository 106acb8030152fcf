"""Merging two providers: what stands in its way, and the rows that move to the one that stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.store.sql.statements import execute, fetch, fetch_column, fetch_value, locking_clause, on_sqlite

FEW = 20
"""How many of what stands in the way are named."""

SIMPLE = (
    "credit_references", "completion_references", "batches", "held_references", "help_requests", "held_digests",
    "webhook_deliveries", "joining_codes", "disputes",
)  # fmt: skip
"""Tables of which every row moves, and nothing of it changes but its provider."""
UNLESS_KNOWN = {
    "idempotency_keys": ("client_id", "key"),
    "identity_finds": ("learner_id",),
    "learner_links": ("learner_id",),
    "grants": ("client_id",),
}
"""Tables of which a row stays behind where the other provider has one with the same key; see `move_unless_known`."""
APART = (
    "activities", "completions", "credits", "held_records", "uploads", "upload_totals", "webhook_endpoints",
    "withdrawn_permissions",
)  # fmt: skip
"""Tables that are moved by statements of their own."""
STAYS: dict[str, str] = {
    "downloads": "a link works for minutes, and leads to the provider that it is then",
    "commits": "append-only: who did what under which id",
    "events": "append-only: those of the former id are read as the other's",
    "providers": "the alias itself",
}
"""Tables with a provider in which nothing moves, each with the reason."""


class Collision(msgspec.Struct, frozen=True, kw_only=True):
    """What both providers have, and only one can."""

    count: int
    examples: Sequence[tuple[str, str]]
    """The first few, as (one's, the other's)."""


_PAIR = {
    "internal-id": """
        SELECT a.activity_id, b.activity_id FROM activities a JOIN activities b ON b.provider_id = :into
        AND b.deleted_at IS NULL AND (b.internal_id = a.internal_id OR b.internal_key = a.internal_key)
        WHERE a.provider_id = :one AND a.deleted_at IS NULL AND a.internal_id IS NOT NULL""",
    "webhook-url": """
        SELECT e.endpoint_id, f.endpoint_id FROM webhook_endpoints e JOIN webhook_endpoints f
        ON f.provider_id = :into AND f.url = e.url AND f.deleted_at IS NULL
        WHERE e.provider_id = :one AND e.deleted_at IS NULL""",
    "grant": """
        SELECT g.client_id, g.client_id FROM grants g JOIN grants h ON h.client_id = g.client_id
        AND h.provider_id = :into JOIN clients c ON c.client_id = g.client_id AND c.revoked_at IS NULL
        WHERE g.provider_id = :one AND (g.revoked_at IS NULL) <> (h.revoked_at IS NULL)""",
    "reference": """
        SELECT x.completion_id, min(y.completion_id) FROM ({one}) x JOIN ({into}) y
        ON y.client_reference = x.client_reference GROUP BY x.completion_id""",
}
_REFERENCES = """
        SELECT r.client_reference, c.completion_id FROM credit_references r JOIN credits k ON k.credit_id = r.credit_id
        AND k.status <> 'withdrawn' JOIN completions c ON c.completion_id = k.completion_id AND c.withdrawn_at IS NULL
        WHERE r.provider_id = :{side} UNION SELECT o.client_reference, c.completion_id FROM completion_references o
        JOIN completions c ON c.completion_id = o.completion_id AND c.withdrawn_at IS NULL
        WHERE o.provider_id = :{side}"""


def find_collisions(connection: Connection, one: str, into: str) -> dict[str, Collision]:
    """Return what both providers have and only one can, by its kind."""
    found = {}
    for kind, query in _PAIR.items():
        # The formats of one query only; the others hold no braces.
        text = query.format(one=_REFERENCES.format(side="one"), into=_REFERENCES.format(side="into"))
        both = {"one": one, "into": into}
        count: int = fetch_value(connection, f"SELECT count(*) FROM ({text}) n", both)
        if count:
            rows = fetch(connection, f"SELECT * FROM ({text}) n ORDER BY 1, 2 LIMIT {FEW}", both)
            found[kind] = Collision(count=count, examples=[(left, right) for left, right in rows])
    return found


def count_rows(connection: Connection, provider_id: str) -> dict[str, int]:
    """Return how many rows a provider has, by what an operator calls them."""
    counted = {
        "activities": "activities WHERE deleted_at IS NULL AND provider_id = :id",
        "completions": "completions WHERE withdrawn_at IS NULL AND provider_id = :id",
        "held records": "held_records WHERE status = 'waiting' AND provider_id = :id",
        "files": "batches WHERE provider_id = :id",
        "clients": "grants WHERE revoked_at IS NULL AND provider_id = :id",
        "webhook endpoints": "webhook_endpoints WHERE deleted_at IS NULL AND provider_id = :id",
    }
    return {
        name: fetch_value(connection, f"SELECT count(*) FROM {what}", {"id": provider_id})
        for name, what in counted.items()
    }


def lock_work_under_way(connection: Connection, one: str) -> None:
    """Wait for pieces of a provider's files and held records that are worked on, and let none begin.

    PostgreSQL appends `FOR UPDATE`. Workers hold these rows before they share the lock of reports, so they come first.
    """
    if on_sqlite(connection):
        return
    for table, column, where in (
        ("batches", "batch_id", "finished_at IS NULL"),
        ("held_records", "held_id", "status = 'waiting'"),
    ):
        fetch_column(
            connection,
            f"SELECT {column} FROM {table} WHERE provider_id = :one AND {where} ORDER BY {column}"
            f"{locking_clause(connection)}",
            {"one": one},
        )


def lock_providers(connection: Connection, one: str, into: str) -> None:
    """Wait for transactions that have written rows of two providers, and let none write any until this one ends."""
    fetch_column(
        connection,
        "SELECT provider_id FROM providers WHERE provider_id IN (:one, :into) ORDER BY provider_id"
        f"{locking_clause(connection)}",
        {"one": one, "into": into},
    )


def move_activities(connection: Connection, one: str, into: str, at: datetime) -> list[tuple[str, int]]:
    """Move a provider's activities, deleted ones included; return (activity, version) of each."""
    execute(
        connection,
        "UPDATE activities SET provider_id = :into, version = version + 1, updated_at = :at WHERE provider_id = :one",
        {"one": one, "into": into, "at": at},
    )
    rows = fetch(
        connection,
        "SELECT activity_id, version FROM activities WHERE provider_id = :into AND updated_at = :at "
        "ORDER BY activity_id",
        {"into": into, "at": at},
    )
    return [(activity_id, version) for activity_id, version in rows]


def move_completions(connection: Connection, one: str, into: str) -> int:
    """Move a provider's completions with their credits, withdrawn ones included; return how many completions.

    Their versions stay as they were made. Who is known by a local id only keeps it, under the provider that stays.
    """
    moved = execute(
        connection, "UPDATE completions SET provider_id = :into WHERE provider_id = :one", {"one": one, "into": into}
    )
    execute(connection, "UPDATE credits SET provider_id = :into WHERE provider_id = :one", {"one": one, "into": into})
    before = f"rems:{one}:"
    execute(
        connection,
        "UPDATE completions SET subject = :prefix || substr(subject, :after) "
        "WHERE provider_id = :into AND subject LIKE :like",
        {"prefix": f"rems:{into}:", "after": len(before) + 1, "like": f"{before}%", "into": into},
    )
    return moved


def move_all(connection: Connection, table: str, one: str, into: str) -> int:
    """Move every row of a provider in a table; return how many."""
    both = {"one": one, "into": into}
    return execute(connection, f"UPDATE {table} SET provider_id = :into WHERE provider_id = :one", both)


def move_unless_known(connection: Connection, table: str, one: str, into: str) -> int:
    """Move the rows of a provider in a table whose key the other has none of; return how many.

    The others stay behind: the other provider's row says the same, or is the one that counts.
    """
    same = " AND ".join(f"o.{column} = {table}.{column}" for column in UNLESS_KNOWN[table])
    return execute(
        connection,
        f"UPDATE {table} SET provider_id = :into WHERE provider_id = :one AND NOT EXISTS ("
        f"SELECT 1 FROM {table} o WHERE o.provider_id = :into AND {same})",
        {"one": one, "into": into},
    )


def end_grants_left(connection: Connection, one: str, at: datetime) -> None:
    """End what is left of a merged provider's grants."""
    execute(
        connection,
        "UPDATE grants SET revoked_at = :at WHERE provider_id = :one AND revoked_at IS NULL",
        {"one": one, "at": at},
    )


def move_uploads(connection: Connection, one: str, into: str) -> None:
    """Move the files of batches, and the room that they take. One that still arrives stays where it was counted."""
    both = {"one": one, "into": into}
    execute(
        connection,
        "UPDATE uploads SET provider_id = :into WHERE provider_id = :one AND upload_id IN ("
        "SELECT b.upload_id FROM batches b WHERE b.provider_id = :into)",
        both,
    )
    for provider_id in (one, into):
        execute(
            connection,
            "INSERT INTO upload_totals (provider_id, bytes) VALUES (:id, (SELECT coalesce(sum(stored), 0) FROM uploads "
            "WHERE provider_id = :id)) ON CONFLICT (provider_id) DO UPDATE SET bytes = excluded.bytes",
            {"id": provider_id},
        )


def move_endpoints(connection: Connection, one: str, into: str) -> list[str]:
    """Move a provider's webhook endpoints, but for those that are deleted; return their ids."""
    standing = "webhook_endpoints WHERE provider_id = :one AND deleted_at IS NULL"
    ids = fetch_column(connection, f"SELECT endpoint_id FROM {standing} ORDER BY endpoint_id", {"one": one})
    moved = standing.replace("WHERE", "SET provider_id = :into, version = version + 1 WHERE")
    execute(connection, f"UPDATE {moved}", {"one": one, "into": into})
    return ids


def ids_of(connection: Connection, table: str, column: str, provider_id: str) -> list[str]:
    """Return the ids of a provider's rows in a table."""
    sql = f"SELECT {column} FROM {table} WHERE provider_id = :id ORDER BY {column}"
    return fetch_column(connection, sql, {"id": provider_id})


def clients_of(connection: Connection, one: str) -> list[str]:
    """Return the clients that have, or had, the right to act for a provider."""
    return ids_of(connection, "grants", "client_id", one)


def name_root(connection: Connection, one: str, into: str) -> list[str]:
    """Make a provider an alias of another one, and its aliases too; return all of them."""
    former = fetch_column(
        connection,
        "SELECT provider_id FROM providers WHERE provider_id = :one OR merged_into = :one ORDER BY provider_id",
        {"one": one},
    )
    execute(
        connection,
        "UPDATE providers SET merged_into = :into, merging_into = NULL WHERE provider_id = :one OR merged_into = :one",
        {"one": one, "into": into},
    )
    # An announcement of the merge the other way round, whose command was killed.
    announced = _announcements(connection, into)
    _set_announcements(connection, into, [entry for entry in announced if not entry.startswith(f"{one}:")])
    return former


def announce(connection: Connection, one: str, into: str, announcement_id: str) -> None:
    """Note that a provider is about to be merged: its clients ask the database each time.

    Two commands may announce the same merge: both are noted, and each withdraws its own.
    """
    sql = (
        "UPDATE providers SET merging_into = coalesce(merging_into || ' ', '') || :entry "
        "WHERE provider_id = :one AND merged_into IS NULL"
    )
    execute(connection, sql, {"one": one, "entry": f"{into}:{announcement_id}"})


def withdraw(connection: Connection, one: str, announcement_id: str) -> None:
    """Note that an announcement of a provider's merge holds no longer; others stay."""
    fetch(connection, f"SELECT 1 FROM providers WHERE provider_id = :one{locking_clause(connection)}", {"one": one})
    announced = _announcements(connection, one)
    _set_announcements(connection, one, [entry for entry in announced if not entry.endswith(announcement_id)])


def _announcements(connection: Connection, provider_id: str) -> list[str]:
    """Return the announcements of a provider that stand, each as `into:announcement_id`."""
    sql = "SELECT coalesce(merging_into, '') FROM providers WHERE provider_id = :id"
    text: str = fetch_value(connection, sql, {"id": provider_id}) or ""
    return text.split()


def _set_announcements(connection: Connection, provider_id: str, entries: Sequence[str]) -> None:
    execute(
        connection,
        "UPDATE providers SET merging_into = :entries WHERE provider_id = :id AND merging_into IS NOT NULL",
        {"id": provider_id, "entries": " ".join(entries) or None},
    )
