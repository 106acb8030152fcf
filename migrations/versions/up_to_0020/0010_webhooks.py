"""Webhook endpoints, and the deliveries to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
WAITING, HELD = sa.text("status in ('pending', 'sending')"), sa.text("status = 'sending'")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "webhook_endpoints",
        sa.Column("endpoint_id", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=True),
        sa.Column("board", KEY, nullable=True),
        sa.Column("url", KEY, nullable=False),
        sa.Column("event_types", DOCUMENT, nullable=False, comment="empty for all"),
        sa.Column("description", KEY, nullable=True),
        sa.Column("secrets", DOCUMENT, nullable=False, comment="encrypted, the newest first, each with its end"),
        sa.Column("status", KEY, nullable=False),
        sa.Column("disabled_reason", KEY, nullable=True),
        sa.Column("disabled_at", INSTANT, nullable=True),
        sa.Column("failing_since", INSTANT, nullable=True, comment="the first failure since the last success"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column(
            "deleted_at",
            INSTANT,
            nullable=True,
            comment="kept without secrets, so that deliveries under way can refer to it",
        ),
        sa.CheckConstraint("status in ('enabled', 'disabled')", name=op.f("ck_webhook_endpoints_status")),
        sa.CheckConstraint("(provider_id IS NULL) <> (board IS NULL)", name=op.f("ck_webhook_endpoints_owner")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_webhook_endpoints_client_id")),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.provider_id"], name=op.f("fk_webhook_endpoints_provider_id")
        ),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_webhook_endpoints_board")),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_webhook_endpoints")),
    )
    for column in ("client_id", "provider_id", "board"):
        op.create_index(op.f(f"ix_webhook_endpoints_{column}"), "webhook_endpoints", [column], unique=False)
    op.create_table(
        "webhook_deliveries",
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("endpoint_id", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("type", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False, comment="when it happened"),
        sa.Column("data", DOCUMENT, nullable=False, comment="ids only"),
        sa.Column("status", KEY, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False, comment="while it is being sent, the end of the lease"),
        sa.Column(
            "fence",
            sa.Integer(),
            nullable=False,
            comment="rises with every lease: only its holder notes what became of it",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="since it was last put in line"),
        sa.Column("tried_at", INSTANT, nullable=True),
        sa.Column("outcome", KEY, nullable=True),
        sa.Column("answer", sa.Integer(), nullable=True, comment="HTTP status of the last answer"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "status in ('pending', 'sending', 'delivered', 'dead')", name=op.f("ck_webhook_deliveries_status")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.endpoint_id"], name=op.f("fk_webhook_deliveries_endpoint_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("endpoint_id", "event_id", name=op.f("uq_webhook_deliveries_endpoint_id_event_id")),
        comment="The queue itself: what is due is a query, and what became of it is noted here.",
    )
    op.create_index(
        op.f("ix_webhook_deliveries_endpoint_id_delivery_id"),
        "webhook_deliveries",
        ["endpoint_id", "delivery_id"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["endpoint_id", "due_at"],
        unique=False,
        postgresql_where=WAITING,
        sqlite_where=WAITING,
    )
    op.create_index(
        "ix_webhook_deliveries_held",
        "webhook_deliveries",
        ["endpoint_id", "due_at"],
        unique=False,
        postgresql_where=HELD,
        sqlite_where=HELD,
    )
    op.create_index(op.f("ix_webhook_deliveries_finished_at"), "webhook_deliveries", ["finished_at"], unique=False)
