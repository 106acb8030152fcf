"""Webhook endpoints, and the outbox: a delivery for every event and endpoint."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, UniqueConstraint, text

from app.models.base import Document, Instant, Key, key, metadata, number, refers

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    key("endpoint_id", primary_key=True),
    refers("client_id", "clients.client_id"),
    refers("provider_id", "providers.provider_id", nullable=True),
    refers("board", "boards.code", nullable=True),
    key("url"),
    Column("event_types", Document, nullable=False, comment="empty for all"),
    Column("description", Key),
    Column("secrets", Document, nullable=False, comment="encrypted, the newest first, each with its end"),
    key("status"),
    Column("disabled_reason", Key),
    Column("disabled_at", Instant),
    Column("failing_since", Instant, comment="the first failure since the last success"),
    Column("recovers_since", Instant, comment="while events are queued again: those since this moment"),
    Column("recovers_after", BigInteger, comment="the position of the last event that was looked at"),
    Column("recovers_until", BigInteger, comment="the position of the last event when that was asked for"),
    number("version"),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("deleted_at", Instant, comment="kept without secrets, so that deliveries under way can refer to it"),
    CheckConstraint("status in ('enabled', 'disabled')", name="status"),
    CheckConstraint("provider_id IS NULL OR board IS NULL", name="owner"),
    Index(None, "client_id"),
    Index(None, "provider_id"),
    Index(None, "board"),
)

_WAITING, _HELD = text("status in ('pending', 'sending')"), text("status = 'sending'")

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    key("delivery_id", primary_key=True),
    refers("endpoint_id", "webhook_endpoints.endpoint_id"),
    key("event_id"),
    key("type"),
    Column("at", Instant, nullable=False, comment="when it happened"),
    Column("data", Document, nullable=False, comment="ids only"),
    key("status"),
    Column("due_at", Instant, nullable=False, comment="while it is being sent, the end of the lease"),
    number("fence", comment="rises with every lease: only its holder notes what became of it"),
    number("attempts", comment="since it was last put in line"),
    Column("tried_at", Instant),
    Column("outcome", Key),
    Column("answer", Integer, comment="HTTP status of the last answer"),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("provider_id", Key, comment="of the event, if it has one"),
    CheckConstraint("status in ('pending', 'sending', 'delivered', 'dead')", name="status"),
    UniqueConstraint("endpoint_id", "event_id"),
    Index(None, "endpoint_id", "delivery_id"),
    Index("ix_webhook_deliveries_waiting", "endpoint_id", "due_at", postgresql_where=_WAITING, sqlite_where=_WAITING),
    Index("ix_webhook_deliveries_held", "endpoint_id", "due_at", postgresql_where=_HELD, sqlite_where=_HELD),
    Index(None, "finished_at"),
    comment="The queue itself: what is due is a query, and what became of it is noted here.",
)
