"""Activities and their registrations for certifying boards."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, Table, text

from app.models.base import Document, Instant, Key, key, metadata, number, refers

SQLITE_PHYSICIANS_COUNTED = "json_extract(details, '$.learner_counts.physicians')"
POSTGRESQL_PHYSICIANS_COUNTED = "CAST(details -> 'learner_counts' ->> 'physicians' AS integer)"
"""How many physicians took part, as the provider entered it; NULL where it entered nothing."""
_OPEN = text("closed_at IS NULL AND deleted_at IS NULL")
MAY_BE_LISTED = "listing_public AND deleted_at IS NULL AND closed_at IS NULL"
"""Which activities physicians may find, unless they lack something."""
_DELETED = text("deleted_at IS NOT NULL")

activities = Table(
    "activities",
    metadata,
    key("activity_id", primary_key=True),
    refers("provider_id", "providers.provider_id"),
    Column("internal_id", Key),
    Column("internal_key", Key, comment="its normal form; NULL where an older activity has it"),
    key("title"),
    key("title_key", server_default="", comment="the title as it is searched and sorted"),
    key("format"),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("ama_quarters", Integer),
    Column("description", Key),
    Column("providership", Key),
    Column("city", Key),
    Column("state", Key),
    Column("country", Key),
    Column("delivery_methods", Document, nullable=False),
    Column("listing_public", Boolean),
    Column("mips", Boolean),
    Column("rems", Document),
    Column("details", Document, nullable=False),
    Column("closed_at", Instant),
    Column("deleted_at", Instant),
    number("version"),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint("start_date <= end_date", name="dates_in_order"),
    CheckConstraint("ama_quarters > 0", name="ama_positive"),
    Index(None, "provider_id", "activity_id"),
    # What needs attention is few of many: each of these is as long as its list.
    Index("ix_activities_open", "provider_id", "end_date", "activity_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(
        "ix_activities_counted", "provider_id", "end_date", "activity_id",
        sqlite_where=text(f"deleted_at IS NULL AND {SQLITE_PHYSICIANS_COUNTED} >= 0"),
        postgresql_where=text(f"deleted_at IS NULL AND {POSTGRESQL_PHYSICIANS_COUNTED} >= 0"),
    ),
    # The search of CME Passport reads all that may be listed when it starts, and what has changed from then on.
    Index(
        "ix_activities_listed", "activity_id", "version",
        sqlite_where=text(MAY_BE_LISTED), postgresql_where=text(MAY_BE_LISTED),
    ),
    Index(None, "updated_at"),
    Index(None, "deleted_at", sqlite_where=_DELETED, postgresql_where=_DELETED),
    Index(
        "uq_activities_internal_key", "provider_id", "internal_key", unique=True,
        sqlite_where=text("deleted_at IS NULL"), postgresql_where=text("deleted_at IS NULL"),
    ),
    Index(
        "uq_activities_internal_id", "provider_id", "internal_id", unique=True,
        sqlite_where=text("deleted_at IS NULL"), postgresql_where=text("deleted_at IS NULL"),
    ),
)  # fmt: skip

activity_boards = Table(
    "activity_boards",
    metadata,
    refers("activity_id", "activities.activity_id", primary_key=True),
    refers("board", "boards.code", primary_key=True),
    number("place"),
    Column("points_quarters", Integer),
    Column("credit_types", Document, nullable=False),
    Column("credit_claim_date", Date),
    Column("practice_areas", Document, nullable=False),
    Column("content_outline", Document, nullable=False),
    Column("attested", Boolean),
    CheckConstraint("points_quarters > 0", name="points_positive"),
    Index(None, "board"),
)
