"""The list of completions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection

from app.domain.catalogue import Catalogue
from app.domain.credits import KIND_OF_BOARD, Completion
from app.domain.identity.comparison_keys import code_key
from app.schemas.queries import CompletionFilters, CompletionQuery
from app.services.context import Caller
from app.services.lists import Listed, board_codes, format_codes
from app.store import completion_lists
from app.store.completion_lists import CompletionFilter
from app.store.looking import list_totals


def page(
    connection: Connection, caller: Caller, query: CompletionQuery, *, after: Any, limit: int
) -> Listed[Completion]:
    """Return the provider's completions after a key of the order; raises `ParameterInvalid` for an unknown order."""
    wanted = filter_of(connection, caller, query)
    return Listed(
        rows=completion_lists.page(connection, wanted, after, limit),
        total=list_totals.count_completions(connection, wanted, boards_left(caller, wanted)) if query.counted else None,
    )


def filter_of(connection: Connection, caller: Caller, query: CompletionFilters) -> CompletionFilter:
    """Return a query of the provider's completions with its names as the codes that are stored."""
    catalogue = caller.service.catalogue
    return CompletionFilter(
        provider_id=caller.provider_id,
        query=query,
        boards=_boards(catalogue, query),
        formats=format_codes(query.activity_format) if query.activity_format else None,
        credit_types=credit_types_named(connection, catalogue, query.credit_type) if query.credit_type else None,
    )


def boards_left(caller: Caller, wanted: CompletionFilter) -> Collection[str] | None:
    """Return the boards that a query leaves, those of its kinds where it names none; None for all."""
    if wanted.boards is not None or not wanted.query.kind:
        return wanted.boards
    return _of_kinds(caller.service.catalogue, wanted.query)


def _of_kinds(catalogue: Catalogue, query: CompletionFilters) -> set[str]:
    return {board.code for board in catalogue.boards.values() if KIND_OF_BOARD[board.kind] in query.kind}


def _boards(catalogue: Catalogue, query: CompletionFilters) -> list[str] | None:
    """Return the boards that a credit may be for, None for all: board, state and kind must hold for one credit."""
    narrowed: list[Collection[str]] = []
    if query.board:
        narrowed.append(board_codes(catalogue, query.board))
    if query.state:
        narrowed.append({board.code for name in query.state for board in catalogue.licensing(name)})
    if query.kind and narrowed:
        narrowed.append(_of_kinds(catalogue, query))
    return sorted(set(narrowed[0]).intersection(*narrowed[1:])) if narrowed else None


def credit_types_named(
    connection: Connection, catalogue: Catalogue, names: Sequence[str]
) -> list[tuple[str | None, str]]:
    """Return the stored names that credit types go by: each board's own for its aliases, and every spelling."""
    found: set[tuple[str | None, str]] = set()
    keys = {code_key(name) for name in names}
    for board in catalogue.boards.values():
        found |= {(board.code, known.name) for name in names if (known := board.credit_type(name)) is not None}
    found |= {(None, stored) for stored in completion_lists.stored_types(connection) if code_key(stored) in keys}
    return sorted(found, key=lambda pair: (pair[0] or "", pair[1]))
