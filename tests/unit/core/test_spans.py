"""Spans of days and instants: one meaning for every list and the audit log."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from app.core.clock import first_instant, instant_after

NOON = datetime(2021, 12, 12, 12, tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "first", "after"),
    [
        (date(2021, 12, 12), datetime(2021, 12, 12, tzinfo=UTC), datetime(2021, 12, 13, tzinfo=UTC)),
        (NOON, NOON, NOON.replace(microsecond=1)),
        (date.max, LAST.replace(hour=0, minute=0, second=0, microsecond=0), None),
        (LAST, LAST, None),
    ],
)
def test_a_span_holds_its_whole_days_and_both_its_instants(
    given: date | datetime, first: datetime, after: datetime | None
) -> None:
    assert (first_instant(given), instant_after(given)) == (first, after)
