"""Workbooks of Excel 97 to 2003 (.xls). Texts are read by calamine; everything else by the records of the file itself.

calamine tells no number formats, so that 200 % would be 2, and takes errors for empty cells; and it takes memory for
every cell up to the furthest. So the records are walked here: numbers, formats, errors, hidden sheets and merged areas
come from them, and a far cell is found before calamine sees the file. Where the two readings of a cell differ, the file
is refused. Source: [MS-XLS].
"""

from __future__ import annotations

import io
import math
import struct
from array import array
from collections.abc import Iterator
from typing import Any

import msgspec
import python_calamine

from app.domain.batches import BatchKind, Cell
from app.files.number_formats import BUILT_IN
from app.files.parsing.books import MOST_SHEETS, TOO_MANY_SHEETS, is_blank, kept_format, read_book
from app.files.parsing.compound_file import SIGNATURE, CompoundFile
from app.files.parsing.faults import DAMAGED, SAVE_AGAIN, too_large, unreadable
from app.files.parsing.limits import MEBIBYTE, Limits
from app.files.parsing.merged_cells import MergedAreas
from app.files.parsing.recognition import Beginning, Parsed
from app.files.parsing.sheet import read_number
from app.files.parsing.sources import IncomingFile
from app.files.parsing.tables import Rows

NEEDS_SEEKING = True
"""The table of sectors may stand anywhere."""
_MOST_BYTES = 96 * MEBIBYTE
"""Of a file: 65,536 rows of thirty columns are 30 MiB."""
_MOST_CELLS = 6_000_000
"""Cells of the rectangles around all sheets, for each of which calamine takes memory: 65,536 rows have 90 columns."""
_BOF, _EOF, _SHEET, _NAMES_1904, _FORMAT, _XF, _LOCKED = 0x809, 0x0A, 0x85, 0x22, 0x41E, 0xE0, 0x2F
_NUMBER, _RK, _MANY_RK, _FROM_TABLE, _LABEL, _RICH, _TRUTH, _FORMULA = (
    0x203,
    0x27E,
    0xBD,
    0xFD,
    0x204,
    0xD6,
    0x205,
    0x06,
)
_MERGED = 0xE5
_CELLS = frozenset({_NUMBER, _RK, _MANY_RK, _FROM_TABLE, _LABEL, _RICH, _TRUTH, _FORMULA})
_OF_2003 = 0x600
_WORKSHEET = 0x10
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_TEXT = object()
"""Stands for a text, which calamine reads."""
_OTHERS = {
    "EncryptedPackage": "The workbook is protected by a password. Save it without one.",
    "Book": "This is a workbook of Excel 95 or older. Save it as .xlsx, and upload that.",
    "WordDocument": "This is a text document. Put its table into a sheet, and save that as .xlsx.",
    "PowerPoint Document": "This is a presentation. Put its table into a sheet, and save that as .xlsx.",
}
_NO_WORKBOOK = "This is not a workbook. Save the sheet as .xlsx, and upload that."
_DIFFERS = f"The workbook can be read in two ways. {SAVE_AGAIN}"


class _FoundSheet(msgspec.Struct, frozen=True):
    """Where the records of one sheet are."""

    place: int
    """Among all sheets, hidden ones too."""
    cells: array[int]
    """Row and offset of every record with cells: `row << 32 | offset`, in the order of rows."""
    merged: tuple[tuple[int, int, int, int], ...]


class OldWorkbook:
    """An open workbook."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        self._limits = limits
        self.from_1904 = False
        self._formats: list[str] = []
        self._area = 0
        file = CompoundFile(content)
        if "Workbook" not in file.names:
            raise unreadable(next((detail for name, detail in _OTHERS.items() if name in file.names), _NO_WORKBOOK))
        self._stream = file.stream("Workbook")
        named = self._read_globals()
        if len(named) > MOST_SHEETS:
            raise too_large(TOO_MANY_SHEETS)
        found = [(name, shown, self._find(place, offset)) for place, (name, shown, offset) in enumerate(named)]
        if self._area > _MOST_CELLS:
            raise too_large(
                "A cell stands far from all others. Delete the rows and columns behind the records, or save the "
                "workbook as .xlsx, and upload that."
            )
        self.sheets: list[tuple[str, _FoundSheet]] = [
            (name, sheet) for name, shown, sheet in found if shown and sheet is not None
        ]
        self._texts = _open_texts(content)
        if [name for name, _, _ in named] != self._texts.sheet_names:
            raise unreadable(_DIFFERS)

    def _records(self, at: int) -> Iterator[tuple[int, int, int]]:
        """Yield (kind, offset of the content, its length) from a record on; raises `FileFault` at a cut-off one."""
        stream, end = self._stream, len(self._stream)
        unpack = struct.Struct("<HH").unpack_from
        while at + 4 <= end:
            kind, length = unpack(stream, at)
            at += 4
            if at + length > end:
                raise unreadable(DAMAGED)
            yield kind, at, length
            at += length
        raise unreadable(DAMAGED)

    def _read_globals(self) -> list[tuple[str, bool, int]]:
        """Read the formats and the system of dates; return each sheet's name, whether it is shown, and its offset."""
        stream = self._stream
        styles, codes, sheets = list[int](), dict(BUILT_IN), list[tuple[str, bool, int]]()
        for kind, at, length in self._records(0):
            if kind == _EOF:
                break
            if kind == _BOF and struct.unpack_from("<H", stream, at)[0] != _OF_2003:
                raise unreadable(_OTHERS["Book"])
            if kind == _LOCKED:
                raise unreadable(_OTHERS["EncryptedPackage"])
            if kind == _NAMES_1904:
                self.from_1904 = stream[at] == 1
            elif kind == _FORMAT:
                (number,) = struct.unpack_from("<H", stream, at)
                codes[number] = _text_at(stream, at + 2, length - 2, wide_count=True)
            elif kind == _XF:
                styles.append(struct.unpack_from("<H", stream, at + 2)[0])
            elif kind == _SHEET:
                offset, state, sort = struct.unpack_from("<IBB", stream, at)
                name = _text_at(stream, at + 6, length - 6, wide_count=False)
                sheets.append((name, not state & 3 and sort == 0, offset))
        self._formats = [kept_format(codes.get(style, "")) for style in styles]
        return sheets

    def _find(self, place: int, offset: int) -> _FoundSheet | None:
        """Return where the cells of a sheet are; None for a chart and the like."""
        stream = self._stream
        cells, merged = array("Q"), list[tuple[int, int, int, int]]()
        depth = last = bottom = right = 0
        in_order = True
        top = left = 1 << 16
        for kind, at, _ in self._records(offset):
            if kind == _BOF:
                depth += 1
                if depth == 1 and struct.unpack_from("<2xH", stream, at)[0] != _WORKSHEET:
                    return None
            elif kind == _EOF:
                depth -= 1
                if not depth:
                    break
            elif depth == 1 and kind in _CELLS:
                row, column = struct.unpack_from("<HH", stream, at)
                key = row << 32 | at
                in_order = in_order and key > last
                last = key
                cells.append(key)
                end = _last_column(stream, at) if kind == _MANY_RK else column
                top, bottom, left, right = min(top, row), max(bottom, row), min(left, column), max(right, end)
            elif depth == 1 and kind == _MERGED:
                (count,) = struct.unpack_from("<H", stream, at)
                for first, last_row, left_column, last_column in struct.iter_unpack(
                    "<4H", stream[at + 2 : at + 2 + 8 * count]
                ):
                    merged.append((first + 1, left_column, last_row + 1, last_column))
        if len(merged) > self._limits.merged:
            raise too_large("The sheet has more merged cells than are taken. Unmerge them.")
        self._area += (bottom + 1) * (right + 1) if cells else 0
        if not in_order:
            cells = array("Q", sorted(cells))
        return _FoundSheet(place, cells, tuple(area for area in merged if area[:2] != area[2:]))

    def rows(self, part: _FoundSheet) -> Rows:
        """Yield the rows of a sheet that are not blank, with the values that are shown."""
        merged = MergedAreas(part.merged, self._limits)
        yield from merged.fill(self._rows(part)) if merged else self._rows(part)

    def _rows(self, part: _FoundSheet) -> Rows:
        sheet = self._texts.get_sheet_by_index(part.place)
        left = (sheet.start or (0, 0))[1]
        texts = enumerate(sheet.iter_rows())
        number, others = -1, list[Any]()
        cells: list[Cell] = []
        for key in part.cells:
            row, at = key >> 32, key & 0xFFFF_FFFF
            if row != number:
                if cells and not all(map(is_blank, cells)):
                    yield number + 1, cells
                cells = []
                while number < row:
                    number, others = next(texts, (row, []))
                number = row
            for column, cell in self._of_record(at):
                other = others[column - left] if 0 <= column - left < len(others) else ""
                value = self._settled(cell, other, row + 1)
                if value is None:
                    continue
                cells.extend([None] * (column + 1 - len(cells)))
                if cells[column] is not None:
                    raise unreadable(DAMAGED, row=row + 1)
                cells[column] = value
        if cells and not all(map(is_blank, cells)):
            yield number + 1, cells

    def _settled(self, cell: Any, other: Any, number: int) -> Cell:
        """Return a cell of which calamine says the same; raises `FileFault`."""
        if cell is not _TEXT:
            is_number = type(other) is float or type(other) is int
            if is_number and type(cell) in (int, float) and cell != other:
                raise unreadable(_DIFFERS, row=number)
            return cell  # type: ignore[no-any-return]
        if type(other) is not str:
            raise unreadable(_DIFFERS, row=number)
        if len(other) > self._limits.cell:
            raise too_large(f"A cell has more than {self._limits.cell:,} characters.", row=number)
        return other.replace("\x00", "\ufffd") or None

    def _of_record(self, at: int) -> Iterator[tuple[int, Any]]:
        """Yield the columns of a record with their cells."""
        stream = self._stream
        (kind, length), (_, column, style) = (
            struct.unpack_from("<HH", stream, at - 4),
            struct.unpack_from("<3H", stream, at),
        )
        if kind in (_FROM_TABLE, _LABEL, _RICH):
            yield column, _TEXT
        elif kind == _NUMBER:
            yield column, self._number(struct.unpack_from("<d", stream, at + 6)[0], style)
        elif kind == _RK:
            yield column, self._number(_short(struct.unpack_from("<I", stream, at + 6)[0]), style)
        elif kind == _MANY_RK:
            for place in range((length - 6) // 6):
                of, packed = struct.unpack_from("<HI", stream, at + 4 + 6 * place)
                yield column + place, self._number(_short(packed), of)
        elif kind == _TRUTH:
            value, is_error = stream[at + 6], stream[at + 7]
            yield column, _ERRORS.get(value, "#VALUE!") if is_error else value == 1
        else:
            yield column, self._result(at, style)

    def _result(self, at: int, style: int) -> Any:
        """Return the result of a formula."""
        stream = self._stream
        if stream[at + 12 : at + 14] == b"\xff\xff":
            kind, value = stream[at + 6], stream[at + 8]
            if kind == 0:
                return _TEXT
            return value == 1 if kind == 1 else _ERRORS.get(value, "#VALUE!") if kind == 2 else None
        (number,), (flags,) = struct.unpack_from("<d", stream, at + 6), struct.unpack_from("<H", stream, at + 14)
        if number == 0 and flags & 3 == 3:
            # Libraries write formulas so that nobody has worked out: to be worked out when it is opened.
            return "="
        return self._number(number, style)

    def _number(self, number: float, style: int) -> Cell:
        if style >= len(self._formats) or not math.isfinite(number):
            raise unreadable(DAMAGED)
        return read_number(repr(number), self._formats[style], from_1904=self.from_1904)


def _last_column(stream: bytes, at: int) -> int:
    (length,) = struct.unpack_from("<H", stream, at - 2)
    return int(struct.unpack_from("<H", stream, at + length - 2)[0])


def _short(packed: int) -> float:
    """Return a number of four bytes: a whole one, or the first half of a fraction; perhaps a hundredth of it."""
    if packed & 2:
        number = float((packed >> 2) - (1 << 30 if packed & 0x8000_0000 else 0))
    else:
        (number,) = struct.unpack("<d", struct.pack("<II", 0, packed & 0xFFFF_FFFC))
    return number / 100 if packed & 1 else number


def _text_at(stream: bytes, at: int, length: int, *, wide_count: bool) -> str:
    """Return a short text of the globals: how many characters, how wide they are, the characters."""
    head = "<HB" if wide_count else "<BB"
    count, flags = struct.unpack_from(head, stream, at)
    begin, size = at + struct.calcsize(head), count * (1 + (flags & 1))
    if begin + size > at + length:
        raise unreadable(DAMAGED)
    return stream[begin : begin + size].decode("utf-16-le" if flags & 1 else "latin-1", "replace")


def _open_texts(content: bytes) -> Any:
    """Return calamine's reading of a workbook; raises `FileFault` for one that it cannot read."""
    try:
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    except python_calamine.PasswordError:
        raise unreadable(_OTHERS["EncryptedPackage"]) from None
    except python_calamine.CalamineError:
        raise unreadable(DAMAGED) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            # It is no `Exception`: a panic of the library about a damaged file.
            raise unreadable(DAMAGED) from None
        raise


def recognise(beginning: Beginning) -> bool:
    """Return True for a compound file, whatever is in it."""
    return beginning.first.startswith(SIGNATURE[:4])


def open_book(source: IncomingFile, limits: Limits) -> OldWorkbook:
    """Return the open workbook; raises `FileFault`, and what a damaged file makes it raise."""
    content = source.held.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise too_large(f"The workbook has more than {_MOST_BYTES // MEBIBYTE} MiB. Save it as .xlsx, and upload that.")
    return OldWorkbook(content, limits)


def parse(source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
    """Return the rows of the sheet that has the headings; raises `FileFault`."""
    return read_book(lambda: open_book(source, limits), kind, limits)
