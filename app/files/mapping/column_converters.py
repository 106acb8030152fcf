"""Converters of a file's columns, made once a file, so that a row costs one call a cell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from pydantic import BaseModel

from app.domain.batches import Cell
from app.domain.columns import Choice, FileColumn, Holds
from app.domain.findings import Finding
from app.domain.parsing import MonthDay, plain_or_none, read_license_id, read_npi
from app.files import cells
from app.files.cells import CellFault, IdCell
from app.files.headings import Layout
from app.files.mapping.refusals import cell_refusal, merged_refusal
from app.schemas.bounds import longest

Converter: TypeAlias = Callable[[Cell], Any]
_MOST_REMEMBERED = 4_096
"""Different dates, amounts or names of states and boards of a column; further ones are converted each time."""
_LONGEST = 64
"""Characters. Longer texts are not remembered: they are neither dates nor amounts."""
_PLAIN_NUMBER = 1e15
"""Workbooks keep fifteen digits: whole numbers below this one are as they were typed."""
_OWN_IDS = frozenset({"/internal_id", "/rems/local_id"})
"""Ids that senders make: they are shown as they were sent."""
_DAYS = frozenset({Holds.DATE, Holds.MONTH_DAY})
_REPEATED = _DAYS | {Holds.AMOUNT, Holds.WHOLE, Holds.YES_NO}
_PLAIN: Mapping[Holds, Converter] = {
    Holds.DATE: cells.read_day,
    Holds.MONTH_DAY: cells.read_birth_date,
    Holds.AMOUNT: cells.read_amount,
    Holds.WHOLE: cells.read_whole,
    Holds.YES_NO: cells.read_yes_no,
}


class ColumnConverters:
    """Converts the cells of rows, each as its column says."""

    def __init__(self, layout: Layout, schema: type[BaseModel]) -> None:
        self._pointers = [layout.pointers.get(index) for index in range(len(layout.columns))]
        columns = list(zip(layout.columns, self._pointers, strict=True))
        self._plain = [_converter_of(column, pointer, schema) for column, pointer in columns]
        self._remembering = [
            _remember(convert, column, pointer) for convert, (column, pointer) in zip(self._plain, columns, strict=True)
        ]
        self._blank: list[Any] = [
            cells.NO_ID if column is not None and column.holds is Holds.ID else None for column in layout.columns
        ]
        self.nothing = len(self._blank)
        """The place of a text that no column holds, in every converted row."""
        self.no_id = self.nothing + 1
        """The place of an id that no column holds."""
        self._blank += [None, cells.NO_ID]
        self._indexes = {pointer: index for index, pointer in enumerate(self._pointers) if pointer is not None}

    def at(self, pointer: str) -> int:
        """Return the place of a value in converted rows; one without a column is blank there."""
        return self._indexes.get(pointer, self.nothing)

    def id_at(self, pointer: str) -> int:
        """Return the place of an id in converted rows; one without a column is blank there."""
        return self._indexes.get(pointer, self.no_id)

    def has(self, pointer: str) -> bool:
        """Whether the file has a column for something."""
        return pointer in self._indexes

    def convert(self, row: Sequence[Cell]) -> tuple[list[Any], tuple[Finding, ...]]:
        """Return what a row's cells mean, by column, and findings about those that cannot be what they should."""
        try:
            values = [convert(cell) for convert, cell in zip(self._remembering, row, strict=False)]
        except (CellFault, TypeError):
            # A cell that is no plain value cannot be a key of what is remembered: the slow way remembers nothing.
            return self._convert_one_by_one(row)
        values += self._blank[len(values) :]
        return values, ()

    def _convert_one_by_one(self, row: Sequence[Cell]) -> tuple[list[Any], tuple[Finding, ...]]:
        values, findings = list(self._blank), []
        for index, (convert, cell) in enumerate(zip(self._plain, row, strict=False)):
            if isinstance(cell, dict) and "m" in cell:
                if convert is not _ignore:
                    findings.append(merged_refusal(self._pointers[index] or "", cell))
                continue
            try:
                values[index] = convert(cell)
            except CellFault as fault:
                findings.append(cell_refusal(self._pointers[index] or "", fault))
                if fault.kept is not None:
                    values[index] = (fault.kept, False) if values[index] is cells.NO_ID else fault.kept
        return values, tuple(findings)


def _ignore(cell: Cell) -> None:
    """Return None: the column is not known."""


def _converter_of(column: FileColumn | None, pointer: str | None, schema: type[BaseModel]) -> Converter:
    """Return what converts the cells of a column."""
    if column is None or pointer is None:
        return _ignore
    most = longest(schema, pointer)
    if pointer == "/action":
        return cells.read_action
    if pointer == "/activity_id":
        return lambda cell: cells.read_activity_id(cell, most)
    if column.choice is Choice.TIME_IN_PRACTICE:
        return lambda cell: _read_years(cell, most)
    if column.holds is Holds.TEXT and column.choice is not None:
        return lambda cell: plain_or_none(cells.read_text(cell, most))
    if column.holds is Holds.TEXT:
        return partial(_read_text, most or sys.maxsize)
    if column.holds is Holds.ID:
        if pointer in _OWN_IDS:
            return lambda cell: cells.read_own_id(cell, most)
        return partial(_read_id, most or sys.maxsize, read_npi if pointer == "/npi" else read_license_id)
    if column.holds is Holds.LIST:
        return lambda cell: cells.read_list(cell, most)
    return _PLAIN[column.holds]


_YEARS = {(6, 10): "6-10", (10, 6): "6-10", (11, 15): "11-15"}
"""Years of practice that a spreadsheet takes for a day, by its month and day: 10 June, 6 October, 15 November."""


def _read_years(cell: Cell, most: int | None) -> str | None:
    """Return a span of years as it was typed, where a spreadsheet has made a date of it."""
    if isinstance(cell, str) or (isinstance(cell, dict) and "d" in cell):
        day = cells.read_birth_date(cell)
        if isinstance(day, MonthDay) and (day.month, day.day) in _YEARS:
            return _YEARS[day.month, day.day]
    return plain_or_none(cells.read_text(cell, most))


def _repeats(column: FileColumn | None, pointer: str | None) -> bool:
    """Whether a column says the same over and over."""
    if column is None:
        return False
    chosen = column.choice is not None and column.holds is Holds.TEXT
    return chosen or column.holds in _REPEATED or pointer == "/activity_id"


def _remember(convert: Converter, column: FileColumn | None, pointer: str | None) -> Converter:
    """Return a converter that remembers what its column repeats."""
    if not _repeats(column, pointer):
        return convert
    texts = _Memory(convert)
    if column is None or column.holds not in _DAYS:
        return texts.__getitem__
    dates = _DateMemory(convert)
    return lambda cell: dates[cell["d"], cell["f"]] if type(cell) is dict and "d" in cell else texts[cell]


def _read_text(most: int, cell: Cell) -> str | None:
    # Most cells are blank, or have letters and digits only: they need no closer look.
    if type(cell) is str:
        if cell.isalnum() and len(cell) <= most:
            return cell
        if not cell:
            return None
    return cells.read_text(cell, most)


def _read_id(most: int, normalise: Callable[[str | None], str | None], cell: Cell) -> IdCell:
    if type(cell) is str:
        if cell.isascii() and cell.isalnum() and len(cell) <= most:
            return cell, False
        if not cell:
            return cells.NO_ID
    elif (
        type(cell) is float
        and 0 <= cell < _PLAIN_NUMBER
        and cell.is_integer()
        and len(digits := str(int(cell))) <= most
    ):
        return digits, True
    text, was_number = cells.read_id(cell, most)
    return (normalise(text) if text is not None and text[:1] in "12" else text), was_number


class _Memory(dict[Any, Any]):
    """Converted cells of a column that repeats itself: each is converted once, up to `_MOST_REMEMBERED`."""

    def __init__(self, convert: Converter) -> None:
        self._convert = convert

    def __missing__(self, cell: Cell) -> Any:
        value = self._convert(cell)
        # True is the same key as 1, and no number.
        short = len(cell) <= _LONGEST if isinstance(cell, str) else cell not in (0, 1)
        if short and len(self) < _MOST_REMEMBERED:
            self[cell] = value
        return value


class _DateMemory(dict[tuple[str, str], Any]):
    """The same of date cells."""

    def __init__(self, convert: Converter) -> None:
        self._convert = convert

    def __missing__(self, key: tuple[str, str]) -> Any:
        value = self._convert({"d": key[0], "f": key[1]})
        if len(self) < _MOST_REMEMBERED and len(key[0]) + len(key[1]) <= _LONGEST:
            self[key] = value
        return value
