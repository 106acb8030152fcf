"""Decisions that come back as a file: the table of the daily file, a workbook read as the text that CSV would have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from app.core.errors import Unreadable
from app.core.http.csv_bodies import OpenPieces, decode_lines, first_bytes, iter_rows
from app.domain.batches import FileFault
from app.files.parsing.limits import MEBIBYTE, Limits
from app.files.parsing.sheet_tables import LIMITS, read_sheet_lines
from app.schemas.decision_tables import DECISIONS
from app.services.boards.daily_workbook import XLSX

WORKBOOKS = (XLSX, "application/vnd.oasis.opendocument.spreadsheet", "application/vnd.ms-excel")
"""Media types of workbooks. Which of them one is, is found from the content."""
MOST_BYTES = 64 * MEBIBYTE
"""Of a file with decisions: a day of 200,000 events, whose rows without a decision are passed over."""
_FILE_LIMITS = Limits(
    file=MOST_BYTES, inflated=512 * MEBIBYTE, strings=128 * MEBIBYTE, rows=200_000, columns=100, seconds=60
)
_MOST_LINES = 500_000
"""Of a file of text. The rows of a day are longer than 130 bytes: no file of `MOST_BYTES` has so many."""
_BEGINNINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""The first bytes of workbooks, today's and those of old."""


def read_decisions_text(content: bytes) -> str:
    """Return the rows of the sheet with the decisions as comma-separated text; raises `Unreadable`."""
    return "".join(_read_workbook([content], LIMITS))


def read_decisions_file(open_pieces: OpenPieces, most: int) -> tuple[list[dict[str, Any]], int]:
    """Return the first `most` rows of a daily file that have a decision, and how many have one; raises `Problem`.

    Whatever the file holds, those rows are all that is kept of it.
    """
    is_workbook = first_bytes(open_pieces).startswith(_BEGINNINGS)
    lines = _read_workbook(open_pieces(), _FILE_LIMITS) if is_workbook else _bounded(decode_lines(open_pieces))
    rows = iter_rows(DECISIONS, lines)
    kept = list(islice(rows, most))
    return kept, len(kept) + sum(1 for _ in rows)


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a table; raises `Unreadable` for more than `_MOST_LINES`."""
    for number, line in enumerate(lines):
        if number == _MOST_LINES:
            raise Unreadable(f"The table has more than {_MOST_LINES:,} lines. Send it in parts.")
        yield line


def _read_workbook(chunks: Iterable[bytes], limits: Limits) -> Iterator[str]:
    try:
        yield from read_sheet_lines(chunks, "creditid", limits)
    except FileFault as fault:
        where = f" Row {fault.row}." if fault.row is not None else ""
        raise Unreadable(f"{fault.detail}{where}") from None
