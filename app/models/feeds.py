"""How far each board has read its feed, and all its decisions."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Table

from app.models.base import Instant, Key, key, metadata, number, refers

board_marks = Table(
    "board_marks",
    metadata,
    refers("board", "boards.code", primary_key=True),
    number("carried", comment="the last position that the board has shown it holds, by asking for what comes after"),
    number("settled", comment="up to here, credit of a board that does not decide was accepted for being carried"),
    Column("read_at", Instant, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    key("decision_id", primary_key=True),
    key("commit_id"),
    refers("board", "boards.code"),
    refers("credit_id", "credits.credit_id"),
    number("position"),
    key("decision"),
    Column("reason_code", Key),
    Column("reason", Key, comment="the board's own words"),
    Column("at", Instant, nullable=False),
    CheckConstraint("decision in ('accepted', 'rejected')", name="decision"),
    Index(None, "credit_id"),
    comment="Append-only by trigger: an earlier decision stays when a later one replaces it.",
)

last_decisions = Table(
    "last_decisions",
    metadata,
    refers("board", "boards.code", primary_key=True),
    refers("decision_id", "decisions.decision_id"),
    comment="Ids do not tell which decision of a board was committed last: several processes write.",
)
