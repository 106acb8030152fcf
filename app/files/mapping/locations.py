"""A record as it was read from a file, and where in the file each part of it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec

from app.domain.batches import BatchKind
from app.domain.columns import columns_of
from app.domain.findings import Finding, Severity
from app.domain.reports import MOST_BOARDS, MOST_STATES, MOST_TYPES, CompletionReport, EntryMethod
from app.domain.validations import ValidationRequest
from app.files.cells import Misread
from app.files.headings import Layout

Moved: TypeAlias = tuple[tuple[str, str], ...]
"""Beginnings of pointers, each with what stands for it in the file."""
_NUMBER = re.compile(r"(?<=/)(\d+|\{\w+\})(?=/|\Z)")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a file something stands."""

    column: str | None = None
    """The column's heading as it was sent, or the path of an element; None for a record as a whole."""
    index: int | None = None
    """The column's place, from 0; of files without columns None."""


NOWHERE = Place()


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a record beside what it says."""

    number: int
    """Row of the sheet or line of the text, from 1; of XML the place of its element, from 1."""
    findings: tuple[Finding, ...] = ()
    """What reading itself has to say; with a refusal among it the record is refused, whatever the rules say."""
    moved: Moved = msgspec.field(default=())
    """Where parts of the record stand that do not stand where their pointer says, as after a board left blank."""

    @property
    def unreadable(self) -> bool:
        """Whether reading alone refuses the record."""
        return any(each.rejects for each in self.findings)


class Record(Sent, frozen=True, kw_only=True):
    """A completion as it was sent in a file."""

    report: CompletionReport | None
    """None where it cannot be told what is reported; the findings say why."""


class ValidationRecord(NamedTuple):
    """A validation as it was sent in a file."""

    number: int
    """Row of the sheet or line of the text, from 1."""
    request: ValidationRequest | None
    """None where it cannot be told what is asked for; the findings say why."""
    findings: tuple[Finding, ...] = ()


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for every record of a file."""

    provider_id: str
    entry_method: EntryMethod
    received_at: datetime
    batch_id: str


def refusal(rule: str, pointer: str, detail: str, hint: str) -> Finding:
    """Return a finding that refuses the record."""
    return Finding(rule=rule, severity=Severity.REJECT, pointer=pointer, detail=detail, hint=hint)


TOO_MANY_PARTS = refusal(
    "too-long",
    "",
    f"A record has at most {MOST_STATES} states, {MOST_BOARDS} boards, and {MOST_TYPES} credit types of each.",
    "Report the rest in a record of its own.",
)
SAMPLE_ROW = refusal("sample-row", "", "This is the template's sample row.", "Remove it from the file.")


def misreading(pointer: str, misread: Misread) -> Finding:
    """Return what a cell or element that cannot be what it stands for is told by."""
    return refusal(misread.code, pointer, misread.detail, misread.hint)


def along(pointer: str, moved: Moved) -> str:
    """Return a pointer with its beginning as it stands in the file: the longest beginning that was moved."""
    fitting = [(here, there) for here, there in moved if pointer == here or pointer.startswith(f"{here}/")]
    if not fitting:
        return pointer
    here, there = max(fitting, key=lambda each: len(each[0]))
    return there + pointer[len(here) :]


def nearest(pointer: str, columns: Mapping[str, str]) -> Place:
    """Return the column of what a pointer names, or of the smallest part around it that has one."""
    while pointer:
        if pointer in columns:
            return Place(column=columns[pointer])
        pointer = pointer.rpartition("/")[0]
    return NOWHERE


class ColumnPlaces:
    """The places of a file that has columns."""

    def __init__(self, layout: Layout, headings: Sequence[str], kind: BatchKind) -> None:
        self.kind = kind
        self._headings = headings
        self._indexes = {pointer: index for index, pointer in layout.pointers.items()}
        self._lists = {_unnumbered(each): index for each, index in self._indexes.items() if "{n}" in each}
        self._table = frozenset(_unnumbered(each.pointer) for each in columns_of(kind))

    def of(self, pointer: str, moved: Moved = ()) -> Place:
        """Return the column of what a pointer names; of a part with several columns, the first of them."""
        pointer = along(pointer, moved)
        while pointer and pointer != "/learner":
            general = _unnumbered(pointer)
            index = self._indexes.get(pointer, self._lists.get(general))
            if index is None and general in self._table:
                # The file has no such column.
                return NOWHERE
            if index is None:
                index = self._first_of(pointer + "/")
            if index is not None:
                return Place(column=self._headings[index], index=index)
            pointer = pointer.rpartition("/")[0]
        return NOWHERE

    def _first_of(self, beginning: str) -> int | None:
        return min((index for each, index in self._indexes.items() if each.startswith(beginning)), default=None)


def _unnumbered(pointer: str) -> str:
    return _NUMBER.sub("*", pointer)
