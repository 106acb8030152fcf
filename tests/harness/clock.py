"""The clock of tests."""

from __future__ import annotations

from datetime import UTC, datetime


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2021, 12, 20, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class ManualSeconds:
    """Seconds that never go back, and stand until they are moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now
