"""Rows of learners, from spreadsheets and tab-delimited text, as the completions they report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from app.domain.batches import BatchKind, Cell, RawRow
from app.domain.learners import Person
from app.domain.parsing import Unparsed
from app.domain.reports import (
    LAST_OCCASION,
    MOST_BOARDS,
    MOST_TYPES,
    CmePart,
    CompletionReport,
    MocPart,
    RemsPart,
    TypeAmount,
)
from app.domain.template_samples import SAMPLES
from app.files.headings import Layout
from app.files.mapping.column_converters import ColumnReaders
from app.files.mapping.locations import SAMPLE_ROW, TOO_MANY_PARTS, ColumnPlaces, Place, Record, Upload, along, refusal
from app.schemas.completions import CompletionIn

_REMS = RemsPart.__struct_fields__
_MOST_REMEMBERED = 4_096


class _BoardColumns(NamedTuple):
    """Where in a row one board's values stand."""

    place: int
    board: int
    board_id: int
    total: int
    types: tuple[tuple[int, int], ...]
    numbers: tuple[int, ...]
    """By which the pointers call the types."""


class LearnerRows:
    """Reads the rows of one file, and tells in which column what it read stands."""

    def __init__(self, layout: Layout, headings: Sequence[str], upload: Upload) -> None:
        readers = ColumnReaders(layout, CompletionIn)
        at, id_at = readers.at, readers.id_at
        self._upload = upload
        self._readers = readers
        self._places = ColumnPlaces(layout, headings, BatchKind.LEARNER_COMPLETIONS)
        self._record = (at("/action"), id_at("/activity_id"), at("/completed_on"), at("/occasion"))
        self._person = (at("/learner/first_name"), at("/learner/last_name"), at("/learner/date_of_birth"))
        self._cme = (at("/cme/0/state"), id_at("/cme/0/license_id"), at("/cme/0/credits"))
        self._special = (at("/cme/0/special_credits/0/type"), at("/cme/0/special_credits/0/credits"))
        self._boards = tuple(_boards(layout, readers))
        self._rems = tuple((name, at(f"/rems/{name}")) for name in _REMS if readers.has(f"/rems/{name}"))
        self._most_types = 1 + max((max(each.numbers, default=0) for each in self._boards), default=0)
        self._wide = len(self._boards) > MOST_BOARDS or any(len(each.types) > MOST_TYPES for each in self._boards)
        self._types: dict[tuple[Any, Any], TypeAmount] = {}
        self._samples = frozenset(_essence(self._sample(layout, each)) for each in SAMPLES[self._places.kind])
        self._sample_names = {each["/learner/last_name"] for each in SAMPLES[self._places.kind]}

    def place(self, pointer: str, record: Record | None = None) -> Place:
        """Return the column of what a pointer names."""
        return self._places.of(pointer, record.moved) if record is not None else self._places.of(pointer)

    def read(self, raw: RawRow) -> Record:
        """Return what a row reports."""
        assert isinstance(raw.raw, list)
        values, findings = self._readers.read(raw.raw)
        moved: list[tuple[str, str]] = []
        report = self._report(values, moved)
        if report.person.last_name in self._sample_names and _essence(report) in self._samples:
            return Record(number=raw.number, report=None, findings=(SAMPLE_ROW,))
        if self._wide and report.too_many_parts:
            return Record(number=raw.number, report=None, findings=(*findings, TOO_MANY_PARTS))
        occasion = report.occasion
        if occasion is not None and not 1 <= occasion <= LAST_OCCASION:
            findings = (*findings, _OCCASION)
        if not findings and not moved:
            return Record(number=raw.number, report=report)
        back = tuple((there, here) for here, there in moved)
        findings = tuple(replace(each, pointer=along(each.pointer, back)) for each in findings)
        return Record(number=raw.number, report=report, findings=findings, moved=tuple(moved))

    def _report(self, values: list[Any], moved: list[tuple[str, str]]) -> CompletionReport:
        action, activity_id, completed_on, occasion = self._record
        first_name, last_name, birth_date = self._person
        upload = self._upload
        return CompletionReport(
            provider_id=upload.provider_id,
            activity_id=values[activity_id][0],
            completed_on=values[completed_on],
            permission=True,
            person=Person(first_name=values[first_name], last_name=values[last_name], birth_date=values[birth_date]),
            cme=self._cme_parts(values),
            moc=self._moc_parts(values, moved) if self._boards else (),
            rems=self._rems_part(values) if self._rems else None,
            occasion=values[occasion],
            entry_method=upload.entry_method,
            received_at=upload.received_at,
            batch_id=upload.batch_id,
            action=values[action],
        )

    def _cme_parts(self, values: list[Any]) -> tuple[CmePart, ...]:
        """Return the CME of a row, when any of its columns is filled in."""
        state, license_id, credits = self._cme
        special_type, special_credits = self._special
        number, was_number = values[license_id]
        special = self._type_amounts(values, (self._special,)) if special_type != special_credits else ()
        if values[state] is None and number is None and values[credits] is None and not special:
            return ()
        return (
            CmePart(
                state=values[state],
                license_id=number,
                license_was_number=was_number,
                credits=values[credits],
                special_credits=special,
            ),
        )

    def _moc_parts(self, values: list[Any], moved: list[tuple[str, str]]) -> tuple[MocPart, ...]:
        """Return the points of every board of which any column is filled in."""
        parts: list[MocPart] = []
        for columns in self._boards:
            place, board_column, id_column, total_column, type_columns, _ = columns
            board, (number, was_number), total = values[board_column], values[id_column], values[total_column]
            types = self._type_amounts(values, type_columns)
            if board is None and number is None and total is None and not types:
                continue
            if len(parts) != place or 0 < len(types) < self._most_types:
                _note_moved(values, columns, len(parts), len(types), moved)
            parts.append(
                MocPart(board=board, board_id=number, id_was_number=was_number, total_credits=total, credit_types=types)
            )
        return tuple(parts)

    def _type_amounts(self, values: list[Any], columns: tuple[tuple[int, int], ...]) -> tuple[TypeAmount, ...]:
        """Return the pairs that are filled in; one of half a pair is kept, so that the rules say what is missing."""
        found = []
        for kind, amount in columns:
            key = (values[kind], values[amount])
            if key == (None, None):
                continue
            known = self._types.get(key)
            if known is None:
                known = TypeAmount(type=key[0], credits=key[1])
                if len(self._types) < _MOST_REMEMBERED and not isinstance(known.credits, Unparsed):
                    self._types[key] = known
            found.append(known)
        return tuple(found)

    def _rems_part(self, values: list[Any]) -> RemsPart | None:
        """Return the demographics of a row, when any of their columns is filled in."""
        given = {name: values[index] for name, index in self._rems}
        if isinstance(given.get("local_id"), tuple):
            given["local_id"] = given["local_id"][0]
        return RemsPart(**given) if any(each is not None for each in given.values()) else None

    def _sample(self, layout: Layout, sample: Mapping[str, str]) -> CompletionReport:
        """Return what the template's sample row reports, in the columns of this file."""
        cells: list[Cell] = [sample.get(layout.pointers.get(index, "")) for index in range(len(layout.columns))]
        return self._report(self._readers.read(cells)[0], [])


_OCCASION = refusal(
    "format", "/occasion", f"An occasion is a number from 1 to {LAST_OCCASION}.", "Leave it out unless it is needed."
)


def _boards(layout: Layout, readers: ColumnReaders) -> Iterator[_BoardColumns]:
    """Yield the columns of every board, and within it of every credit type, in the order of their places."""
    groups: dict[int, set[int]] = {}
    for pointer in layout.pointers.values():
        parts = pointer.split("/")
        if parts[1] == "moc":
            groups.setdefault(int(parts[2]), set()).update({int(parts[4])} if len(parts) > 4 else ())
    for place, types in sorted(groups.items()):
        board = f"/moc/{place}"
        yield _BoardColumns(
            place=place,
            board=readers.at(f"{board}/board"),
            board_id=readers.id_at(f"{board}/board_id"),
            total=readers.at(f"{board}/total_credits"),
            types=tuple(
                (readers.at(f"{board}/credit_types/{each}/type"), readers.at(f"{board}/credit_types/{each}/credits"))
                for each in sorted(types)
            ),
            numbers=tuple(sorted(types)),
        )


def _note_moved(values: list[Any], columns: _BoardColumns, part: int, types: int, moved: list[tuple[str, str]]) -> None:
    """Note that a board stands behind others left blank, and which credit types stand behind blank pairs."""
    here, there = f"/moc/{part}", f"/moc/{columns.place}"
    if here != there:
        moved.append((here, there))
    filled = (
        number
        for number, pair in zip(columns.numbers, columns.types, strict=True)
        if any(values[each] is not None for each in pair)
    )
    for place, stands in zip(range(types), filled, strict=False):
        if place != stands:
            moved.append((f"{here}/credit_types/{place}", f"{there}/credit_types/{stands}"))


def _essence(report: CompletionReport) -> CompletionReport:
    """Return a report without what tells only how its numbers were written."""
    return replace(
        report,
        cme=tuple(replace(each, license_was_number=False) for each in report.cme),
        moc=tuple(replace(each, id_was_number=False) for each in report.moc),
    )
