"""Tab-delimited text. A cell in quotes may hold tabs or line breaks; a quote that is not closed is only a quote.

Programs that quote double every quote within. So a cell opens with a quote only when it is closed by one that a tab or
the end of the line follows, with none but doubled ones between; with line breaks, when no tab stands in it, since it is
a row that a forgotten quote would swallow otherwise.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from app.core.csv_text import unescape_formula
from app.domain.batches import BatchKind, Cell, FileFault, FileFaultCode, FileFormat, Head
from app.files.headings import known_headings
from app.files.parsing.limits import Limits
from app.files.parsing.sources import SAVE_AS, Lines, too_large
from app.files.parsing.tables import Rows, Table

_OTHER_MARKS = {",": "commas", ";": "semicolons", r"\|": "bars", " {2,}": "spaces"}
"""What programs put between cells instead of tabs."""
_LONGEST = 50
"""Lines that a cell in quotes may have: with more, its quote was never meant to open one."""
_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"(?=\t|\Z)')
_OPEN = re.compile(r'"[^"\t]*(?:""[^"\t]*)*\Z')
"""The last cell of a line, when it may go on in the next."""
_CLOSING = re.compile(r'[^"\t]*(?:""[^"\t]*)*"(?=\t|\Z)')
_GOES_ON = re.compile(r'[^"\t]*(?:""[^"\t]*)*\Z')


def read_tab(lines: Lines, kind: BatchKind, limits: Limits) -> tuple[Head, Rows]:
    """Return the head and the records of a text; raises `FileFault`."""
    table = Table(_rows(lines, limits), kind)
    if not table.fits:
        _check_tabs(table, kind)
    table.checked()
    head = Head(
        format=FileFormat.TAB,
        above=table.above,
        heading_row=table.heading_row,
        headings=table.headings,
        encoding=lines.encoding,
    )
    return head, table.records(limits)


def _check_tabs(table: Table, kind: BatchKind) -> None:
    """Tell a file whose cells are parted by something else what it is, rather than which headings it lacks."""
    for number, text in table.beginning:
        for mark, name in _OTHER_MARKS.items():
            cells = [cell.strip('"') for cell in re.split(mark, text)]
            if len(cells) > 1 and known_headings(cells, kind) > max(1, table.layout.known):
                raise FileFault(
                    FileFaultCode.HEADING_MISSING,
                    f"The cells are parted by {name}, not by tabs. {SAVE_AS}",
                    row=number,
                )


def _rows(lines: Lines, limits: Limits) -> Rows:
    count = 0
    for number, line, cells in split(iter(lines), limits.cell):
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
        # An apostrophe before what a spreadsheet would take for a formula says that it is text; it is none of it.
        row: list[Cell] = (
            [unescape_formula(cell) or None for cell in cells] if "'" in line else [x or None for x in cells]
        )
        yield number, row


def split(lines: Iterator[tuple[int, str]], longest: int) -> Iterator[tuple[int, str, list[str]]]:
    """Yield (number of its first line, text, cells) of each row; `longest` is how many characters a cell may have."""
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
            joined = _joined(cells[-1], lines, waiting, longest)
            if joined is None:
                break
            text = f"{text}\n{joined}"
            last = cells.pop()
            cells += _cells(f"{last}\n{joined}")
        yield number, text, [_meant(cell) for cell in cells]


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


def _meant(cell: str) -> str:
    quoted = _QUOTED.fullmatch(cell) if cell.startswith('"') else None
    return quoted[1].replace('""', '"') if quoted else cell


def _joined(opened: str, lines: Iterator[tuple[int, str]], waiting: deque[tuple[int, str]], longest: int) -> str | None:
    """Return the lines with which an open cell goes on up to the one that closes it; None when none does.

    What was looked at in vain waits to be lines of their own.
    """
    taken: list[tuple[int, str]] = []
    size = len(opened)
    while len(taken) < _LONGEST:
        following = waiting.popleft() if waiting else next(lines, None)
        if following is None:
            break
        taken.append(following)
        size += len(following[1])
        if size > longest:
            break
        if _CLOSING.match(following[1]):
            return "\n".join(line for _, line in taken)
        if not _GOES_ON.match(following[1]):
            break
    waiting.extendleft(reversed(taken))
    return None
