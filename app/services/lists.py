"""Lists: names in filters resolved to the codes that are stored, and the page that was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import msgspec

from app.core.http.pagination import Total
from app.domain.catalogue import Catalogue
from app.domain.formats import find_format
from app.store.lists.orders import Place

R = TypeVar("R")


class Listed(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """Rows of a list, each with its place in the order, and the total when it was asked for."""

    rows: Sequence[tuple[Place, R]]
    total: Total | None


def board_codes(catalogue: Catalogue, names: Iterable[str]) -> set[str]:
    """Return the codes of boards given by code or name; an unknown name has none."""
    return {board.code for name in names if (board := catalogue.board(name)) is not None}


def format_codes(names: Iterable[str]) -> list[str]:
    """Return the codes of activity formats given by code or name, sorted; an unknown name has none."""
    return sorted({found.code for name in names if (found := find_format(name)) is not None})
