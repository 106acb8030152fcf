"""OpenDocument sheets (.ods), read as a stream: rows and cells may say that they repeat, and only one row is in memory.

A cell is read by the rules of other workbooks: its number format is turned into their code. What a document keeps of a
cell as text, which is what its program showed, is asked where the format does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO

from lxml import etree

from app.domain.batches import BatchKind, Cell, DateCell, NumberCell
from app.domain.parsing import is_error_or_lost
from app.files.parsing.books import MOST_SHEETS, SHEET_ROWS, TOO_MANY_SHEETS, is_blank, read_book
from app.files.parsing.faults import DAMAGED, SAVE_AGAIN, too_large, unreadable
from app.files.parsing.limits import Limits
from app.files.parsing.merged_cells import MergedAreas
from app.files.parsing.open_document_styles import TABLE, CellStyles
from app.files.parsing.package import Package, PackagePart
from app.files.parsing.recognition import Beginning, Parsed
from app.files.parsing.sheet import read_number
from app.files.parsing.sources import IncomingFile
from app.files.parsing.tables import Rows

NEEDS_SEEKING = True
"""The list of an archive's parts stands at its end."""
_SPREADSHEET = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_CONTENT, _STYLES, _MANIFEST = "content.xml", "styles.xml", "META-INF/manifest.xml"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CELL, _COVERED, _PARAGRAPH = f"{TABLE}table-cell", f"{TABLE}covered-table-cell", f"{_TEXT}p"
_REPEATED_CELL, _REPEATED_ROW = f"{TABLE}number-columns-repeated", f"{TABLE}number-rows-repeated"
_WIDE, _HIGH = f"{TABLE}number-columns-spanned", f"{TABLE}number-rows-spanned"
_KIND, _VALUE, _FORMULA, _STYLE = f"{_OFFICE}value-type", f"{_OFFICE}value", f"{TABLE}formula", f"{TABLE}style-name"
_DAY_ZERO = frozenset({"1899-12-30", "1904-01-01"})
_TIME = re.compile(r"(-?)PT?(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,](\d{1,12}))?S)?\Z", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:[.,]\d+)?)?)?Z?\Z", re.ASCII)
_SEEN_NUMBER = re.compile(r"[-+(]?[\d.,'\s\u00a0\u2009\u202f\u2019]*(?:[Ee][-+]?\d+)?\)?\Z")
_ERROR = re.compile(r"Err:\d+\Z")
_BLANKS = re.compile(r"[ \t\r\n]+")
_TRUTHS = {"TRUE": True, "FALSE": False}
_MOST_COPIES = 100_000
"""Rows with cells that one row may stand for: a file of as many equal records is none."""
_REMEMBERED = 8_192


class OpenDocument:
    """An open document: the names of its sheets, its styles and date system."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._limits = limits
        self._package = package = Package(file, limits)
        if not package.has(_CONTENT):
            raise unreadable(package.no_workbook())
        if package.has(_MANIFEST) and b"encryption-data" in b"".join(package.pieces(_MANIFEST)):
            raise unreadable("The workbook is protected by a password. Save it without one.")
        self._styles = CellStyles()
        if package.has(_STYLES):
            for styles in package.elements(package.stream(_STYLES), "styles"):
                self._styles.read(styles)
        self.from_1904 = False
        self._read_head()
        self.sheets = self._sheets()

    def _part(self) -> PackagePart:
        return self._package.stream(_CONTENT, large=True)

    def _read_head(self) -> None:
        """Read what stands before the first row: the styles, and the day from which days are counted."""
        part = PackagePart(self._package, self._package.info(_CONTENT), self._limits.inflated, self._limits.small_part)
        for element in self._package.elements(part, "automatic-styles", "null-date", "table-row"):
            match etree.QName(element).localname:
                case "automatic-styles":
                    self._styles.read(element)
                case "null-date":
                    first = element.get(f"{TABLE}date-value", "1899-12-30")
                    if first not in _DAY_ZERO:
                        raise unreadable(f"The workbook counts days from an unusual day. {SAVE_AGAIN}")
                    self.from_1904 = first == "1904-01-01"
                case _:
                    return

    def _sheets(self) -> list[tuple[str, int]]:
        """Return (name, place) of every visible sheet."""
        shown = []
        for place, table in enumerate(self._tables()):
            if place == MOST_SHEETS:
                raise too_large(TOO_MANY_SHEETS)
            if table.get(_STYLE, "") not in self._styles.hidden:
                shown.append((table.get(f"{TABLE}name") or "", place))
        return shown

    def _tables(self) -> Iterator[Any]:
        """Yield the sheets, each when all of its rows were read."""
        part = self._part()
        for element in self._package.elements(part, "table-row", "table"):
            if element.tag == f"{TABLE}table" and _is_sheet(element):
                yield element
        part.drain()

    def rows(self, part: int) -> Rows:
        """Yield the rows of a sheet that are not blank, with the values that are shown."""
        sheet = _Sheet(self._styles, self._limits, from_1904=self.from_1904)
        return sheet.merged.fill(self._rows(part, sheet))

    def _rows(self, wanted: int, sheet: _Sheet) -> Rows:
        place, number = 0, 0
        for element in self._package.elements(self._part(), "table-column", "table-row", "table"):
            if element.tag == f"{TABLE}table":
                place += _is_sheet(element)
                if place > wanted:
                    return
            elif place != wanted or not _is_within_sheet(element):
                continue
            elif element.tag == f"{TABLE}table-column":
                sheet.add_columns(element)
            else:
                times = _times(element, _REPEATED_ROW)
                cells, spans = sheet.cells_of(element, number + 1)
                if not cells or (is_blank(cells[-1]) and all(map(is_blank, cells))):
                    number += times
                    continue
                if number + times > SHEET_ROWS:
                    raise too_large("The sheet has more rows than a sheet may have.")
                if times > _MOST_COPIES:
                    raise too_large(
                        "The same cells are in very many rows, perhaps down to the end of the sheet. Empty the rows "
                        "below the records.",
                        row=number + 1,
                    )
                for _ in range(times):
                    number += 1
                    for first, last, height in spans:
                        sheet.add_area(number, first, number + height - 1, last)
                    yield number, list(cells)


class _Sheet:
    """Reads the rows of one sheet."""

    def __init__(self, styles: CellStyles, limits: Limits, *, from_1904: bool) -> None:
        self.merged = MergedAreas([], limits)
        self._styles = styles
        self._limits = limits
        self._from_1904 = from_1904
        self._columns: list[str] = []
        """The style of the cells of each column that have none of their own."""
        self._areas = 0
        self._known: dict[tuple[str, str], Cell] = {}
        """Numbers that repeat, by their format: amounts, ids of activities."""

    def add_columns(self, element: Any) -> None:
        """Take the default style of some columns."""
        room = self._limits.columns - len(self._columns)
        times = min(_times(element, _REPEATED_CELL), room)
        self._columns.extend([element.get(f"{TABLE}default-cell-style-name", "")] * times)

    def add_area(self, row: int, first: int, last_row: int, last: int) -> None:
        """Take a merged area; raises `FileFault` for too many."""
        self._areas += 1
        if self._areas > self._limits.merged:
            raise too_large("The sheet has more merged cells than are taken. Unmerge them.")
        self.merged.add(row, first, min(last_row, SHEET_ROWS), last)

    def cells_of(self, row: Any, number: int) -> tuple[list[Cell], list[tuple[int, int, int]]]:
        """Return the cells of a row, without empty ones at its end, and its merged areas: columns, and rows of each."""
        cells: list[Cell] = []
        spans: list[tuple[int, int, int]] = []
        row_style = row.get(f"{TABLE}default-cell-style-name", "")
        place = 0
        for element in row:
            if element.tag != _CELL:
                # A value below a merged area is never seen.
                place += _times(element, _REPEATED_CELL) if element.tag == _COVERED else 0
                continue
            attributes = element.attrib
            times = int(attributes.get(_REPEATED_CELL, 1))
            if times < 1:
                raise unreadable(DAMAGED, row=number)
            if len(element) or _KIND in attributes or _FORMULA in attributes:
                style = attributes.get(_STYLE) or row_style
                if not style and place < len(self._columns):
                    style = self._columns[place]
                cell = self._cell(element, style, number)
                if cell is not None:
                    if place + times > self._limits.columns:
                        raise too_large(
                            f"A cell stands beyond the first {self._limits.columns:,} columns. Remove it.", row=number
                        )
                    cells.extend([None] * (place - len(cells)))
                    cells.extend([cell] * times)
                    if _WIDE in attributes or _HIGH in attributes:
                        width, height = _times(element, _WIDE), _times(element, _HIGH)
                        if width > 1 or height > 1:
                            spans.append((place, place + width - 1, height))
            place += times
        return cells, spans

    def _cell(self, element: Any, style: str, number: int) -> Cell:
        get = element.get
        kind: str | None = get(_KIND)
        text = _seen(element)
        if kind == "string":
            if not text:
                is_error = get(f"{_CALC}value-type") == "error"
                text = "#VALUE!" if is_error else get(f"{_OFFICE}string-value", "")
            elif text[0] == "E" and _ERROR.match(text) and _FORMULA in element.attrib:
                text = "#VALUE!"
        elif kind is None and not text and (formula := get(_FORMULA)):
            # No program has computed it: the formula itself is refused with its cell.
            text = f"={formula.partition(':=')[2] or formula}"[: self._limits.cell]
        if len(text) > self._limits.cell:
            raise too_large(f"A cell has more than {self._limits.cell:,} characters.", row=number)
        return text or None if kind in ("string", None) else self._value(element, kind, style, text)

    def _value(self, element: Any, kind: str, style: str, seen: str) -> Cell:
        """Return a value that is no text; what was seen of the cell, where it cannot be read."""
        code = self._styles.code_of(style)
        get = element.get
        match kind:
            case "date":
                found = _MOMENT.match(get(f"{_OFFICE}date-value", ""))
                if found is None:
                    return seen or None
                day, clock, seconds = found.groups("")
                at = f"T{clock}:{seconds or '00'}" if clock and (clock, seconds) != ("00:00", "00") else ""
                moment = f"{day}{at}"
                return DateCell(d=moment, f=code or "yyyy-mm-dd") if _is_moment(moment) else seen or None
            case "boolean":
                return bool(get(f"{_OFFICE}boolean-value") == "true")
            case "time":
                days = _days(get(f"{_OFFICE}time-value", ""))
                return NumberCell(v=days, f=code or "[h]:mm:ss") if days is not None else seen or None
            case "percentage" if "%" not in code:
                code = f"{code or '0'}%"
            case "currency" if not code:
                code = "[$¤]0.00"
        value = get(_VALUE, "").strip()
        key = code, value
        cell = self._known.get(key)
        if cell is None:
            cell = read_number(value, code, from_1904=self._from_1904)
            if len(self._known) < _REMEMBERED:
                self._known[key] = cell
        if cell is None:
            return seen or None
        return self._as_seen(cell, seen) if not code else cell

    def _as_seen(self, cell: Cell, seen: str) -> Cell:
        """Return a cell whose format is not told: where its text is no number, that is what was seen."""
        if not seen or _SEEN_NUMBER.match(seen) or isinstance(cell, str):
            return cell
        if seen in _TRUTHS and cell in (0, 1):
            return _TRUTHS[seen]
        if is_error_or_lost(seen):
            return seen
        assert isinstance(cell, int | float)
        return NumberCell(v=cell, f='"' + seen[:100].replace('"', "") + '"')


def _times(element: Any, name: str) -> int:
    """Return how often something repeats, or how much it spans; raises `FileFault`."""
    times = int(element.get(name, 1))
    if times < 1:
        raise unreadable(DAMAGED)
    return times


def _is_sheet(table: Any) -> bool:
    """Whether a table is a sheet, and not one within a cell or a link."""
    above = table.getparent()
    return above is not None and above.tag == f"{_OFFICE}spreadsheet"


def _is_within_sheet(element: Any) -> bool:
    """Whether the nearest table around a row or column is a sheet."""
    table = next(element.iterancestors(f"{TABLE}table"), None)
    return table is not None and _is_sheet(table)


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _days(text: str) -> float | None:
    """Return a span of time, as `PT36H00M00S`, in days."""
    found = _TIME.match(text)
    if found is None:
        return None
    sign, hours, minutes, seconds, parts = found.groups("0")
    total = int(hours) * 3_600 + int(minutes) * 60 + int(seconds) + float(f"0.{parts}")
    return -total / 86_400 if sign == "-" else total / 86_400


def _seen(element: Any) -> str:
    """Return the text of a cell: its paragraphs, without comments and drawings."""
    paragraphs = [inner for inner in element if inner.tag == _PARAGRAPH]
    if len(paragraphs) == 1 and not len(paragraphs[0]):
        return _collapsed(paragraphs[0].text)
    return "\n".join("".join(_runs(paragraph)) for paragraph in paragraphs)


def _runs(element: Any) -> Iterator[str]:
    """Yield the pieces of a text; blanks and line breaks are elements."""
    yield _collapsed(element.text)
    for inner in element:
        match etree.QName(inner).localname if isinstance(inner.tag, str) else "":
            case "s":
                yield " " * min(int(inner.get(f"{_TEXT}c", 1)), 32_767)
            case "tab":
                yield "\t"
            case "line-break":
                yield "\n"
            case "span" | "a" | "ruby" | "ruby-base" | "meta":
                yield from _runs(inner)
            case "title" | "date" | "time" | "sheet-name" | "page-number" | "page-count" | "file-name":
                yield _collapsed(inner.text)
        yield _collapsed(inner.tail)


def _collapsed(text: str | None) -> str:
    return _BLANKS.sub(" ", text) if text else ""


def recognise(beginning: Beginning) -> bool:
    """Return True for an archive that says what it is at its beginning, or shows the parts of a document."""
    first = beginning.first
    if not first.startswith(b"PK\x03\x04"):
        return False
    return _SPREADSHEET in first[:120] or (b"content.xml" in first and b"META-INF/manifest.xml" in first)


def open_book(source: IncomingFile, limits: Limits) -> OpenDocument:
    """Return the open document; raises `FileFault`, and what a damaged file makes it raise."""
    return OpenDocument(source.held, limits)


def parse(source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
    """Return the rows of the sheet that has the headings; raises `FileFault`."""
    return read_book(lambda: open_book(source, limits), kind, limits)
