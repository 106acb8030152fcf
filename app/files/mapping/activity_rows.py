"""Rows of activities, from spreadsheets and tab-delimited text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from app.domain.batches import BatchKind, Cell, RawRow
from app.domain.template_samples import SAMPLES
from app.files.headings import Layout
from app.files.mapping.activity_bodies import BOARD, ActivityRecord, record_of
from app.files.mapping.column_converters import ColumnReaders
from app.files.mapping.locations import SAMPLE_ROW, ColumnPlaces, Place, along
from app.schemas.activities import ActivityIn


class ActivityRows:
    """Reads the rows of one file."""

    def __init__(self, layout: Layout, headings: Sequence[str], provider_id: str) -> None:
        self._provider_id = provider_id
        self._readers = ColumnReaders(layout, ActivityIn)
        self._places = ColumnPlaces(layout, headings, BatchKind.ACTIVITIES)
        pointers = {pointer: index for index, pointer in layout.pointers.items()}
        self._fields = {each: index for each, index in pointers.items() if not each.startswith("/moc/")}
        boards = sorted({int(each.split("/")[2]) for each in pointers if each.startswith("/moc/")})
        self._boards = {
            place: {name: pointers[f"/moc/{place}/{name}"] for name in BOARD if f"/moc/{place}/{name}" in pointers}
            for place in boards
        }
        self._samples = [self._meaning(_laid_out(layout, each)) for each in SAMPLES[BatchKind.ACTIVITIES]]

    def place(self, pointer: str, record: ActivityRecord | None = None) -> Place:
        """Return the column of what a pointer names."""
        return self._places.of(pointer, record.moved) if record is not None else self._places.of(pointer)

    def read(self, raw: RawRow) -> ActivityRecord:
        """Return what a row says of an activity."""
        assert isinstance(raw.raw, list)
        values, findings = self._readers.read(raw.raw)
        given = {pointer: _text(values[index]) for pointer, index in self._fields.items()}
        boards = self._filled_boards(values)
        moved = tuple((f"/moc/{here}", f"/moc/{there}") for here, there in enumerate(boards) if here != there)
        back = tuple((there, here) for here, there in moved)
        if moved:
            findings = tuple(replace(each, pointer=along(each.pointer, back)) for each in findings)
        if self._meaning(raw.raw) in self._samples:
            findings = (SAMPLE_ROW,)
        return record_of(raw.number, self._provider_id, given, list(boards.values()), findings, moved)

    def _filled_boards(self, values: list[Any]) -> dict[int, dict[str, Any]]:
        boards = {
            place: {name: values[index] for name, index in columns.items()} for place, columns in self._boards.items()
        }
        return {place: each for place, each in boards.items() if any(v is not None and v != [] for v in each.values())}

    def _meaning(self, cells: Sequence[Cell]) -> list[Any]:
        return [None if each == [] else _text(each) for each in self._readers.read(cells)[0]]


def _text(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


def _laid_out(layout: Layout, sample: Mapping[str, str]) -> list[Cell]:
    """Return a sample's cells in the columns of a file."""
    return [sample.get(layout.pointers.get(index, "")) for index in range(len(layout.columns))]
