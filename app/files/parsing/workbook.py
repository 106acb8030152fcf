"""Workbooks (.xlsx), read as a stream: of no part is more held than a row, but of the table of shared strings.

Whatever wrote the file, its data are on the one visible sheet that has records below the headings.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from struct import error as struct_error
from typing import BinaryIO

from lxml import etree

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat, Head
from app.domain.columns import Holds
from app.files.cells import BIRTH_SERIALS, SERIALS, counted_from_1900
from app.files.headings import Layout
from app.files.number_formats import BUILT_IN, shows_a_date
from app.files.parsing.limits import Limits
from app.files.parsing.package import DAMAGED, Package
from app.files.parsing.sheet import Cells, Strings, text_of
from app.files.parsing.sources import too_large, unreadable
from app.files.parsing.tables import Rows, Table
from app.files.parsing.xml import broken, too_deep

_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct_error, EOFError, OSError,
    KeyError, IndexError, ValueError, OverflowError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What reading a damaged package or part may raise."""
_SHEET_ROWS = 1_048_576
_DAYS = {Holds.DATE: SERIALS, Holds.MONTH_DAY: BIRTH_SERIALS}
"""Columns of days, and the bare numbers that are read as some."""


class Workbook:
    """What the sheets of a workbook need to be read: their names, its strings, formats and date system."""

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
        strings = Strings(self._read_strings(), limits)
        self._cells = Cells(strings, formats, from_1904=self.from_1904, limits=limits)

    def _sheets(self) -> list[tuple[str, str]]:
        """Return (name, part) of every sheet of cells that is shown."""
        shown: list[tuple[str, str]] = []
        part = self._package.stream(self._main)
        for each in self._package.elements(part, "workbookPr", "sheet"):
            if etree.QName(each).localname == "workbookPr":
                self.from_1904 = each.get("date1904") in ("1", "true", "on")
                continue
            id_ = next((value for name, value in each.attrib.items() if name.endswith("}id")), "")
            kind, name = self._related.get(id_, ("", ""))
            if kind == "worksheet" and each.get("state", "visible") == "visible":
                shown.append((each.get("name") or "", name))
        return shown

    def _part(self, kind: str) -> str | None:
        return next((part for found, part in self._related.values() if found == kind and self._package.has(part)), None)

    def _read_strings(self) -> Iterator[str]:
        name = self._part("sharedStrings")
        if name is None:
            return
        part = self._package.stream(name, large=True)
        for each in self._package.elements(part, "si"):
            yield text_of(each)

    def _read_formats(self) -> list[str]:
        """Return, for each style of a cell, the format by which it shows a date, empty where it shows none."""
        name = self._part("styles")
        codes, styles = dict(BUILT_IN), list[int]()
        for each in self._package.elements(self._package.stream(name), "numFmts", "cellXfs") if name else ():
            for inner in each:
                id_ = int(inner.get("numFmtId", "0"))
                if etree.QName(each).localname == "cellXfs":
                    styles.append(id_)
                else:
                    codes[id_] = inner.get("formatCode", "")
        return [code[:200] if shows_a_date(code := codes.get(each, "")) else "" for each in styles]

    def rows(self, name: str) -> Rows:
        """Yield (number, cells) of the rows of a sheet that are not blank."""
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
            if any(not (cell is None or (type(cell) is str and cell.isspace())) for cell in cells):
                yield number, cells
        part.drain()


def read_workbook(file: BinaryIO, kind: BatchKind, limits: Limits) -> tuple[Head, Rows]:
    """Return the head and the records of the sheet that has the headings; raises `FileFault`."""
    with _Damage():
        book = Workbook(file, limits)
        name, table = _data(book, kind)
    head = Head(
        format=FileFormat.XLSX,
        sheet=name,
        above=table.above,
        heading_row=table.heading_row,
        headings=table.headings,
    )
    rows = table.records(limits)
    return head, _counted_from_1900(rows, table.layout) if book.from_1904 else rows


def _counted_from_1900(rows: Rows, layout: Layout) -> Rows:
    """Yield the rows of a workbook that counts from 1904, with bare numbers in columns of days as others count them."""
    days = [
        (place, _DAYS[column.holds])
        for place, column in enumerate(layout.columns)
        if column is not None and column.holds in _DAYS
    ]
    for number, cells in rows:
        for place, serials in days:
            if place < len(cells):
                cells[place] = counted_from_1900(cells[place], serials)
        yield number, cells


def _data(book: Workbook, kind: BatchKind) -> tuple[str, Table]:
    """Return the sheet with the data, and its name; the fault is that of the sheet that comes nearest.

    Two sheets with records are refused: whichever were read, the records of the other would be left out in silence.
    """
    best: Table | None = None
    nearly: FileFault | None = None
    found: tuple[str, Table] | None = None
    for name, part in book.sheets:
        try:
            table = Table(_guarded(book.rows(part)), kind)
        except FileFault as fault:
            if found is None or fault.code is not FileFaultCode.TOO_LARGE:
                raise
            # Somebody's wide sheet beside the data does no harm, unless it has records as well.
            table = Table(_taken(book.rows(part)), kind)
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
        return found[0], found[1].checked()
    if best is None:
        raise unreadable("The workbook has no sheet of cells that is shown.")
    return "", best.checked()


def _taken(rows: Rows) -> Rows:
    """Yield rows up to one that is not taken."""
    with suppress(FileFault):
        yield from _guarded(rows)


def _named(sheet: str) -> str:
    return f"“{''.join(filter(str.isprintable, sheet))[:31]}”"


def _misspelt(name: str, table: Table) -> FileFault:
    (missing,) = table.layout.missing
    return FileFault(
        FileFaultCode.HEADING_MISSING,
        f"The sheet {_named(name)} looks as if it had records too, but lacks the heading “{missing.heading}”. A file "
        "has one sheet of records: upload each as a file of its own, or hide the one that is not meant.",
        row=table.heading_row,
        column=missing.heading,
    )


def _two_sheets(first: str, second: str, table: Table) -> FileFault:
    return FileFault(
        FileFaultCode.HEADING_MISSING,
        f"The sheets {_named(first)} and {_named(second)} both have records below the headings; a file has one sheet "
        "of them. Put the records together, upload each sheet as a file of its own, or hide the one that is not meant.",
        row=table.heading_row,
    )


class _Damage:
    """Tells whatever a damaged file makes its reader raise as the file's fault."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, etree.XMLSyntaxError):
            fault = broken(error)
            raise (unreadable(DAMAGED) if fault.code.value == "unreadable" else fault) from None
        if isinstance(error, RecursionError):
            raise too_deep() from None
        if isinstance(error, _BROKEN):
            raise unreadable(DAMAGED) from None


def _guarded(rows: Rows) -> Rows:
    with _Damage():
        yield from rows
