"""Cells of a sheet as they are written: texts, dates as serial numbers, the names of columns."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from app.files.workbook_parts import column_name, escape_cell

MOST_CHARACTERS = 32_767
"""Characters of a cell, counted as UTF-16 units."""
_EPOCH = date(1899, 12, 30)


def text_cell(text: str, style: int) -> str:
    """Return what follows the name of a cell of text."""
    if len(text) > MOST_CHARACTERS // 2:
        text = _cut(text)
    kept = ' xml:space="preserve"' if text[0].isspace() or text[-1].isspace() else ""
    return f' s="{style}" t="inlineStr"><is><t{kept}>{escape_cell(text)}</t></is></c>'


def _cut(text: str) -> str:
    """Return as much of a text as a cell can hold; a workbook with more is damaged."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * MOST_CHARACTERS:
        return text
    return units[: 2 * MOST_CHARACTERS].decode("utf-16-le", "ignore")


@lru_cache(maxsize=4_096)
@lru_cache(maxsize=8)
def names_of(count: int) -> tuple[str, ...]:
    """Return the letters of the first columns."""
    return tuple(map(column_name, range(count)))


@lru_cache(maxsize=4_096)
def serial_of(written: str) -> str | None:
    """Return a date as the serial number of a cell, counted from 1900-01-01, which is 1; None for an earlier one.

    1900-02-29, which never was, has a number; earlier days have one less than the calendar says.
    """
    if written == "1900-02-29":
        return "60"
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    days = (moment.date() - _EPOCH).days
    if days <= 60:
        days -= 1
    if days < 0:
        return None
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    return repr(days + seconds / 86_400) if seconds else str(days)
