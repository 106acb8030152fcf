"""The last decision of every board, for its cursor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "last_decisions",
        sa.Column("board", KEY, nullable=False),
        sa.Column("decision_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_last_decisions_board")),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.decision_id"], name=op.f("fk_last_decisions_decision_id")),
        sa.PrimaryKeyConstraint("board", name=op.f("pk_last_decisions")),
        comment="Ids do not tell which decision of a board was committed last: several processes write.",
    )
    op.execute(
        "INSERT INTO last_decisions (board, decision_id) SELECT board, max(decision_id) FROM decisions GROUP BY board"
    )
