"""Providers have the time of their accreditation, and are merged; nothing is written any more for one that was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models.triggers import merged_provider_statements, without_merged_provider_statements

revision = "0027"
down_revision = "0026"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MERGED, _BEGUN = sa.text("merged_into IS NOT NULL"), sa.text("merging_into IS NOT NULL")


def upgrade() -> None:
    """Apply. No provider changes: the columns begin empty."""
    for name, kind, comment in (
        ("accredited_from", sa.Date(), "first day of its accreditation; NULL for any time before its end"),
        ("accredited_to", sa.Date(), "last day of its accreditation; NULL while it has no end"),
        ("merging_into", KEY, "while it is about to be merged: who acts for it then asks the database each time"),
    ):
        op.add_column("providers", sa.Column(name, kind, comment=comment))
    for name, condition in (("merged_into", _MERGED), ("merging_into", _BEGUN)):
        op.create_index(f"ix_providers_{name}", "providers", [name], sqlite_where=condition, postgresql_where=condition)
    rejected = sa.text("status = 'rejected'")
    op.create_index("ix_credits_rejected", "credits", ["activity_id"], sqlite_where=rejected, postgresql_where=rejected)
    op.create_index("ix_grants_provider_id", "grants", ["provider_id"])
    for statement in merged_provider_statements(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Undo. The times of accreditation are lost; what is left of providers is digested by the next upgrade."""
    for statement in without_merged_provider_statements(op.get_bind().dialect.name):
        op.execute(statement)
    op.execute("INSERT INTO digests_due (noun) VALUES ('provider') ON CONFLICT DO NOTHING")
    op.drop_index("ix_credits_rejected", table_name="credits")
    op.drop_index("ix_grants_provider_id", table_name="grants")
    for name in ("merging_into", "merged_into"):
        op.drop_index(f"ix_providers_{name}", table_name="providers")
    for name in ("merging_into", "accredited_to", "accredited_from"):
        op.drop_column("providers", name)
