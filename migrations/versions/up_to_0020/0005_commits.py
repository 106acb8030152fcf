"""Commits, the audit log with its seals, board events and the feed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.models.triggers import append_only_statements

revision = "0005"
down_revision = "0004"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")

APPEND_ONLY = ("audit", "commits", "seals", "sealed_commits", "feed", "board_events")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "commits",
        sa.Column("commit_id", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("client_id", KEY, nullable=True, comment="empty for the operator's own commands"),
        sa.Column("provider_id", KEY, nullable=True),
        sa.Column("request_id", KEY, nullable=True),
        sa.Column("audit_rows", sa.Integer(), nullable=False),
        sa.Column("board_events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("commit_id", name=op.f("pk_commits")),
    )
    op.create_table(
        "seals",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("commits", sa.Integer(), nullable=False),
        sa.Column("audit_rows", sa.Integer(), nullable=False),
        sa.Column("digest", KEY, nullable=False, comment="of the commits and audit rows sealed"),
        sa.Column("seal", KEY, nullable=False, comment="keyed hash over the previous seal and this row"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seals")),
        comment="Append-only by trigger.",
    )
    op.create_table(
        "audit",
        sa.Column("commit_id", KEY, nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("verb", KEY, nullable=False),
        sa.Column("noun", KEY, nullable=False),
        sa.Column("subject_id", KEY, nullable=False),
        sa.Column("fields", DOCUMENT, nullable=False, comment="names of fields and digests; never identity data"),
        sa.ForeignKeyConstraint(["commit_id"], ["commits.commit_id"], name=op.f("fk_audit_commit_id")),
        sa.PrimaryKeyConstraint("commit_id", "item", name=op.f("pk_audit")),
        comment="Append-only by trigger.",
    )
    op.create_index(op.f("ix_audit_noun_subject_id"), "audit", ["noun", "subject_id"], unique=False)
    op.create_table(
        "sealed_commits",
        sa.Column("commit_id", KEY, nullable=False),
        sa.Column("seal", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["commit_id"], ["commits.commit_id"], name=op.f("fk_sealed_commits_commit_id")),
        sa.ForeignKeyConstraint(["seal"], ["seals.number"], name=op.f("fk_sealed_commits_seal")),
        sa.PrimaryKeyConstraint("commit_id", name=op.f("pk_sealed_commits")),
    )
    op.create_index(op.f("ix_sealed_commits_seal_place"), "sealed_commits", ["seal", "place"], unique=False)
    op.create_table(
        "unsealed",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("commit_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["commit_id"], ["commits.commit_id"], name=op.f("fk_unsealed_commit_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_unsealed")),
        sa.UniqueConstraint("commit_id", name=op.f("uq_unsealed_commit_id")),
        comment="Marks in the order in which transactions ended: one that waited for another comes after it.",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "board_events",
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("commit_id", KEY, nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("board", KEY, nullable=False),
        sa.Column("event", KEY, nullable=False),
        sa.Column("credit_id", KEY, nullable=False),
        sa.Column("completion_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "event in ('credit.reported', 'credit.corrected', 'credit.withdrawn')", name=op.f("ck_board_events_event")
        ),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_board_events_board")),
        sa.ForeignKeyConstraint(["commit_id"], ["commits.commit_id"], name=op.f("fk_board_events_commit_id")),
        sa.ForeignKeyConstraint(
            ["completion_id", "version"],
            ["completion_versions.completion_id", "completion_versions.version"],
            name=op.f("fk_board_events_completion_id_version"),
        ),
        sa.ForeignKeyConstraint(["credit_id"], ["credits.credit_id"], name=op.f("fk_board_events_credit_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_board_events")),
        comment="The completion's version holds what the board is told.",
    )
    op.create_index(op.f("ix_board_events_commit_id"), "board_events", ["commit_id"], unique=False)
    op.create_index(op.f("ix_board_events_credit_id"), "board_events", ["credit_id"], unique=False)
    op.create_table(
        "feed",
        sa.Column("board", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_feed_board")),
        sa.ForeignKeyConstraint(["event_id"], ["board_events.event_id"], name=op.f("fk_feed_event_id")),
        sa.PrimaryKeyConstraint("board", "position", name=op.f("pk_feed")),
        sa.UniqueConstraint("event_id", name=op.f("uq_feed_event_id")),
        comment="Insert-only: a second publisher fails instead of doubling.",
    )
    # ### end Alembic commands ###

    for statement in append_only_statements(op.get_bind().dialect.name, APPEND_ONLY):
        op.execute(statement)
