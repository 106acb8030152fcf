"""Rows as a table: the sender's columns as sent, then ours. Our columns of an earlier round are replaced.

Records of XML and JSON have no columns. As a table they are for reading only: who, what, and the record itself. In the
columns of a template they could be uploaded, but without whatever has no column there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from app.domain.batches import BatchKind, Cell, Element, FileHead, Raw
from app.domain.columns import NAME_ON_FILE, REJECTION, VALIDATION_RESULTS, Holds, columns_of
from app.domain.identity.comparison_keys import code_key
from app.files.elements import first_text, local_name, render
from app.files.headings import layout

FOR_READING = ("Record", "Learner", "Activity", "Completed", "Record as sent")
"""Columns of records that were sent without any."""


class ResultTable(msgspec.Struct, frozen=True, kw_only=True):
    """Where the cells of a row go."""

    headings: tuple[str, ...]
    """Every heading of the written file."""
    sent: tuple[int, ...]
    """The sender's columns by their place in a row as sent, in the order in which they are written."""
    places: dict[int, int]
    """Place in the written row of each of the sender's columns."""
    added: tuple[int, ...]
    """Places of our own columns, in their order."""
    extra: tuple[str, ...]
    """Our own columns by name, in the same order."""
    width: int
    """Number of the sender's headings."""
    straight: bool
    """Whether the sender's columns keep their places and ours follow them."""

    def row(self, cells: Sequence[Cell], texts: Sequence[Cell]) -> list[Cell]:
        """Return the row to write. Cells beyond the last heading come after ours, so that none is lost."""
        beyond = list(cells[self.width :])
        if self.straight:
            own = list(cells[: self.width])
            own.extend([None] * (self.width - len(own)))
            return [*own, *texts, *beyond]
        placed: list[Cell] = [None] * len(self.headings)
        for column, place in self.places.items():
            if column < len(cells):
                placed[place] = cells[column]
        for place, text in zip(self.added, texts, strict=True):
            placed[place] = text
        return placed + beyond


def lay_out(head: FileHead, extra: tuple[str, ...]) -> ResultTable:
    """Return where cells go in a file that adds these columns.

    Columns of an earlier round are replaced where the one heading occurs that nobody else uses; those not wanted this
    time are left out. A sender's own column called Notes or Result stays as it is.
    """
    headings = tuple(head.headings) if head.has_columns else FOR_READING
    keys = [code_key(heading) for heading in headings]
    of_ours = {code_key(name) for names, sign in _sets(head, extra) if code_key(sign) in keys for name in names}
    wanted = [code_key(heading) for heading in extra]
    written: list[str] = []
    places: dict[int, int] = {}
    ours: dict[str, int] = {}
    for column, (heading, key) in enumerate(zip(headings, keys, strict=True)):
        if key not in of_ours:
            places[column] = len(written)
        elif key in wanted and key not in ours:
            ours[key] = len(written)
        else:
            continue
        written.append(heading)
    for heading, key in zip(extra, wanted, strict=True):
        if key not in ours:
            ours[key] = len(written)
            written.append(heading)
    added = tuple(ours[key] for key in wanted)
    width = len(headings)
    straight = added == tuple(range(width, width + len(extra))) and len(places) == width
    return ResultTable(
        headings=tuple(written),
        sent=tuple(places),
        places=places,
        added=added,
        extra=extra,
        width=width,
        straight=straight,
    )


def _sets(head: FileHead, extra: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the sets of our columns that a file can have, with the one heading of each that no sender uses otherwise.

    Learner links in a file of completions are the sender's.
    """
    if head.has_columns:
        yield REJECTION, "Error Codes"
        if layout(head.headings, BatchKind.LEARNER_COMPLETIONS).missing:
            yield VALIDATION_RESULTS, "Learner Link"
        if NAME_ON_FILE in extra:
            yield extra, NAME_ON_FILE


def headings_holding(*holds: Holds) -> dict[str, Holds]:
    """Return the headings of columns that hold one of these, by comparison key, with what they hold; of every kind."""
    return {
        code_key(name): column.holds
        for kind in BatchKind
        for column in columns_of(kind)
        if column.holds in holds
        for name in (column.heading, *column.other_headings)
    }


def heading_row_of(head: FileHead) -> int:
    """Return the number of the row of headings in the written file."""
    return max(head.heading_row, 1)


def rows_above(head: FileHead) -> Iterator[tuple[int, list[Cell]]]:
    """Yield the rows above the headings with their numbers."""
    for row in head.above:
        if isinstance(row.raw, list) and row.number < head.heading_row:
            yield row.number, row.raw


def cells_of(raw: Raw, number: int) -> Sequence[Cell]:
    """Return a row as cells: its own, or those of `FOR_READING`."""
    if isinstance(raw, list):
        return raw
    return _cells_of_line(raw, number) if isinstance(raw, str) else _cells_of_element(raw, number)


def merged_spans(cells: Sequence[Cell]) -> Iterator[tuple[int, int]]:
    """Yield the first and last place of what is merged over several columns of a row."""
    last = len(cells)
    for place in range(len(cells) - 1, -1, -1):
        cell = cells[place]
        if not isinstance(cell, dict) or "m" not in cell:
            last = place
        elif "c" in cell:
            if last - place > 1:
                yield place, last - 1
            last = place


def _cells_of_element(element: Element, number: int) -> list[Cell]:
    names = " ".join(filter(None, (first_text(element, "GivenName"), first_text(element, "FamilyName"))))
    activity = first_text(element, "ModuleName", attribute="moduleID")
    if activity is None and local_name(element["n"]) == "MedicalEducationMetrics":
        activity = first_text(element, "title")
    return [number, names, activity, first_text(element, "CompletedDateTime"), render(element, {}).rstrip()]


def _cells_of_line(line: str, number: int) -> list[Cell]:
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        body = None
    names = " ".join(filter(None, (_text(body, "first_name", "GivenName"), _text(body, "last_name", "FamilyName"))))
    return [number, names, _text(body, "activity_id", "moduleID", "title"), _text(body, *_COMPLETED), line]


_COMPLETED = ("completed_on", "CompletedDateTime")
_DEEPEST = 8


def _text(body: Any, *names: str) -> str | None:
    """Return the first text of the first of these names that a member has, wherever it stands in an object."""
    return next((text for name in names for text in _texts_of(body, name, _DEEPEST)), None)


def _texts_of(value: Any, name: str, depth: int) -> Iterator[str]:
    if depth and isinstance(value, dict):
        if isinstance(found := value.get(name), str):
            yield found
        for inner in value.values():
            yield from _texts_of(inner, name, depth - 1)
