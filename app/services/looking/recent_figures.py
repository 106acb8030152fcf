"""What a provider submitted lately."""

from __future__ import annotations

from sqlalchemy import Connection

from app.domain.looking.recent_figures import MOST_RECORDS, RecentFigures, first_week
from app.services.context import Caller
from app.store.looking import recent_figures as store


def count(connection: Connection, caller: Caller, most: int = MOST_RECORDS) -> RecentFigures | None:
    """Count what was submitted in this year and in the last weeks; None where that is more than `most` records."""
    today, provider_id = caller.service.clock().date(), caller.provider_id
    year, weeks = today.replace(month=1, day=1), first_week(today)
    if store.are_more(connection, provider_id, min(year, weeks), most):
        return None
    return RecentFigures(
        year=store.of_year(connection, provider_id, year), days=store.lines_by_day(connection, provider_id, weeks)
    )
