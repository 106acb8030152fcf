"""Physicians choose their mails, name periods and see what is new; rosters confirm accounts; addresses change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_OPEN = sa.text("ended_at IS NULL")
_CONFIRMED_BY = "'code', 'operator'"
"""What confirmed accounts before."""
_CHOICES = ("reported", "rejected", "withdrawn", "viewed")


def upgrade() -> None:
    """Apply. No row changes: who has chosen nothing has no row, and only what is told from now on is mailed."""
    _replace_confirmed_by(_CONFIRMED_BY, f"{_CONFIRMED_BY}, 'roster'")
    _create_mails()
    _create_own()
    op.create_table(
        "roster_addresses",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("board", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False, comment="keyed, of the mail address: whoever else has it is found"),
        sa.Column("proof", KEY, nullable=False, comment="keyed, of the learner, the board and the address"),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_roster_addresses_learner_id")),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_roster_addresses_board")),
        sa.PrimaryKeyConstraint("learner_id", "board", name=op.f("pk_roster_addresses")),
        comment="Mail addresses that boards gave in rosters: they are compared with accounts', and never written to.",
    )
    op.create_index(op.f("ix_roster_addresses_digest"), "roster_addresses", ["digest"])
    _create_address_changes()


def _create_mails() -> None:
    """Create what mails about credit need: what each physician chose, what is to be told, how far events were read."""
    op.create_table(
        "passport_mail_choices",
        sa.Column("client_id", KEY, nullable=False),
        *(sa.Column(choice, KEY, nullable=False) for choice in _CHOICES),
        *(
            sa.CheckConstraint(
                f"{choice} in ('none', 'at-once', 'weekly')", name=op.f(f"ck_passport_mail_choices_{choice}")
            )
            for choice in _CHOICES
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_passport_mail_choices_client_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_passport_mail_choices")),
        comment="When a physician is mailed of what. Who has chosen nothing has no row.",
    )
    op.create_table(
        "passport_notices",
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("subject_id", KEY, nullable=False, comment="the completion, or the share that was opened"),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "kind in ('reported', 'corrected', 'rejected', 'withdrawn', 'viewed')",
            name=op.f("ck_passport_notices_kind"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_passport_notices_client_id")),
        sa.PrimaryKeyConstraint("client_id", "kind", "subject_id", name=op.f("pk_passport_notices")),
        comment="What a physician is still to be mailed of: it goes in the transaction that writes the mail.",
    )
    op.create_index(op.f("ix_passport_notices_due_at"), "passport_notices", ["due_at"])
    op.create_table(
        "passport_mail_marks",
        sa.Column("reader", KEY, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="of the last event that was read"),
        sa.PrimaryKeyConstraint("reader", name=op.f("pk_passport_mail_marks")),
        comment="How far the events of all providers were read for mails to physicians.",
    )
    op.execute(
        "INSERT INTO passport_mail_marks (reader, position) SELECT 'events', coalesce(max(position), 0) FROM events"
    )


def _create_own() -> None:
    """Create what a physician keeps for themselves: periods with a name, and what was there at the last visit."""
    op.create_table(
        "passport_periods",
        sa.Column("period_id", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False, comment="as the physician wrote it"),
        sa.Column("period_first", sa.Date()),
        sa.Column("period_last", sa.Date()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "period_first IS NULL OR period_last IS NULL OR period_first <= period_last",
            name=op.f("ck_passport_periods_period"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_passport_periods_client_id")),
        sa.PrimaryKeyConstraint("period_id", name=op.f("pk_passport_periods")),
        comment="Periods that physicians have saved. They go with the account.",
    )
    op.create_index(op.f("ix_passport_periods_client_id_name"), "passport_periods", ["client_id", "name"], unique=True)
    op.create_table(
        "passport_visits",
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("looked_at", INSTANT, nullable=False, comment="when the credits were last shown"),
        sa.Column("new_since", INSTANT, comment="what came later is new; NULL at the first visit: nothing is"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_passport_visits_client_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_passport_visits")),
    )


def _create_address_changes() -> None:
    table = "address_changes"
    op.create_table(
        table,
        sa.Column("change_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("new_person_id", KEY, nullable=False, comment="who has the new address until it is given over"),
        sa.Column("digest", KEY, nullable=False, comment="SHA-256 of what stands in the link to the new address"),
        sa.Column("old_digest", KEY, nullable=False, comment="SHA-256 of what stands in the link to the old one"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False, comment="from when it needs no word from the old address"),
        sa.Column("proven_at", INSTANT, comment="when the link in the mail to the new address was used"),
        sa.Column("agreed_at", INSTANT, comment="when it was confirmed from the old address"),
        sa.Column("ended_at", INSTANT),
        sa.Column("outcome", KEY),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome in ('changed', 'refused', 'taken-back', 'lapsed')",
            name=op.f(f"ck_{table}_outcome"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name=op.f(f"ck_{table}_ended")),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f(f"fk_{table}_person_id")),
        sa.ForeignKeyConstraint(["new_person_id"], ["people.person_id"], name=op.f(f"fk_{table}_new_person_id")),
        sa.PrimaryKeyConstraint("change_id", name=op.f(f"pk_{table}")),
        comment="New mail addresses that people have asked for.",
    )
    for column in ("digest", "old_digest"):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=True)
    op.create_index(op.f(f"ix_{table}_new_person_id"), table, ["new_person_id"])
    op.create_index(
        f"uq_{table}_open", table, ["person_id"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    )  # fmt: skip
    op.create_index(f"ix_{table}_due", table, ["due_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    """Undo. What a roster has confirmed counts as the operator's; choices, periods and addresses are lost."""
    for table in (
        *("address_changes", "roster_addresses", "passport_visits", "passport_periods"),
        *("passport_mail_marks", "passport_notices", "passport_mail_choices"),
    ):
        op.drop_table(table)
    op.execute("INSERT INTO digests_due (noun) VALUES ('passport-account') ON CONFLICT DO NOTHING")
    op.execute("UPDATE passport_accounts SET confirmed_by = 'operator' WHERE confirmed_by = 'roster'")
    _replace_confirmed_by(f"{_CONFIRMED_BY}, 'roster'", _CONFIRMED_BY)


def _replace_confirmed_by(old: str, new: str) -> None:
    """Replace what may confirm an account; on SQLite the table is made again from its own declaration."""
    table, name = "passport_accounts", op.f("ck_passport_accounts_confirmed_by")
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, f"confirmed_by IS NULL OR confirmed_by in ({new})")
        return
    op.execute("PRAGMA defer_foreign_keys = ON")
    found = f"SELECT sql FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL AND type = "
    (declaration,) = connection.execute(sa.text(f"{found}'table'")).scalars()
    others = [sql for kind in ("index", "trigger") for sql in connection.execute(sa.text(f"{found}'{kind}'")).scalars()]
    op.execute(f"CREATE TEMPORARY TABLE rows_before AS SELECT * FROM {table}")
    op.drop_table(table)
    connection.exec_driver_sql(declaration.replace(f"confirmed_by in ({old})", f"confirmed_by in ({new})"))
    op.execute(f"INSERT INTO {table} SELECT * FROM rows_before")
    op.execute("DROP TABLE rows_before")
    for sql in others:
        connection.exec_driver_sql(sql)
