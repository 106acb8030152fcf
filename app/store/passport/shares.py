"""Shares of transcripts and the days on which they were opened."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import Connection

from app.domain.passport.shares import Share, ShareView
from app.models import passport as tables
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper
from app.store.sql.statements import execute, fetch, fetch_value, in_list, locking_clause

_SHARE = RowMapper(Share, tables.passport_shares, "s")
_VIEW = RowMapper(ShareView, tables.passport_share_views, "v")


def add(connection: Connection, share: Share, digest: str) -> None:
    """Insert a share under the digest of its link."""
    insert(connection, tables.passport_shares, [_SHARE.values_of(share) | {"digest": digest}])


def of_link(connection: Connection, digest: str) -> Share | None:
    """Return the share of a link's digest, whatever became of it."""
    rows = fetch(
        connection, f"SELECT {_SHARE.columns} FROM passport_shares s WHERE s.digest = :digest", {"digest": digest}
    )
    return _SHARE.read_first(connection, rows)


def one(connection: Connection, share_id: str) -> Share | None:
    """Return a share, whatever became of it."""
    rows = fetch(connection, f"SELECT {_SHARE.columns} FROM passport_shares s WHERE s.share_id = :id", {"id": share_id})
    return _SHARE.read_first(connection, rows)


def lock(connection: Connection, share_id: str) -> Share | None:
    """Return a share that nobody else changes for this transaction. PostgreSQL appends `FOR NO KEY UPDATE`."""
    rows = fetch(
        connection,
        f"SELECT {_SHARE.columns} FROM passport_shares s WHERE s.share_id = :id"
        f"{locking_clause(connection, 'NO KEY UPDATE')}",
        {"id": share_id},
    )
    return _SHARE.read_first(connection, rows)


def of_account(connection: Connection, client_id: str, limit: int) -> list[Share]:
    """Return the shares of an account whose receivers are known, the newest first."""
    rows = fetch(
        connection,
        f"SELECT {_SHARE.columns} FROM passport_shares s WHERE s.client_id = :id AND s.receiver <> '' "
        "ORDER BY s.created_at DESC, s.share_id DESC LIMIT :limit",
        {"id": client_id, "limit": limit},
    )
    return _SHARE.read(connection, rows)


def count_open(connection: Connection, client_id: str, now: datetime) -> int:
    """Return how many shares of an account work."""
    return int(
        fetch_value(
            connection,
            "SELECT count(*) FROM passport_shares WHERE client_id = :id AND ended_at IS NULL AND expires_at > :now",
            {"id": client_id, "now": now},
        )
    )


def views_of(connection: Connection, share_ids: Collection[str]) -> list[ShareView]:
    """Return the days on which shares were opened, the newest first."""
    if not share_ids:
        return []
    marks, parameters = in_list("id", sorted(share_ids))
    rows = fetch(
        connection,
        f"SELECT {_VIEW.columns} FROM passport_share_views v WHERE v.share_id IN ({marks}) "
        "ORDER BY v.share_id, v.viewed_on DESC",
        parameters,
    )
    return _VIEW.read(connection, rows)


def count_view(connection: Connection, share_id: str, day: date, *, pdf: bool) -> bool:
    """Count a view of a share that is locked, or that its PDF was taken; return whether it is the first of its day."""
    what = "pdfs" if pdf else "views"
    known = execute(
        connection,
        f"UPDATE passport_share_views SET {what} = {what} + 1 WHERE share_id = :id AND viewed_on = :day",
        {"id": share_id, "day": day},
    )
    if not known:
        row = {"share_id": share_id, "viewed_on": day, "views": int(not pdf), "pdfs": int(pdf)}
        insert(connection, tables.passport_share_views, [row])
    return not known


def end(connection: Connection, share_id: str, at: datetime) -> None:
    """End a share."""
    update(connection, tables.passport_shares, {"ended_at": at}, {"share_id": share_id})


def open_of_account(connection: Connection, client_id: str, now: datetime) -> list[Share]:
    """Return the shares of an account that work, locked. PostgreSQL appends `FOR NO KEY UPDATE`."""
    rows = fetch(
        connection,
        f"SELECT {_SHARE.columns} FROM passport_shares s WHERE s.client_id = :id AND s.ended_at IS NULL "
        f"AND s.expires_at > :now ORDER BY s.share_id{locking_clause(connection, 'NO KEY UPDATE')}",
        {"id": client_id, "now": now},
    )
    return _SHARE.read(connection, rows)


def of_learners(connection: Connection, learner_ids: Collection[str]) -> list[Share]:
    """Return the shares of a physician whose receivers are known, locked; the physician has several ids after a merge.

    PostgreSQL appends `FOR NO KEY UPDATE`.
    """
    marks, parameters = in_list("id", sorted(learner_ids))
    rows = fetch(
        connection,
        f"SELECT {_SHARE.columns} FROM passport_shares s WHERE s.learner_id IN ({marks}) AND s.receiver <> '' "
        f"ORDER BY s.share_id{locking_clause(connection, 'NO KEY UPDATE')}",
        parameters,
    )
    return _SHARE.read(connection, rows)


def long_over(connection: Connection, before: datetime, limit: int) -> Sequence[Share]:
    """Return shares that ended before a moment and whose receivers are known, locked.

    PostgreSQL appends `FOR NO KEY UPDATE`.
    """
    rows = fetch(
        connection,
        f"SELECT {_SHARE.columns} FROM passport_shares s WHERE s.receiver <> '' "
        "AND (s.expires_at < :before OR s.ended_at < :before) ORDER BY s.expires_at, s.share_id LIMIT :limit"
        f"{locking_clause(connection, 'NO KEY UPDATE')}",
        {"before": before, "limit": limit},
    )
    return _SHARE.read(connection, rows)


def forget_receiver(connection: Connection, share_id: str) -> None:
    """Blank for whom a share was, and of what days."""
    blank = {"receiver": "", "period_first": None, "period_last": None}
    update(connection, tables.passport_shares, blank, {"share_id": share_id})
