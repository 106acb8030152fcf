"""Physicians have accounts: memberships whose clients have the role learner; who asked for one; joining codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_OPEN, _ASKED = sa.text("closed_at IS NULL"), sa.text("outcome = 'taken' AND decided_at IS NULL")
_ROLES = {
    "clients": "'provider', 'vendor', 'board', 'operator'",
    "memberships": "'reader', 'reporter', 'manager', 'board', 'operator'",
}
"""The roles that each table took before."""


def upgrade() -> None:
    """Apply. No row changes."""
    for table, roles in _ROLES.items():
        _replace_roles(table, roles, f"{roles}, 'learner'")
    op.create_table(
        "passport_accounts",
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("learner_id", KEY, nullable=False, comment="as matched then; whom it means now, merges say"),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT, comment="NULL while it shows nothing: identity data alone opened it"),
        sa.Column("confirmed_by", KEY, comment="code or operator"),
        sa.Column("closed_at", INSTANT),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by in ('code', 'operator')",
            name=op.f("ck_passport_accounts_confirmed_by"),
        ),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)", name=op.f("ck_passport_accounts_confirmed")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_passport_accounts_client_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_passport_accounts_person_id")),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_passport_accounts_learner_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_passport_accounts")),
        comment="A physician's account is a membership whose client has the role learner.",
    )
    op.create_index(
        "uq_passport_accounts_open", "passport_accounts", ["learner_id"], unique=True,
        sqlite_where=_OPEN, postgresql_where=_OPEN,
    )  # fmt: skip
    op.create_index(op.f("ix_passport_accounts_person_id"), "passport_accounts", ["person_id"])
    _create_claims()
    op.create_table(
        "joining_codes",
        sa.Column("digest", KEY, nullable=False, comment="keyed"),
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("provider_id", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False, comment="who made it"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column(
            "tries",
            sa.Integer(),
            nullable=False,
            comment="times that it was given with data that are not the physician's",
        ),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_joining_codes_learner_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.provider_id"], name=op.f("fk_joining_codes_provider_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_joining_codes_client_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_joining_codes")),
        comment="Codes by which a provider says to a physician whom it knows: this is you.",
    )
    op.create_index(op.f("ix_joining_codes_learner_id"), "joining_codes", ["learner_id"])
    op.create_index(op.f("ix_joining_codes_expires_at"), "joining_codes", ["expires_at"])


def _create_claims() -> None:
    op.create_table(
        "passport_claims",
        sa.Column("claim_id", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False, comment="SHA-256 of what stands in the mailed link"),
        sa.Column("asked_key", KEY, nullable=False, comment="keyed digest of the address"),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("learner_id", KEY, comment="NULL where no one physician was meant"),
        sa.Column("outcome", KEY, nullable=False),
        sa.Column("code_digest", KEY, comment="of a provider's code that was given, which confirms; keyed"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column("objected_at", INSTANT, comment="when the holder of the first account said that it was not them"),
        sa.Column("decided_at", INSTANT, comment="when the operator decided between the two"),
        sa.CheckConstraint("outcome in ('found', 'taken', 'nobody')", name=op.f("ck_passport_claims_outcome")),
        sa.CheckConstraint("(learner_id IS NULL) = (outcome = 'nobody')", name=op.f("ck_passport_claims_learner")),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_passport_claims_person_id")),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_passport_claims_learner_id")),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_passport_claims")),
        comment="Who asked for an account. Those that nobody fits are rows as well: both take the same time.",
    )
    op.create_index(op.f("ix_passport_claims_digest"), "passport_claims", ["digest"], unique=True)
    op.create_index(op.f("ix_passport_claims_asked_key_created_at"), "passport_claims", ["asked_key", "created_at"])
    op.create_index(op.f("ix_passport_claims_person_id"), "passport_claims", ["person_id"])
    op.create_index(op.f("ix_passport_claims_expires_at"), "passport_claims", ["expires_at"])
    op.create_index(
        "ix_passport_claims_asked", "passport_claims", ["created_at"], sqlite_where=_ASKED, postgresql_where=_ASKED
    )


def downgrade() -> None:
    """Undo. Accounts are lost: their clients and memberships go, and nobody is left who has no other."""
    for table in ("joining_codes", "passport_claims", "passport_accounts"):
        op.drop_table(table)
    # Commits and audit rows name these clients for ever: they stay, as operators' that are revoked and have no key.
    op.execute("INSERT INTO digests_due (noun) VALUES ('client'), ('person') ON CONFLICT DO NOTHING")
    op.execute("UPDATE memberships SET role = 'operator' WHERE role = 'learner'")
    op.execute(
        "UPDATE clients SET role = 'operator', revoked_at = coalesce(revoked_at, created_at) WHERE role = 'learner'"
    )
    for table, roles in _ROLES.items():
        _replace_roles(table, f"{roles}, 'learner'", roles)


def _replace_roles(table: str, old: str, new: str) -> None:
    """Replace the roles that a table takes; on SQLite the table is made again from its own declaration."""
    name = op.f(f"ck_{table}_role")
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, f"role in ({new})")
        return
    connection = op.get_bind()
    op.execute("PRAGMA defer_foreign_keys = ON")
    found = f"SELECT sql FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL AND type = "
    (declaration,) = connection.execute(sa.text(f"{found}'table'")).scalars()
    others = [sql for kind in ("index", "trigger") for sql in connection.execute(sa.text(f"{found}'{kind}'")).scalars()]
    op.execute(f"CREATE TEMPORARY TABLE rows_before AS SELECT * FROM {table}")
    op.drop_table(table)
    connection.exec_driver_sql(declaration.replace(f"role in ({old})", f"role in ({new})"))
    op.execute(f"INSERT INTO {table} SELECT * FROM rows_before")
    op.execute("DROP TABLE rows_before")
    for sql in others:
        connection.exec_driver_sql(sql)
