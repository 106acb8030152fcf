"""Workbooks (.xlsx), read as a stream: only one row and the shared strings are in memory.

The records are on the one visible sheet that has rows below the headings.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from struct import error as struct_error
from typing import BinaryIO

from lxml import etree

from app.domain.batches import BatchKind, Cell, FileFault, FileFaultCode, FileFormat, FileHead, NumberCell
from app.domain.columns import Holds
from app.files.cells import BIRTH_SERIALS, SERIAL, SERIALS, format_number, strip_text
from app.files.headings import Layout
from app.files.number_formats import BETWEEN_SYSTEMS, BUILT_IN
from app.files.parsing.faults import DAMAGED, too_deep, too_large, unreadable
from app.files.parsing.limits import Limits
from app.files.parsing.merged_cells import find_merged_areas
from app.files.parsing.package import Package
from app.files.parsing.recognition import Beginning, Parsed
from app.files.parsing.sheet import SharedStrings, SheetCells, text_of
from app.files.parsing.sources import IncomingFile
from app.files.parsing.tables import RecordTable, Rows
from app.files.parsing.xml import fault_of

NEEDS_SEEKING = True
"""The list of an archive's parts stands at its end."""
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct_error, EOFError, OSError,
    KeyError, IndexError, ValueError, OverflowError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""Exceptions that reading a damaged package may raise."""
_SHEET_ROWS = 1_048_576
_LONGEST_FORMAT = 255
_GENERAL = frozenset({"", "general", "standard", "@", "0.00", "#,##0.00"})
"""Formats that show every number that a credit or an id can be."""
_DAYS = {Holds.DATE: SERIALS, Holds.MONTH_DAY: BIRTH_SERIALS}
"""Columns of days, with the bare numbers that are read as days."""


class Workbook:
    """An open workbook: the names of its sheets, its strings, number formats and date system."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._limits = limits
        self._package = Package(file, limits)
        main = [name for kind, name in self._package.related("").values() if kind == "officeDocument"]
        self._main = next((name for name in [*main, "xl/workbook.xml"] if self._package.has(name)), "")
        if (
            not self._main
            or not self._main.lower().endswith(".xml")
            or self._main.lower().startswith(("word/", "ppt/"))
        ):
            raise unreadable(self._package.no_workbook())
        self._related = self._package.related(self._main)
        self.from_1904 = False
        self.sheets = self._sheets()
        formats = self._read_formats()
        strings = SharedStrings(self._read_strings(), limits)
        self._cells = SheetCells(strings, formats, from_1904=self.from_1904, limits=limits)

    def _sheets(self) -> list[tuple[str, str]]:
        """Return (name, part) of every visible sheet of cells."""
        shown: list[tuple[str, str]] = []
        part = self._package.stream(self._main)
        for element in self._package.elements(part, "workbookPr", "sheet"):
            if etree.QName(element).localname == "workbookPr":
                self.from_1904 = element.get("date1904") in ("1", "true", "on")
                continue
            id_ = next((value for name, value in element.attrib.items() if name.endswith("}id")), "")
            kind, name = self._related.get(id_, ("", ""))
            if kind == "worksheet" and element.get("state", "visible") == "visible":
                shown.append((element.get("name") or "", name))
        return shown

    def _part(self, kind: str) -> str | None:
        return next((part for found, part in self._related.values() if found == kind and self._package.has(part)), None)

    def _read_strings(self) -> Iterator[str]:
        name = self._part("sharedStrings")
        if name is None:
            return
        part = self._package.stream(name, large=True)
        for element in self._package.elements(part, "si"):
            yield text_of(element)

    def _read_formats(self) -> list[str]:
        """Return the number format of each cell style that shows a number otherwise than by its digits."""
        name = self._part("styles")
        codes, styles = dict(BUILT_IN), list[int]()
        for element in self._package.elements(self._package.stream(name), "numFmts", "cellXfs") if name else ():
            for inner in element:
                id_ = int(inner.get("numFmtId", "0"))
                if etree.QName(element).localname == "cellXfs":
                    styles.append(id_)
                else:
                    codes[id_] = inner.get("formatCode", "")
        shown = [codes.get(style, "")[:_LONGEST_FORMAT] for style in styles]
        return ["" if code.lower() in _GENERAL else code for code in shown]

    def rows(self, name: str) -> Rows:
        """Yield (number, cells) of the rows of a sheet that are not blank, with the values that are shown."""
        merged = find_merged_areas(self._package, name, self._limits)
        yield from merged.fill(self._rows(name)) if merged else self._rows(name)

    def _rows(self, name: str) -> Rows:
        part = self._package.stream(name, large=True)
        number = 0
        for row in self._package.elements(part, "row", "sheetData"):
            if etree.QName(row).localname == "sheetData":
                break
            given = row.get("r")
            before, number = number, number + 1 if given is None else int(given)
            if number <= before:
                raise unreadable(DAMAGED, row=number)
            if number > _SHEET_ROWS:
                raise too_large("The sheet has more rows than a sheet may have.")
            cells = self._cells.of_row(row, number) if len(row) else []
            # The last cell is never empty, and hardly ever blank.
            if cells and (not _is_white(cells[-1]) or not all(map(_is_white, cells))):
                yield number, cells
        part.drain()


def _is_white(cell: Cell) -> bool:
    return cell is None or (type(cell) is str and cell.isspace())


def recognise(beginning: Beginning) -> bool:
    """Return True for a zip archive, whatever is in it."""
    return beginning.first.startswith(_ARCHIVES)


def parse(source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
    """Return the rows of the sheet that has the headings; raises `FileFault`."""
    head, records = read_workbook(source.held, kind, limits)
    return Parsed(head=head, records=records)


def read_workbook(file: BinaryIO, kind: BatchKind, limits: Limits) -> tuple[FileHead, Rows]:
    """Return the head and the records of the sheet that has the headings; raises `FileFault`."""
    with _damage_as_fault():
        book = Workbook(file, limits)
        name, table = _find_records(book, kind)
    head = FileHead(
        format=FileFormat.XLSX,
        sheet=name,
        above=table.above,
        heading_row=table.heading_row,
        headings=table.headings,
    )
    rows = table.records(limits)
    return head, _shift_from_1904(rows, table.layout) if book.from_1904 else rows


def _shift_from_1904(rows: Rows, layout: Layout) -> Rows:
    """Yield the rows of a workbook that counts days from 1904; bare numbers of days are shifted to 1900."""
    days = [
        (place, _DAYS[column.holds])
        for place, column in enumerate(layout.columns)
        if column is not None and column.holds in _DAYS
    ]
    for number, cells in rows:
        for place, serials in days:
            if place < len(cells):
                cells[place] = shifted_from_1904(cells[place], serials)
        yield number, cells


def shifted_from_1904(cell: Cell, serials: range) -> Cell:
    """Return a bare number of a workbook that counts days from 1904 as one counted from 1900; others stay as sent.

    Numbers are shifted that are days in either system: unshifted, some would be taken for another day.
    """
    if isinstance(cell, str):
        text = strip_text(cell)
        number = float(text) if SERIAL.match(text) else 0
    elif isinstance(cell, int | float) and not isinstance(cell, bool):
        number = cell
    elif isinstance(cell, dict) and "v" in cell:
        moved = shifted_from_1904(cell["v"], serials)
        assert isinstance(moved, int | float)
        return NumberCell(v=moved, f=cell["f"])
    else:
        return cell
    if not serials.start - BETWEEN_SYSTEMS <= number < serials.stop:
        return cell
    number += BETWEEN_SYSTEMS
    return format_number(number) if isinstance(cell, str) else number


def _find_records(book: Workbook, kind: BatchKind) -> tuple[str, RecordTable]:
    """Return the name and the table of the sheet with the records; the fault is about the sheet that comes nearest.

    Two sheets with records are refused: the records of one would be left out in silence.
    """
    best: RecordTable | None = None
    nearly: FileFault | None = None
    found: tuple[str, RecordTable] | None = None
    for name, part in book.sheets:
        try:
            table = RecordTable(_guarded(book.rows(part)), kind)
        except FileFault as fault:
            if found is None or fault.code is not FileFaultCode.TOO_LARGE:
                raise
            # A wide sheet beside the records does no harm, unless it has records as well.
            table = RecordTable(_up_to_fault(book.rows(part)), kind)
            if table.fits and not table.of_another_kind:
                raise
        if not table.fits or table.of_another_kind:
            if table.nearly_fits and table.has_records:
                nearly = _misspelt(name, table)
            if best is None or table.layout.known > best.layout.known:
                best = table
        elif found is None or (table.has_records and not found[1].has_records):
            found = name, table
        elif table.has_records:
            raise _two_sheets(found[0], name, table)
    if found is not None and nearly is not None:
        raise nearly
    if found is not None:
        return found[0], found[1].check()
    if best is None:
        raise unreadable("The workbook has no visible sheet of cells.")
    return "", best.check()


def _up_to_fault(rows: Rows) -> Rows:
    """Yield rows up to the first that is refused."""
    with suppress(FileFault):
        yield from _guarded(rows)


def _quote_name(sheet: str) -> str:
    return f"“{''.join(filter(str.isprintable, sheet))[:31]}”"


def _misspelt(name: str, table: RecordTable) -> FileFault:
    (missing,) = table.layout.missing
    return FileFault(
        FileFaultCode.HEADING_MISSING,
        f"The sheet {_quote_name(name)} seems to have records too, but lacks the heading “{missing.heading}”. A file "
        "has one sheet of records: upload each sheet as a file of its own, or hide the one that is not meant.",
        row=table.heading_row,
        column=missing.heading,
    )


def _two_sheets(first: str, second: str, table: RecordTable) -> FileFault:
    return FileFault(
        FileFaultCode.HEADING_MISSING,
        f"The sheets {_quote_name(first)} and {_quote_name(second)} both have records below the headings; a file has "
        "one sheet of them. Put the records together, upload each sheet as a file of its own, or hide the one that is "
        "not meant.",
        row=table.heading_row,
    )


@contextmanager
def _damage_as_fault() -> Iterator[None]:
    """Turn what a damaged file makes its reader raise into the file's fault."""
    try:
        yield
    except etree.XMLSyntaxError as error:
        fault = fault_of(error)
        raise (unreadable(DAMAGED) if fault.code is FileFaultCode.UNREADABLE else fault) from None
    except RecursionError:
        raise too_deep() from None
    except _BROKEN:
        raise unreadable(DAMAGED) from None


def _guarded(rows: Rows) -> Rows:
    with _damage_as_fault():
        yield from rows
