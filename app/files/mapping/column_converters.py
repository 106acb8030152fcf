"""Readers of a file's columns, made once a file: what a row costs is one call a cell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel

from app.domain.batches import Cell
from app.domain.columns import Column, Holds
from app.domain.findings import Finding
from app.files import cells
from app.files.cells import Misread, Number
from app.files.headings import Layout
from app.files.mapping.locations import misreading
from app.schemas.bounds import longest

Reader = Callable[[Cell], Any]
_MOST_REMEMBERED = 4_096
"""Of a column: more different dates, amounts or names of states and boards than this are read one by one."""
_LONGEST = 64
"""Longer texts are not remembered: they are no dates and no amounts."""
_DAYS = frozenset({Holds.DATE, Holds.MONTH_DAY})
_REPEATED = _DAYS | {Holds.AMOUNT, Holds.WHOLE, Holds.YES_NO}
_PLAIN: Mapping[Holds, Reader] = {
    Holds.DATE: cells.read_day,
    Holds.MONTH_DAY: cells.read_birth_date,
    Holds.AMOUNT: cells.read_amount,
    Holds.WHOLE: cells.read_whole,
    Holds.YES_NO: cells.read_yes_no,
}


class ColumnReaders:
    """Reads the cells of rows, each as its column says."""

    def __init__(self, layout: Layout, schema: type[BaseModel]) -> None:
        self._pointers = [layout.pointers.get(index) for index in range(len(layout.columns))]
        known = list(zip(layout.columns, self._pointers, strict=True))
        self._plain = [_read_by(*each, schema) for each in known]
        self._readers = [_remembering(read, *each) for read, each in zip(self._plain, known, strict=True)]
        self._blank: list[Any] = [
            cells.NO_NUMBER if column is not None and column.holds is Holds.ID else None for column in layout.columns
        ]
        self.nothing = len(self._blank)
        """The place of a text that no column holds, in every row that was read."""
        self.no_number = self.nothing + 1
        """The place of an id that no column holds."""
        self._blank += [None, cells.NO_NUMBER]
        self._indexes = {pointer: index for index, pointer in enumerate(self._pointers) if pointer is not None}

    def at(self, pointer: str) -> int:
        """Return the place of a value in rows that were read; one without a column is blank there."""
        return self._indexes.get(pointer, self.nothing)

    def id_at(self, pointer: str) -> int:
        """Return the place of an id in rows that were read; one without a column is blank there."""
        return self._indexes.get(pointer, self.no_number)

    def has(self, pointer: str) -> bool:
        """Tell whether the file has a column for something."""
        return pointer in self._indexes

    def read(self, row: Sequence[Cell]) -> tuple[list[Any], tuple[Finding, ...]]:
        """Return what a row's cells mean, by column, and what is to be said of those that cannot be meant."""
        try:
            values = [read(cell) for read, cell in zip(self._readers, row, strict=False)]
        except (Misread, TypeError):
            # A date cell where none belongs is no key of what is remembered; nothing is remembered on the other way.
            return self._read_one_by_one(row)
        values += self._blank[len(values) :]
        return values, ()

    def _read_one_by_one(self, row: Sequence[Cell]) -> tuple[list[Any], tuple[Finding, ...]]:
        values, findings = list(self._blank), []
        for index, (read, cell) in enumerate(zip(self._plain, row, strict=False)):
            try:
                values[index] = read(cell)
            except Misread as misread:
                findings.append(misreading(self._pointers[index] or "", misread))
                if misread.kept is not None:
                    values[index] = (misread.kept, False) if values[index] is cells.NO_NUMBER else misread.kept
        return values, tuple(findings)


def _ignored(cell: Cell) -> None:
    """Read nothing: the column is not known."""


def _read_by(column: Column | None, pointer: str | None, schema: type[BaseModel]) -> Reader:
    """Return what reads the cells of a column."""
    if column is None or pointer is None:
        return _ignored
    most = longest(schema, pointer)
    if pointer == "/action":
        return cells.read_action
    if pointer == "/activity_id":
        return lambda cell: cells.read_activity_id(cell, most)
    if column.holds is Holds.TEXT:
        return partial(_text, most or sys.maxsize)
    if column.holds is Holds.ID:
        return partial(_id, most or sys.maxsize)
    if column.holds is Holds.LIST:
        return lambda cell: cells.read_list(cell, most)
    return _PLAIN[column.holds]


def _repeats(column: Column | None, pointer: str | None) -> bool:
    """Tell whether a column says the same over and over."""
    if column is None:
        return False
    chosen = column.choice is not None and column.holds is Holds.TEXT
    return chosen or column.holds in _REPEATED or pointer == "/activity_id"


def _remembering(read: Reader, column: Column | None, pointer: str | None) -> Reader:
    """Return the same, remembering what a column repeats."""
    if not _repeats(column, pointer):
        return read
    texts = _Remembered(read)
    if column is None or column.holds not in _DAYS:
        return texts.__getitem__
    dates = _RememberedDates(read)
    return lambda cell: dates[cell["d"], cell["f"]] if type(cell) is dict else texts[cell]


def _text(most: int, cell: Cell) -> str | None:
    # What is blank or has letters and digits only needs no closer look; most cells are so.
    if type(cell) is str:
        if cell.isalnum() and len(cell) <= most:
            return cell
        if not cell:
            return None
    return cells.read_text(cell, most)


def _id(most: int, cell: Cell) -> Number:
    if type(cell) is str:
        if cell.isalnum() and len(cell) <= most:
            return cell, False
        if not cell:
            return cells.NO_NUMBER
    return cells.read_id(cell, most)


class _Remembered(dict[Any, Any]):
    """What cells of a column mean, each read once; as many as a column that repeats itself has."""

    def __init__(self, read: Reader) -> None:
        self._read = read

    def __missing__(self, cell: Cell) -> Any:
        value = self._read(cell)
        # True is the same key as 1, and no number.
        short = len(cell) <= _LONGEST if isinstance(cell, str) else cell not in (0, 1)
        if short and len(self) < _MOST_REMEMBERED:
            self[cell] = value
        return value


class _RememberedDates(dict[tuple[str, str], Any]):
    """The same of date cells."""

    def __init__(self, read: Reader) -> None:
        self._read = read

    def __missing__(self, key: tuple[str, str]) -> Any:
        value = self._read({"d": key[0], "f": key[1]})
        if len(self) < _MOST_REMEMBERED and len(key[0]) + len(key[1]) <= _LONGEST:
            self[key] = value
        return value
