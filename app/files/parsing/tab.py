"""Tab-delimited text. A cell in quotes may hold tabs or line breaks; a quote that is not closed is only a quote.

Programs that quote a cell double every quote in it. So a quote opens a cell only when another closes it before a tab or
the end of the line, with only doubled quotes between; over several lines, only when the cell has no tab: otherwise a
forgotten quote would swallow rows.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from msgspec.structs import replace

from app.core.csv_text import unescape_formula
from app.domain.batches import BatchKind, Cell, FileFault, FileFaultCode, FileFormat, FileHead
from app.files.headings import count_known
from app.files.parsing.faults import SAVE_AS, too_large
from app.files.parsing.limits import Limits
from app.files.parsing.recognition import Beginning, Parsed
from app.files.parsing.sources import IncomingFile, TextLines
from app.files.parsing.tables import RecordTable, Rows

NEEDS_SEEKING = False
_OTHER_MARKS = {r"\|": "bars", " {2,}": "spaces"}
"""Separators that programs put between cells instead of tabs, and that are not read."""
LONGEST = 50
"""Lines that a cell in quotes may have: with more, the quote was not meant to open one."""
_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"(?=\t|\Z)')
_OPEN = re.compile(r'"[^"\t]*(?:""[^"\t]*)*\Z')
"""The last cell of a line, when it may continue in the next."""
_CLOSING = re.compile(r'[^"\t]*(?:""[^"\t]*)*"(?=\t|\Z)')
_CONTINUES = re.compile(r'[^"\t]*(?:""[^"\t]*)*\Z')


def recognise(beginning: Beginning) -> bool:
    """Return True for any text: it is asked after the other readers of text."""
    beginning.check_characters()
    return True


def parse(source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
    """Return the rows below the headings; raises `FileFault`."""
    lines = TextLines(source, limits)
    head, records = read_tab(lines, kind, limits)
    return Parsed(head=head, records=records, lines=lines)


def read_tab(lines: TextLines, kind: BatchKind, limits: Limits) -> tuple[FileHead, Rows]:
    """Return the head and the records of a text; raises `FileFault`."""
    table = RecordTable(rows_of(split(iter(lines), limits.cell), limits), kind)
    if not table.fits:
        _check_tabs(table, kind)
    table.check()
    return replace(table.describe(FileFormat.TAB), encoding=lines.encoding), table.records(limits)


def _check_tabs(table: RecordTable, kind: BatchKind) -> None:
    """Raise a fault that names the separator, for a file whose cells are separated by something other than tabs."""
    for number, text in table.beginning:
        for mark, name in _OTHER_MARKS.items():
            cells = [cell.strip('"') for cell in re.split(mark, text)]
            if len(cells) > 1 and count_known(cells, kind) > max(1, table.layout.known):
                raise FileFault(
                    FileFaultCode.HEADING_MISSING,
                    f"The cells are separated by {name}, not by tabs, commas or semicolons. {SAVE_AS}",
                    row=number,
                )


def rows_of(lines: Iterator[tuple[int, str, list[str]]], limits: Limits) -> Rows:
    """Yield the rows of a text that are not blank, from their (number, text, cells)."""
    count = 0
    for number, line, cells in lines:
        while cells and not cells[-1]:
            cells.pop()
        if not cells or line.isspace():
            continue
        if len(cells) > limits.columns:
            raise too_large(f"A line has more than {limits.columns} columns.", row=number)
        if len(line) > limits.cell and max(map(len, cells)) > limits.cell:
            raise too_large(f"A cell has more than {limits.cell:,} characters.", row=number)
        count += 1
        if count > limits.rows:
            raise too_large("The file has too many lines. Split it into several files.", row=number)
        # An apostrophe before what a spreadsheet would take for a formula marks text, and is not part of it.
        row: list[Cell] = (
            [unescape_formula(cell) or None for cell in cells] if "'" in line else [x or None for x in cells]
        )
        yield number, row


def split(lines: Iterator[tuple[int, str]], longest: int) -> Iterator[tuple[int, str, list[str]]]:
    """Yield (number of its first line, text, cells) of each row; a cell has at most `longest` characters."""
    waiting: deque[tuple[int, str]] = deque()
    while True:
        taken = waiting.popleft() if waiting else next(lines, None)
        if taken is None:
            return
        number, line = taken
        if '"' not in line:
            yield number, line, line.split("\t")
            continue
        text, cells = line, _cells(line)
        while _OPEN.match(cells[-1]):
            following = continuation(cells[-1], lines, waiting, longest, _CLOSING, _CONTINUES)
            if following is None:
                break
            joined = "\n".join(following)
            text = f"{text}\n{joined}"
            last = cells.pop()
            cells += _cells(f"{last}\n{joined}")
        yield number, text, [_unquote(cell) for cell in cells]


def _cells(line: str) -> list[str]:
    """Return the cells of a line, quotes included."""
    cells, at = [], 0
    while True:
        quoted = _QUOTED.match(line, at) if line.startswith('"', at) else None
        end = quoted.end() if quoted else line.find("\t", at)
        if end < 0 or end == len(line):
            cells.append(line[at:])
            return cells
        cells.append(line[at:end])
        at = end + 1


def _unquote(cell: str) -> str:
    quoted = _QUOTED.fullmatch(cell) if cell.startswith('"') else None
    return quoted[1].replace('""', '"') if quoted else cell


def continuation(
    opened: str,
    lines: Iterator[tuple[int, str]],
    waiting: deque[tuple[int, str]],
    longest: int,
    closing: re.Pattern[str],
    continues: re.Pattern[str],
) -> list[str] | None:
    """Return the lines that continue an open cell of at most `longest` characters, up to the one that closes it.

    A line that matches `closing` closes it, one that matches neither ends the search. None when no line closes it: then
    those that were looked at go back to `waiting`.
    """
    taken: list[tuple[int, str]] = []
    size = len(opened)
    while len(taken) < LONGEST:
        following = waiting.popleft() if waiting else next(lines, None)
        if following is None:
            break
        taken.append(following)
        size += len(following[1])
        if size > longest:
            break
        if closing.match(following[1]):
            return [line for _, line in taken]
        if not continues.match(following[1]):
            break
    waiting.extendleft(reversed(taken))
    return None
