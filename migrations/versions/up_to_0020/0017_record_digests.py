"""Digests of what is stored of a subject, and the kinds of subjects whose digests are to be made.

The digests are keyed, and a migration has no key: the service makes them right after the migrations, in the same
transaction. That takes about a minute for a million completions with as many physicians.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models.triggers import append_only_statements

revision = "0017"
down_revision = "0016"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NOUNS = ("client", "provider", "activity", "webhook-endpoint", "learner", "completion")


def upgrade() -> None:
    """Apply. Digests from before a way back stay: audit rows speak of them."""
    if not sa.inspect(op.get_bind()).has_table("record_digests"):
        _create_record_digests()
    due = op.create_table(
        "digests_due",
        sa.Column("noun", KEY, nullable=False),
        sa.PrimaryKeyConstraint("noun", name=op.f("pk_digests_due")),
        comment="Kinds of subjects whose rows a migration has changed: their digests are made in its transaction.",
    )
    op.bulk_insert(due, [{"noun": noun} for noun in NOUNS])


def _create_record_digests() -> None:
    op.create_table(
        "record_digests",
        sa.Column("noun", KEY, nullable=False),
        sa.Column("subject_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("commit_id", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False, comment="keyed, over everything that is stored of the subject"),
        sa.PrimaryKeyConstraint("noun", "subject_id", "number", name=op.f("pk_record_digests")),
        comment="Append-only by trigger: where one audit row speaks of many subjects. It holds a digest of these rows.",
    )
    op.create_index(op.f("ix_record_digests_commit_id"), "record_digests", ["commit_id"])
    for statement in append_only_statements(op.get_bind().dialect.name, ("record_digests",)):
        op.execute(statement)


def downgrade() -> None:
    """Undo. Digests stay, for sealed audit rows vouch for them, and nothing can make them again as they were."""
    op.drop_table("digests_due")
