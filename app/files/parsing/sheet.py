"""The cells of a sheet, as they were sent: text as text, numbers as numbers, dates with their number format.

A row is read in one of two ways, with the same result. The XML parser has checked its form, so most rows can be split
as text, which is three times as fast; a row that does not fit the pattern is read element by element.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from string import ascii_uppercase
from typing import Any

from lxml import etree

from app.domain.batches import Cell, DateCell, NumberCell
from app.files.number_formats import day_of, is_beyond_days, shows_a_date
from app.files.parsing.faults import DAMAGED, too_large, unreadable
from app.files.parsing.limits import LIMITS, Limits
from app.files.shown_numbers import shows_number

_CONTENT = r"(?:(?:<f(?: [^<>]*)?(?:/>|>[^<]*</f>))?<v>{}</v>|<v/>|<is><t(?: [^<>]*)?(?:/>|>{}</t>)</is>)?"
_PLAIN = re.compile(
    r'<c r="([A-Z]{1,3})\d{1,7}"((?: s="\d{1,6}")?(?: t="[a-zA-Z]{1,9}")?(?:/>|>'
    + _CONTENT.format("[^<]*", "[^<]*")
    + "</c>))"
)
"""A cell as most programs write it, after the parser has serialised it: its column, and the rest."""
_REST = re.compile(
    r'(?: s="(\d+)")?(?: t="([a-zA-Z]+)")?(?:/>|>' + _CONTENT.format("([^<]*)", "([^<]*)") + "</c>)"
)  # fmt: skip
_SHARED = re.compile(r'(?: s="\d+")? t="s"><v>(\d{1,9})</v></c>')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_WHOLE = re.compile(r"-?\d{1,18}\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?\Z", re.ASCII)
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?Z?\Z", re.ASCII)
_EXACT = 10**15
"""From here on a number with a point is not exact."""
_LETTERS = {
    "".join(letters): place
    for place, letters in enumerate(
        islice((names for size in (1, 2, 3) for names in product(ascii_uppercase, repeat=size)), LIMITS.columns)
    )
}  # fmt: skip
"""Columns that are taken: A to ALL."""
_NAMES = list(_LETTERS)
_WIDE = len(_NAMES)
_REMEMBERED, _SHORT = 8_192, 80


class SharedStrings:
    """The shared strings of a workbook in one byte array: a million of them need 15 MB instead of 80."""

    def __init__(self, texts: Iterable[str], limits: Limits) -> None:
        self._bytes = bytearray()
        self._ends = array("L", [0])
        for text in texts:
            if len(text) > limits.cell:
                raise too_large(f"A cell has more than {limits.cell:,} characters.")
            self._bytes += text.encode()
            self._ends.append(len(self._bytes))
            if len(self._bytes) + 8 * len(self._ends) > limits.strings:
                raise too_large("The workbook has more text than is taken. Split its rows into several files.")

    def __getitem__(self, place: int) -> str:
        """Return a string; raises `IndexError`."""
        if place < 0:
            raise IndexError(place)
        return self._bytes[self._ends[place] : self._ends[place + 1]].decode()


class SheetCells:
    """Reads the rows of one sheet."""

    def __init__(self, strings: SharedStrings, formats: Sequence[str], *, from_1904: bool, limits: Limits) -> None:
        self._strings = strings
        self._formats = formats
        self._from_1904 = from_1904
        self._limits = limits
        self._known: dict[str, Cell] = {}
        """Cells that repeat: amounts, days, boards, one activity."""

    def of_row(self, row: Any, number: int) -> list[Cell]:
        """Return the cells of a row, without empty ones at its end."""
        text = etree.tostring(row, encoding="unicode", with_tail=False)
        found = _PLAIN.findall(text) if "&" not in text else []
        if len(found) != len(row):
            return self.of_elements(row, number)
        cells: list[Cell] = []
        known, names, width = self._known, _NAMES, 0
        for letters, rest in found:
            if rest in known:
                cell = known[rest]
            else:
                cell = self._of_rest(rest, number)
                if len(known) < _REMEMBERED and len(rest) < _SHORT:
                    known[rest] = cell
            if width < _WIDE and letters == names[width]:
                cells.append(cell)
                width += 1
            elif cell is not None:
                self._place(cells, _LETTERS.get(letters), cell, number)
                width = len(cells)
        while cells and cells[-1] is None:
            cells.pop()
        return cells

    def of_elements(self, row: Any, number: int) -> list[Cell]:
        """Return the same, read element by element."""
        cells: list[Cell] = []
        for place, cell in self._of_elements(row):
            if cell is not None:
                self._place(cells, place, self._checked(cell, number), number)
        return cells

    def _of_rest(self, rest: str, number: int) -> Cell:
        shared = _SHARED.fullmatch(rest)
        if shared:
            return self._strings[int(shared[1])] or None
        found = _REST.fullmatch(rest)
        if found is None:
            raise unreadable(DAMAGED, row=number)
        style, kind, value, inline = found.groups("")
        if value if kind == "inlineStr" else inline:
            raise unreadable(DAMAGED, row=number)
        if kind == "inlineStr":
            return self._checked(unescape(inline) or None, number)
        return self._checked(self._value(style, kind, value), number)

    def _place(self, cells: list[Cell], place: int | None, cell: Cell, number: int) -> None:
        if place is None or place >= self._limits.columns:
            detail = f"A cell stands beyond the first {self._limits.columns:,} columns. Remove it."
            raise too_large(detail, row=number)
        if place >= len(cells):
            cells.extend([None] * (place + 1 - len(cells)))
        elif cells[place] is not None:
            raise unreadable(DAMAGED, row=number)
        cells[place] = cell

    def _checked(self, cell: Cell, number: int) -> Cell:
        if type(cell) is str and len(cell) > self._limits.cell:
            raise too_large(f"A cell has more than {self._limits.cell:,} characters.", row=number)
        return cell

    def _of_elements(self, row: Any) -> Iterator[tuple[int | None, Cell]]:
        following = 0
        for element in row:
            if not isinstance(element.tag, str) or element.tag.rpartition("}")[2] != "c":
                continue
            place: int | None = following
            reference = element.get("r")
            if reference is not None:
                place = _LETTERS.get(reference.rstrip("0123456789").replace("$", "").upper())
            following = (following if place is None else place) + 1
            yield place, self._of_element(element)

    def _of_element(self, cell: Any) -> Cell:
        kind = cell.get("t", "n")
        value = formula = None
        for inner in cell:
            name = inner.tag.rpartition("}")[2] if isinstance(inner.tag, str) else ""
            if name == "v":
                text = "".join(inner.itertext())
                if value or (kind == "inlineStr" and text):
                    # Which of two values is shown cannot be known, nor whether one is that is not of the cell's type.
                    raise unreadable(DAMAGED)
                value = text
            elif name == "is" and kind != "inlineStr" and text_of(inner):
                raise unreadable(DAMAGED)
            elif name == "f":
                formula = inner.text or ""
        if kind == "inlineStr":
            return text_of(cell) or None
        if not value and formula is not None and kind != "str":
            # No program has computed it: the formula itself is refused with its cell, where an empty cell would pass.
            # A result that is text may well be empty.
            return f"={formula}"
        return self._value(cell.get("s", ""), kind, value or "")

    def _value(self, style: str, kind: str, value: str) -> Cell:
        if not value:
            return None
        if kind in ("n", ""):
            return self._number(style, value.strip())
        if kind == "s":
            return self._strings[int(value)] or None
        if kind == "b":
            return value.strip() in ("1", "true")
        if kind == "d" and _ISO_DAY.match(value.strip()):
            return DateCell(d=value.strip().removesuffix("Z"), f=self._format(style) or "yyyy-mm-dd")
        return unescape(value)

    def _format(self, style: str) -> str:
        place = int(style) if style else 0
        return self._formats[place] if place < len(self._formats) else ""

    def _number(self, style: str, value: str) -> Cell:
        return read_number(value, self._format(style), from_1904=self._from_1904)


def read_number(value: str, code: str, *, from_1904: bool) -> Cell:
    """Return a number as it is shown: a day where its format shows one, with its format where that shows more."""
    if not _NUMBER.match(value):
        return value or None
    number = float(value)
    if code and shows_a_date(code):
        day = day_of(number, from_1904=from_1904)
        if day is not None:
            return DateCell(d=day, f=code)
        if is_beyond_days(number):
            code = ""
    if _WHOLE.match(value):
        plain: int | float = int(value)
    elif number in (float("inf"), float("-inf")):
        return value
    else:
        plain = int(number) if number.is_integer() and abs(number) < _EXACT else number
    return NumberCell(v=plain, f=code) if code and not shows_number(plain, code) else plain


def text_of(element: Any) -> str:
    """Return the text of a string: its runs one after another, without phonetic readings."""
    if len(element) == 1 and not len(element[0]) and str(element[0].tag).rpartition("}")[2] == "t":
        return unescape(element[0].text or "")
    parts = []
    for run in element.iter("{*}t"):
        above = run.getparent()
        if above is not None and isinstance(above.tag, str) and above.tag.rpartition("}")[2] == "rPh":
            continue
        parts.append("".join(run.itertext()))
    return unescape("".join(parts))


def unescape(text: str) -> str:
    """Return a text with the characters that XML could not hold.

    NUL and half a surrogate pair become U+FFFD: no database stores them.
    """
    if "_x" not in text:
        return text
    found = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text).replace("\x00", "\ufffd")
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
