"""Completions, their credits, and the ledger. Every race is decided by a constraint here."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, Table, text

from app.models.base import Document, Instant, Key, key, metadata, number, refers

SQLITE_LATE = "julianday(substr({c}submitted_at, 1, 10)) - julianday({c}completed_on) > 30"
POSTGRESQL_LATE = "CAST({c}submitted_at AT TIME ZONE 'UTC' AS date) - {c}completed_on > 30"
"""The condition that a record was submitted more than 30 days after the completion: `reported-within-30-days`.

`{c}` is the alias of the table with its dot, or nothing.
"""

completions = Table(
    "completions",
    metadata,
    key("completion_id", primary_key=True),
    refers("provider_id", "providers.provider_id"),
    refers("activity_id", "activities.activity_id"),
    refers("learner_id", "learners.learner_id", nullable=True),
    key("subject", comment="learner_id, or rems:PROVIDER:LOCAL-ID where there is no physician"),
    Column("completed_on", Date, nullable=False),
    number("occasion"),
    Column("first_name", Key),
    Column("last_name", Key),
    key("first_key"),
    key("last_key"),
    Column("birth_date", Key, comment="MM/DD; a year is never stored"),
    Column("npi", Key),
    Column("rems", Document),
    key("entry_method"),
    refers("client_id", "clients.client_id"),
    Column("batch_id", Key),
    Column("submitted_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    number("version"),
    Column("withdrawn_at", Instant),
    key("catalogue", comment="digest of the board facts by which it was judged"),
    CheckConstraint("occasion >= 1", name="occasion_positive"),
    Index(
        "uq_completions_standing", "activity_id", "subject", "completed_on", "occasion", unique=True,
        sqlite_where=text("withdrawn_at IS NULL"), postgresql_where=text("withdrawn_at IS NULL"),
    ),
    Index("ix_completions_of_activity", "activity_id", "completion_id"),
    # Whose the learner is, which record of a provider is the newest, and how many there are: without the table.
    Index(
        "ix_completions_of_learner", "learner_id", "provider_id", "completion_id", "withdrawn_at", "completed_on"
    ),
    Index(
        "ix_completions_late", "provider_id", "completed_on", "completion_id",
        sqlite_where=text(f"withdrawn_at IS NULL AND {SQLITE_LATE.format(c='')}"),
        postgresql_where=text(f"withdrawn_at IS NULL AND {POSTGRESQL_LATE.format(c='')}"),
    ),
    *(
        # Lists are of one provider and of what stands: each of these is an order, answers a filter, and counts.
        Index(f"ix_completions_{name}", "provider_id", *columns, "completion_id", "withdrawn_at")
        for name, columns in (
            ("listed", ()),
            ("first_named", ("first_key",)),
            ("completed", ("completed_on",)),
            ("submitted", ("submitted_at",)),
            ("updated", ("updated_at",)),
            ("by_activity", ("activity_id",)),
            ("born", ("birth_date",)),
        )
    ),
    # Which of them are of an activity is read of the index: for every report, those of its person are looked through.
    Index(
        "ix_completions_named", "provider_id", "last_key", "first_key", "completion_id", "withdrawn_at", "activity_id"
    ),
    # Most of what comes one by one is of the API, and pays for neither of these.
    Index(
        "ix_completions_entered", "provider_id", "entry_method", "completion_id", "withdrawn_at",
        sqlite_where=text("entry_method <> 'api'"), postgresql_where=text("entry_method <> 'api'"),
    ),
    Index(
        "ix_completions_of_batch", "batch_id", "completion_id",
        sqlite_where=text("batch_id IS NOT NULL"), postgresql_where=text("batch_id IS NOT NULL"),
    ),
)  # fmt: skip

completion_versions = Table(
    "completion_versions",
    metadata,
    refers("completion_id", "completions.completion_id", primary_key=True),
    number("version", primary_key=True),
    key("commit_id"),
    key("verb"),
    Column("at", Instant, nullable=False),
    refers("client_id", "clients.client_id"),
    Column("document", Document, nullable=False),
    comment="Every version in full, apart from the record, so that erasure can blank them.",
)

credits = Table(
    "credits",
    metadata,
    key("credit_id", primary_key=True),
    refers("completion_id", "completions.completion_id"),
    number("place"),
    key("provider_id", comment="of its completion, as the four that follow"),
    key("activity_id"),
    key("subject"),
    Column("completed_on", Date, nullable=False),
    number("occasion"),
    key("kind"),
    refers("board", "boards.code"),
    Column("reported_id", Key),
    Column("registry_id", Key),
    number("quarters"),
    key("status"),
    Column("holds", Boolean, nullable=False),
    Column("once_per_day", Boolean, nullable=False),
    key("delivery"),
    Column("status_reason", Key),
    Column("status_at", Instant, nullable=False),
    Column("status_text", Key, comment="the board's own words"),
    CheckConstraint("quarters > 0", name="quarters_positive"),
    CheckConstraint("kind in ('cme', 'moc')", name="kind"),
    CheckConstraint("status in ('pending', 'accepted', 'rejected', 'withdrawn')", name="status"),
    CheckConstraint("delivery in ('board', 'transcript-only')", name="delivery"),
    CheckConstraint("holds = (status in ('pending', 'accepted'))", name="holds"),
    Index(
        "uq_credits_standing", "activity_id", "board", "subject", "completed_on", "occasion", unique=True,
        sqlite_where=text("holds"), postgresql_where=text("holds"),
    ),
    Index(
        "uq_credits_once_per_day", "activity_id", "subject", "board", "completed_on", unique=True,
        sqlite_where=text("holds AND once_per_day"), postgresql_where=text("holds AND once_per_day"),
    ),
    Index("ix_credits_of_completion", "completion_id", "board", "kind", "status"),
    Index("ix_credits_of_day", "subject", "board", "completed_on"),
    Index("ix_credits_of_board", "board", "credit_id"),
    Index(
        "ix_credits_rejected", "activity_id",
        sqlite_where=text("status = 'rejected'"), postgresql_where=text("status = 'rejected'"),
    ),
    # A provider's credit lines: each of these is an order, and answers a filter.
    Index("ix_credits_listed_by_board", "provider_id", "board", "completion_id", "status"),
    Index("ix_credits_listed_by_status", "provider_id", "status", "completion_id"),
    Index("ix_credits_listed_by_amount", "provider_id", "quarters", "completion_id"),
    Index("ix_credits_reported", "provider_id", "reported_id", "completion_id"),
)  # fmt: skip

credit_types = Table(
    "credit_types",
    metadata,
    refers("credit_id", "credits.credit_id", primary_key=True),
    key("credit_type", primary_key=True),
    number("quarters"),
    number("place"),
    CheckConstraint("quarters > 0", name="quarters_positive"),
    Index(None, "credit_type", "credit_id"),
)

credit_references = Table(
    "credit_references",
    metadata,
    refers("provider_id", "providers.provider_id", primary_key=True),
    key("client_reference", primary_key=True, comment="in its normal form, by which it is compared"),
    refers("credit_id", "credits.credit_id", primary_key=True),
    Column("as_sent", Key, comment="NULL where it was sent in its normal form"),
    Index(None, "credit_id"),
    comment="The senders' own keys of credits.",
)

completion_references = Table(
    "completion_references",
    metadata,
    refers("provider_id", "providers.provider_id", primary_key=True),
    key("client_reference", primary_key=True, comment="in its normal form, by which it is compared"),
    refers("completion_id", "completions.completion_id", primary_key=True),
    Column("as_sent", Key, comment="NULL where it was sent in its normal form"),
    Index(None, "completion_id"),
    comment="The senders' own keys of records as a whole; their credits bear them as well.",
)

imported_credits = Table(
    "imported_credits",
    metadata,
    refers("credit_id", "credits.credit_id", primary_key=True),
    key("commit_id"),
    comment="Append-only by trigger: credit of another system, of which its board has heard nothing from here.",
)

ledger = Table(
    "ledger",
    metadata,
    key("activity_id", primary_key=True),
    key("subject", primary_key=True),
    key("target", primary_key=True, comment="CME, or a certifying board's code"),
    Column("quarters", BigInteger, nullable=False),
    CheckConstraint("quarters >= 0", name="quarters_not_negative"),
    comment="What a learner holds of an activity's maximum; changed by deltas only.",
)
