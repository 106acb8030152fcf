"""Activities and their board registrations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "activities",
        sa.Column("activity_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("internal_id", KEY, nullable=True),
        sa.Column("title", KEY, nullable=False),
        sa.Column("format", KEY, nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("ama_quarters", sa.Integer(), nullable=True),
        sa.Column("description", KEY, nullable=True),
        sa.Column("providership", KEY, nullable=True),
        sa.Column("city", KEY, nullable=True),
        sa.Column("state", KEY, nullable=True),
        sa.Column("country", KEY, nullable=True),
        sa.Column("delivery_methods", DOCUMENT, nullable=False),
        sa.Column("listing_public", sa.Boolean(), nullable=True),
        sa.Column("mips", sa.Boolean(), nullable=True),
        sa.Column("rems", DOCUMENT, nullable=True),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.CheckConstraint("ama_quarters > 0", name=op.f("ck_activities_ama_positive")),
        sa.CheckConstraint("start_date <= end_date", name=op.f("ck_activities_dates_in_order")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_activities_provider_id")),
        sa.PrimaryKeyConstraint("activity_id", name=op.f("pk_activities")),
    )
    op.create_index(
        op.f("ix_activities_provider_id_activity_id"), "activities", ["provider_id", "activity_id"], unique=False
    )
    op.create_index(
        "uq_activities_internal_id",
        "activities",
        ["provider_id", "internal_id"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "activity_boards",
        sa.Column("activity_id", KEY, nullable=False),
        sa.Column("board", KEY, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("points_quarters", sa.Integer(), nullable=True),
        sa.Column("credit_types", DOCUMENT, nullable=False),
        sa.Column("credit_claim_date", sa.Date(), nullable=True),
        sa.Column("practice_areas", DOCUMENT, nullable=False),
        sa.Column("content_outline", DOCUMENT, nullable=False),
        sa.Column("attested", sa.Boolean(), nullable=True),
        sa.CheckConstraint("points_quarters > 0", name=op.f("ck_activity_boards_points_positive")),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.activity_id"], name=op.f("fk_activity_boards_activity_id")
        ),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_activity_boards_board")),
        sa.PrimaryKeyConstraint("activity_id", "board", name=op.f("pk_activity_boards")),
    )
    op.create_index(op.f("ix_activity_boards_board"), "activity_boards", ["board"], unique=False)
    # ### end Alembic commands ###
