"""Text whose cells are separated by commas or semicolons, as spreadsheets save `.csv`. It counts as tab-delimited.

Quotes are read as in tab-delimited text: one opens a cell only where another closes it before a separator or the end of
a line. Here a cell in quotes may have separators and line breaks at once, and so a forgotten quote could swallow a row:
a file in which a cell would hold a whole row, or makes its row longer than all others, is refused.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import msgspec
from msgspec.structs import replace

from app.domain.batches import BatchKind, FileFormat
from app.files.headings import count_known
from app.files.parsing.faults import unreadable
from app.files.parsing.limits import Limits
from app.files.parsing.recognition import Beginning, Parsed
from app.files.parsing.sources import IncomingFile, TextLines
from app.files.parsing.tab import continuation, rows_of
from app.files.parsing.tables import RecordTable

NEEDS_SEEKING = False
_SEPARATORS = (",", ";")
_NAMED = re.compile(r'\A"?sep=([,;\t])"?[,;]*\Z', re.IGNORECASE)
"""The line in which Excel names the separator, before the headings."""
_KNOWN = 2
"""Known headings that a line must have to be one of headings: a sentence has one."""
_LINES_LOOKED_AT = 30
"""Lines among which the headings are looked for: blank ones and those of one cell count."""
_FEW = 4
"""Cells of a row that may be a sentence: a cell that holds fewer separators holds no row."""
_SWALLOWED = (
    "A quotation mark opens a cell that would hold another row, or part of one. Close it, or write it twice within "
    "quotation marks."
)


class _Marks(msgspec.Struct, frozen=True):
    """Where cells begin and end, for one separator."""

    separator: str
    quoted: re.Pattern[str]
    opened: re.Pattern[str]
    """The last cell of a line, when it may continue in the next."""
    closing: re.Pattern[str]

    def cells(self, line: str, *, may_stay_open: bool = True) -> list[str]:
        """Return the cells of a line, quotes included; the rest of a line is one cell where a quote stays open."""
        cells, at = [], 0
        while True:
            quoted = self.quoted.match(line, at)
            if quoted is not None:
                end = quoted.end()
            elif may_stay_open and self.opened.match(line, at):
                end = len(line)
            else:
                end = line.find(self.separator, at)
            if end < 0 or end == len(line):
                cells.append(line[at:])
                return cells
            cells.append(line[at:end])
            at = end + 1

    def unquote(self, cell: str) -> str:
        """Return what a cell holds."""
        quoted = self.quoted.fullmatch(cell)
        return quoted[1].replace('""', '"') if quoted is not None else cell


_CONTINUES = re.compile(r'[^"]*(?:""[^"]*)*\Z')


@lru_cache(maxsize=4)
def _marks(separator: str) -> _Marks:
    return _Marks(
        separator,
        re.compile(rf' *"([^"]*(?:""[^"]*)*)" *(?={separator}|\Z)'),
        re.compile(r' *"[^"]*(?:""[^"]*)*\Z'),
        re.compile(rf'[^"]*(?:""[^"]*)*" *(?={separator}|\Z)'),
    )


def recognise(beginning: Beginning) -> bool:
    """Return True for text with headings between commas or semicolons, rather than between tabs."""
    # Nothing is said about what is not text: the reader of tab-delimited text, which is asked next, does so.
    return _separator_of(beginning.text) != "\t"


def _separator_of(text: str) -> str:
    """Return the separator by which a line has most headings, or that a line names; a tab where there is none."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    named = _NAMED.match(lines[0].strip())
    if named is not None:
        return named[1]
    full = [line for line in lines if line.strip()]
    best, most = "\t", max(_most_known(full, "\t"), _KNOWN - 1)
    for separator in _SEPARATORS:
        known = _most_known(full, separator)
        if known > most:
            best, most = separator, known
    return best


def _most_known(lines: list[str], separator: str) -> int:
    """Return how many known headings a line has at most, of any kind of records."""
    rows = [line.split("\t") for line in lines] if separator == "\t" else _rows_of_cells(lines, separator)
    return max((count_known(cells, kind) for cells in rows for kind in BatchKind), default=0)


def _rows_of_cells(lines: list[str], separator: str) -> list[list[str]]:
    marks = _marks(separator)
    return [[marks.unquote(cell) for cell in marks.cells(line, may_stay_open=False)] for line in lines]


def parse(source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
    """Return the rows below the headings; raises `FileFault`."""
    separator = _separator_of(Beginning(source.first).text)
    lines = TextLines(source, limits)
    table = RecordTable(rows_of(split(_without_name(iter(lines)), separator, limits.cell), limits), kind).check()
    head = replace(table.describe(FileFormat.TAB), encoding=lines.encoding, separator=separator)
    return Parsed(head=head, records=table.records(limits), lines=lines)


def _without_name(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield lines without the first where it names the separator."""
    for number, line in islice(lines, 1):
        if not _NAMED.match(line.lstrip("\ufeff").strip()):
            yield number, line
    yield from lines


def split(lines: Iterator[tuple[int, str]], separator: str, longest: int) -> Iterator[tuple[int, str, list[str]]]:
    """Yield (number of its first line, text, cells) of each row; a cell has at most `longest` characters.

    Raises `FileFault` where a quote would swallow a row.
    """
    marks = _marks(separator)
    waiting: deque[tuple[int, str]] = deque()
    widest = 0
    while True:
        taken = waiting.popleft() if waiting else next(lines, None)
        if taken is None:
            return
        number, line = taken
        if '"' not in line:
            cells = line.split(separator)
        else:
            text, cells = line, marks.cells(line)
            while marks.opened.match(cells[-1]):
                joined = continuation(cells[-1], lines, waiting, longest, marks.closing, _CONTINUES)
                if joined is None:
                    cells[-1:] = marks.cells(cells[-1], may_stay_open=False)
                    break
                _check_swallowed(marks, joined, widest, number)
                last = cells.pop()
                cells += marks.cells(f"{last}\n" + "\n".join(joined))
                text = "\n".join((text, *joined))
            if text is not line and 0 < widest < len(cells) and 2 * text.count(separator) > 3 * widest:
                # Nearly as many cells as two rows have, and more than any row had before.
                raise unreadable(_SWALLOWED, row=number)
            line, cells = text, [marks.unquote(cell) for cell in cells]
        widest = max(widest, len(cells))
        yield number, line, cells


def _check_swallowed(marks: _Marks, joined: list[str], widest: int, number: int) -> None:
    closed = marks.closing.match(joined[-1])
    within = [*joined[:-1], joined[-1][: closed.end()] if closed is not None else ""]
    if widest > _FEW and any(line.count(marks.separator) + 1 >= widest for line in within):
        raise unreadable(_SWALLOWED, row=number)
