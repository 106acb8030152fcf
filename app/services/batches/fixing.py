"""Rejected rows as a page shows them to be mended: which columns, which cells are inputs, which rows share a fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from app.domain.batch_mends import MendedRow, MendState, RecordField, shown
from app.domain.batches import Batch, RowFinding, RowOutcome
from app.domain.findings import Severity
from app.files.headings import layout
from app.files.record_places import field_meant, fields_within
from app.services.batches import mending
from app.services.context import Caller

MOST_SHOWN = 1_000
"""Rejected rows that are looked through; of more, the file is mended beside the page."""
_WHO = ("first_name", "last_name", "completed_on", "title", "internal_id")
_PERSON = (
    "first_name", "last_name", "date_of_birth", "npi", "learner_id", "state", "license_id", "board", "board_id",
)  # fmt: skip
_NAMED = _PERSON[:3]
_OFFERS = 3


class FixColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the table of rows."""

    field: str
    heading: str


class FixRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rejected row."""

    row: MendedRow
    fields: Mapping[str, RecordField]
    inputs: frozenset[str]
    """The fields that can be typed into."""
    columns_of: Mapping[int, str]
    """By the number of a finding, the field that it is about; none for one about the whole row."""


class RepeatedMend(msgspec.Struct, frozen=True, kw_only=True):
    """A value that mends a fault in several rows."""

    field: str
    rule: str
    old: str
    new: str


class SameFault(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that have the same fault in the same column with the same value."""

    numbers: tuple[int, ...]
    heading: str
    detail: str
    offers: tuple[RepeatedMend, ...]


class Fixing(msgspec.Struct, frozen=True, kw_only=True):
    """The rejected rows of an upload."""

    batch: Batch
    rows: Sequence[FixRow]
    """Those that are open or ready, in the order of the file."""
    aside: Sequence[MendedRow]
    reported: Sequence[MendedRow]
    more: bool
    """Whether there are more than were looked through."""

    @property
    def ready(self) -> int:
        """How many rows are ready."""
        return sum(row.row.state is MendState.READY for row in self.rows)

    def groups(self) -> list[SameFault]:
        """Return faults that several open rows share and that offered values mend, the most common first."""
        found: dict[tuple[str, str, str], list[tuple[FixRow, RowFinding]]] = {}
        for row in self.rows:
            for index, finding in enumerate(row.row.findings):
                field = row.columns_of.get(index)
                if field is None or not finding.suggestions or row.row.state is not MendState.OPEN:
                    continue
                if any(
                    _field_of(row.fields, one.index, one.column, one.pointer) != field for one in finding.suggestions
                ):
                    continue
                key = (field, finding.rule, shown(row.row.value_of(row.fields[field])))
                found.setdefault(key, []).append((row, finding))
        groups = [
            _group(key, rows) for key, rows in found.items() if len({row.row.result.number for row, _ in rows}) > 1
        ]
        return sorted(groups, key=lambda group: -len(group.numbers))

    def columns(self, some: Sequence[FixRow]) -> list[FixColumn]:
        """Return the columns that identify some rows, and those in which any of them can be typed into."""
        wanted = {field for row in some for field in row.inputs}
        order: dict[str, str] = {}
        for row in some:
            for name, field in row.fields.items():
                if name in wanted or _last(_pointers_of(self.batch).get(name, field.column)) in _WHO:
                    order.setdefault(name, field.column)
        names = sorted(order, key=int) if all(name.isdecimal() for name in order) else list(order)
        return [FixColumn(field=name, heading=order[name]) for name in names]


def load(connection: Connection, caller: Caller, batch_id: str, opened: int | None = None) -> Fixing:
    """Return the rejected rows of an upload as they are mended; `opened` is a row of which every cell is an input."""
    found = mending.rows(
        connection, caller, batch_id, after=None, limit=MOST_SHOWN + 1, outcomes=[RowOutcome.REJECTED.value]
    )
    rows = found.rows[:MOST_SHOWN]
    waiting = [row for row in rows if row.state in (MendState.OPEN, MendState.READY)]
    pointers = _pointers_of(found.batch)
    return Fixing(
        batch=found.batch,
        rows=[_fix_row(row, pointers, whole=row.result.number == opened) for row in waiting],
        aside=[row for row in rows if row.state is MendState.SET_ASIDE],
        reported=[row for row in rows if row.state is MendState.REPORTED],
        more=len(found.rows) > MOST_SHOWN,
    )


def who_of(batch: Batch, row: MendedRow) -> str:
    """Return what says whom or what a row is about, as it stands now: a name, a title."""
    pointers = _pointers_of(batch)
    said = [
        shown(row.value_of(field))
        for field in row.fields
        if _last(pointers.get(field.field, field.column)) in ("first_name", "last_name", "title")
    ]
    return " ".join(text for text in said if text)


def _pointers_of(batch: Batch) -> Mapping[str, str]:
    """Return what the fields of a file's rows mean, by their names; members of lines are pointers themselves."""
    if batch.head is None or not batch.head.has_columns:
        return {}
    return {str(index): pointer for index, pointer in layout(batch.head.headings, batch.kind).pointers.items()}


def _last(pointer: str) -> str:
    return pointer.rpartition("/")[2]


def _fix_row(row: MendedRow, pointers: Mapping[str, str], *, whole: bool) -> FixRow:
    fields = {field.field: field for field in row.fields}
    for name in row.mend.cells if row.mend is not None else ():
        fields.setdefault(name, RecordField(field=name, column=name, value=None))
    inputs: set[str] = set(row.mend.cells) if row.mend is not None else set()
    columns_of: dict[int, str] = {}
    for index, finding in enumerate(row.findings):
        field = _field_of(fields, finding.index, finding.column, finding.pointer)
        within = _fields_within(fields, finding, pointers) if field is None else []
        if within:
            meant = field_meant(within, finding.column or "", finding.pointer)
            field = meant.field if meant is not None else None
        elif field is None and finding.index is None and finding.pointer in _new_members(finding):
            fields[finding.pointer] = RecordField(field=finding.pointer, column=finding.pointer, value=None)
            field = finding.pointer
        if field is not None:
            columns_of[index] = field
        if finding.severity is not Severity.REJECT:
            continue
        if within and field is None:
            inputs |= {one.field for one in within}
        if field is not None:
            inputs.add(field)
        for one in finding.suggestions:
            beside = _field_of(fields, one.index, one.column, one.pointer)
            inputs |= {beside} if beside is not None else set()
        if field is None or _last(pointers.get(field, "")) in _PERSON:
            inputs |= set(_person_fields(fields.values(), pointers))
    return FixRow(
        row=row,
        fields=fields,
        inputs=frozenset(fields) if whole else frozenset(inputs & fields.keys()),
        columns_of=columns_of,
    )


def _fields_within(
    fields: Mapping[str, RecordField], finding: RowFinding, pointers: Mapping[str, str]
) -> list[RecordField]:
    """Return the fields within the element of a document that a finding names; none of a row, or a line."""
    place = finding.column or ""
    if pointers or finding.index is not None or not place or place.startswith("/"):
        return []
    return fields_within(fields.values(), place)


def _new_members(finding: RowFinding) -> set[str]:
    """Return the pointers of members that a line lacks and values are offered for."""
    return {one.pointer for one in finding.suggestions if one.index is None}


def _field_of(fields: Mapping[str, RecordField], index: int | None, column: str | None, pointer: str) -> str | None:
    if index is not None:
        return str(index) if str(index) in fields else None
    if pointer in fields:
        return pointer
    return next((name for name, field in fields.items() if column and field.column == column), None)


def _person_fields(fields: Iterable[RecordField], pointers: Mapping[str, str]) -> list[str]:
    """Return the fields that say who somebody is: those that are given, and name and birthday though they are not."""
    found, sorts = [], set()
    for field in fields:
        sort = _last(pointers.get(field.field, field.column))
        if sort in _PERSON and (field.value not in (None, "") or (sort in _NAMED and sort not in sorts)):
            found.append(field.field)
            sorts.add(sort)
    return found


def _group(key: tuple[str, str, str], rows: Sequence[tuple[FixRow, RowFinding]]) -> SameFault:
    field, rule, old = key
    first, finding = rows[0]
    offers = [
        RepeatedMend(field=field, rule=rule, old=old, new=shown(one.value)) for one in finding.suggestions[:_OFFERS]
    ]
    return SameFault(
        numbers=tuple(dict.fromkeys(row.row.result.number for row, _ in rows)),
        heading=first.fields[field].column,
        detail=finding.detail,
        offers=tuple(offers),
    )
