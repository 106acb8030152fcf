"""The audit log can be read by filters, physicians can be erased, and files of batches go after their time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0027"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_OTHER, _ASKED = sa.text("verb <> 'report'"), sa.text("request_id IS NOT NULL")


def upgrade() -> None:
    """Apply. Nothing that stands changes: the columns begin empty."""
    op.create_index("ix_commits_logged", "commits", ["at", "commit_id", "client_id", "provider_id"])
    op.create_index("ix_commits_of_request", "commits", ["request_id"], sqlite_where=_ASKED, postgresql_where=_ASKED)
    op.create_index(
        "ix_audit_verb", "audit", ["verb", "commit_id", "item"], sqlite_where=_OTHER, postgresql_where=_OTHER
    )
    op.add_column("learners", sa.Column("erased_at", INSTANT, comment="when nothing but the id was left; else NULL"))
    op.add_column(
        "batches", sa.Column("original_removed_at", INSTANT, comment="since when the file as uploaded is gone")
    )
    op.add_column(
        "batches", sa.Column("records_removed_at", INSTANT, comment="since when the records as sent are gone")
    )
    op.create_table(
        "erased_identities",
        sa.Column("digest", KEY, nullable=False, comment="keyed, of an NPI, or of a board and a number of it"),
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_erased_identities_learner_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_erased_identities")),
        comment="By what a physician who was erased is known again, so that no import adds them without a word.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_erased_identities_learner_id"), "erased_identities", ["learner_id"])


def downgrade() -> None:
    """Undo. It is forgotten who was erased: an import adds them again.

    What is left of physicians is digested by the next upgrade.
    """
    op.execute("INSERT INTO digests_due (noun) VALUES ('learner') ON CONFLICT DO NOTHING")
    op.drop_table("erased_identities")
    op.drop_column("batches", "records_removed_at")
    op.drop_column("batches", "original_removed_at")
    op.drop_column("learners", "erased_at")
    op.drop_index("ix_audit_verb", "audit")
    op.drop_index("ix_commits_of_request", "commits")
    op.drop_index("ix_commits_logged", "commits")
