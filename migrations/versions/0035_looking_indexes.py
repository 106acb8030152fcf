"""Narrow indexes for what needs attention, reports and rosters. No row changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

_OPEN, _WAITING = sa.text("closed_at IS NULL AND deleted_at IS NULL"), sa.text("status = 'waiting'")
_COUNTED = {
    "sqlite_where": sa.text("deleted_at IS NULL AND json_extract(details, '$.learner_counts.physicians') >= 0"),
    "postgresql_where": sa.text(
        "deleted_at IS NULL AND CAST(details -> 'learner_counts' ->> 'physicians' AS integer) >= 0"
    ),
}
_LATE = {
    "sqlite_where": sa.text(
        "withdrawn_at IS NULL AND julianday(substr(submitted_at, 1, 10)) - julianday(completed_on) > 30"
    ),
    "postgresql_where": sa.text(
        "withdrawn_at IS NULL AND CAST(submitted_at AT TIME ZONE 'UTC' AS date) - completed_on > 30"
    ),
}


def upgrade() -> None:
    """Apply."""
    ended = ["provider_id", "end_date", "activity_id"]
    op.create_index("ix_activities_open", "activities", ended, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_activities_counted", "activities", ended, **_COUNTED)
    op.create_index("ix_batches_created", "batches", ["provider_id", "created_at"])
    op.create_index(
        "ix_held_records_oldest", "held_records", ["provider_id", "submitted_at"],
        sqlite_where=_WAITING, postgresql_where=_WAITING,
    )  # fmt: skip
    op.create_index("ix_completions_late", "completions", ["provider_id", "completed_on", "completion_id"], **_LATE)
    op.drop_index("ix_completions_of_learner", "completions")
    op.create_index(
        "ix_completions_of_learner", "completions",
        ["learner_id", "provider_id", "completion_id", "withdrawn_at", "completed_on"],
    )  # fmt: skip


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_completions_of_learner", "completions")
    op.create_index("ix_completions_of_learner", "completions", ["learner_id", "completed_on"])
    op.drop_index("ix_completions_late", "completions")
    op.drop_index("ix_held_records_oldest", "held_records")
    op.drop_index("ix_batches_created", "batches")
    op.drop_index("ix_activities_counted", "activities")
    op.drop_index("ix_activities_open", "activities")
