"""The total size of each provider's uploads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply. Uploads that never became a batch count for no provider: they are deleted within a day."""
    op.add_column("uploads", sa.Column("provider_id", KEY, comment="whose room it takes"))
    op.add_column(
        "uploads",
        sa.Column("stored", sa.BigInteger(), server_default="0", nullable=False, comment="bytes of its pieces so far"),
    )
    op.create_table(
        "upload_totals",
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_upload_totals_provider_id")),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_upload_totals")),
        comment="The sum of `stored` over a provider's uploads, changed with every piece: no upload is summed up over all.",
    )
    op.execute(
        "UPDATE uploads SET stored = coalesce(size, 0), provider_id = "
        "(SELECT min(b.provider_id) FROM batches b WHERE b.upload_id = uploads.upload_id) "
        "WHERE EXISTS (SELECT 1 FROM batches b WHERE b.upload_id = uploads.upload_id)"
    )
    op.execute(
        "INSERT INTO upload_totals (provider_id, bytes) SELECT provider_id, sum(stored) FROM uploads "
        "WHERE provider_id IS NOT NULL GROUP BY provider_id"
    )
