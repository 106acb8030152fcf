"""Boards upload lists of licensees whose transcripts they ask for, and the days that these cover."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"

_OF_LISTS = "SELECT batch_id FROM batches WHERE kind = 'transcripts'"
_COMMENTS = {
    "record_id": ("the completion or activity", "the completion, activity or licensee"),
    "answer": ("of a validation, what was matched", "of a validation, what was matched; of a transcript, its days"),
}


def upgrade() -> None:
    """Apply. No batch changes: the columns begin empty."""
    op.add_column(
        "batches", sa.Column("completed_from", sa.Date(), comment="first day of completion that its transcripts cover")
    )
    op.add_column("batches", sa.Column("completed_to", sa.Date(), comment="last day; of both, NULL for an open side"))
    _comment(1)


def downgrade() -> None:
    """Undo. Lists of licensees are lost with their files and answers; nothing else rests on them."""
    for table in ("batch_mends", "batch_rows", "batch_pieces"):
        op.execute(f"DELETE FROM {table} WHERE batch_id IN ({_OF_LISTS})")
    op.execute("DELETE FROM batches WHERE kind = 'transcripts'")
    op.drop_column("batches", "completed_to")
    op.drop_column("batches", "completed_from")
    _comment(0)


def _comment(place: int) -> None:
    """Write what the columns of outcomes hold; SQLite keeps no comments."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for column, comments in _COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN batch_rows.{column} IS '{comments[place]}'")
