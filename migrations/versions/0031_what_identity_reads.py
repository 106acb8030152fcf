"""What identity reads is read of an index's front: forms of names by state, and a person's completions by activity."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.services.registry import name_forms

revision = "0031"
down_revision = "0029"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_NAMED = ["provider_id", "last_key", "first_key", "completion_id", "withdrawn_at"]
_COLUMNS = {
    "kind": "last, or first",
    "form": "a form of a last or first name: letters and digits, no accents",
    "birth_date": None,
    "state": "a state of licence; of last names also empty, once for everybody",
    "learner_id": None,
    "beside": "of last names: first names | middle names; of first names: last names",
}


def upgrade() -> None:
    """Apply. Forms are made anew: it takes some 10 seconds for every 100,000 physicians, and logs how far it is."""
    op.drop_index("ix_completions_named", "completions")
    op.create_index("ix_completions_named", "completions", [*_NAMED, "activity_id"])
    op.drop_table("name_forms")
    _create("name_forms", ["kind", "form", "state", "birth_date", "learner_id"])
    name_forms.remake(op.get_bind())


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_completions_named", "completions")
    op.create_index("ix_completions_named", "completions", _NAMED)
    columns = ", ".join(_COLUMNS)
    op.execute(f"CREATE TABLE kept_forms AS SELECT {columns} FROM name_forms WHERE kind = 'first' OR state = ''")
    op.drop_table("name_forms")
    _create("name_forms", ["kind", "form", "birth_date", "state", "learner_id"])
    op.execute(f"INSERT INTO name_forms ({columns}) SELECT {columns} FROM kept_forms")
    op.drop_table("kept_forms")
    op.execute("UPDATE key_versions SET version = 1 WHERE keys = 'forms'")


def _create(table: str, key: list[str]) -> None:
    op.create_table(
        table,
        *(sa.Column(name, KEY, nullable=False, comment=comment) for name, comment in _COLUMNS.items()),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_name_forms_learner_id")),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_name_forms")),
        comment="What people are found by whose name was written otherwise. Made of names, birth date and licences.",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_name_forms_learner_id"), table, ["learner_id"])
