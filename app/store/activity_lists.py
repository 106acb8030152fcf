"""Lists of activities. A provider has thousands, not millions: its own are read by one index and sorted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.http.pagination import SortKey, Total
from app.domain.activities import RegisteredActivity
from app.domain.identity.comparison_keys import phrase_key
from app.domain.parsing import own_id_or_none, plain_text
from app.schemas.looking.summary_queries import SummaryQuery
from app.schemas.queries import ActivityQuery
from app.store.activities import ACTIVITY, read
from app.store.lists.keyset_pages import ListConditions, count_total, find_places
from app.store.lists.orders import Order, Place, SortColumn, order_of
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import fetch_value

SORTS = {
    "title": SortColumn("a.title_key"),
    "start_date": SortColumn("a.start_date", date),
    "end_date": SortColumn("a.end_date", date),
    "updated_at": SortColumn("a.updated_at", datetime),
    "created_at": SortColumn("a.created_at", datetime),
    "activity_id": SortColumn("a.activity_id"),
}
_BY_ID = SortKey("activity_id")
OWN = "a.provider_id = :provider AND a.deleted_at IS NULL"
"""The condition that an activity `a` is the provider's and was not deleted."""
REGISTERED = "(SELECT 1 FROM activity_boards b WHERE b.activity_id = a.activity_id LIMIT 1)"
"""1 of an activity `a` that is registered for a certifying board, else NULL."""
STATUS = """CASE
    WHEN CAST(a.delivery_methods AS text) = '[]' OR a.ama_quarters IS NULL OR coalesce(a.description, '') = ''
        OR a.listing_public IS NULL OR a.providership IS NULL OR (CAST(a.delivery_methods AS text) LIKE '%"in-person"%'
        AND (coalesce(a.city, '') = '' OR (coalesce(a.state, '') = '' AND coalesce(a.country, '') = ''))) THEN 'draft'
    WHEN a.closed_at IS NOT NULL THEN 'closed' WHEN a.end_date < :today THEN 'ready-to-close' ELSE 'active' END"""
"""An activity's status on a day: what `Activity.status` says."""


class ActivityFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A query of one provider's activities, with its names as the codes that are stored.

    `boards` and `formats` are None where the query does not filter by them, and empty where no code fits.
    """

    provider_id: str
    query: ActivityQuery
    today: date
    boards: Sequence[str] | None = None
    formats: Sequence[str] | None = None


def page(
    connection: Connection, wanted: ActivityFilter, after: Any, limit: int
) -> list[tuple[Place, RegisteredActivity]]:
    """Return activities after a place of the order, by id when the query names none."""
    found = find_places(connection, conditions_of(wanted), order_by(wanted.query), after, limit)
    by_id = load_by_ids(connection, [place[-1] for place in found])
    return [(place, by_id[place[-1]]) for place in found]


def order_by(query: ActivityQuery) -> Order:
    """Return the order of a list; raises `ParameterInvalid` for an unknown one."""
    return order_of(query.order(), SORTS, SortColumn("a.activity_id"), _BY_ID)


def load_by_ids(connection: Connection, activity_ids: Sequence[str]) -> dict[str, RegisteredActivity]:
    """Return activities that were not deleted by their ids."""
    rows = select_by_keys(
        connection,
        ACTIVITY.columns,
        ("id",),
        ((activity_id,) for activity_id in activity_ids),
        "activities a ON a.activity_id = k.id AND a.deleted_at IS NULL",
    )
    return {stored.activity.activity_id: stored for stored in read(connection, rows)}


def titles_of(connection: Connection, activity_ids: Iterable[str]) -> dict[str, str | None]:
    """Return the titles of activities that were not deleted, by their ids."""
    keys = ((activity_id,) for activity_id in activity_ids)
    on = "activities a ON a.activity_id = k.id AND a.deleted_at IS NULL"
    return dict(select_by_keys(connection, "a.activity_id, a.title", ("id",), keys, on))


def count(connection: Connection, wanted: ActivityFilter) -> Total:
    """Count the activities, up to `MOST_COUNTED`."""
    return count_total(connection, conditions_of(wanted))


def conditions_of(wanted: ActivityFilter) -> ListConditions:
    """Return the conditions of a list."""
    query = wanted.query
    conditions = ListConditions("activities a", [OWN], "activity_id", {"provider": wanted.provider_id})
    narrow_to_activities(conditions, query, wanted.formats, wanted.today)
    if query.internal_id:
        exact = f"a.internal_id IN ({conditions.in_list('internal', query.internal_id)})"
        alike = f"a.internal_key IN ({conditions.in_list('alike', list(map(plain_text, query.internal_id)))})"
        conditions.add(f"({alike} OR {exact})")
        source = f"SELECT a.activity_id FROM activities a WHERE {OWN} AND "
        conditions.sources.append(f"{source}{alike} UNION {source}{exact}")
    if wanted.boards is not None:
        registered = (
            "SELECT 1 FROM activity_boards b WHERE b.activity_id = a.activity_id "
            f"AND b.board IN ({conditions.in_list('board', wanted.boards)}) LIMIT 1"
        )
        conditions.add(f"({registered}) = 1")
    conditions.between_days("a.start_date", "starts", query.starts_from, query.starts_to)
    conditions.between_days("a.end_date", "ends", query.ends_from, query.ends_to)
    conditions.between_instants("a.updated_at", "updated", query.updated_from, None)
    return conditions


def narrow_to_activities(
    conditions: ListConditions, query: ActivityQuery | SummaryQuery, formats: Sequence[str] | None, today: date
) -> None:
    """Narrow activities `a` by what every list of theirs can be asked for."""
    words = [f"({_word(conditions, place, word)})" for place, word in enumerate((query.q or "").split())]
    if words:
        conditions.add(
            f"({' AND '.join(words)} OR a.internal_id = :q OR a.internal_key = :q_key)",
            q=own_id_or_none(query.q), q_key=plain_text(query.q or ""),
        )  # fmt: skip
    for column, name, values in (
        ("a.format", "format", formats),
        ("a.providership", "providership", query.providership or None),
    ):
        if values is not None:
            conditions.add(f"{column} IN ({conditions.in_list(name, values)})", column)
    if query.mips is not None:
        conditions.add(f"coalesce(a.mips, false) = {str(query.mips).lower()}", "a.mips")
    if query.rems is not None:
        conditions.add(f"a.rems IS {'NOT ' if query.rems else ''}NULL", "a.rems")
    if query.moc is not None:
        conditions.add(f"{REGISTERED} IS {'NOT ' if query.moc else ''}NULL")
    if query.activity_status:
        statuses = conditions.in_list("activity_status", query.activity_status)
        conditions.add(f"{STATUS} IN ({statuses})", today=today)


def _word(conditions: ListConditions, place: int, word: str) -> str:
    """Return the condition that a word stands in the title, or is an id."""
    key = phrase_key(word)
    escaped = key.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    conditions.parameters |= {f"word{place}": word, f"key{place}": plain_text(word)}
    fits = f"a.internal_id = :word{place} OR a.internal_key = :key{place} OR a.activity_id = :key{place}"
    if not key:
        return fits
    conditions.parameters[f"like{place}"] = f"%{escaped}%"
    return f"a.title_key LIKE :like{place} ESCAPE '!' OR {fits}"


def most_boards(connection: Connection, provider_id: str) -> int:
    """Return how many certifying boards an activity of a provider is registered for, at most."""
    return int(
        fetch_value(
            connection,
            "SELECT coalesce(max(n.boards), 0) FROM (SELECT count(*) AS boards FROM activities a "
            "JOIN activity_boards b ON b.activity_id = a.activity_id "
            "WHERE a.provider_id = :provider AND a.deleted_at IS NULL GROUP BY a.activity_id) n",
            {"provider": provider_id},
        )
    )
