"""Where in a file each part of a record stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from app.domain.batches import BatchKind
from app.domain.columns import columns_of
from app.files.headings import Layout

PrefixMap: TypeAlias = tuple[tuple[str, str], ...]
"""Beginnings of pointers into a record, each with the one that stands for it in the file."""
_NUMBER = re.compile(r"(?<=/)(\d+|\{\w+\})(?=/|\Z)")


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a file something stands."""

    column: str | None = None
    """The column's heading as it was sent, or the path of an element; None for a record as a whole."""
    index: int | None = None
    """The column's place, from 0; of files without columns None."""


NOWHERE = Location()


def translate(pointer: str, prefixes: PrefixMap) -> str:
    """Return a pointer with its beginning as it stands in the file: the longest one that the map has."""
    fitting = [(here, there) for here, there in prefixes if pointer == here or pointer.startswith(f"{here}/")]
    if not fitting:
        return pointer
    here, there = max(fitting, key=lambda prefix: len(prefix[0]))
    return there + pointer[len(here) :]


def nearest(pointer: str, columns: Mapping[str, str]) -> Location:
    """Return the column of what a pointer names, or of the smallest part around it that has one."""
    while pointer:
        if pointer in columns:
            return Location(column=columns[pointer])
        pointer = pointer.rpartition("/")[0]
    return NOWHERE


class ColumnLocations:
    """The places of a file that has columns."""

    def __init__(self, layout: Layout, headings: Sequence[str], kind: BatchKind) -> None:
        self._headings = headings
        self._indexes = {pointer: index for index, pointer in layout.pointers.items()}
        self._lists = {_unnumbered(pointer): index for pointer, index in self._indexes.items() if "{n}" in pointer}
        self._table = frozenset(_unnumbered(column.pointer) for column in columns_of(kind))

    def find(self, pointer: str, prefixes: PrefixMap = ()) -> Location:
        """Return the column of what a pointer names; of a part with several columns, the first of them."""
        pointer = translate(pointer, prefixes)
        while pointer and pointer != "/learner":
            general = _unnumbered(pointer)
            index = self._indexes.get(pointer, self._lists.get(general))
            if index is None and general in self._table:
                # The file has no such column.
                return NOWHERE
            if index is None:
                index = self._first_of(pointer + "/")
            if index is not None:
                return Location(column=self._headings[index], index=index)
            pointer = pointer.rpartition("/")[0]
        return NOWHERE

    def _first_of(self, beginning: str) -> int | None:
        return min((index for pointer, index in self._indexes.items() if pointer.startswith(beginning)), default=None)


def _unnumbered(pointer: str) -> str:
    return _NUMBER.sub("*", pointer)
