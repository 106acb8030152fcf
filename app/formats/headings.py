"""Headings: which column of a file is which, whatever their order and spelling, and where repeated groups begin.

Tools rename what repeats (`Certifying Board 2`, `Credit Type.1`), so a number at the end says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from app.domain.batches import BatchKind
from app.domain.columns import Column, Group, columns_of
from app.domain.words import code_key

LOOKED_AT = 10
"""Rows among which the headings are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What each column of a file is."""

    columns: tuple[Column | None, ...]
    """By the file's columns; None for one that is not known, or that stood before."""
    pointers: dict[int, str]
    """Where in a record each known column goes, with the numbers of boards and types filled in."""
    missing: tuple[Column, ...]
    """Required columns that are not there."""

    @property
    def known(self) -> int:
        """How many columns are known."""
        return len(self.pointers)

    def index_of(self, pointer: str) -> int | None:
        """Return the file's column that holds what a pointer names."""
        return next((index for index, each in self.pointers.items() if each == pointer), None)


@cache
def _table(kind: BatchKind) -> dict[str, Column]:
    return {
        code_key(name): column
        for column in reversed(columns_of(kind))
        for name in (column.heading, *column.other_headings)
    }


def column_named(heading: str, kind: BatchKind) -> Column | None:
    """Return the column that a heading means, None when it is not known."""
    table, key = _table(kind), code_key(heading)
    return table.get(key) or table.get(key.rstrip("0123456789"))


def layout(headings: Sequence[str], kind: BatchKind) -> Layout:
    """Lay the columns of a file out.

    The n-th heading of a board's own column belongs to its n-th board; credit types belong to the board whose heading
    stands before them.
    """
    columns: list[Column | None] = []
    pointers: dict[int, str] = {}
    seen: Counter[str] = Counter()
    boards = 0
    for index, heading in enumerate(headings):
        column = column_named(heading, kind)
        columns.append(column)
        if column is None:
            continue
        if column.pointer.endswith("{board}/board"):
            boards += 1
        board = seen[column.pointer] if column.group is Group.BOARD else max(boards - 1, 0)
        within = column.pointer.replace("{board}", str(board))
        pointer = within.replace("{type}", str(seen[within])) if column.group is Group.TYPE else within
        seen[within] += 1
        if column.group is Group.BOARD:
            seen[column.pointer] += 1
        if column.group is None and seen[within] > 1:
            columns[-1] = None
        else:
            pointers[index] = pointer
    found = {column.heading for column in columns if column is not None}
    missing = tuple(each for each in columns_of(kind) if each.required and each.heading not in found)
    return Layout(columns=tuple(columns), pointers=pointers, missing=missing)
