"""Completions, versions, credits and the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ledger",
        sa.Column("activity_id", KEY, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("target", KEY, nullable=False, comment="CME, or a certifying board's code"),
        sa.Column("quarters", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quarters >= 0", name=op.f("ck_ledger_quarters_not_negative")),
        sa.PrimaryKeyConstraint("activity_id", "subject", "target", name=op.f("pk_ledger")),
        comment="What a learner holds of an activity's maximum; changed by deltas only.",
    )
    op.create_table(
        "completions",
        sa.Column("completion_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("activity_id", KEY, nullable=False),
        sa.Column("learner_id", KEY, nullable=True),
        sa.Column(
            "subject", KEY, nullable=False, comment="learner_id, or rems:PROVIDER:LOCAL-ID where there is no physician"
        ),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("occasion", sa.Integer(), nullable=False),
        sa.Column("first_name", KEY, nullable=True),
        sa.Column("last_name", KEY, nullable=True),
        sa.Column("first_key", KEY, nullable=False),
        sa.Column("last_key", KEY, nullable=False),
        sa.Column("birth_date", KEY, nullable=True, comment="MM/DD; a year is never stored"),
        sa.Column("npi", KEY, nullable=True),
        sa.Column("rems", DOCUMENT, nullable=True),
        sa.Column("entry_method", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("batch_id", KEY, nullable=True),
        sa.Column("submitted_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("catalogue", KEY, nullable=False, comment="digest of the board facts by which it was judged"),
        sa.CheckConstraint("occasion >= 1", name=op.f("ck_completions_occasion_positive")),
        sa.ForeignKeyConstraint(["activity_id"], ["activities.activity_id"], name=op.f("fk_completions_activity_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_completions_client_id")),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_completions_learner_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_completions_provider_id")),
        sa.PrimaryKeyConstraint("completion_id", name=op.f("pk_completions")),
    )
    op.create_index("ix_completions_listed", "completions", ["provider_id", "completion_id"], unique=False)
    op.create_index("ix_completions_named", "completions", ["provider_id", "last_key", "first_key"], unique=False)
    op.create_index("ix_completions_of_activity", "completions", ["activity_id", "completion_id"], unique=False)
    op.create_index("ix_completions_of_learner", "completions", ["learner_id", "completed_on"], unique=False)
    op.create_index(
        "uq_completions_standing",
        "completions",
        ["activity_id", "subject", "completed_on", "occasion"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "completion_versions",
        sa.Column("completion_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("commit_id", KEY, nullable=False),
        sa.Column("verb", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_completion_versions_client_id")),
        sa.ForeignKeyConstraint(
            ["completion_id"], ["completions.completion_id"], name=op.f("fk_completion_versions_completion_id")
        ),
        sa.PrimaryKeyConstraint("completion_id", "version", name=op.f("pk_completion_versions")),
        comment="Every version in full, apart from the record, so that erasure can blank them.",
    )
    op.create_table(
        "credits",
        sa.Column("credit_id", KEY, nullable=False),
        sa.Column("completion_id", KEY, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("activity_id", KEY, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("occasion", sa.Integer(), nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("board", KEY, nullable=False),
        sa.Column("reported_id", KEY, nullable=True),
        sa.Column("registry_id", KEY, nullable=True),
        sa.Column("quarters", sa.Integer(), nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("once_per_day", sa.Boolean(), nullable=False),
        sa.Column("delivery", KEY, nullable=False),
        sa.Column("status_reason", KEY, nullable=True),
        sa.Column("status_at", INSTANT, nullable=False),
        sa.CheckConstraint("delivery in ('board', 'transcript-only')", name=op.f("ck_credits_delivery")),
        sa.CheckConstraint("holds = (status in ('pending', 'accepted'))", name=op.f("ck_credits_holds")),
        sa.CheckConstraint("kind in ('cme', 'moc')", name=op.f("ck_credits_kind")),
        sa.CheckConstraint(
            "status in ('pending', 'accepted', 'rejected', 'withdrawn')", name=op.f("ck_credits_status")
        ),
        sa.CheckConstraint("quarters > 0", name=op.f("ck_credits_quarters_positive")),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_credits_board")),
        sa.ForeignKeyConstraint(
            ["completion_id"], ["completions.completion_id"], name=op.f("fk_credits_completion_id")
        ),
        sa.PrimaryKeyConstraint("credit_id", name=op.f("pk_credits")),
    )
    op.create_index("ix_credits_of_board", "credits", ["board", "credit_id"], unique=False)
    op.create_index("ix_credits_of_completion", "credits", ["completion_id"], unique=False)
    op.create_index("ix_credits_of_day", "credits", ["subject", "board", "completed_on"], unique=False)
    op.create_index(
        "uq_credits_once_per_day",
        "credits",
        ["activity_id", "subject", "board", "completed_on"],
        unique=True,
        sqlite_where=sa.text("holds AND once_per_day"),
        postgresql_where=sa.text("holds AND once_per_day"),
    )
    op.create_index(
        "uq_credits_standing",
        "credits",
        ["activity_id", "subject", "completed_on", "occasion", "board"],
        unique=True,
        sqlite_where=sa.text("holds"),
        postgresql_where=sa.text("holds"),
    )
    op.create_table(
        "credit_references",
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("client_reference", KEY, nullable=False),
        sa.Column("credit_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["credit_id"], ["credits.credit_id"], name=op.f("fk_credit_references_credit_id")),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.provider_id"], name=op.f("fk_credit_references_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "client_reference", "credit_id", name=op.f("pk_credit_references")),
        comment="The senders' own keys of credits.",
    )
    op.create_index(op.f("ix_credit_references_credit_id"), "credit_references", ["credit_id"], unique=False)
    op.create_table(
        "credit_types",
        sa.Column("credit_id", KEY, nullable=False),
        sa.Column("credit_type", KEY, nullable=False),
        sa.Column("quarters", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.CheckConstraint("quarters > 0", name=op.f("ck_credit_types_quarters_positive")),
        sa.ForeignKeyConstraint(["credit_id"], ["credits.credit_id"], name=op.f("fk_credit_types_credit_id")),
        sa.PrimaryKeyConstraint("credit_id", "credit_type", name=op.f("pk_credit_types")),
    )
    # ### end Alembic commands ###
