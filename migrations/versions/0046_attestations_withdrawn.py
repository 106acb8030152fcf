"""The attestation of a client, that learners permit what it reports, can be withdrawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply. An attestation without a name never stood."""
    op.add_column(
        "clients",
        sa.Column("permission_withdrawn_at", INSTANT, comment="NULL while the attestation stands"),
    )
    op.execute(
        "UPDATE clients SET permission_withdrawn_at = permission_attested_at WHERE trim(permission_attested_by) = ''"
    )


def downgrade() -> None:
    """Undo. Names and days of attestations that were withdrawn are lost; the withdrawal is not."""
    op.execute("UPDATE clients SET permission_attested_by = '' WHERE permission_withdrawn_at IS NOT NULL")
    op.drop_column("clients", "permission_withdrawn_at")
