"""Formula injection: text cells of untyped files (CSV, tab-delimited) that a spreadsheet would run as formulas."""

from __future__ import annotations

import re

_BLANK = (
    r"\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
"""Blanks, controls and characters that cannot be seen: spreadsheets may drop them before they look for a formula."""
_SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207a-\u207c\u208a-\u208c\u2212\ufb29"
"""`= + - @`, also full width, small, raised and lowered: some programs take each of them for the plain one."""
FORMULA = rf"'*(?:[\t\r\n]|[{_BLANK}]*[{_SIGNS}])"
"""The beginning of text that a spreadsheet may take for a formula, and of what `escape_formula` made of such."""
_GUARDED = re.compile(FORMULA)


def may_be_formula(text: str) -> bool:
    """Return True if a spreadsheet may take a text for a formula."""
    return _GUARDED.match(text) is not None


def escape_formula(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a leading apostrophe marks it as text.

    Text that looks escaped already gets another apostrophe, so that `unescape_formula` restores every text exactly.
    Workbooks need none of this: their cells have types.
    """
    return f"'{text}" if _GUARDED.match(text) else text


def unescape_formula(cell: str) -> str:
    """Return the text that `escape_formula` was given."""
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell
