"""A board's batches, and the birth dates that boards gave in their rosters."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
REQUIRED, OPTIONAL = "provider_id TEXT NOT NULL", "provider_id TEXT"
"""As SQLite keeps the declaration of a column."""
BOARD = "board TEXT CONSTRAINT fk_batches_board REFERENCES boards (code)"
OWNER = "CONSTRAINT ck_batches_owner CHECK ((provider_id IS NULL) <> (board IS NULL))"


def upgrade() -> None:
    """Apply. Nothing on file changes: every batch so far is a provider's."""
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_batches(_with_board)
    else:
        op.alter_column("batches", "provider_id", existing_type=KEY, nullable=True)
        op.add_column("batches", sa.Column("board", KEY, nullable=True))
        op.create_foreign_key(op.f("fk_batches_board"), "batches", "boards", ["board"], ["code"])
        op.create_check_constraint(op.f("ck_batches_owner"), "batches", "(provider_id IS NULL) <> (board IS NULL)")
    op.create_index(op.f("ix_batches_board_batch_id"), "batches", ["board", "batch_id"])
    op.add_column(
        "uploads", sa.Column("board", KEY, nullable=True, comment="whose room it takes, where it is a board's")
    )
    op.create_table(
        "board_upload_totals",
        sa.Column("board", KEY, nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_board_upload_totals_board")),
        sa.PrimaryKeyConstraint("board", name=op.f("pk_board_upload_totals")),
        comment="The same over a board's uploads.",
    )
    op.create_table(
        "roster_dates",
        sa.Column("learner_id", KEY, nullable=False),
        sa.Column("board", KEY, nullable=False),
        sa.Column(
            "digest", KEY, nullable=False, comment="keyed: of the learner and the month and day that the board gave"
        ),
        sa.Column("agreed", sa.Boolean(), nullable=False, comment="whether it is the birth date on file"),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["learners.learner_id"], name=op.f("fk_roster_dates_learner_id")),
        sa.ForeignKeyConstraint(["board"], ["boards.code"], name=op.f("fk_roster_dates_board")),
        sa.PrimaryKeyConstraint("learner_id", "board", "digest", name=op.f("pk_roster_dates")),
        comment="Birth dates that boards gave in rosters: how many that differ are answered for one physician.",
    )


def downgrade() -> None:
    """Undo. Boards' batches with their files are lost; what they brought stays on file."""
    op.drop_table("roster_dates")
    of_boards = "SELECT batch_id FROM batches WHERE board IS NOT NULL"
    for table in ("batch_rows", "batch_pieces", "batches"):
        op.execute(f"DELETE FROM {table} WHERE batch_id IN ({of_boards})")
    uploads = "SELECT upload_id FROM uploads WHERE board IS NOT NULL"
    for table in ("upload_pieces", "uploads"):
        op.execute(f"DELETE FROM {table} WHERE upload_id IN ({uploads})")
    op.drop_table("board_upload_totals")
    op.drop_column("uploads", "board")
    op.drop_index(op.f("ix_batches_board_batch_id"), "batches")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_batches(_without_board)
    else:
        op.drop_constraint(op.f("ck_batches_owner"), "batches")
        op.drop_column("batches", "board")
        op.alter_column("batches", "provider_id", existing_type=KEY, nullable=False)


def _with_board(sql: str) -> str:
    return sql.rstrip().removesuffix(")").rstrip().replace(REQUIRED, f"{OPTIONAL}, {BOARD}") + f", {OWNER})"


def _without_board(sql: str) -> str:
    return sql.replace(f"{OPTIONAL}, {BOARD}", REQUIRED).replace(f", {OWNER}", "")


def _rebuild_batches(change: Callable[[str], str]) -> None:
    """Make the table again from its own declaration, since SQLite cannot change a constraint; indexes come along.

    Columns that other changes have added stay as they are. Rows that refer to batches are checked at the end.
    """
    connection = op.get_bind()
    op.execute("PRAGMA defer_foreign_keys = ON")
    found = "SELECT sql FROM sqlite_master WHERE tbl_name = 'batches' AND sql IS NOT NULL AND type = "
    (declaration,) = connection.execute(sa.text(f"{found}'table'")).scalars()
    indexes = list(connection.execute(sa.text(f"{found}'index'")).scalars())
    before = [column["name"] for column in sa.inspect(connection).get_columns("batches")]
    op.execute("CREATE TEMPORARY TABLE batches_before AS SELECT * FROM batches")
    op.drop_table("batches")
    connection.exec_driver_sql(change(declaration))
    after = {column["name"] for column in sa.inspect(connection).get_columns("batches")}
    columns = ", ".join(name for name in before if name in after)
    op.execute(f"INSERT INTO batches ({columns}) SELECT {columns} FROM batches_before")
    op.execute("DROP TABLE batches_before")
    for index in indexes:
        connection.exec_driver_sql(index)
