"""Merges of physicians and what they moved; who decided on pairs, and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.models.base import Instant

revision = "0023"
down_revision = "0022"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
STANDING = sa.text("undone_at IS NULL")
MERGED = sa.text("merged_into IS NOT NULL")


def upgrade() -> None:
    """Apply. Nothing on file changes: columns and tables begin empty."""
    op.create_index(
        "ix_learners_merged_into", "learners", ["merged_into"], sqlite_where=MERGED, postgresql_where=MERGED
    )
    for column in (
        sa.Column("decided_at", Instant(), comment="when it was joined, or kept apart for ever"),
        sa.Column("decided_by", KEY, comment="the client that did"),
        sa.Column("postponed_at", Instant(), comment="when it was last put off: it goes behind the others"),
    ):
        op.add_column("registry_pairs", column)
    op.create_table(
        "registry_merges",
        sa.Column("merge_id", KEY, nullable=False),
        sa.Column("learner_id", KEY, nullable=False, comment="who is an alias of the other since"),
        sa.Column("into_id", KEY, nullable=False),
        sa.Column("merged_at", Instant(), nullable=False),
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("undone_at", Instant()),
        sa.Column("document", DOCUMENT, nullable=False, comment="what was moved, so that exactly that goes back"),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_registry_merges_learner_id")),
        sa.ForeignKeyConstraint(["into_id"], ["learners.learner_id"], name=op.f("fk_registry_merges_into_id")),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_registry_merges")),
        comment="Physicians who were found to be one person.",
    )
    op.create_index(
        "uq_registry_merges_standing", "registry_merges", ["learner_id"], unique=True,
        sqlite_where=STANDING, postgresql_where=STANDING,
    )  # fmt: skip
    op.create_index(op.f("ix_registry_merges_into_id"), "registry_merges", ["into_id"])


def downgrade() -> None:
    """Undo. Merges stand, and can no longer be undone; pairs lose when and by whom they were decided."""
    op.drop_table("registry_merges")
    for name in ("postponed_at", "decided_by", "decided_at"):
        op.drop_column("registry_pairs", name)
    op.drop_index("ix_learners_merged_into", "learners")
