"""Activities are indexed by what may be listed for physicians, and by their last change. No row changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

_LISTED = sa.text("listing_public AND deleted_at IS NULL AND closed_at IS NULL")
_DELETED = sa.text("deleted_at IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_activities_listed", "activities", ["activity_id", "version"],
        sqlite_where=_LISTED, postgresql_where=_LISTED,
    )  # fmt: skip
    op.create_index(op.f("ix_activities_updated_at"), "activities", ["updated_at"])
    op.create_index(
        op.f("ix_activities_deleted_at"), "activities", ["deleted_at"],
        sqlite_where=_DELETED, postgresql_where=_DELETED,
    )  # fmt: skip


def downgrade() -> None:
    """Undo."""
    op.drop_index(op.f("ix_activities_deleted_at"), "activities")
    op.drop_index(op.f("ix_activities_updated_at"), "activities")
    op.drop_index("ix_activities_listed", "activities")
