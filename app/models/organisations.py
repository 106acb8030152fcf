"""Providers, boards, and the clients that act for them."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, Table, text

from app.models.base import Document, Instant, Key, key, metadata, refers

_MERGED, _BEGUN = text("merged_into IS NOT NULL"), text("merging_into IS NOT NULL")

providers = Table(
    "providers",
    metadata,
    key("provider_id", primary_key=True),
    key("name"),
    Column("joint", Boolean, nullable=False, default=False),
    Column("city", Key),
    Column("state", Key),
    refers("merged_into", "providers.provider_id", nullable=True),
    refers("sandbox_of", "providers.provider_id", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("accredited_from", Date, comment="first day of its accreditation; NULL for any time before its end"),
    Column("accredited_to", Date, comment="last day of its accreditation; NULL while it has no end"),
    Column(
        "merging_into",
        Key,
        comment="while it is about to be merged: who acts for it then asks the database each time",
    ),
    Index(None, "sandbox_of", unique=True),
    Index("ix_providers_merged_into", "merged_into", sqlite_where=_MERGED, postgresql_where=_MERGED),
    Index("ix_providers_merging_into", "merging_into", sqlite_where=_BEGUN, postgresql_where=_BEGUN),
)

boards = Table(
    "boards",
    metadata,
    key("code", primary_key=True),
    key("name"),
    key("kind"),
    Column("state", Key),
    CheckConstraint("kind in ('certifying', 'licensing')", name="kind"),
    comment="Codes that records may refer to; the facts are the catalogue's.",
)

catalogues = Table(
    "catalogues",
    metadata,
    key("digest", primary_key=True),
    Column("files", Document, nullable=False),
    Column("first_used_at", Instant, nullable=False),
    comment="Every state of the board facts by which records were judged, so that an old verdict can be repeated.",
)

clients = Table(
    "clients",
    metadata,
    key("client_id", primary_key=True),
    key("name"),
    key("role"),
    refers("board", "boards.code", nullable=True),
    Column("test", Boolean, nullable=False, default=False),
    Column("scopes", Document, nullable=False),
    key("permission_attested_by"),
    Column("permission_attested_at", Instant, nullable=False),
    Column("permission_withdrawn_at", Instant, comment="NULL while the attestation stands"),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("organisation", Key, comment="the client that was there first; NULL for that one itself"),
    Column("expires_at", Instant),
    Column("version", Integer, comment="NULL for a client that never changed: 1"),
    Column("kind", Key, comment="`person` for a membership, which has no key; NULL for a system"),
    CheckConstraint("role in ('provider', 'vendor', 'board', 'operator', 'learner')", name="role"),
)

client_secrets = Table(
    "client_secrets",
    metadata,
    key("digest", primary_key=True),
    refers("client_id", "clients.client_id"),
    key("kind"),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("ending", Key, comment="the last characters, to know it by"),
    Column("expires_at", Instant),
    Column("last_used_at", Instant, comment="to the minute"),
    CheckConstraint("kind in ('api-key', 'client-secret')", name="kind"),
    Index(None, "client_id"),
    comment="SHA-256 of keys and secrets; several at once while one is rotated.",
)

grants = Table(
    "grants",
    metadata,
    refers("client_id", "clients.client_id", primary_key=True),
    refers("provider_id", "providers.provider_id", primary_key=True),
    Column("granted_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index(None, "provider_id"),
    comment="For which providers a client may act: its own, or those that granted it the right.",
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    refers("client_id", "clients.client_id", primary_key=True),
    key("provider_id", primary_key=True),
    key("key", primary_key=True),
    key("fingerprint"),
    Column("answer", Document, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "created_at"),
    comment="Answers kept to be given again; provider_id is empty where none is acted for.",
)
