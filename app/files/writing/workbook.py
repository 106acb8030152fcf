"""Workbooks of rows as they were sent, streamed, and written by hand: eight times as fast as a general library.

Every text is a text and never a formula, a number keeps every digit, a date its number format. Cells at fault are
coloured, and the first `MOST_COMMENTS` of them say in a comment what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import chain, islice

from msgspec.structs import replace

from app.core.csv_text import may_be_formula
from app.domain.batches import Cell, DateCell, FileHead, MergedCell, NumberCell
from app.domain.columns import Holds
from app.domain.comparison_keys import code_key
from app.files import workbook_parts as parts
from app.files.shown_numbers import text_of
from app.files.workbook_parts import Comment, Look, Styles, column_name, escape_cell
from app.files.writing.result_rows import (
    REJECTED_COLUMNS,
    RESULT_COLUMNS,
    SUCCESSFUL_COLUMNS,
    AnnotatedRow,
    AnsweredRow,
    Note,
    rejection_texts,
    result_texts,
    warning_texts,
)
from app.files.writing.result_table import (
    ResultTable,
    cells_of,
    heading_row_of,
    headings_holding,
    lay_out,
    merged_spans,
    rows_above,
)
from app.files.writing.zip_stream import write_archive

LEVEL = 1
"""Compression level: the next ones take twice as long and save a quarter."""
MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 1_048_576, 16_384, 32_767
"""Limits of a sheet; characters are counted as UTF-16 units."""
MOST_CELLS = 16_000_000
"""Cells of one workbook: with more, its sheet could unpack to more than archives and readers take."""
_ROWS_BESIDE = 10
"""Rows that a file may have beside its records: the headings, and those above them."""
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
_MOST_MERGED = 100_000
"""Areas that are merged again: readers keep each of them in memory."""
_MOST_FROZEN_ROWS = 20
"""Rows that may be frozen: with more, no record would be in sight."""
_WHO = frozenset(map(code_key, ("First Name", "Last Name", "Activity Title")))
"""Headings of the columns that say whose a row is."""

_IDS = headings_holding(Holds.ID, Holds.MONTH_DAY).keys()
"""Columns whose empty cells are formatted as text, so that what is typed into them keeps its zeros."""
_EXPLAINED = (
    "What is wrong with each row, and what to do about it. Cells with errors are red, cells with warnings yellow; "
    f"the first {MOST_COMMENTS:,} of them say why in a comment. Correct the cells, keep the headings, save the file as "
    "a workbook, and upload it. These three columns are not read. The columns that you sent are to the left."
)


def holds(rows: int, columns: int) -> bool:
    """Whether one workbook can have so many records of so many cells, beside the headings and what is above them."""
    return rows + _ROWS_BESIDE <= MOST_ROWS and rows * columns <= MOST_CELLS


def write_rejected(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Write rejected rows as sent, with `REJECTION` after the sender's columns, and colour the cells at fault."""
    table = lay_out(head, REJECTED_COLUMNS)
    sheet = _SheetWriter(head, table, commented=True)
    sheet.comments.append(Comment(row=heading_row_of(head) - 1, column=table.added[0], text=_EXPLAINED))
    lines = (
        (table.row(cells_of(row.raw, row.number), rejection_texts(sheet.sent_headings, row.notes, "\n")), row.notes)
        for row in rows
    )
    return sheet.write(lines)


def write_successful(head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
    """Write accepted rows as sent, with their warnings in `NOTES`."""
    table = lay_out(head, SUCCESSFUL_COLUMNS)
    sheet = _SheetWriter(head, table, commented=False)
    lines = (
        (table.row(cells_of(row.raw, row.number), warning_texts(sheet.sent_headings, row.notes, "\n")), ())
        for row in rows
    )
    return sheet.write(lines)


def write_results(head: FileHead, rows: Iterable[AnsweredRow]) -> Iterator[bytes]:
    """Write rows of validations as sent, with `VALIDATION_RESULTS` after them."""
    table = lay_out(head, RESULT_COLUMNS)
    lines = ((table.row(cells_of(row.raw, row.number), result_texts(row)), ()) for row in rows)
    return _SheetWriter(head, table, commented=False).write(lines)


_WIDTHS = {
    **dict.fromkeys((*REJECTED_COLUMNS, *SUCCESSFUL_COLUMNS, *RESULT_COLUMNS), 60),
    "Error Codes": 26,
    "Result": 32,
    "Learner Link": 26,
    "Boards": 14,
}
"""Widths of our own columns."""

_Line = tuple[list[Cell], tuple[Note, ...]]
_PLAIN = Look()
_EPOCH = date(1899, 12, 30)
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


class _SheetWriter:
    """Writes one workbook of one sheet."""

    def __init__(self, head: FileHead, table: ResultTable, *, commented: bool) -> None:
        self.head = head
        self.table = table
        self.commented = commented
        self.styles = Styles()
        self.comments: list[Comment] = []
        self._ids = frozenset(place for place, name in enumerate(table.headings) if code_key(name) in _IDS)
        self._number_tail = f' s="{self.styles.of(_PLAIN)}"><v>'
        self._short = lru_cache(maxsize=8_192)(self._cell)
        self._remembered = lru_cache(maxsize=2_048)(self._cell)

    @property
    def sent_headings(self) -> tuple[str, ...]:
        """The sender's headings, by which notes name columns."""
        return tuple(self.head.headings)

    def write(self, lines: Iterable[_Line]) -> Iterator[bytes]:
        """Yield the bytes of the workbook; styles and comments come after the rows that need them."""
        return write_archive(self._entries(lines), LEVEL)

    def _entries(self, lines: Iterable[_Line]) -> Iterator[tuple[str, Iterable[str]]]:
        yield "[Content_Types].xml", [parts.content_types(commented=self.commented)]
        yield "_rels/.rels", [parts.relations(("officeDocument", "xl/workbook.xml"))]
        yield "xl/workbook.xml", [parts.workbook(_sheet_name(self.head.sheet))]
        targets = ("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")
        yield "xl/_rels/workbook.xml.rels", [parts.relations(*targets)]
        yield "xl/worksheets/sheet1.xml", self._sheet(lines)
        if self.commented:
            drawn = ("vmlDrawing", "../drawings/vmlDrawing1.vml"), ("comments", "../comments1.xml")
            yield "xl/worksheets/_rels/sheet1.xml.rels", [parts.relations(*drawn)]
            yield "xl/drawings/vmlDrawing1.vml", parts.drawing_part(self.comments)
            yield "xl/comments1.xml", parts.comments_part(self.comments)
        yield "xl/styles.xml", [self.styles.text()]

    def _sheet(self, lines: Iterable[_Line]) -> Iterator[str]:
        heading_row = heading_row_of(self.head)
        iterator = iter(lines)
        first = list(islice(iterator, _LOOKED_AT))
        widths = self._widths([cells for cells, _ in first])
        yield (
            f'{parts.DECLARATION}<worksheet xmlns="{parts.MAIN}" xmlns:r="{parts.RELATIONS}">'
            '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView tabSelected="1" workbookViewId="0">'
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
        yield (
            '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>'
            '<pageSetup orientation="landscape" fitToHeight="0"/>'
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
        own = self.table.added[0]
        who = 1 + max((n for n, name in enumerate(self.table.headings[:own]) if code_key(name) in _WHO), default=-1)
        if sum(widths[:own]) <= _ON_SCREEN or sum(widths[:who]) > _MOST_FROZEN:
            who = 0
        rows = heading_row if heading_row <= _MOST_FROZEN_ROWS else 0
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
        return {place: _WIDTHS[name] for place, name in zip(self.table.added, self.table.extra, strict=True)}

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

    def _rows(self, lines: Iterable[_Line], number: int, merged: list[str]) -> Iterator[str]:
        """Yield the rows; what was merged over several of their columns is so again, and added to `merged`."""
        own = dict.fromkeys(self.table.added, Look(wraps=True))
        widths = self._own_widths().items()
        for cells, notes in lines:
            looks = own | self._faults(notes, number) if notes else own
            if notes and dict in map(type, cells) and len(merged) < _MOST_MERGED:
                merged.extend(f"{column_name(a)}{number}:{column_name(b)}{number}" for a, b in merged_spans(cells))
            height = max(_lines(cells[place], width) for place, width in widths)
            yield self._row(cells, number, looks, f' ht="{min(15 * height, 400)}"' if height > 1 else "")
            number += 1

    def _faults(self, notes: tuple[Note, ...], number: int) -> dict[int, Look]:
        """Return the looks of the cells at fault in a row, and collect their comments."""
        looks: dict[int, Look] = {}
        texts_of: dict[int, list[str]] = {}
        for note in notes:
            place = self.table.places.get(note.index) if note.index is not None else None
            if place is None:
                continue
            red = note.rejects or (place in looks and looks[place].fill == parts.RED)
            looks[place] = Look(fill=parts.RED if red else parts.YELLOW)
            texts_of.setdefault(place, []).append(f"{note.detail} {note.hint}".rstrip())
        for place, texts in texts_of.items():
            if len(self.comments) <= MOST_COMMENTS:
                self.comments.append(Comment(row=number - 1, column=place, text="\n".join(texts)[:1_000]))
        return looks

    def _row(self, cells: Sequence[Cell], number: int, looks: Mapping[int, Look], attributes: str = "") -> str:
        """Return a row; cells without a look of their own take the fast path."""
        written = [f'<row r="{number}"{attributes}>']
        names, short, number_tail = _names(len(cells)), self._short, self._number_tail
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
            return _text(cell, style(replace(look, format=parts.TEXT_FORMAT) if as_text else look))
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
            return _text(cell["d"], style(look))
        return f' s="{style(replace(look, format=self.styles.usable(cell["f"])))}"><v>{serial}</v></c>'


def _text(text: str, style: int) -> str:
    if len(text) > MOST_CHARACTERS // 2:
        text = _cut(text)
    kept = ' xml:space="preserve"' if text[0].isspace() or text[-1].isspace() else ""
    return f' s="{style}" t="inlineStr"><is><t{kept}>{escape_cell(text)}</t></is></c>'


def _cut(text: str) -> str:
    """Return as much of a text as a cell can hold; a workbook with more is damaged."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * MOST_CHARACTERS:
        return text
    return units[: 2 * MOST_CHARACTERS].decode("utf-16-le", "ignore")


@lru_cache(maxsize=4_096)
def _lines(text: Cell, width: int) -> int:
    """Return how many lines a text of ours takes in a column: not all spreadsheet programs measure it themselves."""
    return sum(len(line) // width + 1 for line in str(text or "").split("\n"))


@lru_cache(maxsize=8)
def _names(count: int) -> tuple[str, ...]:
    return tuple(map(column_name, range(count)))


@lru_cache(maxsize=4_096)
def serial_of(written: str) -> str | None:
    """Return a date as the serial number of a cell, counted from 1900-01-01, which is 1; None for an earlier one.

    1900-02-29, which never was, has a number; earlier days have one less than the calendar says.
    """
    if written == "1900-02-29":
        return "60"
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    days = (moment.date() - _EPOCH).days
    if days <= 60:
        days -= 1
    if days < 0:
        return None
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    return repr(days + seconds / 86_400) if seconds else str(days)


def _sheet_name(sent: str) -> str:
    """Return the sheet's name as sent, without what a name cannot have."""
    name = _NOT_IN_NAMES.sub(" ", sent)[:31].strip("'").strip()
    return name or "Rows"
