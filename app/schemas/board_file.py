"""The daily file of a board's feed: a row for each event, with empty columns for the board's decision."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable

from app.core.csv_text import escape_formula
from app.domain.amounts import format_quarters
from app.domain.feeds import FeedEvent

Cell = str | int | float | None

COLUMNS: dict[str, Callable[[FeedEvent], Cell]] = {
    "position": lambda event: event.position,
    "event": lambda event: event.event,
    "occurred_at": lambda event: event.at.isoformat(),
    "credit_id": lambda event: event.credit_id,
    "learner_board_id": lambda event: event.learner_board_id,
    "first_name": lambda event: event.first_name,
    "last_name": lambda event: event.last_name,
    "date_of_birth": lambda event: event.birth_date,
    "activity_id": lambda event: event.activity_id,
    "activity_title": lambda event: event.title,
    "completed_on": lambda event: event.completed_on.isoformat(),
    "credits": lambda event: event.quarters / 4,
    "credit_types": lambda event: "; ".join(
        f"{name}: {format_quarters(quarters)}" for name, quarters in event.credit_types
    ),
    "provider_id": lambda event: event.provider_id,
    "provider_name": lambda event: event.provider_name,
}
"""The columns of the file. To add one: one line here."""
DECISION = ("decision", "reason_code", "reason")
"""Columns for the board to fill in; the file can then be sent back as it is."""
IGNORED = frozenset(COLUMNS) - {"position", "credit_id"}
"""Columns of the file that are ignored in a file of decisions."""


def heading() -> list[str]:
    """Return the names of all columns."""
    return [*COLUMNS, *DECISION]


def cells(event: FeedEvent) -> list[Cell]:
    """Return an event as a row, without a decision."""
    return [*(read(event) for read in COLUMNS.values()), *("" for _ in DECISION)]


def csv_lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    """Write rows as CSV (RFC 4180), text made safe for spreadsheets."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([escape_formula(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue().encode()
