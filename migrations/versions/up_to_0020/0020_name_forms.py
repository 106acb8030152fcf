"""The forms of names by which people are found whose name was written otherwise, and what such a find rests on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.models.base import Instant
from app.services.registry import name_forms

revision = "0020"
down_revision = "0019"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Apply. It takes some 10 seconds for every 100,000 physicians, and logs how far it is."""
    op.add_column("learners", sa.Column("suffix", KEY, comment="Jr, Sr, II…, where a source gives it apart"))
    for name, comment in (
        ("first_name", "as written; NULL where it is the one that is shown, or was never kept"),
        ("middle_name", "as written; NULL where it is the one that is shown"),
        ("suffix", "as written; NULL where it is the one that is shown"),
        ("kind", "legal, former, professional or other; NULL for the name that is shown, or unknown"),
    ):
        op.add_column("learner_names", sa.Column(name, KEY, comment=comment))
    op.add_column(
        "licenses",
        sa.Column(
            "self_reported", sa.Boolean(), comment="true: told by its holder, no board has confirmed it; else NULL"
        ),
    )
    op.create_table(
        "name_forms",
        sa.Column("kind", KEY, nullable=False, comment="last, or first"),
        sa.Column(
            "form", KEY, nullable=False, comment="a form of a last or first name: letters and digits, no accents"
        ),
        sa.Column("birth_date", KEY, nullable=False),
        sa.Column("state", KEY, nullable=False, comment="of first names: a state of licence; of last names empty"),
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column(
            "beside",
            KEY,
            nullable=False,
            comment="of last names: first names | middle names; of first names: last names",
        ),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_name_forms_learner_id")),
        sa.PrimaryKeyConstraint("kind", "form", "birth_date", "state", "learner_id", name=op.f("pk_name_forms")),
        comment="What people are found by whose name was written otherwise. Made of names, birth date and licences.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_name_forms_learner_id"), "name_forms", ["learner_id"])
    op.create_table(
        "match_explanations",
        sa.Column("subject_id", KEY, nullable=False, comment="the completion, or the record that waits for a match"),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_match_explanations")),
        comment="Why a person was found whose data were not written exactly as on file: levels and ids, never values.",
    )
    name_forms.remake(op.get_bind())


def downgrade() -> None:
    """Undo. Written first names, suffixes and kinds of other names are lost, as is what finds rested on.

    Licences that their holder alone told are taken out: an earlier release would credit them. What is left of
    physicians is digested by the next upgrade; until then `pars check` says that it is due.
    """
    op.execute("DELETE FROM licenses WHERE self_reported")
    op.execute("INSERT INTO digests_due (noun) VALUES ('learner') ON CONFLICT DO NOTHING")
    op.drop_table("match_explanations")
    op.drop_table("name_forms")
    op.drop_column("licenses", "self_reported")
    for name in ("kind", "suffix", "middle_name", "first_name"):
        op.drop_column("learner_names", name)
    op.drop_column("learners", "suffix")
