"""Budgets against guessing birth dates: dates that were tried, who has found whom by them, and what is spent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply. Whoever has a learner id of a physician counts as having found them by the birth date."""
    op.create_table(
        "identity_tries",
        sa.Column(
            "person",
            KEY,
            nullable=False,
            comment="a physician's id; where nobody is on file, a keyed digest of what was asked",
        ),
        sa.Column("date_digest", KEY, nullable=False, comment="keyed, of the person and the date that led to nobody"),
        sa.Column("client_id", KEY, nullable=False, comment="who tried it first"),
        sa.Column(
            "counted", sa.Boolean(), nullable=False, comment="true in one row of each question about people on file"
        ),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("person", "date_digest", name=op.f("pk_identity_tries")),
        comment="Birth dates that led to nobody, for each person who may have been meant; kept for 30 days.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_identity_tries_client_id_at"), "identity_tries", ["client_id", "at"])
    op.create_index(op.f("ix_identity_tries_at"), "identity_tries", ["at"])
    op.create_table(
        "identity_finds",
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column(
            "client_id", KEY, nullable=False, comment="who found them first; empty for links of before these budgets"
        ),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "learner_id", name=op.f("pk_identity_finds")),
        comment="Providers that have found a physician by the birth date: no budget stands in their way.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_identity_finds_client_id_at"), "identity_finds", ["client_id", "at"])
    op.create_table(
        "identity_budgets",
        sa.Column("budget_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("subject", KEY, nullable=False, comment="a physician's id, or a client's"),
        sa.Column("spent_at", INSTANT, nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False, comment="how many answers were refused since"),
        sa.Column("refused_at", INSTANT, nullable=True, comment="when the last of them was"),
        sa.CheckConstraint("kind in ('person', 'client')", name=op.f("ck_identity_budgets_kind")),
        sa.PrimaryKeyConstraint("budget_id", name=op.f("pk_identity_budgets")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_identity_budgets_kind_subject")),
        comment="Budgets that are spent, until the operator releases them or they are forgotten.",
    )
    op.execute(
        "INSERT INTO identity_finds (provider_id, learner_id, client_id, at) "
        "SELECT l.provider_id, l.learner_id, '', l.created_at FROM learner_links l "
        "JOIN learners p ON p.learner_id = l.learner_id WHERE p.sandbox = '' AND p.birth_date IS NOT NULL"
    )


def downgrade() -> None:
    """Undo. What was tried and spent is forgotten."""
    op.drop_table("identity_budgets")
    op.drop_table("identity_finds")
    op.drop_table("identity_tries")
