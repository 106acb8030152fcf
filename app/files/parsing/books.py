"""The records of a workbook of any format: they are on the one visible sheet that has rows below the headings."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from struct import error as struct_error
from typing import Protocol, TypeVar

from lxml import etree
from msgspec.structs import replace

from app.domain.batches import BatchKind, Cell, FileFault, FileFaultCode, FileFormat, NumberCell
from app.domain.columns import Holds
from app.files.cells import BIRTH_SERIALS, SERIAL_TEXT, SERIALS, format_number, strip_text
from app.files.headings import Layout
from app.files.number_formats import BETWEEN_SYSTEMS
from app.files.parsing.faults import DAMAGED, too_deep, unreadable
from app.files.parsing.limits import Limits
from app.files.parsing.recognition import Parsed
from app.files.parsing.tables import RecordTable, Rows
from app.files.parsing.xml import fault_of

_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct_error, EOFError, OSError,
    KeyError, IndexError, ValueError, OverflowError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""Exceptions that reading a damaged package may raise."""
_DAYS = {Holds.DATE: SERIALS, Holds.MONTH_DAY: BIRTH_SERIALS}
"""Columns of days, with the bare numbers that are read as days."""
SHEET_ROWS = 1_048_576
MOST_SHEETS = 500
"""Each takes a walk through the file."""
TOO_MANY_SHEETS = f"The workbook has more than {MOST_SHEETS:,} sheets. Remove those without records."
_LONGEST_FORMAT = 255
_GENERAL = frozenset({"", "general", "standard", "@", "0.00", "#,##0.00"})
"""Formats that show every number that a credit or an id can be."""
Part = TypeVar("Part")


class Book(Protocol[Part]):
    """An open workbook."""

    from_1904: bool
    """Whether it counts days from 1904."""
    sheets: list[tuple[str, Part]]
    """Names of the visible sheets of cells, with that by which the workbook finds each."""

    def rows(self, part: Part) -> Rows:
        """Yield the rows of a sheet that are not blank, with the values that are shown."""
        ...


def read_book(open_book: Callable[[], Book[Part]], kind: BatchKind, limits: Limits) -> Parsed:
    """Return the head and the records of the sheet that has the headings; raises `FileFault`."""
    with damage_as_fault():
        book = open_book()
        name, table = _find_records(book, kind)
    head = replace(table.describe(FileFormat.XLSX), sheet=name)
    rows = table.records(limits)
    return Parsed(head=head, records=_shift_rows_from_1904(rows, table.layout) if book.from_1904 else rows)


def kept_format(code: str) -> str:
    """Return a number format as it is kept with numbers; an empty one where it shows them by their digits."""
    code = code[:_LONGEST_FORMAT]
    return "" if code.lower() in _GENERAL else code


def is_blank(cell: Cell) -> bool:
    """Whether nothing can be seen of a cell."""
    return cell is None or (type(cell) is str and cell.isspace())


def _shift_rows_from_1904(rows: Rows, layout: Layout) -> Rows:
    """Yield the rows of a workbook that counts days from 1904; bare numbers of days are shifted to 1900."""
    days = [
        (place, _DAYS[column.holds])
        for place, column in enumerate(layout.columns)
        if column is not None and column.holds in _DAYS
    ]
    for number, cells in rows:
        for place, serials in days:
            if place < len(cells):
                cells[place] = shift_from_1904(cells[place], serials)
        yield number, cells


def shift_from_1904(cell: Cell, serials: range) -> Cell:
    """Return a bare number of a workbook that counts days from 1904 as one counted from 1900; others stay as sent.

    Numbers are shifted that are days in either system: unshifted, some would be taken for another day.
    """
    if isinstance(cell, str):
        text = strip_text(cell)
        number = float(text) if SERIAL_TEXT.match(text) else 0
    elif isinstance(cell, int | float) and not isinstance(cell, bool):
        number = cell
    elif isinstance(cell, dict) and "v" in cell:
        moved = shift_from_1904(cell["v"], serials)
        assert isinstance(moved, int | float)
        return NumberCell(v=moved, f=cell["f"])
    else:
        return cell
    if not serials.start - BETWEEN_SYSTEMS <= number < serials.stop:
        return cell
    number += BETWEEN_SYSTEMS
    return format_number(number) if isinstance(cell, str) else number


def _find_records(book: Book[Part], kind: BatchKind) -> tuple[str, RecordTable]:
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
def damage_as_fault() -> Iterator[None]:
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
    with damage_as_fault():
        yield from rows
