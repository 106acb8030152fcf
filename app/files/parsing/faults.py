"""Faults that every reader of files tells. Their sentences never hold what a file holds."""

from __future__ import annotations

from app.domain.batches import FileFault, FileFaultCode

SAVE_AGAIN = "Open it, save it again as .xlsx, and upload that."
DAMAGED = f"The workbook is damaged. {SAVE_AGAIN}"
SAVE_AS = "Save it as .xlsx or as tab-delimited text, and upload that."


def unreadable(detail: str, *, row: int | None = None) -> FileFault:
    """Return the fault of a file that is damaged, encrypted, or none of the formats."""
    return FileFault(FileFaultCode.UNREADABLE, detail, row=row)


def too_large(detail: str, *, row: int | None = None, column: str | None = None) -> FileFault:
    """Return the fault of a file that asks for more than is taken."""
    return FileFault(FileFaultCode.TOO_LARGE, detail, row=row, column=column)


def too_deep(number: int | None = None) -> FileFault:
    """Return the fault of elements that are nested too deeply."""
    return FileFault(FileFaultCode.TOO_DEEP, "Its elements are nested too deeply.", row=number)
