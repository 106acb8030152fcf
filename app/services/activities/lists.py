"""The list of activities."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from app.domain.activities import RegisteredActivity
from app.schemas.queries import ActivityQuery
from app.services.activities.lookup import with_findings
from app.services.context import Caller
from app.services.lists import Listed, board_codes, format_codes
from app.store import activity_lists
from app.store.activity_lists import ActivityFilter


def page(
    connection: Connection, caller: Caller, query: ActivityQuery, *, after: Any, limit: int
) -> Listed[RegisteredActivity]:
    """Return the provider's activities after a key of the order; raises `ParameterInvalid` for an unknown order."""
    wanted = filter_of(caller, query)
    found = activity_lists.page(connection, wanted, after, limit)
    return Listed(
        rows=[(place, with_findings(stored, caller.service.catalogue)) for place, stored in found],
        total=activity_lists.count(connection, wanted) if query.counted else None,
    )


def filter_of(caller: Caller, query: ActivityQuery) -> ActivityFilter:
    """Return a query of the provider's activities with its names as the codes that are stored."""
    return ActivityFilter(
        provider_id=caller.provider_id,
        query=query,
        today=caller.service.clock().date(),
        boards=sorted(board_codes(caller.service.catalogue, query.board)) if query.board else None,
        formats=format_codes(query.activity_format) if query.activity_format else None,
    )
