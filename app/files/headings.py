"""Headings: which column of the table each column of a file is, and where in a record it goes.

A board's columns repeat, and so do the pairs of a credit type and its credits. A file whose columns are ambiguous is
refused: credit that goes to the wrong board is worse than a file that has to be corrected.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec

from app.domain.batches import BatchKind
from app.domain.columns import LEARNER_LINK, STANDS_FOR, FileColumn, Group, columns_of, required_headings
from app.domain.identity.comparison_keys import code_key
from app.domain.parsing import plain_text

_POSITION = re.compile(r"\.\.\.\d{1,5}$")
"""R adds a heading's place in the file to it, which is of no use here."""
_REPEAT = re.compile(r"[._](\d{1,3})$")
"""Pandas (`Credit Type.1`) and Power Query (`Credit Type_1`) number the second heading of one name."""
_NUMBER = re.compile(r"\s*[#(]?\s*(\d{1,3})\)?$")
"""People and Excel's tables number it `Certifying Board 2`, `Certifying Board2`."""
_REMARK = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])$")
_ORDINAL = re.compile(r"^\d{1,2}[.)]\s+")

LOOKED_AT = 10
"""The first rows, among which the headings are looked for."""
KIND_NAMES = {
    BatchKind.LEARNER_COMPLETIONS: "learner completions",
    BatchKind.ACTIVITIES: "activities",
    BatchKind.LEARNER_VALIDATIONS: "learner validations",
    BatchKind.ROSTER: "a board's roster",
    BatchKind.TRANSCRIPTS: "licensees whose transcripts are wanted",
}


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a file, identified."""

    columns: tuple[FileColumn | None, ...]
    """By the file's columns; None for one that is not known."""
    pointers: dict[int, str]
    """Where in a record each known column goes, with the places of boards and types filled in, from 0."""
    missing: tuple[FileColumn, ...]
    """Required columns that the file lacks."""
    unclear: str = ""
    """Why the columns are ambiguous, as a sentence; the file is refused for it."""

    @property
    def known(self) -> int:
        """How many columns are known."""
        return len(self.pointers)


class _KnownHeading(msgspec.Struct, frozen=True):
    """A heading that is known."""

    column: FileColumn
    number: int
    """The number after the heading, 1 where there is none."""
    later: bool
    """Whether it is the heading of the second or a later pair of a board."""


def layout(headings: Sequence[str], kind: BatchKind) -> Layout:
    """Return what the columns of a file are. Never raises: the layout says what is missing or ambiguous."""
    known = {index: found for index, text in enumerate(headings) if (found := _identify(text, kind)) is not None}
    seen = {heading.column.pointer for heading in known.values()}
    excused = STANDS_FOR if LEARNER_LINK in seen else frozenset()
    places = _places(known)
    unclear = places if isinstance(places, str) else _find_repeated(known)
    pointers: dict[int, str] = {}
    for index, heading in {} if unclear else known.items():
        board, type = places.get(index, (0, None)) if isinstance(places, dict) else (0, None)
        pointer = heading.column.pointer.replace("{board}", str(board)).replace("{type}", str(type))
        pointers[index] = pointer
    return Layout(
        columns=tuple(known[index].column if index in pointers else None for index in range(len(headings))),
        pointers=pointers,
        missing=tuple(column for column in required_headings(kind) if column.pointer not in seen | excused),
        unclear=unclear,
    )


def column_named(heading: str, kind: BatchKind) -> FileColumn | None:
    """Return the column that a heading means, None for a heading that is not known."""
    known = _identify(heading, kind)
    return known.column if known is not None else None


def count_known(headings: Iterable[str], kind: BatchKind) -> int:
    """Return how many of the kind's columns have a heading here: the more, the surer these are its headings."""
    return len({column.pointer for text in headings if (column := column_named(text, kind)) is not None})


@lru_cache(maxsize=8)
def _table(kind: BatchKind) -> Mapping[str, tuple[FileColumn, bool]]:
    table: dict[str, tuple[FileColumn, bool]] = {}
    for column in columns_of(kind):
        table[code_key(column.heading)] = (column, False)
        for other in column.other_headings:
            table.setdefault(code_key(other), (column, column.group is Group.TYPE))
    return table


@lru_cache(maxsize=4_096)
def _identify(heading: str, kind: BatchKind) -> _KnownHeading | None:
    """Return what a heading is, by its letters and digits without the number and remark after it."""
    # One blank for many: patterns that begin with blanks would be tried from each of them.
    text = _ORDINAL.sub("", " ".join(unicodedata.normalize("NFKC", plain_text(heading[:200])).split()).strip(" *:"))
    for candidate, number in _candidates(text):
        found = _table(kind).get(code_key(candidate))
        if found is not None:
            return _KnownHeading(found[0], number, found[1])
    return None


def _candidates(text: str) -> Iterable[tuple[str, int]]:
    """Yield the heading without each of the additions of programs and people, with its number."""
    yield text, 1
    yield _POSITION.sub("", text), 1
    for pattern, first in ((_REPEAT, 1), (_NUMBER, 0)):
        found = pattern.search(text)
        if found:
            yield text[: found.start()], int(found[1]) + first
    if _REMARK.search(text):
        yield _REMARK.sub("", text).rstrip(" *:"), 1


def _find_repeated(known: Mapping[int, _KnownHeading]) -> str:
    """Return a sentence about a column that may occur once and occurs again, empty where there is none."""
    single = [heading.column for heading in known.values() if heading.column.group is None]
    for column in single:
        if single.count(column) > 1:
            only = " Give each state a row of its own." if "/state" in column.pointer else ""
            return f"The heading {column.heading} occurs more than once; keep the one that is meant.{only}"
    return ""


_BOARDS_UNCLEAR = (
    "It is not clear which columns belong to which certifying board: for each board put Certifying Board first, then "
    "its other columns, then the next board."
)
_TYPES_UNCLEAR = (
    "It is not clear which credit types belong to which board: put each Credit Type and its Credits Awarded after the "
    "columns of its board, in pairs."
)


def _places(known: Mapping[int, _KnownHeading]) -> dict[int, tuple[int, int | None]] | str:
    """Return the board and type of each repeated column, by its index; or why they are ambiguous."""
    board_columns = {index: heading for index, heading in known.items() if heading.column.group is Group.BOARD}
    boards = _boards(board_columns)
    if boards is None:
        return _BOARDS_UNCLEAR
    places: dict[int, tuple[int, int | None]] = {index: (board, None) for index, board in boards.items()}
    type_columns = {index: heading for index, heading in known.items() if heading.column.group is Group.TYPE}
    counts: list[dict[int, int]] = []
    for pointer in sorted({heading.column.pointer for heading in type_columns.values()}):
        one = {index: heading for index, heading in type_columns.items() if heading.column.pointer == pointer}
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


def _boards(columns: Mapping[int, _KnownHeading]) -> dict[int, int] | None:
    """Return the place of each column's board. Where all headings occur equally often, the k-th of each is board k's.

    Where one occurs less often, a board's columns are those from its Certifying Board to the next.
    """
    by_heading: dict[str, list[int]] = {}
    for index, heading in columns.items():
        by_heading.setdefault(heading.column.pointer, []).append(index)
    if len({len(indexes) for indexes in by_heading.values()}) <= 1:
        places = {}
        for indexes in by_heading.values():
            numbers = [columns[index].number for index in indexes]
            if len(set(numbers)) == len(numbers):
                indexes.sort(key=lambda index: columns[index].number)
            places.update({index: place for place, index in enumerate(indexes)})
        return places
    place, within, places = -1, set[str](), dict[int, int]()
    for index, heading in columns.items():
        if heading.column.pointer.endswith("/board"):
            place, within = place + 1, set()
        elif place < 0 or heading.column.pointer in within:
            return None
        within.add(heading.column.pointer)
        places[index] = place
    return places


def _owners(columns: Mapping[int, _KnownHeading], boards: Mapping[int, int]) -> dict[int, int] | None:
    """Return the board of each type column of one heading; None when it is ambiguous."""
    count = len(set(boards.values()))
    if count <= 1:
        return dict.fromkeys(columns, 0)
    if max(boards) < min(columns):  # all boards first: the k-th Credit Type starts the types of board k
        return _owners_in_order(columns, count)
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


def _owners_in_order(columns: Mapping[int, _KnownHeading], count: int) -> dict[int, int] | None:
    owners: dict[int, int] = {}
    board = -1
    for index, heading in columns.items():
        board += not heading.later
        owners[index] = board
    return owners if board == count - 1 and min(owners.values()) == 0 else None
