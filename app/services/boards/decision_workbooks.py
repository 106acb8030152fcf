"""Decisions that come back as a workbook: the table of the daily file, read as the text that CSV would have."""

from __future__ import annotations

from app.core.errors import Unreadable
from app.domain.batches import FileFault
from app.files.parsing.sheet_tables import read_sheet_text
from app.services.boards.daily_workbook import XLSX

WORKBOOKS = (XLSX, "application/vnd.oasis.opendocument.spreadsheet", "application/vnd.ms-excel")
"""Media types of workbooks. Which of them one is, is found from the content."""


def read_decisions_text(content: bytes) -> str:
    """Return the rows of the sheet with the decisions as comma-separated text; raises `Unreadable`."""
    try:
        return read_sheet_text(content, "creditid")
    except FileFault as fault:
        where = f" Row {fault.row}." if fault.row is not None else ""
        raise Unreadable(f"{fault.detail}{where}") from None
