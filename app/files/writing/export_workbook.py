"""Exported tables as workbooks, written as their rows come: one of a million rows takes the memory of some hundreds.

Every text is a text and never a formula, days and moments are dates, amounts numbers. The headings are frozen, have a
filter, and stand on every printed page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from app.domain.exports import CellKind, ExportColumn
from app.files import workbook_parts as parts
from app.files.workbook_parts import Look, Styles, column_name
from app.files.writing.sheet_cells import serial_of, text_cell
from app.files.writing.zip_stream import OpenArchive

_LEVEL = 1
_FORMATS = {CellKind.DAY: parts.DATE_FORMAT, CellKind.INSTANT: "mm/dd/yyyy hh:mm", CellKind.NUMBER: "General"}
_ON_PAGE = 220
"""Characters of width that a page across shows so that they can be read."""
_ZIP64_FROM = 500_000
"""Rows from which a sheet may be longer than two gigabytes; a shorter one needs nothing that old programs lack."""
_LINE_HEIGHT = 15
_EMPTY = "<c/>"


class WorkbookExport:
    """Writes one workbook of one sheet: what each function returns comes after what was returned before."""

    def __init__(self, columns: Sequence[ExportColumn], sheet: str, rows: int) -> None:
        """Write so many rows at most below the headings."""
        self._columns = columns
        self._sheet = sheet
        self._most = rows
        self._written = 0
        self._styles = Styles()
        self._archive = OpenArchive(_LEVEL)
        self._writers = [self._writer_of(column) for column in columns]

    def begin(self) -> bytes:
        """Return what comes before the first row."""
        archive = self._archive
        archive.write("[Content_Types].xml", parts.content_types(commented=False))
        archive.write("_rels/.rels", parts.relations(("officeDocument", "xl/workbook.xml")))
        targets = ("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")
        archive.write("xl/_rels/workbook.xml.rels", parts.relations(*targets))
        archive.write("xl/workbook.xml", parts.workbook([(self._sheet, False)], repeated=(1, 0)))
        archive.open("xl/worksheets/sheet1.xml", large=self._most >= _ZIP64_FROM)
        archive.add(self._head())
        return archive.take()

    def add(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Return rows of texts and None."""
        writers = self._writers
        lines = [
            "".join([write(cell) if cell else _EMPTY for write, cell in zip(writers, row, strict=True)]) for row in rows
        ]
        self._written += len(lines)
        if lines:
            self._archive.add(f"<row>{'</row><row>'.join(lines)}</row>")
        return self._archive.take()

    def end(self) -> bytes:
        """Return what comes after the last row."""
        cells = f"A1:{column_name(len(self._columns) - 1)}{self._written + 1}"
        width = sum(column.width for column in self._columns)
        self._archive.add(
            f'</sheetData><autoFilter ref="{cells}"/>'
            '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
            f'<pageSetup orientation="landscape" fitToWidth="{-(-width // _ON_PAGE)}" fitToHeight="0"/>'
            f'<ignoredErrors><ignoredError sqref="{cells}" numberStoredAsText="1"/></ignoredErrors>'
            "</worksheet>"
        )
        self._archive.write("xl/styles.xml", self._styles.text())
        self._archive.close()
        return self._archive.take()

    def _head(self) -> str:
        widths = "".join(
            f'<col min="{at}" max="{at}" width="{column.width}" style="{self._style_of(column)}" customWidth="1"/>'
            for at, column in enumerate(self._columns, 1)
        )
        look = self._styles.of(Look(font=parts.BOLD, fill=parts.SENT_HEADING, wraps=True))
        headings = "".join(f"<c{text_cell(column.heading, look)}" for column in self._columns)
        lines = max(len(column.heading) // max(column.width - 2, 1) + 1 for column in self._columns)
        return (
            f'{parts.DECLARATION}<worksheet xmlns="{parts.MAIN}" xmlns:r="{parts.RELATIONS}">'
            '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView tabSelected="1" workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
            '<selection pane="bottomLeft" activeCell="A2" sqref="A2"/></sheetView></sheetViews>'
            f'<sheetFormatPr defaultRowHeight="{_LINE_HEIGHT}"/><cols>{widths}</cols>'
            f'<sheetData><row ht="{_LINE_HEIGHT * lines}" customHeight="1">{headings}</row>'
        )

    def _style_of(self, column: ExportColumn) -> int:
        return self._styles.of(Look(format=self._styles.usable(_FORMATS.get(column.kind, parts.TEXT_FORMAT))))

    def _writer_of(self, column: ExportColumn) -> Callable[[str], str]:
        style = self._style_of(column)
        if column.kind is CellKind.NUMBER:
            return lambda cell: f'<c s="{style}"><v>{cell}</v></c>'
        if column.kind is CellKind.TEXT:
            # States, boards and titles come again and again.
            return lru_cache(maxsize=1_024)(lambda cell: f"<c{text_cell(cell, style)}")
        as_text = self._styles.of(Look(format=parts.TEXT_FORMAT))

        def write(cell: str) -> str:
            serial = serial_of(cell.removesuffix("Z"))
            return f"<c{text_cell(cell, as_text)}" if serial is None else f'<c s="{style}"><v>{serial}</v></c>'

        return lru_cache(maxsize=4_096)(write)
