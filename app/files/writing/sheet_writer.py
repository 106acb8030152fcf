"""One sheet of rows as they were sent, or of our own, streamed as a workbook; a second sheet may follow it."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import TypeAlias

from msgspec.structs import replace

from app.core.csv_text import may_be_formula
from app.domain.batches import Cell, DateCell, FileHead, MergedCell, NumberCell
from app.domain.columns import NAME_ON_FILE, Holds
from app.domain.identity.comparison_keys import code_key
from app.files import workbook_parts as parts
from app.files.shown_numbers import text_of
from app.files.side_sheets import SideSheets, lines_of
from app.files.workbook_parts import Comment, Look, Styles, column_name
from app.files.writing.result_rows import REJECTED_COLUMNS, RESULT_COLUMNS, SUCCESSFUL_COLUMNS, Note
from app.files.writing.result_table import ResultTable, heading_row_of, headings_holding, merged_spans, rows_above
from app.files.writing.sheet_cells import names_of, serial_of, text_cell
from app.files.writing.side_parts import CheckedCells, side_sheet
from app.files.writing.zip_stream import write_archive

LEVEL = 1
"""Compression level: the next ones take twice as long and save a quarter."""
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Limits of a sheet."""
MOST_CELLS = 16_000_000
"""Cells of one workbook: with more, its sheet could unpack to more than archives and readers take."""
MOST_COMMENTS = 5_000
"""Cells at fault that have a comment: spreadsheet programs become slow with more. All of them are coloured."""
_LONGEST_AS_TEXT = 255
"""Characters. Longer texts do not have the number format of text, with which some programs show them as `####`."""
_REMEMBERED = 40
"""Characters of a text up to which its cell is remembered: states, boards and types come again and again."""
_LOOKED_AT = 50
"""Rows by which the widths of columns are chosen."""
_ON_SCREEN, _MOST_FROZEN = 150, 90
"""Characters of width that a screen shows, and how many of them may be frozen."""
_ON_PAGE = 220
"""Characters of width that a page across shows so that they can be read; names and headings are repeated on each."""
_MOST_MERGED = 100_000
"""Areas that are merged again: readers keep each of them in memory."""
_MOST_FROZEN_ROWS = 20
"""Rows that may be frozen: with more, no record would be in sight."""
_WHO = frozenset(map(code_key, ("First Name", "Last Name", "Activity Title")))
"""Headings of the columns that say whose a row is."""

_IDS = headings_holding(Holds.ID, Holds.MONTH_DAY).keys()
"""Columns whose empty cells are formatted as text, so that what is typed into them keeps its zeros."""
_WIDTHS = {
    **dict.fromkeys((*REJECTED_COLUMNS, *SUCCESSFUL_COLUMNS, *RESULT_COLUMNS), 60),
    "Error Codes": 26,
    "Result": 32,
    "Learner Link": 38,
    "Boards": 14,
    NAME_ON_FILE: 28,
    "Other Boards": 24,
}
_WIDTH = 13
"""Widths of our own columns, and of those that are not named here: amounts."""

Line: TypeAlias = tuple[list[Cell], tuple[Note, ...]]
"""The cells of a row, and its notes."""
_PLAIN = Look()
_SELECTED = ' tabSelected="1"'
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


class SheetWriter:
    """Writes one workbook of one sheet."""

    def __init__(
        self,
        head: FileHead,
        table: ResultTable,
        *,
        commented: bool,
        beside: SideSheets | None = None,
        styles: Styles | None = None,
    ) -> None:
        self.head = head
        self.name = _sheet_name(head.sheet)
        if beside is not None and self.name.lower() in {sheet.name.lower() for sheet in beside.sheets}:
            beside = None
        self.beside = beside
        self.checked = CheckedCells(beside, heading_row_of(head) + 1)
        self.table = table
        self.commented = commented
        self.styles = styles or Styles()
        self.second: tuple[SheetWriter, Callable[[], Iterable[Line]]] | None = None
        """A further sheet, in the same styles, whose lines are asked for once those of this one are written."""
        self.comments: list[Comment] = []
        self.repeated = (0, 0)
        """Rows and columns that stand on every page, once the sheet has begun."""
        self._ids = frozenset(place for place, name in enumerate(table.headings) if code_key(name) in _IDS)
        self._number_tail = f' s="{self.styles.of(_PLAIN)}"><v>'
        self._short = lru_cache(maxsize=8_192)(self._cell)
        self._remembered = lru_cache(maxsize=2_048)(self._cell)

    @property
    def sent_headings(self) -> tuple[str, ...]:
        """The sender's headings, by which notes name columns."""
        return tuple(self.head.headings)

    def write(self, lines: Iterable[Line]) -> Iterator[bytes]:
        """Yield the bytes of the workbook; styles and comments come after the rows that need them."""
        return write_archive(self._entries(lines), LEVEL)

    def _entries(self, lines: Iterable[Line]) -> Iterator[tuple[str, Iterable[str]]]:
        sides = self.beside.sheets if self.beside is not None else ()
        rows = 1 + (self.second is not None)
        yield "[Content_Types].xml", [parts.content_types(sheets=rows + len(sides), commented=self.commented)]
        yield "_rels/.rels", [parts.relations(("officeDocument", "xl/workbook.xml"))]
        targets = [("worksheet", f"worksheets/sheet{place}.xml") for place in range(1, 1 + rows + len(sides))]
        yield "xl/_rels/workbook.xml.rels", [parts.relations(*targets, ("styles", "styles.xml"))]
        yield "xl/worksheets/sheet1.xml", self.sheet(lines)
        if self.commented:
            drawn = ("vmlDrawing", "../drawings/vmlDrawing1.vml"), ("comments", "../comments1.xml")
            yield "xl/worksheets/_rels/sheet1.xml.rels", [parts.relations(*drawn)]
            yield "xl/drawings/vmlDrawing1.vml", parts.drawing_part(self.comments)
            yield "xl/comments1.xml", parts.comments_part(self.comments)
        sheets = [(self.name, False)]
        if self.second is not None:
            second, further = self.second
            sheets.append((second.name, False))
            yield "xl/worksheets/sheet2.xml", second.sheet(further(), selected=False)
        sheets += [(side.name, side.hidden) for side in sides]
        names = self.beside.names if self.beside is not None else ()
        yield "xl/workbook.xml", [parts.workbook(sheets, names, repeated=self.repeated)]
        for place, side in enumerate(sides, 1 + rows):
            yield f"xl/worksheets/sheet{place}.xml", side_sheet(side, self.styles)
        yield "xl/styles.xml", [self.styles.text()]

    def sheet(self, lines: Iterable[Line], *, selected: bool = True) -> Iterator[str]:
        """Yield the sheet of some lines; what is repeated on its pages, and its comments, are known afterwards."""
        heading_row = heading_row_of(self.head)
        iterator = iter(lines)
        first = list(islice(iterator, _LOOKED_AT))
        widths = self._widths([cells for cells, _ in first])
        yield (
            f'{parts.DECLARATION}<worksheet xmlns="{parts.MAIN}" xmlns:r="{parts.RELATIONS}">'
            '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView'
            f'{_SELECTED if selected else ""} workbookViewId="0">'
            f"{self._panes(widths, heading_row)}</sheetView></sheetViews>"
            f'<sheetFormatPr defaultRowHeight="15"/><cols>{self._columns(widths)}</cols>'
            "<sheetData>"
        )
        merged = yield from self._above()
        yield self._headings(heading_row)
        yield from self._rows(chain(first, iterator), heading_row + 1, merged)
        merges = "".join(f'<mergeCell ref="{cells}"/>' for cells in merged)
        drawing = '<legacyDrawing r:id="rId1"/>' if self.commented else ""
        yield "</sheetData>"
        if merges:
            yield f'<mergeCells count="{len(merged)}">{merges}</mergeCells>'
        yield from self.checked.rules()
        yield (
            '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
            f'<pageSetup orientation="landscape" fitToWidth="{-(-sum(widths) // _ON_PAGE)}" fitToHeight="0"/>'
            f'<ignoredErrors><ignoredError sqref="A1:{column_name(len(self.table.headings) - 1)}{MOST_ROWS}"'
            ' numberStoredAsText="1"/></ignoredErrors>'
            f"{drawing}</worksheet>"
        )

    def _widths(self, rows: Sequence[Sequence[Cell]]) -> list[int]:
        widths, own = [], self._own_widths()
        for place, heading in enumerate(self.table.headings):
            texts = [str(row[place]) for row in rows if place < len(row) and isinstance(row[place], str | int | float)]
            longest = max((len(text) for text in (*texts, *heading.split())), default=0)
            widths.append(own.get(place, min(max(longest + 3, 11), 34)))
        return widths

    def _panes(self, widths: Sequence[int], heading_row: int) -> str:
        """Return what is frozen: the headings, and where our columns are off the screen, the columns with names.

        Then the sheet opens on our columns: nobody has to hunt for them behind thirty others.
        """
        own = min(self.table.added, default=len(self.table.headings))
        who = 1 + max((n for n, name in enumerate(self.table.headings[:own]) if code_key(name) in _WHO), default=-1)
        if sum(widths[:own]) <= _ON_SCREEN or sum(widths[:who]) > _MOST_FROZEN:
            who = 0
        rows = heading_row if heading_row <= _MOST_FROZEN_ROWS else 0
        self.repeated = rows, who
        if not who and not rows:
            return ""
        below = f"{column_name(own if who else 0)}{rows + 1 if rows else heading_row}"
        split = (f'xSplit="{who}" ' if who else "") + (f'ySplit="{rows}" ' if rows else "")
        pane = ("bottom" if rows else "top") + ("Right" if who else "Left")
        return (
            f'<pane {split}topLeftCell="{below}" activePane="{pane}" state="frozen"/>'
            f'<selection pane="{pane}" activeCell="{below}" sqref="{below}"/>'
        )

    def _columns(self, widths: Sequence[int]) -> str:
        as_text, plain = (self.styles.of(Look(format=format)) for format in (parts.TEXT_FORMAT, ""))
        written = []
        for place, (heading, width) in enumerate(zip(self.table.headings, widths, strict=True)):
            style = as_text if code_key(heading) in _IDS else plain
            written.append(
                f'<col min="{place + 1}" max="{place + 1}" width="{width}" style="{style}" customWidth="1"/>'
            )
        return "".join(written)

    def _own_widths(self) -> dict[int, int]:
        return {
            place: _WIDTHS.get(name, _WIDTH) for place, name in zip(self.table.added, self.table.extra, strict=True)
        }

    def _above(self) -> Generator[str, None, list[str]]:
        """Yield the rows above the headings; a text there spans the empty cells after it, as in templates."""
        merged: list[str] = []
        look = Look(fill=parts.GUIDANCE, wraps=True)
        for number, cells in rows_above(self.head):
            given = [place for place, cell in enumerate(cells) if cell not in {None, ""}]
            ends = [*given[1:], max(len(self.table.sent), len(cells))]
            lines = 1
            for start, end in zip(given, ends, strict=True):
                lines = max(lines, len(str(cells[start])) // (10 * (end - start)) + 1)
                if end - start > 1:
                    merged.append(f"{column_name(start)}{number}:{column_name(end - 1)}{number}")
            looks = dict.fromkeys(given, look)
            yield self._row(cells, number, looks, f' ht="{min(15 * lines, 400)}" customHeight="1"')
        return merged

    def _headings(self, number: int) -> str:
        sent = Look(font=parts.BOLD, fill=parts.SENT_HEADING, wraps=True)
        looks = {
            place: replace(sent, fill=parts.OWN_HEADING) if place in self.table.added else sent
            for place in range(len(self.table.headings))
        }
        lines = max(len(heading) // 11 + 1 for heading in (*self.table.headings, ""))
        return self._row(list(self.table.headings), number, looks, f' ht="{15 * min(lines, 5)}" customHeight="1"')

    def _rows(self, lines: Iterable[Line], number: int, merged: list[str]) -> Iterator[str]:
        """Yield the rows; what was merged over several of their columns is so again, and added to `merged`."""
        own = dict.fromkeys(self.table.added, Look(wraps=True))
        widths = self._own_widths().items()
        first = number
        for cells, notes in lines:
            looks = own | self._faults(notes, number) if notes else own
            if notes and dict in map(type, cells) and len(merged) < _MOST_MERGED:
                merged.extend(f"{column_name(a)}{number}:{column_name(b)}{number}" for a, b in merged_spans(cells))
            height = max((lines_of(cells[place], width) for place, width in widths), default=1)
            yield self._row(cells, number, looks, f' ht="{min(15 * height, 400)}"' if height > 1 else "")
            number += 1
        self.checked.rows = number - first

    def _faults(self, notes: tuple[Note, ...], number: int) -> dict[int, Look]:
        """Return the looks of the cells at fault in a row, and collect their comments."""
        looks: dict[int, Look] = {}
        texts_of: dict[int, list[str]] = {}
        for note in notes:
            named = note.compared or (() if note.index is None else (note.index,))
            places = [place for index in named if (place := self.table.places.get(index)) is not None]
            for place in places:
                red = note.rejects or (place in looks and looks[place].fill == parts.RED)
                looks[place] = Look(fill=parts.RED if red else parts.YELLOW)
                if red:
                    self.checked.keep_red(number, place)
            # Of cells that were compared together, the first says why.
            for place in places[:1]:
                texts_of.setdefault(place, []).append(f"{note.detail} {note.hint}".rstrip())
        for place, texts in texts_of.items():
            if len(self.comments) <= MOST_COMMENTS:
                self.comments.append(Comment(row=number - 1, column=place, text="\n".join(texts)[:1_000]))
        return looks

    def _row(self, cells: Sequence[Cell], number: int, looks: Mapping[int, Look], attributes: str = "") -> str:
        """Return a row; cells without a look of their own take the fast path."""
        written = [f'<row r="{number}"{attributes}>']
        names, short, number_tail = names_of(len(cells)), self._short, self._number_tail
        for place, cell in enumerate(cells):
            if place in looks:
                tail = self._cell_with_look(cell, looks[place]) if cell else self._cell(cell, looks[place], place)
            elif cell is None or cell == "":
                continue
            elif type(cell) is str:
                tail = short(cell) if len(cell) <= _REMEMBERED else self._cell(cell)
            elif type(cell) is float or type(cell) is int:
                tail = f"{number_tail}{cell!r}</v></c>"
            else:
                tail = self._cell(cell)
            written.append(f'<c r="{names[place]}{number}"{tail}')
        written.append("</row>")
        return "".join(written)

    def _cell_with_look(self, cell: Cell, look: Look) -> str:
        """Return what follows the name of a cell with a look of its own. Texts are remembered: findings repeat."""
        if isinstance(cell, str) and len(cell) <= 10 * _REMEMBERED:
            return self._remembered(cell, look)
        return self._cell(cell, look)

    def _cell(self, cell: Cell, look: Look = _PLAIN, place: int = -1) -> str:
        """Return what follows the name of a cell."""
        style = self.styles.of
        if isinstance(cell, str) and cell:
            # Formatted as text it stays text when it is edited: zeros are kept, and `=1` is no formula.
            as_text = not look.wraps and (len(cell) <= _LONGEST_AS_TEXT or may_be_formula(cell))
            return text_cell(cell, style(replace(look, format=parts.TEXT_FORMAT) if as_text else look))
        if isinstance(cell, bool):
            return f' s="{style(look)}" t="b"><v>{cell:d}</v></c>'
        if isinstance(cell, int | float):
            return f' s="{style(look)}"><v>{cell!r}</v></c>'
        if isinstance(cell, dict):
            return self._other_cell(cell, look)
        return f' s="{style(replace(look, format=parts.TEXT_FORMAT) if place in self._ids else look)}"/>'

    def _other_cell(self, cell: DateCell | NumberCell | MergedCell, look: Look) -> str:
        """Return the same of a date, a number with its format, or a cell of a merged area."""
        style = self.styles.of
        if "m" in cell:
            return self._cell(cell.get("c"), look)
        if "v" in cell:
            if self.styles.usable(cell["f"]) != cell["f"]:
                # Its own format cannot be written: text keeps what was shown.
                return self._cell(text_of(cell), look)
            return f' s="{style(replace(look, format=cell["f"]))}"><v>{cell["v"]!r}</v></c>'
        serial = serial_of(cell["d"])
        if serial is None:
            return text_cell(cell["d"], style(look))
        return f' s="{style(replace(look, format=self.styles.usable(cell["f"])))}"><v>{serial}</v></c>'


def _sheet_name(sent: str) -> str:
    """Return the sheet's name as sent, without what a name cannot have."""
    name = _NOT_IN_NAMES.sub(" ", sent)[:31].strip("'").strip()
    return name or "Rows"
