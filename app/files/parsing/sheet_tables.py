"""A table on a sheet of a workbook, read as text: for tables that are no records of a batch.

The workbook is parsed in a child process as files of records are, and by the same rules of what a cell says.
"""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from typing import Any

from msgspec.structs import asdict

from app.core.csv_text import escape_formula
from app.domain.batches import Cell, FileFault, FileFaultCode
from app.files.parsing.limits import MEBIBYTE, Limits
from app.files.parsing.parser_client import ROOT, parser_failure, start_python

LIMITS = Limits(
    file=16 * MEBIBYTE, inflated=128 * MEBIBYTE, strings=64 * MEBIBYTE, rows=20_000, columns=100, seconds=10
)
_START = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import app
del sys.path[0]
from app.files.parsing.sheet_tables import main
main()
"""
_FIRST_ROWS = 10
"""Rows of a sheet among which the heading is looked for."""
_IN_A_MESSAGE = 500
_LAST_ROW = 1_048_576


def read_sheet_lines(chunks: Iterable[bytes], heading: str, limits: Limits) -> Iterator[str]:
    """Yield the rows of the sheet that has a heading, as lines of comma-separated text; raises `FileFault`.

    A row below the heading is the line of its number, where nothing stands above the heading. `heading` is compared by
    its letters and digits.
    """
    following = None
    for number, cells in read_sheet_rows(chunks, heading, limits):
        # The heading is the first line of a table, wherever it stands.
        yield from repeat("\r\n", number - (following or number))
        out = io.StringIO(newline="")
        csv.writer(out).writerow([escape_formula(" ".join(cell.split())) for cell in cells])
        yield out.getvalue()
        following = number + 1


def read_sheet_rows(chunks: Iterable[bytes], heading: str, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    """Yield (number, texts) of the rows of the sheet that has a heading, that row first; raises `FileFault`.

    `chunks` are the workbook's bytes. `heading` is compared by its letters and digits.
    """
    arguments = ["-c", _START, ROOT, heading, json.dumps(asdict(limits))]
    with start_python(arguments, chunks, limits) as pipes:
        while "end" not in (message := pipes.receive()):
            yield from _checked(message.get("rows"))


def _checked(rows: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a message of the child; raises `FileFault` for what is none."""
    if not isinstance(rows, list):
        raise parser_failure()
    last = 0
    for row in rows:
        if not isinstance(row, list) or len(row) != 2:
            raise parser_failure()
        number, cells = row
        if type(number) is not int or not last < number <= _LAST_ROW or not isinstance(cells, list):
            raise parser_failure()
        if not all(isinstance(cell, str) for cell in cells):
            raise parser_failure()
        last = number
        yield number, cells


def main() -> None:
    """Read one workbook, in the child. The arguments are the heading that its table has, and the limits."""
    from app.files.parsing import old_workbook, open_document, workbook
    from app.files.parsing.parser_process import bound, confine, prepare_codecs, write_messages
    from app.files.parsing.recognition import recognise
    from app.files.parsing.sources import IncomingFile

    prepare_codecs()
    heading, limits = sys.argv[1], Limits(**json.loads(sys.argv[2]))
    modules = (open_document, workbook, old_workbook)
    confine(limits)

    def work() -> Iterator[str]:
        bound(resource.RLIMIT_CPU, limits.seconds)
        source = IncomingFile(io.FileIO(0, closefd=False), limits)
        recognised = recognise(source.first, modules)
        opened = next(module for module in modules if module is recognised)
        source.hold(os.fdopen(os.memfd_create("file"), "w+b"))
        bound(resource.RLIMIT_FSIZE, 0)
        rows = _find_rows(lambda: opened.open_book(source, limits), heading, limits)
        while some := list(islice(rows, _IN_A_MESSAGE)):
            yield json.dumps({"rows": some})
        yield json.dumps({"end": True})

    write_messages(work)


def _find_rows(open_book: Any, heading: str, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    from app.files.parsing.books import damage_as_fault

    with damage_as_fault():
        book = open_book()
        for _, part in book.sheets:
            rows = book.rows(part)
            first = list(islice(rows, _FIRST_ROWS))
            start = next((n for n, (_, cells) in enumerate(first) if heading in map(_key, cells)), None)
            if start is None:
                continue
            for count, (number, cells) in enumerate(chain(first[start:], rows)):
                if count > limits.rows:
                    raise FileFault(FileFaultCode.TOO_LARGE, "The sheet has too many rows. Send it in parts.")
                yield number, _texts(cells)
            return
    raise FileFault(
        FileFaultCode.HEADING_MISSING,
        "No visible sheet of the workbook has the headings. Fill in the file as it was downloaded.",
    )


def _key(cell: Cell) -> str:
    return "".join(filter(str.isalnum, cell)).lower() if isinstance(cell, str) else ""


def _texts(cells: Sequence[Cell]) -> list[str]:
    from app.files.cells import format_number
    from app.files.parsing.merged_cells import unmerged
    from app.files.shown_numbers import seen_text

    return [
        cell
        if isinstance(cell, str)
        else ""
        if cell is None
        else seen_text(cell)
        if isinstance(cell, dict)
        else format_number(cell)
        for cell in unmerged(cells)
    ]
