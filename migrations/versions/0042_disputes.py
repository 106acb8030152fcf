"""Physicians dispute what was reported for them, and withdraw the permission to report it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_RECORD = sa.text("closed_at IS NULL AND kind <> 'permission'")
_PERMISSION = sa.text("closed_at IS NULL AND permission_id IS NOT NULL")
_OPEN, _WITHDRAWN = sa.text("closed_at IS NULL"), sa.text("given_back_at IS NULL")


def upgrade() -> None:
    """Apply. No row changes."""
    _create_permissions()
    _create_disputes()
    op.create_table(
        "dispute_steps",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("dispute_id", KEY, nullable=False),
        sa.Column("verb", KEY, nullable=False),
        sa.Column("party", KEY, nullable=False),
        sa.Column("client_id", KEY, comment="NULL for the service's own"),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("message", KEY),
        sa.CheckConstraint(
            "verb in ('open', 'add', 'answer', 'refer', 'agree', 'refuse', 'take-back')",
            name=op.f("ck_dispute_steps_verb"),
        ),
        sa.CheckConstraint(
            "party in ('physician', 'provider', 'operator', 'service')", name=op.f("ck_dispute_steps_party")
        ),
        sa.ForeignKeyConstraint(["dispute_id"], ["disputes.dispute_id"], name=op.f("fk_dispute_steps_dispute_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_dispute_steps_client_id")),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_dispute_steps")),
    )
    op.create_index(op.f("ix_dispute_steps_dispute_id_step_id"), "dispute_steps", ["dispute_id", "step_id"])


def _create_permissions() -> None:
    table = "withdrawn_permissions"
    op.create_table(
        table,
        sa.Column("permission_id", KEY, nullable=False),
        sa.Column("learner_id", KEY, nullable=False, comment="as the account was then; whom it means now, merges say"),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("completion_id", KEY, comment="NULL for whatever is reported"),
        sa.Column("activity_id", KEY, comment="with completed_on, what of the one record is not reported again"),
        sa.Column("completed_on", sa.Date()),
        sa.Column("client_id", KEY, nullable=False, comment="the account that withdrew it"),
        sa.Column("withdrawn_at", INSTANT, nullable=False),
        sa.Column("given_back_at", INSTANT),
        sa.CheckConstraint(
            "(completion_id IS NULL) = (activity_id IS NULL) AND (completion_id IS NULL) = (completed_on IS NULL)",
            name=op.f(f"ck_{table}_record"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{of}.{column}"], name=op.f(f"fk_{table}_{column}"))
            for column, of in (
                ("learner_id", "learners"),
                ("provider_id", "providers"),
                ("completion_id", "completions"),
                ("client_id", "clients"),
            )
        ),
        sa.PrimaryKeyConstraint("permission_id", name=op.f(f"pk_{table}")),
        comment="A provider's later reports of the physician are refused while it is not given back.",
    )
    op.create_index(
        f"ix_{table}_standing", table, ["learner_id", "provider_id"],
        sqlite_where=_WITHDRAWN, postgresql_where=_WITHDRAWN,
    )  # fmt: skip
    for column in ("provider_id", "completion_id"):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("dispute_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("learner_id", KEY, nullable=False, comment="as the account was then; whom it means now, merges say"),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("completion_id", KEY, comment="NULL: all of the provider"),
        sa.Column("activity_id", KEY),
        sa.Column("permission_id", KEY),
        sa.Column("record_version", sa.Integer(), comment="the version of the record that it is about"),
        sa.Column("client_id", KEY, nullable=False, comment="the account that opened it"),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("answer_by", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, comment="when something happens by itself"),
        sa.Column("answered_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind in ('not-me', 'amount', 'date', 'activity', 'credit-type', 'missing-type', 'permission')",
            name=op.f("ck_disputes_kind"),
        ),
        sa.CheckConstraint(
            "status in ('open', 'answered', 'referred', 'agreed', 'refused', 'taken-back')",
            name=op.f("ck_disputes_status"),
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (status in ('open', 'answered', 'referred'))", name=op.f("ck_disputes_closed")
        ),
        sa.CheckConstraint("(permission_id IS NOT NULL) = (kind = 'permission')", name=op.f("ck_disputes_permission")),
        sa.CheckConstraint("completion_id IS NOT NULL OR permission_id IS NOT NULL", name=op.f("ck_disputes_about")),
        *(
            sa.ForeignKeyConstraint([column], [f"{of}.{column}"], name=op.f(f"fk_disputes_{column}"))
            for column, of in (
                ("learner_id", "learners"),
                ("provider_id", "providers"),
                ("completion_id", "completions"),
                ("permission_id", "withdrawn_permissions"),
                ("client_id", "clients"),
            )
        ),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_disputes")),
        comment="What physicians say of records, and what became of it.",
    )
    for name, column, where in (
        ("uq_disputes_record", "completion_id", _RECORD),
        ("uq_disputes_permission", "permission_id", _PERMISSION),
    ):
        op.create_index(name, "disputes", [column], unique=True, sqlite_where=where, postgresql_where=where)
    op.create_index(
        "ix_disputes_open", "disputes", ["provider_id", "dispute_id"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    for column in ("provider_id", "learner_id"):
        op.create_index(op.f(f"ix_disputes_{column}_dispute_id"), "disputes", [column, "dispute_id"])
    op.create_index("ix_disputes_completion", "disputes", ["completion_id"])


def downgrade() -> None:
    """Undo. Disputes are lost, and what was withdrawn of permission with them."""
    for table in ("dispute_steps", "disputes", "withdrawn_permissions"):
        op.drop_table(table)
