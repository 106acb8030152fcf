"""Exported tables as CSV (RFC 4180), in UTF-8 with a byte order mark, so that spreadsheets read its accents."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Sequence

from app.core.csv_text import escape_formula
from app.domain.exports import ExportColumn

_HARMLESS = frozenset((*string.ascii_letters, *string.digits, ""))
"""First characters of text that no spreadsheet takes for a formula."""
Cells = Sequence[str]
"""Texts, one for each column; an empty one where there is nothing."""


def _escaped(row: Cells, place: int) -> Cells:
    return [*row[:place], escape_formula(row[place]), *row[place + 1 :]]


def _quoted(row: Cells) -> str:
    """Return a line in which what needs quotes has them: the slow way, for few."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow(row)
    return out.getvalue()


class CsvExport:
    """Writes one table: what each of its functions returns comes after what was returned before."""

    def __init__(self, columns: Sequence[ExportColumn]) -> None:
        self._columns = columns
        self._any_text = [place for place, column in enumerate(columns) if column.written_by_people]

    def begin(self) -> bytes:
        """Return the mark and the headings."""
        return b"\xef\xbb\xbf" + _quoted([column.heading for column in self._columns]).encode()

    def add(self, rows: Sequence[Cells]) -> bytes:
        """Return rows; text that a spreadsheet may take for a formula has an apostrophe before it."""
        for place in self._any_text:
            if not {row[place][:1] for row in rows} <= _HARMLESS:
                rows = [_escaped(row, place) for row in rows]
        between = len(self._columns) - 1
        lines = [",".join(row) for row in rows]
        return "".join(
            [
                f"{line}\r\n"
                if line.count(",") == between and '"' not in line and "\n" not in line and "\r" not in line
                else _quoted(row)
                for line, row in zip(lines, rows, strict=True)
            ]
        ).encode()

    def end(self) -> bytes:
        """Return nothing: a table ends with its last row."""
        return b""
