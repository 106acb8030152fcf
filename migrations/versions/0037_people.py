"""People who sign in, their memberships, links, sessions and mails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
_OPEN_MAIL = sa.text("status IN ('pending', 'sending')")


def upgrade() -> None:
    """Apply. No client changes: the column begins empty."""
    op.add_column(
        "clients", sa.Column("kind", KEY, comment="`person` for a membership, which has no key; NULL for a system")
    )
    _create_people()
    _create_signing_in()
    op.create_table(
        "mails",
        sa.Column("mail_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("period", KEY, comment="of a regular mail: there is one for each"),
        sa.Column("content", KEY, comment="sealed; NULL once it was sent or given up"),
        sa.Column("status", KEY, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("outcome", KEY),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.CheckConstraint("status in ('pending', 'sending', 'sent', 'dead')", name=op.f("ck_mails_status")),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_mails_person_id")),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_mails")),
        comment="Mails to people, sent by workers.",
    )
    op.create_index(op.f("ix_mails_person_id_kind_period"), "mails", ["person_id", "kind", "period"], unique=True)
    op.create_index("ix_mails_due", "mails", ["due_at"], sqlite_where=_OPEN_MAIL, postgresql_where=_OPEN_MAIL)
    op.create_index(op.f("ix_mails_finished_at"), "mails", ["finished_at"])


def _create_people() -> None:
    op.create_table(
        "people",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("address", KEY, comment="NULL once the person was removed, like the name"),
        sa.Column("address_key", KEY, comment="folded: nobody has two that differ in case alone"),
        sa.Column("name", KEY),
        sa.Column("time_zone", KEY, nullable=False),
        sa.Column("theme", KEY, nullable=False),
        sa.Column("mail_choice", KEY, nullable=False),
        sa.Column("totp_secret", KEY, comment="sealed"),
        sa.Column("totp_pending", KEY, comment="sealed; until the first code of it was given"),
        sa.Column("totp_step", sa.Integer(), comment="the last one that was used: no code works twice"),
        sa.Column("wrong_codes", sa.Integer(), comment="since the moment beside it; NULL for none"),
        sa.Column("wrong_codes_since", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, comment="to the minute"),
        sa.Column("removed_at", INSTANT),
        sa.CheckConstraint("theme in ('system', 'light', 'dark')", name=op.f("ck_people_theme")),
        sa.CheckConstraint("mail_choice in ('none', 'daily', 'weekly')", name=op.f("ck_people_mail_choice")),
        sa.CheckConstraint("(removed_at IS NULL) = (address_key IS NOT NULL)", name=op.f("ck_people_removed")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_people")),
        comment="People who may sign in.",
    )
    op.create_index(op.f("ix_people_address_key"), "people", ["address_key"], unique=True)
    op.create_table(
        "memberships",
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("role", KEY, nullable=False),
        sa.Column(
            "place", KEY, nullable=False, comment="for what it was made; who may be acted for stands in the grants"
        ),
        sa.Column("vendor_client", KEY),
        sa.Column("invited_by", KEY, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "role in ('reader', 'reporter', 'manager', 'board', 'operator')", name=op.f("ck_memberships_role")
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_memberships_client_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_memberships_person_id")),
        sa.ForeignKeyConstraint(["vendor_client"], ["clients.client_id"], name=op.f("fk_memberships_vendor_client")),
        sa.ForeignKeyConstraint(["invited_by"], ["clients.client_id"], name=op.f("fk_memberships_invited_by")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_memberships")),
        comment="A membership is a client of the kind person, and ends as that is revoked.",
    )
    op.create_index(op.f("ix_memberships_person_id"), "memberships", ["person_id"])
    op.create_index(op.f("ix_memberships_vendor_client"), "memberships", ["vendor_client"])
    op.create_table(
        "recovery_codes",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False, comment="keyed"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_recovery_codes_person_id")),
        sa.PrimaryKeyConstraint("person_id", "digest", name=op.f("pk_recovery_codes")),
        comment="Each stands in once for the code of an authenticator.",
    )


def _create_signing_in() -> None:
    op.create_table(
        "sign_in_links",
        sa.Column("link_id", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False, comment="SHA-256 of what stands in the link"),
        sa.Column("attempt_digest", KEY, nullable=False, comment="SHA-256 of what the page that asked for it holds"),
        sa.Column("asked_key", KEY, nullable=False, comment="keyed digest of the address"),
        sa.Column("person_id", KEY),
        sa.Column("code_digest", KEY, comment="keyed"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_path", KEY),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_sign_in_links_person_id")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_sign_in_links")),
        comment="Links that sign a person in once. Those asked for by an unknown address have no person.",
    )
    op.create_index(op.f("ix_sign_in_links_digest"), "sign_in_links", ["digest"], unique=True)
    op.create_index(op.f("ix_sign_in_links_attempt_digest"), "sign_in_links", ["attempt_digest"], unique=True)
    op.create_index(op.f("ix_sign_in_links_asked_key_created_at"), "sign_in_links", ["asked_key", "created_at"])
    op.create_index(op.f("ix_sign_in_links_expires_at"), "sign_in_links", ["expires_at"])
    op.create_index(op.f("ix_sign_in_links_person_id"), "sign_in_links", ["person_id"])
    op.create_table(
        "sessions",
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False, comment="SHA-256 of the cookie"),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("browser", KEY, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, comment="wrong codes of a second factor"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("confirmed_at", INSTANT, comment="when a second factor was given"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_sessions_person_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sessions")),
        comment="Browsers in which people are signed in.",
    )
    op.create_index(op.f("ix_sessions_digest"), "sessions", ["digest"], unique=True)
    op.create_index(op.f("ix_sessions_person_id"), "sessions", ["person_id"])
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])


def downgrade() -> None:
    """Undo. Nobody can sign in any longer; clients that were memberships are revoked, and have no key anyway."""
    op.execute("INSERT INTO digests_due (noun) VALUES ('client') ON CONFLICT DO NOTHING")
    op.execute("UPDATE clients SET revoked_at = created_at WHERE kind = 'person' AND revoked_at IS NULL")
    for table in ("mails", "sessions", "sign_in_links", "recovery_codes", "memberships", "people"):
        op.drop_table(table)
    op.drop_column("clients", "kind")
