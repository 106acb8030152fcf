"""Clients and their keys expire; keys have an ending to be known by and a last use; clients belong together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply. Nothing on file changes: the columns begin empty, which means never, unknown, or on its own."""
    op.add_column(
        "clients",
        sa.Column("organisation", KEY, comment="the client that was there first; NULL for that one itself"),
    )
    op.add_column("clients", sa.Column("expires_at", INSTANT))
    op.add_column("clients", sa.Column("version", sa.Integer(), comment="NULL for a client that never changed: 1"))
    op.add_column("client_secrets", sa.Column("ending", KEY, comment="the last characters, to know it by"))
    op.add_column("client_secrets", sa.Column("expires_at", INSTANT))
    op.add_column("client_secrets", sa.Column("last_used_at", INSTANT, comment="to the minute"))


def downgrade() -> None:
    """Undo. What had expired works again, and nothing tells which clients belong together.

    What is left of clients is digested by the next upgrade.
    """
    op.execute("INSERT INTO digests_due (noun) VALUES ('client') ON CONFLICT DO NOTHING")
    for name in ("last_used_at", "expires_at", "ending"):
        op.drop_column("client_secrets", name)
    for name in ("version", "expires_at", "organisation"):
        op.drop_column("clients", name)
