"""Indexes for lists of completions: one for each order, and for filters that leave little."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

STANDING = "withdrawn_at IS NULL"


def upgrade() -> None:
    """Apply."""
    for name in ("listed", "named"):
        op.drop_index(f"ix_completions_{name}", "completions")
    for name, columns, where in (
        ("listed", (), STANDING),
        ("named", ("last_key", "first_key"), STANDING),
        ("first_named", ("first_key",), STANDING),
        ("completed", ("completed_on",), STANDING),
        ("submitted", ("submitted_at",), STANDING),
        ("updated", ("updated_at",), STANDING),
        ("by_activity", ("activity_id",), STANDING),
        ("entered", ("entry_method",), f"{STANDING} AND entry_method <> 'api'"),
    ):
        op.create_index(
            f"ix_completions_{name}",
            "completions",
            ["provider_id", *columns, "completion_id"],
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    batch, reported = sa.text("batch_id IS NOT NULL"), sa.text("reported_id IS NOT NULL")
    op.create_index(
        "ix_completions_of_batch",
        "completions",
        ["batch_id", "completion_id"],
        sqlite_where=batch,
        postgresql_where=batch,
    )
    op.drop_index("ix_credits_of_board", "credits")
    op.create_index("ix_credits_of_board", "credits", ["board", "status", "completion_id"])
    op.create_index(
        "ix_credits_reported",
        "credits",
        ["reported_id", "completion_id"],
        sqlite_where=reported,
        postgresql_where=reported,
    )
    op.create_index("ix_credit_types_credit_type_credit_id", "credit_types", ["credit_type", "credit_id"])
