"""Records that wait for a match, requests for help with them, and the generation of the registry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
TABLES = ("help_requests", "held_references", "held_digests", "held_records", "registry_generation")


def upgrade() -> None:
    """Apply. Batches of before reject what has no match."""
    op.add_column(
        "batches",
        sa.Column(
            "on_unmatched",
            KEY,
            server_default="reject",
            nullable=False,
            comment="whether records without a match are rejected or held",
        ),
    )
    op.create_table(
        "registry_generation",
        sa.Column("name", KEY, nullable=False, comment="always `registry`"),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_registry_generation")),
        comment="Raised in every transaction that changes the registry: what was judged by a lower one is judged again.",
    )
    op.execute("INSERT INTO registry_generation (name, generation) VALUES ('registry', 1)")
    _create_records()
    _create_keys()
    _create_help_requests()


def _create_records() -> None:
    op.create_table(
        "held_records",
        sa.Column("held_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False, comment="under whose rights it is judged again"),
        sa.Column("activity_id", KEY, nullable=False),
        sa.Column("batch_id", KEY, nullable=True),
        sa.Column("report", DOCUMENT, nullable=False, comment="identity data as it was sent"),
        sa.Column("status", KEY, nullable=False),
        sa.Column("submitted_at", INSTANT, nullable=False, comment="first submission"),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("findings", DOCUMENT, nullable=False, comment="of the last judging; never identity data"),
        sa.Column("judged_at", INSTANT, nullable=False),
        sa.Column(
            "generation", sa.BigInteger(), nullable=False, comment="of the registry, by which it was judged last"
        ),
        sa.Column("reason", KEY, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("completion_id", KEY, nullable=True),
        sa.Column("superseded_by", KEY, nullable=True, comment="the completion or held record that took its place"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "status in ('waiting', 'accepted', 'refused', 'set-aside')", name=op.f("ck_held_records_status")
        ),
        sa.CheckConstraint(
            "(status = 'accepted') = (completion_id IS NOT NULL)", name=op.f("ck_held_records_completion")
        ),
        sa.CheckConstraint("(status = 'waiting') = (ended_at IS NULL)", name=op.f("ck_held_records_ended")),
        sa.ForeignKeyConstraint(["activity_id"], ["activities.activity_id"], name=op.f("fk_held_records_activity_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_held_records_client_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_held_records_provider_id")),
        sa.PrimaryKeyConstraint("held_id", name=op.f("pk_held_records")),
    )
    op.create_index(op.f("ix_held_records_provider_id_held_id"), "held_records", ["provider_id", "held_id"])
    op.create_index(
        op.f("ix_held_records_provider_id_status_held_id"), "held_records", ["provider_id", "status", "held_id"]
    )
    op.create_index(op.f("ix_held_records_activity_id_held_id"), "held_records", ["activity_id", "held_id"])
    for name, columns, where in (
        ("of_batch", ["batch_id", "held_id"], "batch_id IS NOT NULL"),
        ("due", ["submitted_at", "held_id"], "status = 'waiting'"),
        ("judged", ["generation"], "status = 'waiting'"),
        ("expiring", ["expires_at"], "status = 'waiting'"),
        ("waiting", ["activity_id"], "status = 'waiting'"),
    ):
        op.create_index(
            f"ix_held_records_{name}",
            "held_records",
            columns,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def _create_keys() -> None:
    for table, column, comment, of_column, unique in (
        (
            "held_digests",
            "digest",
            "The same record sent again is the same held record.",
            "SHA-256 of a record as it was sent, or as its sender corrected it",
            ("provider_id", "digest"),
        ),
        (
            "held_references",
            "client_reference",
            "The senders' own keys in held records.",
            "in its normal form, by which it is compared",
            ("provider_id", "client_reference", "held_id"),
        ),
    ):
        op.create_table(
            table,
            sa.Column("provider_id", KEY, nullable=False),
            sa.Column(column, KEY, nullable=False, comment=of_column),
            sa.Column("held_id", KEY, nullable=False),
            sa.ForeignKeyConstraint(["held_id"], ["held_records.held_id"], name=op.f(f"fk_{table}_held_id")),
            sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f(f"fk_{table}_provider_id")),
            sa.PrimaryKeyConstraint(*unique, name=op.f(f"pk_{table}")),
            comment=comment,
        )
        op.create_index(op.f(f"ix_{table}_held_id"), table, ["held_id"])


def _create_help_requests() -> None:
    op.create_table(
        "help_requests",
        sa.Column("help_id", KEY, nullable=False),
        sa.Column("held_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False, comment="that asked"),
        sa.Column("message", KEY, nullable=True),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("action", KEY, nullable=True),
        sa.Column("answer", KEY, nullable=True),
        sa.Column("physician_id", KEY, nullable=True, comment="whom the operator named; never shown to senders"),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status in ('open', 'answered', 'closed')", name=op.f("ck_help_requests_status")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_help_requests_client_id")),
        sa.ForeignKeyConstraint(["held_id"], ["held_records.held_id"], name=op.f("fk_help_requests_held_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_help_requests_provider_id")),
        sa.PrimaryKeyConstraint("help_id", name=op.f("pk_help_requests")),
    )
    op.create_index(op.f("ix_help_requests_status_help_id"), "help_requests", ["status", "help_id"])
    op.create_index("ix_help_requests_of_record", "help_requests", ["held_id", "help_id"])
    op.create_index(
        "uq_help_requests_open",
        "help_requests",
        ["held_id"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )


def downgrade() -> None:
    """Undo. Records that wait, and what was asked about them, are lost; the completions that some became stay."""
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("batches", "on_unmatched")
