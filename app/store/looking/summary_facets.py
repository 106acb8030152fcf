"""Activities grouped for the facets of their summaries."""

from __future__ import annotations

from sqlalchemy import Connection

from app.domain.looking.facets import ActivityGroup
from app.store.activity_lists import REGISTERED, STATUS
from app.store.lists.keyset_pages import count_total
from app.store.looking.summaries import plan_sums, sum_activities
from app.store.looking.summary_filters import SummaryFilter
from app.store.sql.statements import fetch

_VALUES = {
    "activity_format": "a.format",
    "providership": "a.providership",
    "moc": f"({REGISTERED} IS NOT NULL)",
    "mips": "coalesce(a.mips, false)",
    "rems": "(a.rems IS NOT NULL)",
    "activity_status": STATUS,
    "state": "a.state",
    "city": "a.city",
    "country": "a.country",
}


def grouped(connection: Connection, wanted: SummaryFilter) -> list[ActivityGroup] | None:
    """Return the groups of the activities that fit a query; None if they are more than `MOST_COUNTED`.

    Filters of lines choose activities from the kept totals, or from rows where the totals cannot tell.
    """
    conditions = sum_activities(connection, wanted, from_rows=wanted.needs_rows)
    few = not count_total(connection, conditions).capped
    selected = ", ".join(f"{sql} AS {name}" for name, sql in _VALUES.items())
    names = ", ".join(_VALUES)
    rows = (
        fetch(
            connection,
            f"SELECT {names}, count(*) FROM (SELECT {selected} FROM {conditions.table} "
            f"JOIN activities a ON a.activity_id = s.activity_id) f GROUP BY {names}",
            {**conditions.parameters, "today": wanted.today},
        )
        if few
        else []
    )
    plan_sums(connection, from_rows=True)
    groups = [
        ActivityGroup(
            activity_format=format, providership=providership, moc=bool(moc), mips=bool(mips), rems=bool(rems),
            activity_status=status, state=state, city=city, country=country, activities=activities,
        )
        for format, providership, moc, mips, rems, status, state, city, country, activities in rows
    ]  # fmt: skip
    return groups if few else None
