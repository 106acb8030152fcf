"""Merged cells of a sheet. Every cell of an area has the value that the sheet shows, which is that of its first cell.

A value that a program left below a merged area is never seen, and never counts. The areas stand behind the rows, so the
part is looked through once before its rows are read; a sheet without any costs no more than unpacking it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from heapq import heappop, heappush
from itertools import chain

import msgspec

from app.domain.batches import Cell, MergedCell
from app.files.parsing.faults import DAMAGED, too_large, unreadable
from app.files.parsing.limits import Limits
from app.files.parsing.package import Package

_ROWS, _COLUMNS = 1_048_576, 16_384
_PREFIX = rb"(?:[^\s<>/:]{1,64}:)?"
_WORD = b"mergeCells"
_BEGIN = re.compile(rb"<" + _PREFIX + rb"mergeCells(?:\s[^<>]*)?(/?)>")
_END = re.compile(rb"</" + _PREFIX + rb"mergeCells\s*>")
_AREA = re.compile(rb"<" + _PREFIX + rb"mergeCell[\s/>]")
_REFERENCE = re.compile(rb"<" + _PREFIX + rb"mergeCell\s(?:[^<>]*?\s)?ref\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)')")
_CORNERS = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?\Z", re.ASCII | re.IGNORECASE)
_OTHER_ENCODING = re.compile(rb"\A<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-?8|us-ascii)", re.IGNORECASE)
_AHEAD = 256
"""Bytes of a piece that are looked at again with the next one: the word may stand over its end."""
_OVERLAP = (
    "Merged cells of the sheet overlap, which no program shows. Unmerge them, save it again as .xlsx, and upload that."
)
_TOO_MANY = "The sheet has more merged cells than are taken. Unmerge them, and give each row its own values."

Rows = Iterator[tuple[int, list[Cell]]]


class SpannedCells(list[Cell]):
    """The cells of a row that has some merged over several columns, each a `MergedCell`."""


class _Area(msgspec.Struct, frozen=True):
    """A merged area that has begun, with the value that it shows. Columns are counted from 0."""

    row: int
    first: int
    last: int
    value: Cell
    name: str


class MergedAreas:
    """The merged areas of one sheet, in the order of their rows."""

    def __init__(self, areas: Sequence[tuple[int, int, int, int]], limits: Limits) -> None:
        """`areas` are (first row, first column, last row, last column)."""
        self._waiting = sorted(set(areas), reverse=True)
        self._most = limits.columns
        self._active: list[_Area] = []
        self._starts: list[int] = []
        """The first columns of the active areas, in their order."""
        self._ends: list[tuple[int, int]] = []
        """(last row, first column) of the active areas: a heap."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, row: int, first: int, last_row: int, last: int) -> None:
        """Add an area of the row that is given next to `fill`: where a format names areas with their first cell."""
        self._waiting.append((row, first, last_row, last))
        self._waiting.sort(reverse=True)

    def fill(self, rows: Rows) -> Rows:
        """Yield the rows with the values that their cells show; those without any cell of their own are left out.

        Raises `FileFault` for areas that overlap.
        """
        for number, cells in rows:
            self._advance(number, cells)
            if self._active:
                found = self._filled(number, cells)
                if found is not None:
                    yield number, found
            else:
                yield number, cells
        self._advance(_ROWS + 1, [])

    def _advance(self, number: int, cells: Sequence[Cell]) -> None:
        """Begin the areas that begin up to a row, and end those that end before it."""
        while self._waiting and self._waiting[-1][0] <= number:
            row, first, last_row, last = self._waiting.pop()
            self._end_before(row)
            place = bisect_left(self._starts, first)
            before = self._active[place - 1].last if place else -1
            after = self._starts[place] if place < len(self._starts) else _COLUMNS
            if before >= first or after <= last:
                raise unreadable(_OVERLAP, row=row)
            value = cells[first] if row == number and first < len(cells) else None
            name = f"{_letters(first)}{row}:{_letters(last)}{last_row}"
            self._active.insert(place, _Area(row, first, last, None if _is_blank(value) else value, name))
            self._starts.insert(place, first)
            heappush(self._ends, (last_row, first))
        self._end_before(number)

    def _end_before(self, row: int) -> None:
        while self._ends and self._ends[0][0] < row:
            place = bisect_left(self._starts, heappop(self._ends)[1])
            del self._active[place], self._starts[place]

    def _filled(self, number: int, cells: list[Cell]) -> list[Cell] | None:
        """Return the cells of a row as they are shown; None for a row that has none of its own."""
        filled = list(cells)
        for area in self._active:
            hidden = area.first + (number == area.row)
            for place in range(hidden, min(area.last + 1, len(filled))):
                filled[place] = None
        if all(map(_is_blank, filled)):
            return None
        spans = False
        for area in self._active:
            last = min(area.last, self._most - 1)
            if area.value is None or area.first > last:
                continue
            filled.extend([None] * (last + 1 - len(filled)))
            if area.first == area.last:
                filled[area.first] = area.value
                continue
            spans = True
            filled[area.first] = MergedCell(m=area.name, c=area.value)
            filled[area.first + 1 : last + 1] = [MergedCell(m=area.name)] * (last - area.first)
        _trim(filled)
        return SpannedCells(filled) if spans else filled


def unmerged(cells: Sequence[Cell]) -> list[Cell]:
    """Return cells in which an area over several columns has its value in the first of them, and nowhere else."""
    given = [_shown(cell) for cell in cells]
    _trim(given)
    return given


def settle_spans(cells: Sequence[Cell], known: Collection[int], width: int) -> list[Cell]:
    """Return the cells of a record in which an area that touches one known column alone, its first, is that column's.

    Other areas over known columns stay: they are refused when the record is mapped. `width` is the number of headings.
    """
    settled: list[Cell] = []
    touched: dict[str, list[int]] = {}
    first: dict[str, int] = {}
    for place, cell in enumerate(cells):
        if isinstance(cell, dict) and "m" in cell:
            first.setdefault(cell["m"], place)
            if place in known:
                touched.setdefault(cell["m"], []).append(place)
    for place, cell in enumerate(cells):
        if isinstance(cell, dict) and "m" in cell:
            is_clear = touched.get(cell["m"], [first[cell["m"]]]) == [first[cell["m"]]]
            settled.append(_shown(cell) if is_clear else cell if place < width else None)
        else:
            settled.append(cell)
    _trim(settled)
    return settled


def columns_shared(cells: Sequence[Cell], known: Collection[int]) -> dict[int, str]:
    """Return the columns beside the first that the heading of a known column is merged over, with its text."""
    shared: dict[int, str] = {}
    heading = ""
    for place, cell in enumerate(cells):
        if isinstance(cell, dict) and "m" in cell:
            if "c" in cell:
                heading = str(cell["c"]) if place in known else ""
            elif heading:
                shared[place] = heading
    return shared


def find_merged_areas(package: Package, name: str, limits: Limits) -> MergedAreas:
    """Return the merged areas of the sheet in a part; raises `FileFault` for too many, or ones that are none."""
    pieces = package.pieces(name)
    beginning = next(pieces, b"")
    if b"\x00" in beginning[:256] or _OTHER_ENCODING.search(beginning[:256].removeprefix(b"\xef\xbb\xbf")):
        references = _parsed(package, name)
    else:
        blocks = list(_blocks(chain([beginning], pieces), limits))
        # Comments and the like are left to the parser.
        references = _parsed(package, name) if any(b"<!" in block for block in blocks) else _references(blocks)
    areas = []
    for reference in references:
        areas.append(_corners(reference))
        if len(areas) > limits.merged:
            raise too_large(_TOO_MANY)
    return MergedAreas([area for area in areas if area[:2] != area[2:]], limits)


def _blocks(pieces: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    """Yield the elements `mergeCells` of a part, as they are written."""
    window = b""
    for piece in pieces:
        window = window[-_AHEAD:] + piece
        while _WORD in window and (found := _BEGIN.search(window)):
            window = window[found.end() :]
            if found[1]:
                continue
            block = bytearray(window)
            while (end := _END.search(block)) is None:
                more = next(pieces, b"")
                if len(block) > limits.small_part:
                    raise too_large(_TOO_MANY)
                if not more:
                    raise unreadable(DAMAGED)
                block += more
            yield bytes(block[: end.start()])
            window = bytes(block[end.end() :])


def _references(blocks: Sequence[bytes]) -> Iterator[str]:
    for block in blocks:
        count = 0
        for found in _REFERENCE.finditer(block):
            count += 1
            yield (found[1] or found[2] or b"").decode("ascii", "replace")
        if count != len(_AREA.findall(block)):
            raise unreadable(DAMAGED)


def _parsed(package: Package, name: str) -> Iterator[str]:
    """Yield the references by a parser: for encodings that no program uses."""
    for element in package.elements(package.stream(name, large=True), "row", "mergeCell"):
        if element.tag.endswith("mergeCell"):
            yield element.get("ref") or ""


def _corners(reference: str) -> tuple[int, int, int, int]:
    """Return (first row, first column, last row, last column) of `G3:G4`."""
    found = _CORNERS.match(reference.strip())
    if found is None:
        raise unreadable(DAMAGED)
    columns = sorted((_number(found[1]), _number(found[3] or found[1])))
    rows = sorted((int(found[2]), int(found[4] or found[2])))
    if not 1 <= rows[0] <= rows[1] <= _ROWS or columns[1] >= _COLUMNS:
        raise unreadable(DAMAGED)
    return rows[0], columns[0], rows[1], columns[1]


def _number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _letters(column: int) -> str:
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def _shown(cell: Cell) -> Cell:
    return cell.get("c") if isinstance(cell, dict) and "m" in cell else cell


def _is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and (not cell or cell.isspace()))


def _trim(cells: list[Cell]) -> None:
    while cells and cells[-1] is None:
        cells.pop()
