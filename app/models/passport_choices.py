"""CME Passport: what physicians choose to be mailed of, what is still to be told, and what they keep for themselves."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Index, Table

from app.models.base import Instant, key, metadata, refers

_CHOICES = ("reported", "rejected", "withdrawn", "viewed")

passport_mail_choices = Table(
    "passport_mail_choices",
    metadata,
    refers("client_id", "clients.client_id", primary_key=True),
    *(key(choice) for choice in _CHOICES),
    *(CheckConstraint(f"{choice} in ('none', 'at-once', 'weekly')", name=choice) for choice in _CHOICES),
    comment="When a physician is mailed of what. Who has chosen nothing has no row.",
)

passport_notices = Table(
    "passport_notices",
    metadata,
    refers("client_id", "clients.client_id", primary_key=True),
    key("kind", primary_key=True),
    key("subject_id", primary_key=True, comment="the completion, or the share that was opened"),
    Column("at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    CheckConstraint("kind in ('reported', 'corrected', 'rejected', 'withdrawn', 'viewed')", name="kind"),
    Index(None, "due_at"),
    comment="What a physician is still to be mailed of: it goes in the transaction that writes the mail.",
)

passport_mail_marks = Table(
    "passport_mail_marks",
    metadata,
    key("reader", primary_key=True),
    Column("position", BigInteger, nullable=False, comment="of the last event that was read"),
    comment="How far the events of all providers were read for mails to physicians.",
)

passport_periods = Table(
    "passport_periods",
    metadata,
    key("period_id", primary_key=True),
    refers("client_id", "clients.client_id"),
    key("name", comment="as the physician wrote it"),
    Column("period_first", Date),
    Column("period_last", Date),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("period_first IS NULL OR period_last IS NULL OR period_first <= period_last", name="period"),
    Index(None, "client_id", "name", unique=True),
    comment="Periods that physicians have saved. They go with the account.",
)

passport_visits = Table(
    "passport_visits",
    metadata,
    refers("client_id", "clients.client_id", primary_key=True),
    Column("looked_at", Instant, nullable=False, comment="when the credits were last shown"),
    Column("new_since", Instant, comment="what came later is new; NULL at the first visit: nothing is"),
)
