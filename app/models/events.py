"""Providers' events, in one order for all providers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, UniqueConstraint

from app.models.base import Document, Instant, key, metadata, refers

events = Table(
    "events",
    metadata,
    refers("provider_id", "providers.provider_id", primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    key("event_id"),
    key("type"),
    Column("at", Instant, nullable=False),
    Column("data", Document, nullable=False, comment="ids only"),
    refers("commit_id", "commits.commit_id"),
    UniqueConstraint("event_id"),
    Index(None, "position", unique=True),
    comment="Insert-only, written by the sealer: a second publisher fails instead of doubling.",
)
