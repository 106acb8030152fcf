"""Physicians give links to their transcripts, and see on which days they were opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "passport_shares",
        sa.Column("share_id", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False, comment="SHA-256 of what stands in the link"),
        sa.Column("client_id", KEY, nullable=False, comment="the account that gave it"),
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column(
            "receiver", KEY, nullable=False, comment="for whom, as the physician wrote it; empty a year after its end"
        ),
        sa.Column("transcript_id", KEY, comment="NULL where it follows changes"),
        sa.Column("period_first", sa.Date()),
        sa.Column("period_last", sa.Date()),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column(
            "mails_views", sa.Boolean(), nullable=False, comment="whether the physician is mailed when it is opened"
        ),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False, comment="when the last day is over, where the physician is"),
        sa.Column("ended_at", INSTANT, comment="when the physician, or the end of the account, ended it"),
        sa.CheckConstraint(
            "period_first IS NULL OR period_last IS NULL OR period_first <= period_last",
            name=op.f("ck_passport_shares_period"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_passport_shares_client_id")),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_passport_shares_learner_id")),
        sa.ForeignKeyConstraint(
            ["transcript_id"], ["transcripts.transcript_id"], name=op.f("fk_passport_shares_transcript_id")
        ),
        sa.PrimaryKeyConstraint("share_id", name=op.f("pk_passport_shares")),
        comment="Links by which physicians show their transcript. They stay without their receiver, who is forgotten.",
    )
    op.create_index(op.f("ix_passport_shares_digest"), "passport_shares", ["digest"], unique=True)
    op.create_index(op.f("ix_passport_shares_client_id_created_at"), "passport_shares", ["client_id", "created_at"])
    op.create_index(op.f("ix_passport_shares_learner_id"), "passport_shares", ["learner_id"])
    op.create_index(op.f("ix_passport_shares_expires_at"), "passport_shares", ["expires_at"])
    op.create_table(
        "passport_share_views",
        sa.Column("share_id", KEY, nullable=False),
        sa.Column("viewed_on", sa.Date(), nullable=False, comment="where the physician is"),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("pdfs", sa.Integer(), nullable=False, comment="times that the PDF was taken"),
        sa.ForeignKeyConstraint(
            ["share_id"], ["passport_shares.share_id"], name=op.f("fk_passport_share_views_share_id")
        ),
        sa.PrimaryKeyConstraint("share_id", "viewed_on", name=op.f("pk_passport_share_views")),
        comment="On which days a share was opened, and how often: the physician sees it.",
    )


def downgrade() -> None:
    """Undo. Links that were given show nothing any longer."""
    op.drop_table("passport_share_views")
    op.drop_table("passport_shares")
