"""The list of credit lines, and how many lines each value of its filters would leave."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from app.domain.credits import KIND_OF_BOARD
from app.domain.looking.credit_lines import CreditLine
from app.domain.looking.facets import BoardFacts, Facet, count_facets
from app.schemas.looking.line_queries import CreditLineQuery
from app.services.completions.lists import boards_left, filter_of
from app.services.context import Caller
from app.services.lists import Listed, board_codes, format_codes
from app.store.looking import credit_lines, list_totals
from app.store.looking import facets as store


def page(
    connection: Connection, caller: Caller, query: CreditLineQuery, *, after: Any, limit: int
) -> Listed[CreditLine]:
    """Return the provider's credit lines after a key of the order; raises `ParameterInvalid` for an unknown order."""
    wanted = filter_of(connection, caller, query)
    return Listed(
        rows=credit_lines.page(connection, wanted, after, limit),
        total=list_totals.count_lines(connection, wanted, boards_left(caller, wanted)) if query.counted else None,
    )


def facets(connection: Connection, caller: Caller, query: CreditLineQuery) -> dict[Facet, dict[str, int]] | None:
    """Count the lines by each facet; None if more than `MOST_COUNTED` fit the filters that are no facets.

    Where no such filter stands, or only activities are named, the kept totals have the counts, of any number of lines.
    """
    catalogue = caller.service.catalogue
    others = query.model_copy(update={facet.value: [] for facet in Facet})
    wanted = filter_of(connection, caller, others)
    plain = set(others.filters()) <= {"activity_id", "sort"}
    groups = store.kept(connection, wanted) if plain else store.counted(connection, wanted)
    if groups is None:
        return None
    boards = {
        code: BoardFacts(kind=KIND_OF_BOARD[board.kind], state=board.state) for code, board in catalogue.boards.items()
    }
    return count_facets(groups, _chosen(caller, query), boards)


def _chosen(caller: Caller, query: CreditLineQuery) -> dict[Facet, set[str]]:
    catalogue = caller.service.catalogue
    states = {board.state for name in query.state for board in catalogue.licensing(name) if board.state}
    chosen: dict[Facet, tuple[Collection[str], Collection[str]]] = {
        Facet.BOARD: (query.board, board_codes(catalogue, query.board)),
        Facet.STATE: (query.state, states),
        Facet.KIND: (query.kind, set(query.kind)),
        Facet.STATUS: (query.status, set(query.status)),
        Facet.ENTRY_METHOD: (query.entry_method, set(query.entry_method)),
        Facet.ACTIVITY_FORMAT: (query.activity_format, set(format_codes(query.activity_format))),
    }
    return {facet: {str(value) for value in values} for facet, (given, values) in chosen.items() if given}
