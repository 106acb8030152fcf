"""Commits in their order: board events with their feed, the audit log with its seals.

Writers only insert: one row of `commits` and `unsealed` for each transaction, its events and audit
rows under it. The sealer comes after the commit, gives positions and seals, and empties `unsealed`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    text,
)

from app.models.base import Document, Instant, Key, key, metadata, number, refers

commits = Table(
    "commits",
    metadata,
    key("commit_id", primary_key=True),
    Column("at", Instant, nullable=False),
    Column("client_id", Key, comment="empty for the operator's own commands"),
    Column("provider_id", Key),
    Column("request_id", Key),
    number("audit_rows"),
    number("board_events"),
    # The audit log is walked along this one, which grows at its end only: one for each filter costs five times as much.
    Index("ix_commits_logged", "at", "commit_id", "client_id", "provider_id"),
    Index(
        "ix_commits_of_request", "request_id",
        sqlite_where=text("request_id IS NOT NULL"), postgresql_where=text("request_id IS NOT NULL"),
    ),
)  # fmt: skip

unsealed = Table(
    "unsealed",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    refers("commit_id", "commits.commit_id", unique=True),
    sqlite_autoincrement=True,
    comment="Marks in the order in which transactions ended: one that waited for another comes after it.",
)

audit = Table(
    "audit",
    metadata,
    refers("commit_id", "commits.commit_id", primary_key=True),
    number("item", primary_key=True),
    key("verb"),
    key("noun"),
    key("subject_id"),
    Column("fields", Document, nullable=False, comment="names of fields and digests; never identity data"),
    Index(None, "noun", "subject_id"),
    # Nearly all entries are reports, and pay for no index of verbs.
    Index(
        "ix_audit_verb", "verb", "commit_id", "item",
        sqlite_where=text("verb <> 'report'"), postgresql_where=text("verb <> 'report'"),
    ),
    comment="Append-only by trigger.",
)  # fmt: skip

record_digests = Table(
    "record_digests",
    metadata,
    key("noun", primary_key=True),
    key("subject_id", primary_key=True),
    number("number", primary_key=True, autoincrement=False),
    key("commit_id"),
    key("digest", comment="keyed, over everything that is stored of the subject"),
    Index(None, "commit_id"),
    comment="Append-only by trigger: where one audit row speaks of many subjects. It holds a digest of these rows.",
)

digests_due = Table(
    "digests_due",
    metadata,
    key("noun", primary_key=True),
    comment="Kinds of subjects whose rows a migration has changed: their digests are made in its transaction.",
)

seals = Table(
    "seals",
    metadata,
    number("number", primary_key=True),
    Column("at", Instant, nullable=False),
    number("commits"),
    number("audit_rows"),
    key("digest", comment="of the commits and audit rows sealed"),
    key("seal", comment="keyed hash over the previous seal and this row"),
    comment="Append-only by trigger.",
)

sealed_commits = Table(
    "sealed_commits",
    metadata,
    refers("commit_id", "commits.commit_id", primary_key=True),
    number("seal"),
    number("place"),
    ForeignKeyConstraint(["seal"], ["seals.number"]),
    Index(None, "seal", "place"),
)

board_events = Table(
    "board_events",
    metadata,
    key("event_id", primary_key=True),
    refers("commit_id", "commits.commit_id"),
    number("item"),
    refers("board", "boards.code"),
    key("event"),
    refers("credit_id", "credits.credit_id"),
    key("completion_id"),
    number("version"),
    Column("at", Instant, nullable=False),
    ForeignKeyConstraint(
        ["completion_id", "version"], ["completion_versions.completion_id", "completion_versions.version"]
    ),
    CheckConstraint("event in ('credit.reported', 'credit.corrected', 'credit.withdrawn')", name="event"),
    Index(None, "commit_id"),
    Index(None, "credit_id"),
    comment="The completion's version holds what the board is told.",
)

feed = Table(
    "feed",
    metadata,
    refers("board", "boards.code", primary_key=True),
    number("position", primary_key=True),
    refers("event_id", "board_events.event_id"),
    UniqueConstraint("event_id"),
    comment="Insert-only: a second publisher fails instead of doubling.",
)

APPEND_ONLY = (
    "audit", "commits", "record_digests", "seals", "sealed_commits", "feed", "board_events", "events", "decisions",
    "imported_credits",
)  # fmt: skip
"""Tables whose rows are never changed or removed."""
