"""What a query of the public search asks for, in the keys that are compared."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from app.core.errors import ParameterInvalid
from app.domain.catalogue import Catalogue
from app.domain.formats import find_format
from app.domain.identity.comparison_keys import code_key
from app.domain.passport.listing import key_of
from app.domain.passport.search import ActivitySearch, CreditTypeKey, PassportFacet, PassportOrder
from app.domain.passport.words import words_of
from app.schemas.passport.queries import MOST_WORDS, PassportQuery


def search_of(catalogue: Catalogue, query: PassportQuery) -> ActivitySearch:
    """Return what a query asks for; raises `ParameterInvalid` for too many words.

    A name that is nobody's stands for itself, and finds nothing.
    """
    words = words_of(query.q or "")
    if len(words) > MOST_WORDS:
        detail = f"These are {len(words)} words; a search takes {MOST_WORDS}."
        raise ParameterInvalid.of("q", detail, "Leave out those that say least.")
    return ActivitySearch(
        words=tuple(words),
        chosen={
            facet: frozenset(_key_of(catalogue, facet, value) for value in values)
            for facet in PassportFacet
            if facet is not PassportFacet.CREDIT_TYPE and (values := _values(getattr(query, facet.value)))
        },
        credit_types=_credit_types(catalogue, query.credit_type),
        credits_from=_at_least(query.credits_from),
        credits_to=_at_most(query.credits_to),
        points_from=_at_least(query.moc_points_from),
        points_to=_at_most(query.moc_points_to),
        on_or_after=query.activity_from,
        on_or_before=query.activity_to,
        past=query.past,
        order=PassportOrder(query.sort or (PassportOrder.FIT if words else PassportOrder.SOONEST)),
    )


def _values(given: Any) -> list[str]:
    """Return the values that a filter is given, a truth as the text that stands for it."""
    if given is None or isinstance(given, bool):
        return [] if given is None else [str(given).lower()]
    return [str(value) for value in given]


def _key_of(catalogue: Catalogue, facet: PassportFacet, value: str) -> str:
    if facet is PassportFacet.BOARD:
        board = catalogue.board(value)
        return board.code if board is not None else value
    if facet is PassportFacet.ACTIVITY_FORMAT:
        known = find_format(value)
        return known.code if known is not None else value
    return key_of(facet, value)


def _credit_types(catalogue: Catalogue, names: Iterable[str]) -> frozenset[CreditTypeKey] | None:
    """Return the keys of credit types by any of the names that their boards take; None for no names."""
    keys: set[CreditTypeKey] = set()
    for name in names:
        keys.add(("", code_key(name)))
        keys |= {
            (board.code, code_key(known.name))
            for board in catalogue.boards.values()
            if (known := board.credit_type(name)) is not None
        }
    return frozenset(keys) or None


def _at_least(credits: float | None) -> int | None:
    return None if credits is None else math.ceil(round(credits * 4, 6))


def _at_most(credits: float | None) -> int | None:
    return None if credits is None else math.floor(round(credits * 4, 6))
