"""Tab-delimited text. A cell in quotes may hold tabs and line breaks; a quote that nobody closes is only a quote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from app.domain.batches import BatchKind, Cell, FileFault, FileFaultCode, FileFormat, Head
from app.formats.limits import Limits
from app.formats.sources import text_of, unreadable
from app.formats.tables import Rows, Table

_LONGEST_CELL = 50
"""Lines that a cell in quotes may have: with more, its quote was never meant to open one."""


def read_tab(file: BinaryIO, kind: BatchKind, encoding: str, limits: Limits) -> tuple[Head, Rows]:
    """Return the head and the records of a text; raises `FileFault`."""
    table = Table(_rows(file, encoding, limits), kind)
    if not table.fits:
        raise table.fault()
    head = Head(
        format=FileFormat.TAB,
        above=table.above,
        heading_row=table.heading_row,
        headings=table.headings,
        encoding=encoding,
    )
    return head, table.records()


def _rows(file: BinaryIO, encoding: str, limits: Limits) -> Rows:
    for number, cells in _split(lines_of(file, encoding, limits)):
        if len(cells) > limits.columns:
            detail = f"A line has more than {limits.columns} columns."
            raise FileFault(FileFaultCode.TOO_LARGE, detail, row=number)
        if number > limits.rows:
            raise FileFault(FileFaultCode.TOO_LARGE, "The file has too many lines. Split it into several files.")
        while cells and not cells[-1]:
            cells.pop()
        if any(cell and not cell.isspace() for cell in cells):
            row: list[Cell] = [cell or None for cell in cells]
            yield number, row


def lines_of(file: BinaryIO, encoding: str, limits: Limits) -> Iterator[tuple[int, str]]:
    """Yield numbered lines without their ends."""
    text = text_of(file, encoding)
    number = 0
    try:
        while line := text.readline(limits.line):
            number += 1
            if len(line) >= limits.line:
                raise FileFault(FileFaultCode.TOO_LARGE, "A line is too long.", row=number)
            if "\x00" in line:
                raise unreadable("A line has a character that no text has (NUL). Save the file again.", row=number)
            yield number, line.removesuffix("\n")
    except UnicodeError:
        raise unreadable("A line cannot be decoded. Save the file as UTF-8 text.", row=number + 1) from None


def _split(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each record with the number of its first line."""
    waiting: list[tuple[int, str]] = []
    while True:
        taken = waiting.pop(0) if waiting else next(lines, None)
        if taken is None:
            return
        number, line = taken
        cells = line.split("\t")
        if '"' not in line:
            yield number, cells
            continue
        yield number, _unquoted(line, lines, waiting)


def _unquoted(line: str, lines: Iterator[tuple[int, str]], waiting: list[tuple[int, str]]) -> list[str]:
    """Return the cells of a line with quotes, joined with the lines that follow where one is open at its end."""
    cells, at = [], 0
    while True:
        if line.startswith('"', at):
            closed = _closing(line, at)
            joined = line
            taken: list[tuple[int, str]] = []
            while closed is None and len(taken) < _LONGEST_CELL:
                following = waiting.pop(0) if waiting else next(lines, None)
                if following is None:
                    break
                taken.append(following)
                joined = f"{joined}\n{following[1]}"
                closed = _closing(joined, at)
            if closed is None:
                # Nobody closes it: the lines that were looked at are lines of their own.
                waiting[:0] = taken
            else:
                line = joined
                cells.append(line[at + 1 : closed].replace('""', '"'))
                if closed + 1 == len(line):
                    return cells
                at = closed + 2
                continue
        end = line.find("\t", at)
        cells.append(line[at:] if end < 0 else line[at:end])
        if end < 0:
            return cells
        at = end + 1


def _closing(line: str, opening: int) -> int | None:
    """Return where a cell that opens with a quote is closed: by one that a tab or the end follows."""
    at = opening + 1
    while (at := line.find('"', at)) >= 0:
        if line.startswith('"', at + 1):
            at += 2
        elif at + 1 == len(line) or line[at + 1] == "\t":
            return at
        else:
            at += 1
    return None
