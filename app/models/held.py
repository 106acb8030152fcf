"""Held records: reports that wait for a match, and requests for help with them."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, text

from app.models.base import Document, Instant, Key, key, metadata, number, refers

_WAITING, _OPEN = text("status = 'waiting'"), text("status = 'open'")

registry_generation = Table(
    "registry_generation",
    metadata,
    key("name", primary_key=True, comment="always `registry`"),
    Column("generation", BigInteger, nullable=False),
    comment="Raised in every transaction that changes the registry: what was judged by a lower one is judged again.",
)

held_records = Table(
    "held_records",
    metadata,
    key("held_id", primary_key=True),
    refers("provider_id", "providers.provider_id"),
    refers("client_id", "clients.client_id", comment="under whose rights it is judged again"),
    refers("activity_id", "activities.activity_id"),
    Column("batch_id", Key),
    Column("report", Document, nullable=False, comment="identity data as it was sent"),
    key("status"),
    Column("submitted_at", Instant, nullable=False, comment="first submission"),
    Column("expires_at", Instant, nullable=False),
    Column("findings", Document, nullable=False, comment="of the last judging; never identity data"),
    Column("judged_at", Instant, nullable=False),
    Column("generation", BigInteger, nullable=False, comment="of the registry, by which it was judged last"),
    Column("reason", Key),
    Column("ended_at", Instant),
    Column("completion_id", Key),
    Column("superseded_by", Key, comment="the completion or held record that took its place"),
    number("version"),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint("status in ('waiting', 'accepted', 'refused', 'set-aside')", name="status"),
    CheckConstraint("(status = 'accepted') = (completion_id IS NOT NULL)", name="completion"),
    CheckConstraint("(status = 'waiting') = (ended_at IS NULL)", name="ended"),
    Index(None, "provider_id", "held_id"),
    Index(None, "provider_id", "status", "held_id"),
    Index(None, "activity_id", "held_id"),
    Index(
        "ix_held_records_of_batch", "batch_id", "held_id",
        sqlite_where=text("batch_id IS NOT NULL"), postgresql_where=text("batch_id IS NOT NULL"),
    ),
    Index(
        "ix_held_records_oldest", "provider_id", "submitted_at", sqlite_where=_WAITING, postgresql_where=_WAITING
    ),
    Index("ix_held_records_due", "submitted_at", "held_id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_held_records_judged", "generation", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_held_records_expiring", "expires_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_held_records_waiting", "activity_id", sqlite_where=_WAITING, postgresql_where=_WAITING),
)  # fmt: skip

held_digests = Table(
    "held_digests",
    metadata,
    refers("provider_id", "providers.provider_id", primary_key=True),
    key("digest", primary_key=True, comment="SHA-256 of a record as it was sent, or as its sender corrected it"),
    refers("held_id", "held_records.held_id"),
    Index(None, "held_id"),
    comment="The same record sent again is the same held record.",
)

held_references = Table(
    "held_references",
    metadata,
    refers("provider_id", "providers.provider_id", primary_key=True),
    key("client_reference", primary_key=True, comment="in its normal form, by which it is compared"),
    refers("held_id", "held_records.held_id", primary_key=True),
    Index(None, "held_id"),
    comment="The senders' own keys in held records.",
)

help_requests = Table(
    "help_requests",
    metadata,
    key("help_id", primary_key=True),
    refers("held_id", "held_records.held_id"),
    refers("provider_id", "providers.provider_id"),
    refers("client_id", "clients.client_id", comment="that asked"),
    Column("message", Key),
    Column("asked_at", Instant, nullable=False),
    key("status"),
    Column("action", Key),
    Column("answer", Key),
    Column("physician_id", Key, comment="whom the operator named; never shown to senders"),
    Column("answered_at", Instant),
    number("version"),
    CheckConstraint("status in ('open', 'answered', 'closed')", name="status"),
    Index(None, "status", "help_id"),
    Index("ix_help_requests_of_record", "held_id", "help_id"),
    Index("uq_help_requests_open", "held_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
)
