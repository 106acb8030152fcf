"""Rows that go back to their sender: as they were sent, with their findings or answers, and the texts of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from app.domain.batches import Cell, FileHead, Raw
from app.domain.columns import NOTES, REJECTION, VALIDATION_RESULTS
from app.files.side_sheets import SideSheets


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One finding about a row, with its place in the sender's file. It names nobody."""

    code: str
    detail: str
    hint: str = ""
    index: int | None = None
    """Column of the sender's file, from 0, where the fault is in one."""
    place: str | None = None
    """Path of the element or JSON Pointer of the member, where the file has no columns."""
    compared: tuple[int, ...] = ()
    """Columns of the sender's file whose cells were compared, where the fault is in all of them together."""
    rejects: bool = True


class AnnotatedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it was sent, with its findings."""

    number: int
    raw: Raw
    notes: tuple[Note, ...] = ()


class AnsweredRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a file of validations as it was sent, with its answer."""

    number: int
    raw: Raw
    result: str
    """As the API names it: `one`, `more_than_one`, `none`."""
    learner_id: str = ""
    """The learner's id for this provider."""
    boards: tuple[str, ...] = ()
    """Codes of the boards named in the row that know the learner."""
    what_to_do: str = ""


class LicenseeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a list of licensees as it was sent, with what was found."""

    number: int
    raw: Raw
    cells: tuple[Cell, ...]
    """The cells of our columns, in a table."""
    document: Mapping[str, Any]
    """The same for a line of JSON."""


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """Every completed activity of those in a list, as a table of its own; read anew whenever it is asked for."""

    head: FileHead
    rows: Callable[[], Iterator[AnnotatedRow]]


class ResultWriter(Protocol):
    """A module that writes one format. Every function yields the bytes of a file, some at a time."""

    def write_rejected(
        self, head: FileHead, rows: Iterable[AnnotatedRow], beside: SideSheets | None = None
    ) -> Iterator[bytes]:
        """Write rejected rows as they were sent, with what is wrong: once corrected, the file is uploaded as it is.

        `beside` is what a workbook keeps of its template; other formats have no room for it.
        """
        ...

    def write_successful(self, head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
        """Write accepted rows as they were sent, with their warnings."""
        ...

    def write_results(self, head: FileHead, rows: Iterable[AnsweredRow]) -> Iterator[bytes]:
        """Write rows of validations as they were sent, with their answers."""
        ...

    def write_transcripts(
        self, head: FileHead, rows: Iterable[LicenseeRow], columns: tuple[str, ...], details: Details
    ) -> Iterator[bytes]:
        """Write rows of licensees as they were sent, with these columns; a workbook has the details beside them."""
        ...

    def write_table(self, head: FileHead, rows: Iterable[AnnotatedRow]) -> Iterator[bytes]:
        """Write rows of our own, below the headings of `head`."""
        ...


RESULTS = {"one": "One learner was matched", "more_than_one": "More than one learner was matched"}
NO_LEARNER = "No learner was matched"


def rejection_texts(headings: tuple[str, ...], notes: tuple[Note, ...], between: str) -> tuple[str, str, str]:
    """Return the cells of `REJECTION`: what is wrong and where, what to do, codes; each text once."""
    codes: dict[str, None] = {}
    errors: dict[str, None] = {}
    hints: dict[str, None] = {}
    for note in notes if len(notes) < 2 else sorted(notes, key=lambda note: not note.rejects):
        mark = "" if note.rejects else " (warning)"
        codes[note.code + mark] = None
        errors[f"{place_prefix(headings, note)}{note.detail}{_compared(headings, note)}{mark}"] = None
        if note.hint:
            hints[note.hint] = None
    return between.join(errors), between.join(hints), (", " if between == " " else between).join(codes)


def warning_texts(headings: tuple[str, ...], notes: tuple[Note, ...], between: str) -> tuple[str]:
    """Return the cell of `NOTES`: every finding, with what to do about it."""
    lines = {f"{place_prefix(headings, note)}{note.detail} {note.hint}".rstrip(): None for note in notes}
    return (between.join(lines),)


def result_texts(row: AnsweredRow) -> tuple[str, str, str, str]:
    """Return the cells of `VALIDATION_RESULTS`."""
    return RESULTS.get(row.result, NO_LEARNER), row.learner_id, ", ".join(row.boards), row.what_to_do


def _compared(headings: tuple[str, ...], note: Note) -> str:
    names = dict.fromkeys(" ".join(headings[place].split()) for place in note.compared if place < len(headings))
    return f" Compared: {', '.join(names)}." if names else ""


def place_prefix(headings: tuple[str, ...], note: Note) -> str:
    """Return the name of the place that a note is about, to be put before its text."""
    if note.index is None:
        return f"{note.place}: " if note.place else ""
    name = " ".join(headings[note.index].split()) if note.index < len(headings) else ""
    return f"{name}: " if name else ""


REJECTED_COLUMNS, SUCCESSFUL_COLUMNS, RESULT_COLUMNS = REJECTION, (NOTES,), VALIDATION_RESULTS
"""Columns that are added to each kind of file."""
