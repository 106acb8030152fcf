"""Text as cells of files that spreadsheets open."""

from __future__ import annotations

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe before it says that it is text.

    Of a workbook's cells the type says so; this is for files without types.
    """
    return f"'{text}" if text.startswith(DANGEROUS) else text


def plain_text(cell: str) -> str:
    """Return the text that `safe_text` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(DANGEROUS) else cell
