"""What charts are drawn of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from app.domain.looking.chart_figures import MONTHS, MOST_ANSWERED, MOST_READ, AnswerTimes, MonthCount, SessionCount
from app.services.context import Caller
from app.services.looking.summaries import of_activity
from app.store.looking import chart_figures as store


def punctuality(
    connection: Connection, caller: Caller, year: int | None = None, most: int = MOST_READ
) -> Sequence[MonthCount]:
    """Return the provider's records by month of completion, of a year or of the last twelve months.

    Of more than `most` records the newest whole months are returned that have no more.
    """
    today = caller.service.clock().date()
    if year is None:
        months = today.year * 12 + today.month - MONTHS
        first, last = date(months // 12, months % 12 + 1, 1), today
    else:
        first, last = date(year, 1, 1), date(year, 12, 31)
    return store.by_month(connection, caller.provider_id, first, last, most)


def answer_times(connection: Connection, caller: Caller) -> AnswerTimes | None:
    """Return how long boards took to answer on the provider's newest credit; None where none has answered."""
    return store.answer_times(connection, caller.provider_id, MOST_ANSWERED)


def sessions(
    connection: Connection, caller: Caller, activity_id: str, most: int = MOST_READ
) -> Sequence[SessionCount] | None:
    """Return the learners of an activity by day; None of one with more than `most` lines. Raises `NotFound`."""
    summary, _ = of_activity(connection, caller, activity_id)
    counts = summary.counts
    if counts.accepted + counts.pending + counts.rejected > most:
        return None
    return store.by_session(connection, activity_id)
