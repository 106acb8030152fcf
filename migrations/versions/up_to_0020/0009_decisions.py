"""How far boards have read, and all their decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models.triggers import append_only_statements

revision = "0009"
down_revision = "0008"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.add_column("credits", sa.Column("status_text", KEY, nullable=True, comment="the board's own words"))
    op.create_table(
        "board_marks",
        sa.Column("board", KEY, nullable=False),
        sa.Column(
            "carried",
            sa.Integer(),
            nullable=False,
            comment="the last position that the board has shown it holds, by asking for what comes after",
        ),
        sa.Column(
            "settled",
            sa.Integer(),
            nullable=False,
            comment="up to here, credit of a board that does not decide was accepted for being carried",
        ),
        sa.Column("read_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_board_marks_board")),
        sa.PrimaryKeyConstraint("board", name=op.f("pk_board_marks")),
    )
    op.create_table(
        "decisions",
        sa.Column("decision_id", KEY, nullable=False),
        sa.Column("commit_id", KEY, nullable=False),
        sa.Column("board", KEY, nullable=False),
        sa.Column("credit_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("decision", KEY, nullable=False),
        sa.Column("reason_code", KEY, nullable=True),
        sa.Column("reason", KEY, nullable=True, comment="the board's own words"),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("decision in ('accepted', 'rejected')", name=op.f("ck_decisions_decision")),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_decisions_board")),
        sa.ForeignKeyConstraint(["credit_id"], ["credits.credit_id"], name=op.f("fk_decisions_credit_id")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
        comment="Append-only by trigger: an earlier decision stays when a later one replaces it.",
    )
    op.create_index(op.f("ix_decisions_credit_id"), "decisions", ["credit_id"], unique=False)
    for statement in append_only_statements(op.get_bind().dialect.name, ("decisions",)):
        op.execute(statement)
