"""Links by which an export is taken once."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from app.models.base import Instant, Key, key, metadata, refers

downloads = Table(
    "downloads",
    metadata,
    key("download_id", primary_key=True),
    key("digest", comment="SHA-256 of what stands in the link"),
    refers("client_id", "clients.client_id"),
    Column("key_id", Key, comment="the key that it was made with: when that is ended, the link is"),
    refers("provider_id", "providers.provider_id"),
    key("kind"),
    key("format"),
    key("query", comment="filters and order, encrypted; empty once it was used"),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index(None, "digest", unique=True),
    Index(None, "expires_at"),
    comment="Links that work once, for some minutes.",
)
