"""Rows of learners, from workbooks and tab-delimited text, as the completions they report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from app.domain.batches import BatchKind, Cell, RawRow
from app.domain.columns import LEARNER_LINK
from app.domain.identity.learners import Person
from app.domain.parsing import Unparsed
from app.domain.rems import time_in_practice
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
from app.files.mapping.column_converters import ColumnConverters
from app.files.mapping.locations import ColumnLocations, Location, translate
from app.files.mapping.records import CompletionRecord, Upload
from app.files.mapping.refusals import NO_OCCASION, SAMPLE_ROW, TOO_MANY_PARTS
from app.schemas.completions import CompletionIn

_REMS = RemsPart.__struct_fields__
_MOST_REMEMBERED = 4_096


class _BoardColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a row one board's values stand."""

    place: int
    board: int
    board_id: int
    total: int
    types: tuple[tuple[int, int], ...]
    numbers: tuple[int, ...]
    """The numbers of the types in their pointers."""


class CompletionRows:
    """Maps the rows of one file."""

    def __init__(self, layout: Layout, headings: Sequence[str], upload: Upload) -> None:
        converters = ColumnConverters(layout, CompletionIn)
        at, id_at = converters.at, converters.id_at
        self._upload = upload
        self._converters = converters
        self._locations = ColumnLocations(layout, headings, BatchKind.LEARNER_COMPLETIONS)
        self._record = (at("/action"), id_at("/activity_id"), at("/completed_on"), at("/occasion"))
        self._person = (at("/learner/first_name"), at("/learner/last_name"), at("/learner/date_of_birth"))
        self._learner_id = at(LEARNER_LINK)
        self._cme = (at("/cme/0/state"), id_at("/cme/0/license_id"), at("/cme/0/credits"))
        self._special = (at("/cme/0/special_credits/0/type"), at("/cme/0/special_credits/0/credits"))
        self._boards = tuple(_boards(layout, converters))
        self._rems = tuple((name, at(f"/rems/{name}")) for name in _REMS if converters.has(f"/rems/{name}"))
        self._most_types = 1 + max((max(board.numbers, default=0) for board in self._boards), default=0)
        self._wide = len(self._boards) > MOST_BOARDS or any(len(board.types) > MOST_TYPES for board in self._boards)
        self._types: dict[tuple[Any, Any], TypeAmount] = {}
        samples = SAMPLES[BatchKind.LEARNER_COMPLETIONS]
        self._samples = frozenset(_essence(self._sample_report(layout, sample)) for sample in samples)
        self._sample_names = {sample["/learner/last_name"] for sample in samples}

    def locate(self, pointer: str, record: CompletionRecord | None = None) -> Location:
        """Return the column of what a pointer names."""
        return self._locations.find(pointer, record.prefixes) if record is not None else self._locations.find(pointer)

    def read(self, raw: RawRow) -> CompletionRecord:
        """Return what a row reports."""
        assert isinstance(raw.raw, list)
        values, findings = self._converters.convert(raw.raw)
        prefixes: list[tuple[str, str]] = []
        report = self._report(values, prefixes)
        if report.person.last_name in self._sample_names and _essence(report) in self._samples:
            return CompletionRecord(number=raw.number, report=None, findings=(SAMPLE_ROW,))
        if self._wide and report.too_many_parts:
            return CompletionRecord(number=raw.number, report=None, findings=(*findings, TOO_MANY_PARTS))
        occasion = report.occasion
        if occasion is not None and not 1 <= occasion <= LAST_OCCASION:
            findings = (*findings, NO_OCCASION)
        if not findings and not prefixes:
            return CompletionRecord(number=raw.number, report=report)
        back = tuple((there, here) for here, there in prefixes)
        findings = tuple(replace(finding, pointer=translate(finding.pointer, back)) for finding in findings)
        return CompletionRecord(number=raw.number, report=report, findings=findings, prefixes=tuple(prefixes))

    def _report(self, values: list[Any], prefixes: list[tuple[str, str]]) -> CompletionReport:
        action, activity_id, completed_on, occasion = self._record
        first_name, last_name, birth_date = self._person
        upload = self._upload
        return CompletionReport(
            provider_id=upload.provider_id,
            activity_id=values[activity_id][0],
            completed_on=values[completed_on],
            permission=True,
            person=Person(
                first_name=values[first_name],
                last_name=values[last_name],
                birth_date=values[birth_date],
                learner_id=values[self._learner_id],
            ),
            cme=self._cme_parts(values),
            moc=self._moc_parts(values, prefixes) if self._boards else (),
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

    def _moc_parts(self, values: list[Any], prefixes: list[tuple[str, str]]) -> tuple[MocPart, ...]:
        """Return the points of every board of which any column is filled in."""
        parts: list[MocPart] = []
        for columns in self._boards:
            board, (number, was_number), total = values[columns.board], values[columns.board_id], values[columns.total]
            types = self._type_amounts(values, columns.types)
            if board is None and number is None and total is None and not types:
                continue
            if len(parts) != columns.place or 0 < len(types) < self._most_types:
                _note_prefixes(values, columns, len(parts), len(types), prefixes)
            parts.append(
                MocPart(board=board, board_id=number, id_was_number=was_number, total_credits=total, credit_types=types)
            )
        return tuple(parts)

    def _type_amounts(self, values: list[Any], columns: tuple[tuple[int, int], ...]) -> tuple[TypeAmount, ...]:
        """Return the pairs that are filled in; half a pair is kept, so that the rules say what is missing."""
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
        if "time_in_practice" in given:
            given["time_in_practice"] = time_in_practice(given["time_in_practice"])
        return RemsPart(**given) if any(value is not None for value in given.values()) else None

    def _sample_report(self, layout: Layout, sample: Mapping[str, str]) -> CompletionReport:
        """Return what the template's sample row reports, in the columns of this file."""
        cells: list[Cell] = [sample.get(layout.pointers.get(index, "")) for index in range(len(layout.columns))]
        return self._report(self._converters.convert(cells)[0], [])


def _boards(layout: Layout, converters: ColumnConverters) -> Iterator[_BoardColumns]:
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
            board=converters.at(f"{board}/board"),
            board_id=converters.id_at(f"{board}/board_id"),
            total=converters.at(f"{board}/total_credits"),
            types=tuple(
                (converters.at(f"{start}/type"), converters.at(f"{start}/credits"))
                for start in (f"{board}/credit_types/{number}" for number in sorted(types))
            ),
            numbers=tuple(sorted(types)),
        )


def _note_prefixes(
    values: list[Any], columns: _BoardColumns, part: int, types: int, prefixes: list[tuple[str, str]]
) -> None:
    """Note where a board stands that comes after blank ones, and credit types that come after blank pairs."""
    here, there = f"/moc/{part}", f"/moc/{columns.place}"
    if here != there:
        prefixes.append((here, there))
    filled = (
        number
        for number, pair in zip(columns.numbers, columns.types, strict=True)
        if any(values[index] is not None for index in pair)
    )
    for place, stands in zip(range(types), filled, strict=False):
        if place != stands:
            prefixes.append((f"{here}/credit_types/{place}", f"{there}/credit_types/{stands}"))


def _essence(report: CompletionReport) -> CompletionReport:
    """Return a report whose ids do not say whether they were number cells."""
    return replace(
        report,
        cme=tuple(replace(part, license_was_number=False) for part in report.cme),
        moc=tuple(replace(part, id_was_number=False) for part in report.moc),
    )
