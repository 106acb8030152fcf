"""Workbooks (.xlsx), read as a stream: only one row and the shared strings are in memory.

The records are on the one visible sheet that has rows below the headings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from app.domain.batches import BatchKind, FileHead
from app.files.number_formats import BUILT_IN
from app.files.parsing.books import SHEET_ROWS, is_blank, kept_format, read_book
from app.files.parsing.faults import DAMAGED, too_large, unreadable
from app.files.parsing.limits import Limits
from app.files.parsing.merged_cells import find_merged_areas
from app.files.parsing.package import Package
from app.files.parsing.recognition import Beginning, Parsed
from app.files.parsing.sheet import SharedStrings, SheetCells, text_of
from app.files.parsing.sources import IncomingFile
from app.files.parsing.tables import Rows

NEEDS_SEEKING = True
"""The list of an archive's parts stands at its end."""
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


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
        return [kept_format(codes.get(style, "")) for style in styles]

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
            if number > SHEET_ROWS:
                raise too_large("The sheet has more rows than a sheet may have.")
            cells = self._cells.of_row(row, number) if len(row) else []
            # The last cell is never empty, and hardly ever blank.
            if cells and (not is_blank(cells[-1]) or not all(map(is_blank, cells))):
                yield number, cells
        part.drain()


def recognise(beginning: Beginning) -> bool:
    """Return True for a zip archive, whatever is in it."""
    return beginning.first.startswith(_ARCHIVES)


def open_book(source: IncomingFile, limits: Limits) -> Workbook:
    """Return the open workbook; raises `FileFault`, and what a damaged file makes it raise."""
    return Workbook(source.held, limits)


def parse(source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
    """Return the rows of the sheet that has the headings; raises `FileFault`."""
    return read_book(lambda: open_book(source, limits), kind, limits)


def read_workbook(file: BinaryIO, kind: BatchKind, limits: Limits) -> tuple[FileHead, Rows]:
    """Return the head and the records of the sheet that has the headings; raises `FileFault`."""
    parsed = read_book(lambda: Workbook(file, limits), kind, limits)
    return parsed.head, parsed.records
