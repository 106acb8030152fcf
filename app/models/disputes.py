"""Physicians' disputes about what was reported for them, and the permission that they have withdrawn."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, Table, text

from app.models.base import Instant, Key, key, metadata, number, refers

_RECORD = text("closed_at IS NULL AND kind <> 'permission'")
_PERMISSION = text("closed_at IS NULL AND permission_id IS NOT NULL")
_OPEN, _WITHDRAWN = text("closed_at IS NULL"), text("given_back_at IS NULL")

withdrawn_permissions = Table(
    "withdrawn_permissions",
    metadata,
    key("permission_id", primary_key=True),
    refers("learner_id", "learners.learner_id", comment="as the account was then; whom it means now, merges say"),
    refers("provider_id", "providers.provider_id"),
    refers("completion_id", "completions.completion_id", nullable=True, comment="NULL for whatever is reported"),
    Column("activity_id", Key, comment="with completed_on, what of the one record is not reported again"),
    Column("completed_on", Date),
    refers("client_id", "clients.client_id", comment="the account that withdrew it"),
    Column("withdrawn_at", Instant, nullable=False),
    Column("given_back_at", Instant),
    CheckConstraint(
        "(completion_id IS NULL) = (activity_id IS NULL) AND (completion_id IS NULL) = (completed_on IS NULL)",
        name="record",
    ),
    Index(
        "ix_withdrawn_permissions_standing", "learner_id", "provider_id",
        sqlite_where=_WITHDRAWN, postgresql_where=_WITHDRAWN,
    ),
    Index(None, "provider_id"),
    Index(None, "completion_id"),
    comment="A provider's later reports of the physician are refused while it is not given back.",
)  # fmt: skip

disputes = Table(
    "disputes",
    metadata,
    key("dispute_id", primary_key=True),
    key("kind"),
    key("status"),
    refers("learner_id", "learners.learner_id", comment="as the account was then; whom it means now, merges say"),
    refers("provider_id", "providers.provider_id"),
    refers("completion_id", "completions.completion_id", nullable=True, comment="NULL: all of the provider"),
    Column("activity_id", Key),
    refers("permission_id", "withdrawn_permissions.permission_id", nullable=True),
    Column("record_version", Integer, comment="the version of the record that it is about"),
    refers("client_id", "clients.client_id", comment="the account that opened it"),
    Column("opened_at", Instant, nullable=False),
    Column("answer_by", Instant, nullable=False),
    Column("due_at", Instant, comment="when something happens by itself"),
    Column("answered_at", Instant),
    Column("closed_at", Instant),
    number("version"),
    CheckConstraint(
        "kind in ('not-me', 'amount', 'date', 'activity', 'credit-type', 'missing-type', 'permission')", name="kind"
    ),
    CheckConstraint(
        "status in ('open', 'answered', 'referred', 'agreed', 'refused', 'taken-back')", name="status"
    ),
    CheckConstraint("(closed_at IS NULL) = (status in ('open', 'answered', 'referred'))", name="closed"),
    CheckConstraint("(permission_id IS NOT NULL) = (kind = 'permission')", name="permission"),
    CheckConstraint("completion_id IS NOT NULL OR permission_id IS NOT NULL", name="about"),
    Index("uq_disputes_record", "completion_id", unique=True, sqlite_where=_RECORD, postgresql_where=_RECORD),
    Index(
        "uq_disputes_permission", "permission_id", unique=True,
        sqlite_where=_PERMISSION, postgresql_where=_PERMISSION,
    ),
    Index("ix_disputes_open", "provider_id", "dispute_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(None, "provider_id", "dispute_id"),
    Index(None, "learner_id", "dispute_id"),
    Index("ix_disputes_completion", "completion_id"),
    comment="What physicians say of records, and what became of it.",
)  # fmt: skip

dispute_steps = Table(
    "dispute_steps",
    metadata,
    key("step_id", primary_key=True),
    refers("dispute_id", "disputes.dispute_id"),
    key("verb"),
    key("party"),
    refers("client_id", "clients.client_id", nullable=True, comment="NULL for the service's own"),
    Column("at", Instant, nullable=False),
    Column("message", Key),
    CheckConstraint("verb in ('open', 'add', 'answer', 'refer', 'agree', 'refuse', 'take-back')", name="verb"),
    CheckConstraint("party in ('physician', 'provider', 'operator', 'service')", name="party"),
    Index(None, "dispute_id", "step_id"),
)
