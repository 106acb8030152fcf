"""The registry of physicians."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "learners",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("first_name", KEY, nullable=False),
        sa.Column("middle_name", KEY, nullable=True),
        sa.Column("last_name", KEY, nullable=False),
        sa.Column("birth_date", KEY, nullable=True, comment="MM/DD; a year is never stored"),
        sa.Column("npi", KEY, nullable=True),
        sa.Column("medical_school", KEY, nullable=True),
        sa.Column("merged_into", KEY, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["merged_into"], ["learners.learner_id"], name=op.f("fk_learners_merged_into")),
        sa.PrimaryKeyConstraint("learner_id", name=op.f("pk_learners")),
        sa.UniqueConstraint("npi", name=op.f("uq_learners_npi")),
    )
    op.create_table(
        "certifications",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("board", KEY, nullable=False),
        sa.Column("id_key", KEY, nullable=False),
        sa.Column("board_id", KEY, nullable=False),
        sa.Column("short_key", KEY, nullable=False, comment="without leading zeros, as a number cell leaves it"),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_certifications_board")),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_certifications_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", "board", "id_key", name=op.f("pk_certifications")),
    )
    op.create_index(op.f("ix_certifications_board_short_key"), "certifications", ["board", "short_key"], unique=False)
    op.create_table(
        "learner_links",
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("link", KEY, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_learner_links_learner_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_learner_links_provider_id")),
        sa.PrimaryKeyConstraint("provider_id", "learner_id", name=op.f("pk_learner_links")),
        sa.UniqueConstraint("provider_id", "link", name=op.f("uq_learner_links_provider_id_link")),
    )
    op.create_index(op.f("ix_learner_links_learner_id"), "learner_links", ["learner_id"], unique=False)
    op.create_table(
        "learner_names",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("last_key", KEY, nullable=False),
        sa.Column("first_key", KEY, nullable=False),
        sa.Column(
            "birth_date",
            KEY,
            nullable=False,
            comment="as of the learner, empty when not known: one index finds name and date",
        ),
        sa.Column("last_name", KEY, nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_learner_names_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", "last_key", "first_key", name=op.f("pk_learner_names")),
    )
    op.create_index(
        op.f("ix_learner_names_last_key_first_key_birth_date"),
        "learner_names",
        ["last_key", "first_key", "birth_date"],
        unique=False,
    )
    op.create_table(
        "licenses",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("board", KEY, nullable=False),
        sa.Column("id_key", KEY, nullable=False),
        sa.Column("license_id", KEY, nullable=False),
        sa.Column("short_key", KEY, nullable=False, comment="without leading zeros, as a number cell leaves it"),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_licenses_board")),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_licenses_learner_id")),
        sa.PrimaryKeyConstraint("learner_id", "board", "id_key", name=op.f("pk_licenses")),
    )
    op.create_index(op.f("ix_licenses_board_short_key"), "licenses", ["board", "short_key"], unique=False)
    # ### end Alembic commands ###
