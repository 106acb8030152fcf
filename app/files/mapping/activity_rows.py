"""Rows of activities, from spreadsheets and tab-delimited text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from app.domain.batches import BatchKind, Cell, RawRow
from app.domain.template_samples import SAMPLES
from app.files.headings import Layout
from app.files.mapping.activity_bodies import BOARD, ActivityRecord, record_of
from app.files.mapping.column_converters import ColumnConverters
from app.files.mapping.locations import ColumnLocations, Location, translate
from app.files.mapping.refusals import SAMPLE_ROW
from app.schemas.activities import ActivityIn


class ActivityRows:
    """Maps the rows of one file."""

    def __init__(self, layout: Layout, headings: Sequence[str], provider_id: str) -> None:
        self._provider_id = provider_id
        self._converters = ColumnConverters(layout, ActivityIn)
        self._locations = ColumnLocations(layout, headings, BatchKind.ACTIVITIES)
        pointers = {pointer: index for index, pointer in layout.pointers.items()}
        self._fields = {pointer: index for pointer, index in pointers.items() if not pointer.startswith("/moc/")}
        boards = sorted({int(pointer.split("/")[2]) for pointer in pointers if pointer.startswith("/moc/")})
        self._boards = {
            place: {name: pointers[f"/moc/{place}/{name}"] for name in BOARD if f"/moc/{place}/{name}" in pointers}
            for place in boards
        }
        self._samples = [self._values(_lay_out(layout, sample)) for sample in SAMPLES[BatchKind.ACTIVITIES]]

    def locate(self, pointer: str, record: ActivityRecord | None = None) -> Location:
        """Return the column of what a pointer names."""
        return self._locations.find(pointer, record.prefixes) if record is not None else self._locations.find(pointer)

    def read(self, raw: RawRow) -> ActivityRecord:
        """Return what a row says of an activity."""
        assert isinstance(raw.raw, list)
        values, findings = self._converters.convert(raw.raw)
        given = {pointer: _text(values[index]) for pointer, index in self._fields.items()}
        boards = self._filled_boards(values)
        prefixes = tuple((f"/moc/{here}", f"/moc/{there}") for here, there in enumerate(boards) if here != there)
        back = tuple((there, here) for here, there in prefixes)
        if prefixes:
            findings = tuple(replace(finding, pointer=translate(finding.pointer, back)) for finding in findings)
        if self._values(raw.raw) in self._samples:
            findings = (SAMPLE_ROW,)
        record = record_of(raw.number, self._provider_id, given, list(boards.values()), findings, prefixes)
        own_id = self._fields.get("/internal_id")
        was_number = own_id is not None and values[own_id][1]
        return replace(record, internal_id_was_number=True) if was_number else record

    def _filled_boards(self, values: list[Any]) -> dict[int, dict[str, Any]]:
        boards = {
            place: {name: values[index] for name, index in columns.items()} for place, columns in self._boards.items()
        }
        return {
            place: board for place, board in boards.items() if any(v is not None and v != [] for v in board.values())
        }

    def _values(self, cells: Sequence[Cell]) -> list[Any]:
        return [None if value == [] else _text(value) for value in self._converters.convert(cells)[0]]


def _text(value: Any) -> Any:
    """Return a value; of an id its text."""
    return value[0] if isinstance(value, tuple) else value


def _lay_out(layout: Layout, sample: Mapping[str, str]) -> list[Cell]:
    """Return a sample's cells in the columns of a file."""
    return [sample.get(layout.pointers.get(index, "")) for index in range(len(layout.columns))]
