"""The registry of physicians, and the opaque ids by which providers name them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from app.models.base import Document, Instant, Key, key, metadata, number, refers

learners = Table(
    "learners",
    metadata,
    key("learner_id", primary_key=True),
    key("first_name"),
    Column("middle_name", Key),
    key("last_name"),
    Column("suffix", Key, comment="Jr, Sr, II…, where a source gives it apart"),
    Column("birth_date", Key, comment="MM/DD; a year is never stored"),
    Column("npi", Key),
    Column("medical_school", Key),
    key("sandbox", comment="name of the sandbox's magic learner; empty for a physician of the registry"),
    refers("merged_into", "learners.learner_id", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("npi_disputed_at", Instant, comment="since when a source has given the NPI for somebody else too"),
    Column("npi_listed", Boolean, comment="true: the national provider file lists it as this person's; else NULL"),
    Column("npi_ended_on", Date, comment="when it was deactivated; it still finds its holder, and is nobody else's"),
    Column("erased_at", Instant, comment="when nothing but the id was left; else NULL"),
    UniqueConstraint("npi", "sandbox"),
    Index(
        "ix_learners_merged_into", "merged_into",
        sqlite_where=text("merged_into IS NOT NULL"), postgresql_where=text("merged_into IS NOT NULL"),
    ),
)  # fmt: skip

learner_names = Table(
    "learner_names",
    metadata,
    refers("learner_id", "learners.learner_id", primary_key=True),
    key("last_key", primary_key=True),
    key("first_key", primary_key=True),
    key("birth_date", comment="as of the learner, empty when not known: one index finds name and date"),
    key("last_name"),
    Column("first_name", Key, comment="as written; NULL where it is the one that is shown, or was never kept"),
    Column("middle_name", Key, comment="as written; NULL where it is the one that is shown"),
    Column("suffix", Key, comment="as written; NULL where it is the one that is shown"),
    Column("kind", Key, comment="legal, former, professional or other; NULL for the name that is shown, or unknown"),
    Index(None, "last_key", "first_key", "birth_date"),
)

name_forms = Table(
    "name_forms",
    metadata,
    key("kind", comment="last, or first"),
    key("form", comment="a form of a last or first name: letters and digits, no accents"),
    key("birth_date"),
    key("state", comment="a state of licence; of last names also empty, once for everybody"),
    refers("learner_id", "learners.learner_id"),
    key("beside", comment="of last names: first names | middle names; of first names: last names"),
    # A state is narrower than a birth date where everybody of a name is asked for; with both, all is given.
    PrimaryKeyConstraint("kind", "form", "state", "birth_date", "learner_id"),
    Index(None, "learner_id"),
    comment="What people are found by whose name was written otherwise. Made of names, birth date and licences.",
    sqlite_with_rowid=False,
)

match_explanations = Table(
    "match_explanations",
    metadata,
    key("subject_id", primary_key=True, comment="the completion, or the record that waits for a match"),
    Column("made_at", Instant, nullable=False),
    Column("document", Document, nullable=False),
    comment="Why a person was found whose data were not written exactly as on file: levels and ids, never values.",
)

key_versions = Table(
    "key_versions",
    metadata,
    key("keys", primary_key=True),
    number("version"),
    comment="The version of comparison keys that are stored; the service does not start on another.",
)

licenses = Table(
    "licenses",
    metadata,
    refers("learner_id", "learners.learner_id", primary_key=True),
    refers("board", "boards.code", primary_key=True),
    key("id_key", primary_key=True),
    key("license_id"),
    key("short_key", comment="without leading zeros, as a number cell leaves it"),
    Column("first_seen_at", Instant, nullable=False),
    Column("starts_on", Date, comment="first day, where a source tells it"),
    Column("ends_on", Date, comment="last day, where a source tells it; the number may then be issued again"),
    Column("self_reported", Boolean, comment="true: told by its holder, no board has confirmed it; else NULL"),
    Index(None, "board", "short_key"),
)

certifications = Table(
    "certifications",
    metadata,
    refers("learner_id", "learners.learner_id", primary_key=True),
    refers("board", "boards.code", primary_key=True),
    key("id_key", primary_key=True),
    key("board_id"),
    key("short_key", comment="without leading zeros, as a number cell leaves it"),
    Column("first_seen_at", Instant, nullable=False),
    Column("starts_on", Date, comment="first day, where a source tells it"),
    Column("ends_on", Date, comment="last day, where a source tells it"),
    Index(None, "board", "short_key"),
)

registry_pairs = Table(
    "registry_pairs",
    metadata,
    refers("learner_id", "learners.learner_id", primary_key=True),
    refers("other_id", "learners.learner_id", primary_key=True),
    key("evidence", comment="kinds of what both have in common, separated by blanks; never the values"),
    key("name_level", comment="how the names compare: see matching/joining.py"),
    key("birth_level", comment="how the birth dates compare"),
    key("source", comment="name of the file that described the second of them"),
    Column("first_seen_at", Instant, nullable=False),
    key("status", server_default="open"),
    Column("decided_at", Instant, comment="when it was joined, or kept apart for ever"),
    Column("decided_by", Key, comment="the client that did"),
    Column("postponed_at", Instant, comment="when it was last put off: it goes behind the others"),
    CheckConstraint("learner_id < other_id", name="ordered"),
    Index(None, "other_id"),
    Index(None, "status", "first_seen_at"),
    comment="Two physicians on file who seem to be one person, for the operator to decide.",
)

roster_dates = Table(
    "roster_dates",
    metadata,
    refers("learner_id", "learners.learner_id", primary_key=True),
    refers("board", "boards.code", primary_key=True),
    key("digest", primary_key=True, comment="keyed: of the learner and the month and day that the board gave"),
    Column("agreed", Boolean, nullable=False, comment="whether it is the birth date on file"),
    Column("at", Instant, nullable=False),
    comment="Birth dates that boards gave in rosters: how many that differ are answered for one physician.",
)

roster_addresses = Table(
    "roster_addresses",
    metadata,
    refers("learner_id", "learners.learner_id", primary_key=True),
    refers("board", "boards.code", primary_key=True),
    key("digest", comment="keyed, of the mail address: whoever else has it is found"),
    key("proof", comment="keyed, of the learner, the board and the address"),
    Column("at", Instant, nullable=False),
    Index(None, "digest"),
    comment="Mail addresses that boards gave in rosters: they are compared with accounts', and never written to.",
)

registry_merges = Table(
    "registry_merges",
    metadata,
    key("merge_id", primary_key=True),
    refers("learner_id", "learners.learner_id", comment="who is an alias of the other since"),
    refers("into_id", "learners.learner_id"),
    Column("merged_at", Instant, nullable=False),
    key("client_id"),
    Column("undone_at", Instant),
    Column("document", Document, nullable=False, comment="what was moved, so that exactly that goes back"),
    Index(
        "uq_registry_merges_standing", "learner_id", unique=True,
        sqlite_where=text("undone_at IS NULL"), postgresql_where=text("undone_at IS NULL"),
    ),
    Index(None, "into_id"),
    comment="Physicians who were found to be one person.",
)  # fmt: skip

learner_links = Table(
    "learner_links",
    metadata,
    refers("provider_id", "providers.provider_id", primary_key=True),
    refers("learner_id", "learners.learner_id", primary_key=True),
    key("link"),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("provider_id", "link"),
    Index(None, "learner_id"),
)

erased_identities = Table(
    "erased_identities",
    metadata,
    key("digest", primary_key=True, comment="keyed, of an NPI, or of a board and a number of it"),
    refers("learner_id", "learners.learner_id"),
    Column("at", Instant, nullable=False),
    Index(None, "learner_id"),
    comment="By what a physician who was erased is known again, so that no import adds them without a word.",
    sqlite_with_rowid=False,
)
