"""People who sign in, what they are members of, and what their signing in and their mails need."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, Table, text

from app.models.base import Instant, Key, key, metadata, number, refers

_OPEN_MAIL = text("status IN ('pending', 'sending')")
_OPEN_CHANGE = text("ended_at IS NULL")

people = Table(
    "people",
    metadata,
    key("person_id", primary_key=True),
    Column("address", Key, comment="NULL once the person was removed, like the name"),
    Column("address_key", Key, comment="folded: nobody has two that differ in case alone"),
    Column("name", Key),
    key("time_zone"),
    key("theme"),
    key("mail_choice"),
    Column("totp_secret", Key, comment="sealed"),
    Column("totp_pending", Key, comment="sealed; until the first code of it was given"),
    Column("totp_step", Integer, comment="the last one that was used: no code works twice"),
    Column("wrong_codes", Integer, comment="since the moment beside it; NULL for none"),
    Column("wrong_codes_since", Instant),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, comment="to the minute"),
    Column("removed_at", Instant),
    CheckConstraint("theme in ('system', 'light', 'dark')", name="theme"),
    CheckConstraint("mail_choice in ('none', 'daily', 'weekly')", name="mail_choice"),
    CheckConstraint("(removed_at IS NULL) = (address_key IS NOT NULL)", name="removed"),
    Index(None, "address_key", unique=True),
    comment="People who may sign in.",
)

memberships = Table(
    "memberships",
    metadata,
    refers("client_id", "clients.client_id", primary_key=True),
    refers("person_id", "people.person_id"),
    key("role"),
    key("place", comment="for what it was made; who may be acted for stands in the grants"),
    refers("vendor_client", "clients.client_id", nullable=True),
    refers("invited_by", "clients.client_id"),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("role in ('reader', 'reporter', 'manager', 'board', 'operator', 'learner')", name="role"),
    Index(None, "person_id"),
    Index(None, "vendor_client"),
    comment="A membership is a client of the kind person, and ends as that is revoked.",
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    refers("person_id", "people.person_id", primary_key=True),
    key("digest", primary_key=True, comment="keyed"),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    comment="Each stands in once for the code of an authenticator.",
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    key("link_id", primary_key=True),
    key("digest", comment="SHA-256 of what stands in the link"),
    key("attempt_digest", comment="SHA-256 of what the page that asked for it holds"),
    key("asked_key", comment="keyed digest of the address"),
    refers("person_id", "people.person_id", nullable=True),
    Column("code_digest", Key, comment="keyed"),
    number("tries"),
    Column("next_path", Key),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index(None, "digest", unique=True),
    Index(None, "attempt_digest", unique=True),
    Index(None, "asked_key", "created_at"),
    Index(None, "expires_at"),
    Index(None, "person_id"),
    comment="Links that sign a person in once. Those asked for by an unknown address have no person.",
)

sessions = Table(
    "sessions",
    metadata,
    key("session_id", primary_key=True),
    key("digest", comment="SHA-256 of the cookie"),
    refers("person_id", "people.person_id"),
    key("browser"),
    number("tries", comment="wrong codes of a second factor"),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("confirmed_at", Instant, comment="when a second factor was given"),
    Index(None, "digest", unique=True),
    Index(None, "person_id"),
    Index(None, "expires_at"),
    comment="Browsers in which people are signed in.",
)

mails = Table(
    "mails",
    metadata,
    key("mail_id", primary_key=True),
    refers("person_id", "people.person_id"),
    key("kind"),
    Column("period", Key, comment="of a regular mail: there is one for each"),
    Column("content", Key, comment="sealed; NULL once it was sent or given up"),
    key("status"),
    Column("due_at", Instant, nullable=False),
    number("fence"),
    number("attempts"),
    Column("outcome", Key),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    CheckConstraint("status in ('pending', 'sending', 'sent', 'dead')", name="status"),
    Index(None, "person_id", "kind", "period", unique=True),
    Index("ix_mails_due", "due_at", sqlite_where=_OPEN_MAIL, postgresql_where=_OPEN_MAIL),
    Index(None, "finished_at"),
    comment="Mails to people, sent by workers.",
)

address_changes = Table(
    "address_changes",
    metadata,
    key("change_id", primary_key=True),
    refers("person_id", "people.person_id"),
    refers("new_person_id", "people.person_id", comment="who has the new address until it is given over"),
    key("digest", comment="SHA-256 of what stands in the link to the new address"),
    key("old_digest", comment="SHA-256 of what stands in the link to the old one"),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False, comment="from when it needs no word from the old address"),
    Column("proven_at", Instant, comment="when the link in the mail to the new address was used"),
    Column("agreed_at", Instant, comment="when it was confirmed from the old address"),
    Column("ended_at", Instant),
    Column("outcome", Key),
    CheckConstraint("outcome IS NULL OR outcome in ('changed', 'refused', 'taken-back', 'lapsed')", name="outcome"),
    CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended"),
    Index(None, "digest", unique=True),
    Index(None, "old_digest", unique=True),
    Index(None, "new_person_id"),
    Index(
        "uq_address_changes_open", "person_id", unique=True, sqlite_where=_OPEN_CHANGE, postgresql_where=_OPEN_CHANGE
    ),
    Index("ix_address_changes_due", "due_at", sqlite_where=_OPEN_CHANGE, postgresql_where=_OPEN_CHANGE),
    comment="New mail addresses that people have asked for.",
)
