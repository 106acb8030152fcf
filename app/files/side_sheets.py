"""What a template has beside its rows: sheets to read, lists for drop-downs, and checks that make cells yellow."""

from __future__ import annotations

import msgspec

from app.domain.batches import Cell


class SideColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of texts, from the first row on."""

    place: int
    """From 0."""
    texts: tuple[str, ...]
    width: int = 12


class SideSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet beside the rows."""

    name: str
    columns: tuple[SideColumn, ...]
    titles: frozenset[int] = frozenset()
    """Rows in bold letters, from 0."""
    frozen: bool = False
    """Whether the first row stays in sight."""
    hidden: bool = False
    wraps: bool = False
    """Whether long texts go over several lines."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """The drop-down of a column."""

    place: int
    range_name: str
    heading: str
    closed: bool
    """Whether the program warns of anything that is not offered."""


class SideSheets(msgspec.Struct, frozen=True, kw_only=True):
    """All of it for one sheet of rows."""

    sheets: tuple[SideSheet, ...]
    names: tuple[tuple[str, str], ...]
    """Named ranges: the name, and what it stands for, as `Lists!$A$1:$A$9`."""
    offers: tuple[Offer, ...]
    checks: tuple[tuple[int, str], ...]
    """Columns, from 0, with a formula for the first row of records, true where a cell is wrong or missing."""
    most_rows: int
    """Rows that have drop-downs and are checked."""


OFFER_ERROR = "Not an accepted value. The Reference sheet lists them."


LONG_TEXTS = 95
"""Characters in a line of a column of long texts."""


def lines_of(text: Cell, width: int = LONG_TEXTS) -> int:
    """Return how many lines a text of ours takes in a column: not all spreadsheet programs measure it themselves."""
    return sum(len(line) // width + 1 for line in str(text or "").split("\n"))
