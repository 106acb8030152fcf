"""Licences have dates, disputed NPIs are marked, and two physicians who seem to be one person are kept as a pair."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply. Nothing on file changes: the columns begin empty."""
    op.add_column(
        "learners",
        sa.Column(
            "npi_disputed_at",
            INSTANT,
            nullable=True,
            comment="since when a source has given the NPI for somebody else too",
        ),
    )
    op.add_column(
        "licenses", sa.Column("starts_on", sa.Date(), nullable=True, comment="first day, where a source tells it")
    )
    op.add_column(
        "licenses",
        sa.Column(
            "ends_on",
            sa.Date(),
            nullable=True,
            comment="last day, where a source tells it; the number may then be issued again",
        ),
    )
    op.create_table(
        "registry_pairs",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("other_id", KEY, nullable=False),
        sa.Column(
            "evidence",
            KEY,
            nullable=False,
            comment="kinds of what both have in common, separated by blanks; never the values",
        ),
        sa.Column("name_level", KEY, nullable=False, comment="how the names compare: see matching/joining.py"),
        sa.Column("birth_level", KEY, nullable=False, comment="how the birth dates compare"),
        sa.Column("source", KEY, nullable=False, comment="name of the file that described the second of them"),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("status", KEY, server_default="open", nullable=False),
        sa.CheckConstraint("learner_id < other_id", name=op.f("ck_registry_pairs_ordered")),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_registry_pairs_learner_id")),
        sa.ForeignKeyConstraint(["other_id"], ["learners.learner_id"], name=op.f("fk_registry_pairs_other_id")),
        sa.PrimaryKeyConstraint("learner_id", "other_id", name=op.f("pk_registry_pairs")),
        comment="Two physicians on file who seem to be one person, for the operator to decide.",
    )
    op.create_index(op.f("ix_registry_pairs_other_id"), "registry_pairs", ["other_id"])
    op.create_index(op.f("ix_registry_pairs_status_first_seen_at"), "registry_pairs", ["status", "first_seen_at"])


def downgrade() -> None:
    """Undo. Pairs, dates of licences and marks of disputed NPIs are lost."""
    op.drop_table("registry_pairs")
    op.drop_column("licenses", "ends_on")
    op.drop_column("licenses", "starts_on")
    op.drop_column("learners", "npi_disputed_at")
