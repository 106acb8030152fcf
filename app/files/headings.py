"""Headings: which column of the table each column of a file is, and where in a record it goes.

A board's columns repeat, and so do the pairs of a credit type and its credits. What cannot be told apart is refused:
a credit that goes to another board than was meant is worse than a file that has to be mended.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec

from app.domain.batches import BatchKind
from app.domain.columns import Column, Group, columns_of, required_headings
from app.domain.comparison_keys import code_key

_POSITION = re.compile(r"\.\.\.\d{1,5}$")
"""What R puts after a heading: its place in the file, which says nothing."""
_REPEAT = re.compile(r"[._](\d{1,3})$")
"""What pandas (`Credit Type.1`) and Power Query (`Credit Type_1`) put after a second heading of one name."""
_NUMBER = re.compile(r"\s*[#(]?\s*(\d{1,3})\)?$")
"""What people and Excel's tables put after it: `Certifying Board 2`, `Certifying Board2`."""
_REMARK = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])$")
_ORDINAL = re.compile(r"^\d{1,2}[.)]\s+")

LOOKED_AT = 10
"""Rows among which the headings are looked for."""


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What each column of a file is."""

    columns: tuple[Column | None, ...]
    """By the file's columns; None for one that is not known."""
    pointers: dict[int, str]
    """Where in a record each known column goes, with the places of boards and types filled in, from 0."""
    missing: tuple[Column, ...]
    """Required columns that are not there."""
    unclear: str = ""
    """Why columns cannot be told apart, as a sentence; a file is refused for it."""

    @property
    def known(self) -> int:
        """How many columns are known."""
        return len(self.pointers)


class _Known(msgspec.Struct, frozen=True):
    """A heading that is known: its column, the number after it, and whether it is the name of a later pair."""

    column: Column
    number: int
    later: bool


def layout(headings: Sequence[str], kind: BatchKind) -> Layout:
    """Lay the columns of a file out. Nothing is raised: what is missing or unclear stands in the answer."""
    known = {index: each for index, text in enumerate(headings) if (each := _known(text, kind)) is not None}
    seen = {each.column.pointer for each in known.values()}
    places = _places(known)
    unclear = places if isinstance(places, str) else _repeated(known)
    pointers: dict[int, str] = {}
    for index, each in {} if unclear else known.items():
        board, type = places.get(index, (0, None)) if isinstance(places, dict) else (0, None)
        pointer = each.column.pointer.replace("{board}", str(board)).replace("{type}", str(type))
        pointers[index] = pointer
    return Layout(
        columns=tuple(known[index].column if index in pointers else None for index in range(len(headings))),
        pointers=pointers,
        missing=tuple(column for column in required_headings(kind) if column.pointer not in seen),
        unclear=unclear,
    )


def column_named(heading: str, kind: BatchKind) -> Column | None:
    """Return the column that a heading means, None when it is not known."""
    known = _known(heading, kind)
    return known.column if known is not None else None


def known_headings(headings: Iterable[str], kind: BatchKind) -> int:
    """Return how many of the kind's columns have a heading here: the more, the surer these are its headings."""
    return len({column.pointer for text in headings if (column := column_named(text, kind)) is not None})


@lru_cache(maxsize=8)
def _table(kind: BatchKind) -> Mapping[str, tuple[Column, bool]]:
    table: dict[str, tuple[Column, bool]] = {}
    for column in columns_of(kind):
        table[code_key(column.heading)] = (column, False)
        for other in column.other_headings:
            table.setdefault(code_key(other), (column, column.group is Group.TYPE))
    return table


@lru_cache(maxsize=4_096)
def _known(heading: str, kind: BatchKind) -> _Known | None:
    """Return what a heading is: without case, spaces, punctuation, number and remark after it."""
    # One blank for many: patterns that begin with blanks would try each of them as a beginning.
    text = _ORDINAL.sub("", " ".join(unicodedata.normalize("NFKC", heading[:200]).split()).strip(" *:"))
    for candidate, number in _readings(text):
        found = _table(kind).get(code_key(candidate))
        if found is not None:
            return _Known(found[0], number, found[1])
    return None


def _readings(text: str) -> Iterable[tuple[str, int]]:
    yield text, 1
    yield _POSITION.sub("", text), 1
    for pattern, first in ((_REPEAT, 1), (_NUMBER, 0)):
        found = pattern.search(text)
        if found:
            yield text[: found.start()], int(found[1]) + first
    if _REMARK.search(text):
        yield _REMARK.sub("", text).rstrip(" *:"), 1


def _repeated(known: Mapping[int, _Known]) -> str:
    """Say which column that does not repeat stands twice: which of them is meant cannot be told."""
    single = [each.column for each in known.values() if each.column.group is None]
    for column in single:
        if single.count(column) > 1:
            only = " Give each state a row of its own." if "/state" in column.pointer else ""
            return f"The heading {column.heading} stands more than once; keep the one that is meant.{only}"
    return ""


_BOARDS_UNCLEAR = (
    "The columns of several certifying boards cannot be told apart: for each put Certifying Board first, then its "
    "other columns, then the next board."
)
_TYPES_UNCLEAR = (
    "The columns of credit types cannot be told apart: put each Credit Type and its Credits Awarded behind the "
    "columns of its board, in pairs."
)


def _places(known: Mapping[int, _Known]) -> dict[int, tuple[int, int | None]] | str:
    """Return the board and type of each repeated column, by its index; or why they cannot be told apart."""
    board_columns = {index: each for index, each in known.items() if each.column.group is Group.BOARD}
    boards = _boards(board_columns)
    if boards is None:
        return _BOARDS_UNCLEAR
    places: dict[int, tuple[int, int | None]] = {index: (board, None) for index, board in boards.items()}
    type_columns = {index: each for index, each in known.items() if each.column.group is Group.TYPE}
    counts: list[dict[int, int]] = []
    for pointer in sorted({each.column.pointer for each in type_columns.values()}):
        one = {index: each for index, each in type_columns.items() if each.column.pointer == pointer}
        owners = _owners(one, boards)
        if owners is None:
            return _TYPES_UNCLEAR
        count: dict[int, int] = {}
        for index, board in owners.items():
            places[index] = (board, count.get(board, 0))
            count[board] = count.get(board, 0) + 1
        counts.append(count)
    if any(one != other for one, other in pairwise(counts)):
        return _TYPES_UNCLEAR
    return places


def _boards(columns: Mapping[int, _Known]) -> dict[int, int] | None:
    """Return the place of the board of each column. The k-th of each heading is board k where all stand equally often.

    Where one heading stands less often, a board's columns are those from its Certifying Board to the next.
    """
    by_heading: dict[str, list[int]] = {}
    for index, each in columns.items():
        by_heading.setdefault(each.column.pointer, []).append(index)
    if len({len(indexes) for indexes in by_heading.values()}) <= 1:
        places = {}
        for indexes in by_heading.values():
            numbers = [columns[index].number for index in indexes]
            if len(set(numbers)) == len(numbers):
                indexes.sort(key=lambda index: columns[index].number)
            places.update({index: place for place, index in enumerate(indexes)})
        return places
    place, within, places = -1, set[str](), dict[int, int]()
    for index, each in columns.items():
        if each.column.pointer.endswith("/board"):
            place, within = place + 1, set()
        elif place < 0 or each.column.pointer in within:
            return None
        within.add(each.column.pointer)
        places[index] = place
    return places


def _owners(columns: Mapping[int, _Known], boards: Mapping[int, int]) -> dict[int, int] | None:
    """Return the board that each type column, of one heading, belongs to; None when that cannot be told."""
    count = len(set(boards.values()))
    if count <= 1:
        return dict.fromkeys(columns, 0)
    if max(boards) < min(columns):  # all boards first: the k-th Credit Type starts the types of board k
        return _in_turn(columns, count)
    owners: dict[int, int] = {}
    seen, fresh, current = set[int](), 0, -1
    for index in sorted({*columns, *boards}):
        if index in boards:
            current = boards[index]
            fresh += current not in seen
            seen.add(current)
        elif fresh > 1 or current < 0:
            return None
        else:
            owners[index], fresh = current, 0
    return owners


def _in_turn(columns: Mapping[int, _Known], count: int) -> dict[int, int] | None:
    owners: dict[int, int] = {}
    board = -1
    for index, each in columns.items():
        board += not each.later
        owners[index] = board
    return owners if board == count - 1 and min(owners.values()) == 0 else None
