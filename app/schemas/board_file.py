"""The daily file of a board's feed: a row for each event, with columns left for the board's decision."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable

from app.core.csv_text import escape_formula
from app.domain.amounts import format_quarters
from app.domain.feeds import FeedEvent

Cell = str | int | float | None

COLUMNS: dict[str, Callable[[FeedEvent], Cell]] = {
    "position": lambda told: told.position,
    "event": lambda told: told.event,
    "occurred_at": lambda told: told.at.isoformat(),
    "credit_id": lambda told: told.credit_id,
    "learner_board_id": lambda told: told.learner_board_id,
    "first_name": lambda told: told.first_name,
    "last_name": lambda told: told.last_name,
    "date_of_birth": lambda told: told.birth_date,
    "activity_id": lambda told: told.activity_id,
    "activity_title": lambda told: told.title,
    "completed_on": lambda told: told.completed_on.isoformat(),
    "credits": lambda told: told.quarters / 4,
    "credit_types": lambda told: "; ".join(
        f"{name}: {format_quarters(quarters)}" for name, quarters in told.credit_types
    ),
    "provider_id": lambda told: told.provider_id,
    "provider_name": lambda told: told.provider_name,
}
"""What the file tells. To add a column: one line here."""
DECISION = ("decision", "reason_code", "reason")
"""Columns for the board to fill in; the file can then be sent back as it is."""
IGNORED = frozenset(COLUMNS) - {"position", "credit_id"}
"""Columns of the file that say nothing of a decision."""


def heading() -> list[str]:
    """Return the names of all columns."""
    return [*COLUMNS, *DECISION]


def cells(told: FeedEvent) -> list[Cell]:
    """Return an event as a row, its decision still open."""
    return [*(read(told) for read in COLUMNS.values()), *("" for _ in DECISION)]


def csv_lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    """Write rows as CSV (RFC 4180), text made safe for spreadsheets."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([escape_formula(each) if isinstance(each, str) else each for each in row])
    return out.getvalue().encode()
