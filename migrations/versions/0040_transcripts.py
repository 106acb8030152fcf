"""Physicians publish transcripts, which are kept as they were signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "signing_certificates",
        sa.Column("fingerprint", KEY, nullable=False, comment="SHA-256 of the certificate"),
        sa.Column("pem", KEY, nullable=False),
        sa.Column("first_used_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_signing_certificates")),
        comment="Certificates of all keys that have signed transcripts: what they signed verifies for ever.",
    )
    op.create_table(
        "transcripts",
        sa.Column("transcript_id", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False, comment="the account that published it"),
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("code_digest", KEY, nullable=False, comment="keyed, of the code that is printed on it"),
        sa.Column("code", KEY, nullable=False, comment="sealed"),
        sa.Column("period_first", sa.Date()),
        sa.Column("period_last", sa.Date()),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("content", KEY, nullable=False, comment="what it says, as canonical JSON"),
        sa.Column("digest", KEY, nullable=False, comment="SHA-256 of the content"),
        sa.Column("pdf", sa.LargeBinary(), nullable=False, comment="signed: one code always gives the same bytes"),
        sa.Column("pdf_digest", KEY, nullable=False, comment="SHA-256 of the PDF"),
        sa.Column("certificate", KEY, nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "period_first IS NULL OR period_last IS NULL OR period_first <= period_last",
            name=op.f("ck_transcripts_period"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_transcripts_client_id")),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_transcripts_learner_id")),
        sa.ForeignKeyConstraint(
            ["certificate"], ["signing_certificates.fingerprint"], name=op.f("fk_transcripts_certificate")
        ),
        sa.PrimaryKeyConstraint("transcript_id", name=op.f("pk_transcripts")),
        comment="Transcripts that were published. They are blanked when their physician is erased, and stay otherwise.",
    )
    op.create_index(op.f("ix_transcripts_code_digest"), "transcripts", ["code_digest"], unique=True)
    op.create_index(op.f("ix_transcripts_client_id_published_at"), "transcripts", ["client_id", "published_at"])
    op.create_index(op.f("ix_transcripts_learner_id"), "transcripts", ["learner_id"])


def downgrade() -> None:
    """Undo. Published transcripts are lost: their codes lead nowhere."""
    op.drop_table("transcripts")
    op.drop_table("signing_certificates")
