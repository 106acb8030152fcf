"""Rejected files of 100,000 rows: time against a library and against reading them, and memory.

Times are of the processor: nothing here waits for anything.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import xlsxwriter
from lxml import etree

from app.domain.batches import Cell, FileFormat, Head
from app.files.result_files import write_rejected
from app.files.writing.result_rows import AnnotatedRow, Note
from benchmarks.table import Row, at_most, middle

ROUNDS = 3
ROWS = 100_000
_BOARD = (
    "Certifying Board", "Certifying Board ID", "Total Board Credits", "Credit Type", "Credits Awarded for Credit Type",
    "Additional Credit Type", "Credits Awarded for Additional Credit Type",
)  # fmt: skip
HEADINGS = (
    "Record Action", "ACCME Activity ID", "Completion Date", "First Name", "Last Name", "Date of Birth",
    "Licensing State", "Licensing ID", "Number of CME Credits", *_BOARD * 3,
)  # fmt: skip
HEAD = Head(format=FileFormat.XLSX, sheet="Learners", heading_row=1, headings=HEADINGS)
NOTES = (
    Note(
        code="board-id-required",
        detail="ABIM needs the learner's board ID.",
        hint="Give the ID that the board gave the learner.",
        index=10,
    ),
)


def rows() -> Iterator[Row]:
    """Write rejected rows of thirty columns as a workbook and as text."""
    sent = list(_written(ROWS))
    book = _whole(sent, FileFormat.XLSX)
    what = f"{ROWS} rejected rows of {len(HEADINGS)} columns"
    ours = middle(_timed(lambda: _whole(sent, FileFormat.XLSX)) for _ in range(ROUNDS))
    yield at_most(f"{what}, xlsx", "the same by xlsxwriter", ours, _timed(lambda: _by_library(sent)), 0.5, "s")
    reading = middle(_timed(lambda: _read(book)) for _ in range(ROUNDS))
    yield at_most(f"{what}, xlsx", "inflating and parsing it, no more", ours, reading, 6, "s")
    text = middle(_timed(lambda: _whole(sent, FileFormat.TAB)) for _ in range(ROUNDS))
    bare = middle(_timed(lambda: _by_csv(sent)) for _ in range(ROUNDS))
    yield at_most(f"{what}, tab", "the cells alone by csv", text, bare, 6, "s")
    for format in (FileFormat.XLSX, FileFormat.TAB):
        few, many = _peak(format, ROWS // 10), _peak(format, ROWS)
        yield at_most(
            f"peak memory of {ROWS} rejected rows, {format}", f"the same of {ROWS // 10}", many, few, 1.2, "MB"
        )


def _written(count: int) -> Iterator[AnnotatedRow]:
    for number in range(count):
        board: list[Cell] = ["ABIM", f"{number:06d}", 2.25, "Medical Knowledge", 2.25, "Patient Safety", 2.25]
        cells: list[Cell] = [
            "Add", "201759558", {"d": "2021-02-14", "f": "m/d/yyyy"}, f"First{number}", f"Last{number * 7 % 9_973}",
            "03/17", "Tennessee", f"{number:07d}", 2.25, *board * 3,
        ]  # fmt: skip
        yield AnnotatedRow(number=number + 2, raw=cells, notes=NOTES)


def _whole(sent: Sequence[AnnotatedRow], format: FileFormat) -> bytes:
    return b"".join(write_rejected(HEAD, sent, format))


def _by_library(sent: Sequence[AnnotatedRow]) -> None:
    """Write the same cells and texts by xlsxwriter as it is quickest, without colours and comments."""
    book = xlsxwriter.Workbook(io.BytesIO(), {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    day = book.add_format({"num_format": "m/d/yyyy"})
    texts = NOTES[0].code, NOTES[0].detail, NOTES[0].hint
    for number, row in enumerate(sent):
        for place, cell in enumerate([*row.raw, *texts]):
            if isinstance(cell, str):
                sheet.write_string(number, place, cell)
            elif isinstance(cell, dict):
                sheet.write_datetime(number, place, datetime.fromisoformat(cell["d"]), day)
            else:
                sheet.write_number(number, place, cell)
    book.close()


def _by_csv(sent: Sequence[AnnotatedRow]) -> None:
    lines = csv.writer(io.StringIO(), dialect="excel-tab")
    lines.writerows(row.raw for row in sent if isinstance(row.raw, list))


def _read(book: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(book)) as archive, archive.open("xl/worksheets/sheet1.xml") as sheet:
        for _, row in etree.iterparse(sheet, tag="{*}row"):
            row.clear()
            while row.getprevious() is not None:
                del row.getparent()[0]


def _timed(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _peak(format: FileFormat, count: int) -> float:
    """Return the megabytes that a process of its own has at most, the rows made while they are written."""
    command = [sys.executable, "-m", "benchmarks.writing", format, str(count)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Write so many rows in a format, keep nothing, and print the peak in megabytes."""
    format, count = FileFormat(sys.argv[1]), int(sys.argv[2])
    for _ in write_rejected(HEAD, islice(_written(count), count), format):
        pass
    # What the system tells of a process's resources includes its parent's; this does not.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)


if __name__ == "__main__":
    main()
