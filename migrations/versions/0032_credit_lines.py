"""Credits know their provider, so that its credit lines are found, counted and ordered by indexes of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_REPORTED = sa.text("reported_id IS NOT NULL")
_OF_PROVIDER = {
    "listed_by_board": ("board", "completion_id", "status"),
    "listed_by_status": ("status", "completion_id"),
    "listed_by_amount": ("quarters", "completion_id"),
}


def upgrade() -> None:
    """Apply. Every credit takes the provider of its completion."""
    comment = "of its completion, as the four that follow"
    op.add_column("credits", sa.Column("provider_id", KEY, nullable=False, server_default="", comment=comment))
    op.execute(
        "UPDATE credits SET provider_id = ("
        "SELECT c.provider_id FROM completions c WHERE c.completion_id = credits.completion_id)"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("credits", "provider_id", server_default=None)
    for name, columns in _OF_PROVIDER.items():
        op.create_index(f"ix_credits_{name}", "credits", ["provider_id", *columns])
    op.drop_index("ix_credits_reported", table_name="credits")
    op.create_index("ix_credits_reported", "credits", ["provider_id", "reported_id", "completion_id"])
    op.drop_index("ix_credits_of_board", table_name="credits")
    op.create_index("ix_credits_of_board", "credits", ["board", "credit_id"])
    op.create_index(
        "ix_completions_born", "completions", ["provider_id", "birth_date", "completion_id", "withdrawn_at"]
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_completions_born", table_name="completions")
    op.drop_index("ix_credits_of_board", table_name="credits")
    op.create_index("ix_credits_of_board", "credits", ["board", "status", "completion_id"])
    op.drop_index("ix_credits_reported", table_name="credits")
    op.create_index(
        "ix_credits_reported", "credits", ["reported_id", "completion_id"],
        sqlite_where=_REPORTED, postgresql_where=_REPORTED,
    )  # fmt: skip
    for name in _OF_PROVIDER:
        op.drop_index(f"ix_credits_{name}", table_name="credits")
    op.drop_column("credits", "provider_id")
