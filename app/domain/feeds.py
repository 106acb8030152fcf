"""What a board is told of credit, in its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.boards import Board


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event of a board's feed: a credit as it stood, or stood last, when the event happened."""

    position: int
    """From 1 for each board, without gaps, in the order in which transactions ended."""
    event_id: str
    event: str
    at: datetime
    credit_id: str
    kind: str
    learner_board_id: str | None
    """The board's number of the learner, as the registry has it."""
    first_name: str | None
    last_name: str | None
    birth_date: str | None
    """MM/DD."""
    activity_id: str
    title: str
    format: str
    start_date: date
    end_date: date
    completed_on: date
    quarters: int
    credit_types: tuple[tuple[str, int], ...]
    provider_id: str
    provider_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a board's credit stands."""

    board: Board
    last_position: int
    carried: int
    """Up to here the board has shown to hold what it was told."""
    counts: Mapping[str, int]
    """Credits by status, and under `overdue` those that have waited too long for an answer."""
