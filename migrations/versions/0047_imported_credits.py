"""Credit that was taken over from another system is known, so that its board is told of it when it first changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models.triggers import append_only_statements

revision = "0047"
down_revision = "0046"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply. Nothing was taken over before: the table begins empty."""
    op.create_table(
        "imported_credits",
        sa.Column("credit_id", KEY, nullable=False),
        sa.Column("commit_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["credit_id"], ["credits.credit_id"], name=op.f("fk_imported_credits_credit_id")),
        sa.PrimaryKeyConstraint("credit_id", name=op.f("pk_imported_credits")),
        comment="Append-only by trigger: credit of another system, of which its board has heard nothing from here.",
    )
    for statement in append_only_statements(op.get_bind().dialect.name, ("imported_credits",)):
        op.execute(statement)


def downgrade() -> None:
    """Undo. Which credit was taken over is lost: `pars check` of an earlier release tells of what no board heard."""
    op.drop_table("imported_credits")
