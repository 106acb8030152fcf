"""The sandbox: providers that are not accredited and fictitious learners, apart from the live ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
MAGIC = "name of the sandbox's magic learner; empty for a physician of the registry"
LEARNER = "learner_id, first_name, middle_name, last_name, birth_date, npi, medical_school, merged_into"


def upgrade() -> None:
    """Apply. Until now a test client could act for a live provider; those grants end here."""
    if op.get_bind().dialect.name == "sqlite":
        # SQLite cannot add a constraint afterwards, so the foreign key is part of the new column.
        op.execute(
            "ALTER TABLE providers ADD COLUMN sandbox_of TEXT "
            "CONSTRAINT fk_providers_sandbox_of REFERENCES providers (provider_id)"
        )
        _rebuild_learners()
    else:
        op.add_column("providers", sa.Column("sandbox_of", KEY, nullable=True))
        op.create_foreign_key(
            op.f("fk_providers_sandbox_of"), "providers", "providers", ["sandbox_of"], ["provider_id"]
        )
        op.add_column("learners", sa.Column("sandbox", KEY, nullable=False, server_default="", comment=MAGIC))
        op.alter_column("learners", "sandbox", server_default=None)
        op.drop_constraint(op.f("uq_learners_npi"), "learners")
        op.create_unique_constraint(op.f("uq_learners_npi_sandbox"), "learners", ["npi", "sandbox"])
    op.create_index(op.f("ix_providers_sandbox_of"), "providers", ["sandbox_of"], unique=True)
    op.execute(
        "UPDATE grants SET revoked_at = granted_at WHERE revoked_at IS NULL "
        "AND client_id IN (SELECT client_id FROM clients WHERE test)"
    )


def _rebuild_learners() -> None:
    """Rebuild the table, since SQLite cannot change a constraint.

    Foreign keys to learners are checked when the old rows are deleted and again when the new ones are inserted, so the
    checks are deferred and the rows inserted last. There is one check a row, of `merged_into` too, and without an index
    each would scan the table.
    """
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.create_index("merged_before", "learners", ["merged_into"])
    op.execute("CREATE TEMPORARY TABLE learners_before AS SELECT * FROM learners")
    op.drop_table("learners")
    op.create_table(
        "learners",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("first_name", KEY, nullable=False),
        sa.Column("middle_name", KEY, nullable=True),
        sa.Column("last_name", KEY, nullable=False),
        sa.Column("birth_date", KEY, nullable=True, comment="MM/DD; a year is never stored"),
        sa.Column("npi", KEY, nullable=True),
        sa.Column("medical_school", KEY, nullable=True),
        sa.Column("sandbox", KEY, nullable=False, comment=MAGIC),
        sa.Column("merged_into", KEY, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["merged_into"], ["learners.learner_id"], name=op.f("fk_learners_merged_into")),
        sa.PrimaryKeyConstraint("learner_id", name=op.f("pk_learners")),
        sa.UniqueConstraint("npi", "sandbox", name=op.f("uq_learners_npi_sandbox")),
    )
    op.create_index("merged_after", "learners", ["merged_into"])
    op.execute(
        f"INSERT INTO learners ({LEARNER}, sandbox, created_at, updated_at) "
        f"SELECT {LEARNER}, '', created_at, updated_at FROM learners_before"
    )
    op.drop_index("merged_after", "learners")
    op.execute("DROP TABLE learners_before")
