"""Formula injection: text cells of untyped files (CSV, tab-delimited) that a spreadsheet would run as formulas."""

from __future__ import annotations

import re

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How text begins that a spreadsheet may take for a formula."""
_GUARDED = re.compile(r"'*[=+\-@\t\r\n]")
"""Such text, and text that `escape_formula` may have made of such."""


def escape_formula(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a leading apostrophe marks it as text.

    Text that looks escaped already gets another apostrophe, so that `unescape_formula` restores every text exactly.
    Workbooks need none of this: their cells have types.
    """
    return f"'{text}" if _GUARDED.match(text) else text


def unescape_formula(cell: str) -> str:
    """Return the text that `escape_formula` was given."""
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell
