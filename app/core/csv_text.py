"""Text as cells of files that spreadsheets open."""

from __future__ import annotations

import re

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_GUARDED = re.compile(r"'*[=+\-@\t\r\n]")
"""Text that begins dangerously, and text that `safe_text` may have made of such."""


def safe_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe before it says that it is text.

    Of a workbook's cells the type says so; this is for files without types. Text that looks as if it had been made
    safe gets an apostrophe as well, so that `plain_text` gives back everything as it was.
    """
    return f"'{text}" if _GUARDED.match(text) else text


def plain_text(cell: str) -> str:
    """Return the text that `safe_text` was given."""
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell
