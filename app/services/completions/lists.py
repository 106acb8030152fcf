"""Lists of completions: what is asked for, in the words that are stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.http.pagination import SortKey, Total
from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.comparison_keys import code_key, name_key
from app.domain.credits import Completion
from app.domain.formats import find_format
from app.services.context import Caller
from app.store import completion_lists
from app.store.completion_lists import SORTS, CreditsWanted, Wanted
from app.store.keyset_pages import Place

__all__ = ["SORTS", "Filter", "page"]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of completions is narrowed to, as it was asked. Several values of one kind mean any of them."""

    q: str | None = None
    activity_id: Sequence[str] = ()
    first_name: Sequence[str] = ()
    last_name: Sequence[str] = ()
    board: Sequence[str] = ()
    kind: Sequence[str] = ()
    status: Sequence[str] = ()
    credit_type: Sequence[str] = ()
    state: Sequence[str] = ()
    client_reference: Sequence[str] = ()
    learner_id: Sequence[str] = ()
    batch_id: Sequence[str] = ()
    entry_method: Sequence[str] = ()
    activity_format: Sequence[str] = ()
    mips: bool | None = None
    rems: bool | None = None
    completed_from: date | None = None
    completed_to: date | None = None
    submitted_from: date | datetime | None = None
    submitted_to: date | datetime | None = None
    updated_from: date | datetime | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Completions with their places in the order, and how many there are in all if that was asked."""

    rows: list[tuple[Place, Completion]]
    total: Total | None


def page(
    connection: Connection,
    caller: Caller,
    asked: Filter,
    sort: Sequence[SortKey],
    *,
    after: Any,
    limit: int,
    counted: bool = False,
) -> Listed:
    """Return the provider's completions after a place of the order, newest first unless told otherwise."""
    wanted = _wanted(connection, caller, asked)
    return Listed(
        rows=completion_lists.page(connection, wanted, sort, after, limit),
        total=completion_lists.count(connection, wanted) if counted else None,
    )


def _wanted(connection: Connection, caller: Caller, asked: Filter) -> Wanted:
    catalogue = caller.service.catalogue
    return Wanted(
        provider_id=caller.provider_id,
        words=[(word, name_key(word)) for word in dict.fromkeys((asked.q or "").split())],
        activity_ids=asked.activity_id,
        last_keys=[name_key(name) for name in asked.last_name],
        first_keys=[name_key(name) for name in asked.first_name],
        entry_methods=asked.entry_method,
        learner_ids=asked.learner_id,
        batch_ids=asked.batch_id,
        completed=(asked.completed_from, asked.completed_to),
        submitted=(asked.submitted_from, asked.submitted_to),
        updated_from=asked.updated_from,
        activity_formats=formats(asked.activity_format) if asked.activity_format else None,
        mips=asked.mips,
        rems=asked.rems,
        credits=CreditsWanted(
            boards=_boards(catalogue, asked),
            kinds=asked.kind or None,
            statuses=asked.status or None,
            types=_types(connection, catalogue, asked.credit_type) if asked.credit_type else None,
            references=asked.client_reference or None,
        ),
        every_board=tuple(catalogue.boards),
    )


def formats(given: Sequence[str]) -> list[str]:
    """Return the codes of formats given by code or name; what is no format has none."""
    return sorted({known.code for text in given if (known := find_format(text)) is not None})


def codes(catalogue: Catalogue, given: Sequence[str]) -> set[str]:
    """Return the codes of boards given by code or name; what is no board has none."""
    return {board.code for text in given if (board := catalogue.board(text)) is not None}


def _boards(catalogue: Catalogue, asked: Filter) -> list[str] | None:
    """Return the boards that a credit may be for, None for all: board, state and kind must hold for one credit."""
    narrowed: list[Collection[str]] = []
    if asked.board:
        narrowed.append(codes(catalogue, asked.board))
    if asked.state:
        narrowed.append({board.code for text in asked.state for board in catalogue.licensing(text)})
    if asked.kind and narrowed:
        kinds = {BoardKind.LICENSING if kind == "cme" else BoardKind.CERTIFYING for kind in asked.kind}
        narrowed.append({board.code for board in catalogue.boards.values() if board.kind in kinds})
    return sorted(set(narrowed[0]).intersection(*narrowed[1:])) if narrowed else None


def _types(connection: Connection, catalogue: Catalogue, given: Sequence[str]) -> list[tuple[str | None, str]]:
    """Return the stored names that credit types go by: each board's own for its aliases, and every spelling."""
    found: set[tuple[str | None, str]] = set()
    keys = {code_key(text) for text in given}
    for board in catalogue.boards.values():
        found |= {(board.code, known.name) for text in given if (known := board.credit_type(text)) is not None}
    found |= {(None, name) for name in completion_lists.stored_types(connection) if code_key(name) in keys}
    return sorted(found, key=lambda each: (each[0] or "", each[1]))
