"""Rejected records of files can be mended, set aside, and reported again in a batch that names the first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MENDS, _REPORTED = sa.text("mends IS NOT NULL"), sa.text("reported_in IS NOT NULL")


def upgrade() -> None:
    """Apply. No batch changes: the column begins empty."""
    op.add_column("batches", sa.Column("mends", KEY, comment="the batch whose rejected records it reports again"))
    op.create_index("ix_batches_mends", "batches", ["mends"], sqlite_where=_MENDS, postgresql_where=_MENDS)
    op.create_table(
        "batch_mends",
        sa.Column("batch_id", KEY, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False, comment="of the rejected record, from 0"),
        sa.Column(
            "cells", DOCUMENT, nullable=False, comment="identity data as it was typed, by the fields of the record"
        ),
        sa.Column("outcome", KEY, comment="of the last check; NULL since it was changed"),
        sa.Column("findings", DOCUMENT, comment="of the last check; never identity data"),
        sa.Column("set_aside", KEY, comment="why it is not mended"),
        sa.Column("reported_in", KEY, comment="the batch that reported it again"),
        sa.Column("reported_place", sa.Integer(), comment="its place among the records of that batch"),
        sa.Column("client_id", KEY, nullable=False, comment="who changed it last"),
        sa.Column("version", sa.Integer(), nullable=False, comment="1 is the record that nobody touched"),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "set_aside IS NULL OR set_aside in ('no-physician', 'reported-elsewhere', 'wrong-file', 'other')",
            name=op.f("ck_batch_mends_set_aside"),
        ),
        sa.CheckConstraint("(reported_in IS NULL) = (reported_place IS NULL)", name=op.f("ck_batch_mends_reported")),
        sa.CheckConstraint("reported_in IS NULL OR set_aside IS NULL", name=op.f("ck_batch_mends_ends_once")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name=op.f("fk_batch_mends_batch_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_batch_mends_client_id")),
        sa.PrimaryKeyConstraint("batch_id", "place", name=op.f("pk_batch_mends")),
        comment="What was changed in rejected records before they are reported again.",
    )
    op.create_index(
        "ix_batch_mends_reported_in", "batch_mends", ["reported_in", "reported_place"], unique=True,
        sqlite_where=_REPORTED, postgresql_where=_REPORTED,
    )  # fmt: skip


def downgrade() -> None:
    """Undo. Edits that were not reported are lost; batches that mended others are batches like any."""
    op.drop_table("batch_mends")
    op.drop_index("ix_batches_mends", "batches")
    op.drop_column("batches", "mends")
