"""Exports can be taken by links that work once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply. Nothing that stands changes."""
    op.create_table(
        "downloads",
        sa.Column("download_id", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False, comment="SHA-256 of what stands in the link"),
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("key_id", KEY, comment="the key that it was made with: when that is ended, the link is"),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("format", KEY, nullable=False),
        sa.Column("query", KEY, nullable=False, comment="filters and order, encrypted; empty once it was used"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_downloads_client_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_downloads_provider_id")),
        sa.PrimaryKeyConstraint("download_id", name=op.f("pk_downloads")),
        comment="Links that work once, for some minutes.",
    )
    op.create_index(op.f("ix_downloads_digest"), "downloads", ["digest"], unique=True)
    op.create_index(op.f("ix_downloads_expires_at"), "downloads", ["expires_at"])


def downgrade() -> None:
    """Undo. Links that were made work no longer."""
    op.drop_table("downloads")
