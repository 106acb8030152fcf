"""Files as senders write them: rows by their headings, as a workbook, tab-delimited text or lines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import openpyxl

from tests.builders.headings import ONE_BOARD

ROW: dict[str, Any] = {
    "Record Action": "Add",
    "ACCME Activity ID": "201759558",
    "Completion Date": "12/12/2021",
    "First Name": "Rebecca",
    "Last Name": "Test",
    "Date of Birth": "02/01",
    "Licensing State": "Tennessee",
    "Licensing ID": "444444",
    "Number of CME Credits": 2,
}
"""Rebecca Test's two hours of Grand Rounds."""
JOHN: dict[str, Any] = {
    "Record Action": "Add",
    "ACCME Activity ID": "200912095",
    "Completion Date": date(2021, 2, 15),
    "First Name": "John",
    "Last Name": "Smith",
    "Date of Birth": "03/17",
    "Licensing State": "Tennessee",
    "Licensing ID": "12345",
    "Number of CME Credits": 2.25,
    "Certifying Board": "ABIM",
    "Certifying Board ID": "999999",
    "Total Board Credits": 2.25,
    "Credit Type": "Medical Knowledge",
    "Credits Awarded for Credit Type": 2.25,
    "Additional Credit Type": "Patient Safety",
    "Credits Awarded for Additional Credit Type": 2.25,
}
"""The template's sample row, a day later."""


def row(**fields: Any) -> dict[str, Any]:
    """Return Rebecca's row with other cells, named by their headings with underscores."""
    return ROW | {name.replace("_", " "): value for name, value in fields.items()}


def workbook(
    rows: Iterable[Mapping[str, Any]], headings: Sequence[str] = ONE_BOARD, guidance: str = "Guidance"
) -> bytes:
    """Return a workbook with a guidance row, headings in row 2, and rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Learners"
    sheet.append([guidance])
    sheet.append(list(headings))
    for row in rows:
        sheet.append([row.get(name) for name in headings])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def tab_text(rows: Iterable[Mapping[str, Any]], headings: Sequence[str] = ONE_BOARD) -> bytes:
    """Return tab-delimited text with the headings in its first row."""
    lines = [headings, *([_written(row.get(name)) for name in headings] for row in rows)]
    return "\r\n".join("\t".join(line) for line in lines).encode()


def _written(value: Any) -> str:
    if isinstance(value, date):
        return f"{value:%m/%d/%Y}"
    return "" if value is None else str(value)


def lines(bodies: Iterable[Any]) -> bytes:
    """Return NDJSON."""
    return b"".join(json.dumps(body).encode() + b"\n" for body in bodies)
