"""The senders' own keys of records as a whole: those of a record without credit had nowhere to stand.

Keys of records from before stand with their credits, where nothing tells them from the credits' own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "completion_references",
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("client_reference", KEY, nullable=False, comment="in its normal form, by which it is compared"),
        sa.Column("completion_id", KEY, nullable=False),
        sa.Column("as_sent", KEY, comment="NULL where it was sent in its normal form"),
        sa.ForeignKeyConstraint(
            ["completion_id"], ["completions.completion_id"], name=op.f("fk_completion_references_completion_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.provider_id"], name=op.f("fk_completion_references_provider_id")
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "client_reference", "completion_id", name=op.f("pk_completion_references")
        ),
        comment="The senders' own keys of records as a whole; their credits bear them as well.",
    )
    op.create_index(op.f("ix_completion_references_completion_id"), "completion_references", ["completion_id"])


def downgrade() -> None:
    """Undo. The credits of a record bear its keys as well; those of a record without credit are lost."""
    op.drop_table("completion_references")
