"""The keys by which names are compared, made anew: an apostrophe is one in every shape, a lost letter is nobody's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.store.registry import name_keys

revision = "0015"
down_revision = "0014"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply. It takes 1 to 3 seconds for every 100,000 physicians and completions, and logs how many there are."""
    op.create_table(
        "key_versions",
        sa.Column("keys", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("keys", name=op.f("pk_key_versions")),
        comment="The version of comparison keys that are stored; the service does not start on another.",
    )
    # Earlier imports left it out where another line of the same 500 gave it.
    own = "coalesce((SELECT l.birth_date FROM learners l WHERE l.learner_id = learner_names.learner_id), '')"
    op.execute(f"UPDATE learner_names SET birth_date = {own} WHERE birth_date <> {own}")
    name_keys.remake(op.get_bind())


def downgrade() -> None:
    """Undo. Keys stay as they are: an older release misses the few names whose keys it makes otherwise."""
    op.drop_table("key_versions")
