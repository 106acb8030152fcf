"""Summaries of activities: the list, and that of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from app.core.errors import NotFound
from app.domain.catalogue import Catalogue
from app.domain.credits import KIND_OF_BOARD, CreditKind
from app.domain.identity.comparison_keys import phrase_key
from app.domain.looking.activity_counts import ActivitySummary, BoardCounts
from app.domain.states import find_state
from app.schemas.looking.summary_queries import SummaryQuery
from app.services.completions.lists import credit_types_named
from app.services.context import Caller
from app.services.lists import Listed, board_codes, format_codes
from app.store import activities
from app.store.looking import summaries, summary_filters, totals
from app.store.looking.summary_filters import Spelled, SummaryFilter


def page(
    connection: Connection, caller: Caller, query: SummaryQuery, *, after: Any, limit: int
) -> Listed[ActivitySummary]:
    """Return the summaries of the provider's activities after a key of the order.

    Raises `ParameterInvalid` for an unknown order.
    """
    wanted = filter_of(connection, caller, query)
    return Listed(
        rows=summaries.page(connection, wanted, after, limit),
        total=summaries.count(connection, wanted) if query.counted else None,
    )


def filter_of(connection: Connection, caller: Caller, query: SummaryQuery) -> SummaryFilter:
    """Return a query of the provider's summaries with its names as what is stored."""
    catalogue = caller.service.catalogue
    return SummaryFilter(
        provider_id=caller.provider_id,
        query=query,
        today=caller.service.clock().date(),
        boards=_boards(catalogue, query),
        formats=format_codes(query.activity_format) if query.activity_format else None,
        credit_types=credit_types_named(connection, catalogue, query.credit_type) if query.credit_type else None,
        spelled=_spellings(connection, caller.provider_id, query),
    )


def of_activity(
    connection: Connection, caller: Caller, activity_id: str
) -> tuple[ActivitySummary, Sequence[BoardCounts]]:
    """Return the summary of one activity of the provider, and its boards'; raises `NotFound` for any other."""
    stored = activities.one(connection, caller.provider_id, activity_id)
    if stored is None:
        raise NotFound("There is no such activity.")
    counts, persons = totals.of_activity(connection, activity_id)
    name = summaries.provider_name(connection, caller.provider_id)
    summary = ActivitySummary(activity=stored.activity, provider_name=name, counts=counts, persons=persons)
    return summary, totals.by_board(connection, activity_id)


def _boards(catalogue: Catalogue, query: SummaryQuery) -> list[str] | None:
    """Return the codes of the boards whose lines a query keeps; None for any."""
    if not (query.board or query.kind):
        return None
    codes = board_codes(catalogue, query.board) if query.board else catalogue.boards.keys()
    kinds = set(query.kind or CreditKind)
    return sorted(code for code in codes if KIND_OF_BOARD[catalogue.boards[code].kind] in kinds)


def _spellings(connection: Connection, provider_id: str, query: SummaryQuery) -> dict[Spelled, Sequence[str]]:
    """Return how the provider's activities spell what the query names: free text, compared by its key."""
    asked = {
        Spelled.JOINT_PROVIDER: query.joint_provider,
        Spelled.STATE: query.state,
        Spelled.CITY: query.city,
        Spelled.COUNTRY: query.country,
        Spelled.PRACTICE_AREA: query.practice_area,
    }
    found: dict[Spelled, Sequence[str]] = {}
    for field, names in asked.items():
        if names:
            keys = set(_keys_of(field, names))
            stored = summary_filters.spellings(connection, provider_id, field)
            found[field] = [text for text in stored if not keys.isdisjoint(_keys_of(field, [text]))]
    return found


def _keys_of(field: Spelled, texts: Iterable[str]) -> Iterable[str]:
    """Yield the keys of texts; of a state also its code, which its name has as well."""
    for text in texts:
        yield phrase_key(text)
        if field is Spelled.STATE and (code := find_state(text)) is not None:
            yield code
