"""Credit that stands is indexed by activity and board before the person: so persons are counted by board. No row changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"

_HOLDS = sa.text("holds")


def upgrade() -> None:
    """Apply."""
    _index("activity_id", "board", "subject", "completed_on", "occasion")


def downgrade() -> None:
    """Undo."""
    _index("activity_id", "subject", "completed_on", "occasion", "board")


def _index(*columns: str) -> None:
    op.drop_index("uq_credits_standing", "credits")
    op.create_index(
        "uq_credits_standing", "credits", list(columns), unique=True, sqlite_where=_HOLDS, postgresql_where=_HOLDS
    )
