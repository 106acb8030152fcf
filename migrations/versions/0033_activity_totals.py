"""Totals of activities are kept by triggers, and titles are searched and sorted without case and accents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.domain.identity.comparison_keys import phrase_key
from app.models.total_triggers import total_statements, without_total_statements
from app.store.soundness import read_whole_tables

revision = "0033"
down_revision = "0032"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT_ONCE = 1_000
_COUNT_LINES = """
    INSERT INTO activity_board_totals (activity_id, board, status, entry_method, lines, quarters)
    SELECT x.activity_id, x.board, x.status, c.entry_method, count(*), sum(x.quarters)
    FROM credits x JOIN completions c ON c.completion_id = x.completion_id WHERE x.status <> 'withdrawn'
    GROUP BY x.activity_id, x.board, x.status, c.entry_method"""
_ADD_UP = """
    INSERT INTO activity_totals (activity_id, accepted, rejected, pending, quarters, persons)
    SELECT activity_id, sum(accepted), sum(rejected), sum(pending), sum(quarters), sum(persons) FROM (
        SELECT activity_id, CASE WHEN status = 'accepted' THEN lines ELSE 0 END AS accepted,
            CASE WHEN status = 'rejected' THEN lines ELSE 0 END AS rejected,
            CASE WHEN status = 'pending' THEN lines ELSE 0 END AS pending,
            CASE WHEN status = 'rejected' THEN 0 ELSE quarters END AS quarters, 0 AS persons FROM activity_board_totals
        UNION ALL SELECT activity_id, 0, 0, 0, 0, count(DISTINCT subject) FROM completions
        WHERE withdrawn_at IS NULL GROUP BY activity_id) s
    GROUP BY activity_id"""


def upgrade() -> None:
    """Apply. From the triggers on nobody writes until the end, while all credit is counted."""
    connection = op.get_bind()
    _create_tables()
    for statement in total_statements(connection.dialect.name):
        op.execute(statement)
    read_whole_tables(connection, on=True)
    op.execute(_COUNT_LINES)
    op.execute(_ADD_UP)
    read_whole_tables(connection, on=False)
    op.add_column(
        "activities",
        sa.Column(
            "title_key", KEY, server_default="", nullable=False, comment="the title as it is searched and sorted"
        ),
    )
    _fill_title_keys()


def _create_tables() -> None:
    op.create_table(
        "activity_totals",
        sa.Column("activity_id", KEY, nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in ("accepted", "rejected", "pending", "persons")
        ),
        sa.Column(
            "quarters", sa.BigInteger(), server_default="0", nullable=False, comment="of lines accepted or pending"
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.activity_id"], name=op.f("fk_activity_totals_activity_id")
        ),
        sa.PrimaryKeyConstraint("activity_id", name=op.f("pk_activity_totals")),
        comment="Of each activity: credit lines by status, persons with a completion that stands, and credit that holds.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "activity_board_totals",
        *(sa.Column(name, KEY, nullable=False) for name in ("activity_id", "board", "status", "entry_method")),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("quarters", sa.BigInteger(), nullable=False, comment="of all its lines, whatever their status"),
        sa.CheckConstraint(
            "status in ('pending', 'accepted', 'rejected')", name=op.f("ck_activity_board_totals_status")
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.activity_id"], name=op.f("fk_activity_board_totals_activity_id")
        ),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_activity_board_totals_board")),
        sa.PrimaryKeyConstraint(
            "activity_id", "board", "status", "entry_method", name=op.f("pk_activity_board_totals")
        ),
        comment="Credit lines of each activity by board, status and the entry method of their completion.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "activity_total_deltas",
        sa.Column("position", POSITION, autoincrement=True, nullable=False),
        sa.Column("activity_id", KEY, nullable=False),
        sa.Column("board", KEY, comment="NULL where persons are counted"),
        sa.Column("status", KEY),
        sa.Column("entry_method", KEY),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("quarters", sa.BigInteger(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_activity_total_deltas")),
        comment="PostgreSQL: changes of totals that the sealer has not added to them yet. Inserting one waits for nobody.",
    )


def _fill_title_keys() -> None:
    connection = op.get_bind()
    titles = sa.text(
        f"SELECT activity_id, title FROM activities WHERE activity_id > :after ORDER BY activity_id LIMIT {AT_ONCE}"
    )
    fill = sa.text("UPDATE activities SET title_key = :key WHERE activity_id = :id")
    after = ""
    while piece := connection.execute(titles, {"after": after}).all():
        connection.execute(fill, [{"id": activity_id, "key": phrase_key(title)} for activity_id, title in piece])
        after, _ = piece[-1]


def downgrade() -> None:
    """Undo. Nothing is lost that cannot be counted again."""
    for statement in without_total_statements(op.get_bind().dialect.name):
        op.execute(statement)
    op.drop_column("activities", "title_key")
    for table in ("activity_total_deltas", "activity_board_totals", "activity_totals"):
        op.drop_table(table)
