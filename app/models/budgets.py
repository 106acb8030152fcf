"""The budgets against guessing birth dates: the dates that were tried, who knows whose, and what is spent.

No identity values: a person is a physician's id, or a keyed digest where nobody is on file; a date is a keyed digest.
"""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Table, UniqueConstraint

from app.models.base import Instant, key, metadata, number

identity_tries = Table(
    "identity_tries",
    metadata,
    key(
        "person",
        primary_key=True,
        comment="a physician's id; where nobody is on file, a keyed digest of what was asked",
    ),
    key("date_digest", primary_key=True, comment="keyed, of the person and the date that led to nobody"),
    key("client_id", comment="who tried it first"),
    Column("counted", Boolean, nullable=False, comment="true in one row of each question about people on file"),
    Column("at", Instant, nullable=False),
    Index(None, "client_id", "at"),
    Index(None, "at"),
    comment="Birth dates that led to nobody, for each person who may have been meant; kept for 30 days.",
    sqlite_with_rowid=False,
)

identity_finds = Table(
    "identity_finds",
    metadata,
    key("provider_id", primary_key=True),
    key("learner_id", primary_key=True),
    key("client_id", comment="who found them first; empty for links of before these budgets"),
    Column("at", Instant, nullable=False),
    Index(None, "client_id", "at"),
    comment="Providers that have found a physician by the birth date: no budget stands in their way.",
    sqlite_with_rowid=False,
)

identity_budgets = Table(
    "identity_budgets",
    metadata,
    key("budget_id", primary_key=True),
    key("kind"),
    key("subject", comment="a physician's id, or a client's"),
    Column("spent_at", Instant, nullable=False),
    number("refused", comment="how many answers were refused since"),
    Column("refused_at", Instant, comment="when the last of them was"),
    CheckConstraint("kind in ('person', 'client')", name="kind"),
    UniqueConstraint("kind", "subject"),
    comment="Budgets that are spent, until the operator releases them or they are forgotten.",
)
