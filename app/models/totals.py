"""Kept totals of activities: how many credit lines and persons there are, and how much credit. Triggers keep them."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, Table

from app.models.base import Key, key, metadata, number, refers

activity_totals = Table(
    "activity_totals",
    metadata,
    refers("activity_id", "activities.activity_id", primary_key=True),
    *(number(name, server_default="0") for name in ("accepted", "rejected", "pending", "persons")),
    Column("quarters", BigInteger, nullable=False, server_default="0", comment="of lines accepted or pending"),
    comment="Of each activity: credit lines by status, persons with a completion that stands, and credit that holds.",
    sqlite_with_rowid=False,
)

activity_board_totals = Table(
    "activity_board_totals",
    metadata,
    refers("activity_id", "activities.activity_id", primary_key=True),
    refers("board", "boards.code", primary_key=True),
    key("status", primary_key=True),
    key("entry_method", primary_key=True),
    number("lines"),
    Column("quarters", BigInteger, nullable=False, comment="of all its lines, whatever their status"),
    CheckConstraint("status in ('pending', 'accepted', 'rejected')", name="status"),
    comment="Credit lines of each activity by board, status and the entry method of their completion.",
    sqlite_with_rowid=False,
)

activity_total_deltas = Table(
    "activity_total_deltas",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    key("activity_id"),
    Column("board", Key, comment="NULL where persons are counted"),
    Column("status", Key),
    Column("entry_method", Key),
    number("lines"),
    Column("quarters", BigInteger, nullable=False),
    number("persons"),
    comment="PostgreSQL: changes of totals that the sealer has not added to them yet. Inserting one waits for nobody.",
)
