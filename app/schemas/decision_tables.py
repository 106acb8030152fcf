"""Decisions of a board as a table: the daily file that comes back, by the API or from a page."""

from __future__ import annotations

from app.core.http.csv_bodies import CsvTable
from app.domain.parsing import plain_text
from app.schemas.board_feed import MOST_DECISIONS, DecisionIn
from app.schemas.board_file import IGNORED

DECISIONS = CsvTable(
    list_name="decisions",
    known=frozenset(DecisionIn.model_fields),
    integers=frozenset({"position"}),
    ignored=frozenset(IGNORED),
    required="decision",
    normalise=plain_text,
    most=MOST_DECISIONS,
)
"""How the rows of a daily file become decisions; rows without one are left out."""
