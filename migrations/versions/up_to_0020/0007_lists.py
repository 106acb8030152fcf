"""Indexes for lists of completions: one for each order, and for selective filters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    for name in ("listed", "named"):
        op.drop_index(f"ix_completions_{name}", "completions")
    for name, columns in (
        ("listed", ()),
        ("named", ("last_key", "first_key")),
        ("first_named", ("first_key",)),
        ("completed", ("completed_on",)),
        ("submitted", ("submitted_at",)),
        ("updated", ("updated_at",)),
        ("by_activity", ("activity_id",)),
    ):
        op.create_index(
            f"ix_completions_{name}", "completions", ["provider_id", *columns, "completion_id", "withdrawn_at"]
        )
    entered = sa.text("entry_method <> 'api'")
    op.create_index(
        "ix_completions_entered",
        "completions",
        ["provider_id", "entry_method", "completion_id", "withdrawn_at"],
        sqlite_where=entered,
        postgresql_where=entered,
    )
    batch, reported = sa.text("batch_id IS NOT NULL"), sa.text("reported_id IS NOT NULL")
    op.create_index(
        "ix_completions_of_batch",
        "completions",
        ["batch_id", "completion_id"],
        sqlite_where=batch,
        postgresql_where=batch,
    )
    for name, columns in (
        ("completion", ("completion_id", "board", "kind", "status")),
        ("board", ("board", "status", "completion_id")),
    ):
        op.drop_index(f"ix_credits_of_{name}", "credits")
        op.create_index(f"ix_credits_of_{name}", "credits", list(columns))
    op.create_index(
        "ix_credits_reported",
        "credits",
        ["reported_id", "completion_id"],
        sqlite_where=reported,
        postgresql_where=reported,
    )
    op.create_index("ix_credit_types_credit_type_credit_id", "credit_types", ["credit_type", "credit_id"])
