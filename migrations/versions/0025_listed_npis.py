"""NPIs are listed and end, and certifications have dates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Apply. Nothing on file changes: the columns begin empty."""
    op.add_column(
        "learners",
        sa.Column(
            "npi_listed",
            sa.Boolean(),
            comment="true: the national provider file lists it as this person's; else NULL",
        ),
    )
    op.add_column(
        "learners",
        sa.Column(
            "npi_ended_on",
            sa.Date(),
            comment="when it was deactivated; it still finds its holder, and is nobody else's",
        ),
    )
    for name, comment in (
        ("starts_on", "first day, where a source tells it"),
        ("ends_on", "last day, where a source tells it"),
    ):
        op.add_column("certifications", sa.Column(name, sa.Date(), comment=comment))


def downgrade() -> None:
    """Undo. Dates of certifications are lost, and which NPIs the national provider file lists or ended.

    What is left of physicians is digested by the next upgrade.
    """
    op.execute("INSERT INTO digests_due (noun) VALUES ('learner') ON CONFLICT DO NOTHING")
    op.drop_column("certifications", "ends_on")
    op.drop_column("certifications", "starts_on")
    op.drop_column("learners", "npi_ended_on")
    op.drop_column("learners", "npi_listed")
