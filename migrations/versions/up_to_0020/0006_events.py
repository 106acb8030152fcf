"""Events for providers, in their order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.models.triggers import append_only_statements

revision = "0006"
down_revision = "0005"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "events",
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("type", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("data", DOCUMENT, nullable=False, comment="ids only"),
        sa.Column("commit_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["commit_id"], ["commits.commit_id"], name=op.f("fk_events_commit_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_events_provider_id")),
        sa.PrimaryKeyConstraint("provider_id", "position", name=op.f("pk_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_events_event_id")),
        comment="Insert-only, written by the sealer: a second publisher fails instead of doubling.",
    )
    for statement in append_only_statements(op.get_bind().dialect.name, ("events",)):
        op.execute(statement)
