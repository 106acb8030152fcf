"""Merges of physicians: who is whose alias, what was moved, and the locks between merging and reporting."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.domain.identity.merges import Merge, MergeDocument
from app.models.learners import learner_links, registry_merges
from app.store.completions import MERGE_LOCK
from app.store.sql.bulk import Rows, insert, update
from app.store.sql.statements import Row, execute, fetch, fetch_column, take_advisory_locks
from app.store.sql.values import read_document, read_instant


def lock_out_reports(connection: Connection) -> None:
    """Let no report, decision or withdrawal be stored until this transaction ends, after waiting for those under way.

    Whom a report means is found before anything of it is stored: meanwhile nobody may become somebody else. SQLite has
    one writer.
    """
    take_advisory_locks(connection, MERGE_LOCK, [1])


def lock_out_merges(connection: Connection) -> None:
    """Let nobody be merged, unmerged or split until this transaction ends; others may do this at the same time.

    PostgreSQL:

        SELECT pg_advisory_xact_lock_shared(…)
    """
    take_advisory_locks(connection, MERGE_LOCK, [1], shared=True)


def set_alias(connection: Connection, ids: Iterable[str], into: str | None, at: datetime) -> None:
    """Make physicians aliases of another one, or of nobody."""
    for id in ids:
        sql = "UPDATE learners SET merged_into = :into, updated_at = :at WHERE learner_id = :id"
        execute(connection, sql, {"into": into, "at": at, "id": id})


def links_of(connection: Connection, physician_id: str) -> dict[str, str]:
    """Return the learner ids of a physician by provider."""
    sql = "SELECT provider_id, link FROM learner_links WHERE learner_id = :id"
    return dict(fetch(connection, sql, {"id": physician_id}))


def move_links(connection: Connection, providers: Iterable[str], one: str, other: str) -> None:
    """Let learner ids of some providers name another physician."""
    for provider_id in providers:
        execute(
            connection,
            "UPDATE learner_links SET learner_id = :other WHERE provider_id = :provider AND learner_id = :one",
            {"other": other, "provider": provider_id, "one": one},
        )


def add_links(connection: Connection, rows: Rows) -> None:
    """Store new learner ids."""
    insert(connection, learner_links, rows)


def add(connection: Connection, merge: Merge, client_id: str) -> None:
    """Keep a merge."""
    insert(
        connection,
        registry_merges,
        [
            {
                "merge_id": merge.merge_id,
                "learner_id": merge.physician_id,
                "into_id": merge.into_id,
                "merged_at": merge.at,
                "client_id": client_id,
                "document": msgspec.to_builtins(merge.document),
            }
        ],
    )


_MERGE = "merge_id, learner_id, into_id, merged_at, document"


def _read(row: Row) -> Merge:
    merge_id, learner_id, into_id, merged_at, document = row
    return Merge(
        merge_id=merge_id,
        physician_id=learner_id,
        into_id=into_id,
        at=read_instant(merged_at),
        document=msgspec.convert(read_document(document), MergeDocument),
    )


def standing(connection: Connection, physician_id: str) -> Merge | None:
    """Return the merge by which a physician is an alias."""
    sql = f"SELECT {_MERGE} FROM registry_merges WHERE learner_id = :id AND undone_at IS NULL"
    return next(map(_read, fetch(connection, sql, {"id": physician_id})), None)


def standing_into(connection: Connection, physician_id: str) -> list[Merge]:
    """Return the merges that stand into a physician, the oldest first."""
    sql = f"SELECT {_MERGE} FROM registry_merges WHERE into_id = :id AND undone_at IS NULL ORDER BY merge_id"
    return list(map(_read, fetch(connection, sql, {"id": physician_id})))


def undo(connection: Connection, merge_id: str, at: datetime) -> None:
    """Note that a merge was undone."""
    update(connection, registry_merges, {"undone_at": at}, {"merge_id": merge_id})


def providers_with_credit(connection: Connection, physician_id: str) -> list[str]:
    """Return the providers who have completions of a physician, withdrawn ones too."""
    return fetch_column(
        connection, "SELECT DISTINCT provider_id FROM completions WHERE learner_id = :id", {"id": physician_id}
    )
