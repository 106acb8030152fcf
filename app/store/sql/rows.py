"""Rows read as values: one mapper for a value class and the table it is kept in, made once.

A mapper gives the SELECT list of its class and reads the rows that come of it. A field is the table's column of the
same name unless another source is named:

    COMPLETION = RowMapper(
        Completion,
        completions,
        "c",
        physician_id=column("learner_id"),      # another column of the table
        learner_id=expression("l.link"),        # any SQL
        credits=looked_up_by("completion_id"),  # given when rows are read: `read(…, credits=by_completion.get)`
    )

Dates, instants, booleans and documents are read as the column's type says, then enumerations, tuples, frozen sets and
structs as the field's type says. NULL is None. `values_of` goes the other way: it gives the columns for `insert` and
`update`, which write each as its type says.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Generic, TypeAlias, TypeVar, cast, get_args, get_origin

import msgspec
from sqlalchemy import Column, Connection, Table
from sqlalchemy.types import JSON

from app.store.sql.statements import Row, on_sqlite
from app.store.sql.values import Converter, column_reader, plain_name

T = TypeVar("T")
Lookup: TypeAlias = Callable[[Any], Any]
_ALIAS = "{alias}"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the value of a field comes from, and the function that reads it further."""

    column: str | None = None
    sql: str | None = None
    lookup: str | None = None
    read: Converter | None = None
    write: Converter | None = None
    null: Any = None
    """The value that NULL is read as."""


def column(name: str, read: Converter | None = None, *, write: Converter | None = None, null: Any = None) -> Source:
    """Take a field from a column of another name, or convert it by functions of its own, which are never given NULL."""
    return Source(column=name, read=read, write=write, null=null)


def expression(sql: str, read: Converter | None = None) -> Source:
    """Take a field from an expression, by default as the driver returns it."""
    return Source(sql=sql, read=read)


def looked_up_by(field: str) -> Source:
    """Look a field up by an earlier field of the row, in the function that `read` is given for it."""
    return Source(lookup=field)


class RowMapper(Generic[T]):
    """Reads rows as values of one class.

    Classes on a per-record path are not `kw_only`: the mapper makes them by position, with the converters of the few
    columns that need one. A completion's row of 21 columns takes 0.8 µs on SQLite and 1.4 µs on PostgreSQL (instants
    into UTC); a constructor written out takes 1.7 and 2.1 µs, and values by keyword, which other classes have, 2.7 and
    3.3 µs (`python -m benchmarks.statements`).
    """

    def __init__(self, cls: type[T], table: Table, alias: str, **sources: Source | RowMapper[Any]) -> None:
        self._cls = cls
        self._names: list[str] = []
        self._selected: list[str] = []
        """The selected expression; a column of the table without its alias."""
        self._offsets: dict[str, int] = {}
        """Where in a row each field begins, those of parts included."""
        self._places: dict[str, int] = {}
        """The same when each part has become one value, and before what is looked up is inserted."""
        self.width = 0
        """The number of columns in the SELECT list."""
        self._parts: list[tuple[int, RowMapper[Any]]] = []
        self._converters: dict[bool, list[tuple[int, Converter]]] = {True: [], False: []}
        """By whether rows are SQLite's."""
        self._lookups: list[tuple[int, int, str]] = []
        """(place, place of the key, field)."""
        self._written: list[tuple[str, str, Converter | None]] = []
        """(field, column, the function that writes it)."""
        for field in msgspec.structs.fields(cast("Any", cls)):
            source = sources.pop(field.name, None)
            if source is None and field.name in table.columns:
                source = Source(column=field.name)
            if source is not None:
                self._add(field, source, table)
            elif field.required:
                raise TypeError(f"{cls.__name__}.{field.name} has no source")
        if sources:
            raise TypeError(f"{cls.__name__} has no {', '.join(sources)}")
        self._by_position = self._takes_positions()
        self.columns = self.columns_of(alias)
        """The SELECT list."""

    def _add(self, field: msgspec.structs.FieldInfo, source: Source | RowMapper[Any], table: Table) -> None:
        place = len(self._names) - len(self._lookups)
        self._offsets[field.name] = self.width
        self._places[field.name] = place
        if isinstance(source, RowMapper):
            self._parts.append((place, source))
            self._selected.append(source.columns)
            self._offsets |= {name: self.width + offset for name, offset in source._offsets.items()}
            self.width += source.width
        elif source.lookup is not None:
            self._lookups.append((place, self._places[source.lookup], field.name))
        elif source.sql is not None:
            self._selected.append(source.sql)
            self.width += 1
            if source.read is not None:
                for converters in self._converters.values():
                    converters.append((place, source.read))
        else:
            from_column = table.columns[source.column or field.name]
            self._selected.append(_ALIAS + from_column.name)
            self._written.append((field.name, plain_name(from_column.name), source.write))
            self.width += 1
            for sqlite, converters in self._converters.items():
                convert = _converter(field, from_column, source, sqlite=sqlite)
                if convert is not None:
                    converters.append((place, convert))
        self._names.append(field.name)

    def _takes_positions(self) -> bool:
        parameters = list(inspect.signature(self._cls).parameters.values())[: len(self._names)]
        names = [parameter.name for parameter in parameters if parameter.kind is not inspect.Parameter.KEYWORD_ONLY]
        return names == self._names

    def columns_of(self, alias: str) -> str:
        """Return the SELECT list under another name of the table."""
        return ", ".join(sql.replace(_ALIAS, f"{alias}.") for sql in self._selected)

    def read(self, connection: Connection, rows: Iterable[Row], **lookups: Lookup) -> list[T]:
        """Read rows of the SELECT list; `lookups` has a function for each field that is looked up."""
        make = self._maker(lookups, sqlite=on_sqlite(connection))
        return [make(list(row)) for row in rows]

    def read_keyed(self, connection: Connection, rows: Iterable[Row], **lookups: Lookup) -> Iterator[tuple[Any, T]]:
        """Read rows of one column, the key, before the SELECT list."""
        make = self._maker(lookups, sqlite=on_sqlite(connection))
        for key, *values in rows:
            yield key, make(values)

    def column(self, rows: Iterable[Row], field: str) -> list[Any]:
        """Return a field's column of rows of the SELECT list, as the driver gave it."""
        return [row[self._offsets[field]] for row in rows]

    def read_first(self, connection: Connection, rows: Sequence[Row], **lookups: Lookup) -> T | None:
        """Read the first row, None without rows."""
        return next(iter(self.read(connection, rows[:1], **lookups)), None)

    def values_of(self, value: T) -> dict[str, Any]:
        """Return the values of the table's columns, as `insert` takes them; expressions and parts are left out."""
        return {
            name: given if write is None or given is None else write(given)
            for field, name, write in self._written
            for given in (getattr(value, field),)
        }

    def _maker(self, given: Mapping[str, Lookup], *, sqlite: bool) -> Callable[[list[Any]], T]:
        """Return the function that makes a value of a row's values, which it changes."""
        parts = [(first, first + part.width, part._maker(given, sqlite=sqlite)) for first, part in self._parts]
        converters = tuple(self._converters[sqlite])
        lookups = [(place, key, given[name]) for place, key, name in reversed(self._lookups)]
        cls: Any = self._cls
        names = self._names if not self._by_position else None

        def make(values: list[Any]) -> T:
            for first, end, make_part in parts:
                values[first:end] = (make_part(values[first:end]),)
            for place, convert in converters:
                values[place] = convert(values[place])
            for place, key, look_up in lookups:
                values.insert(place, look_up(values[key]))
            made: T = cls(*values) if names is None else cls(**dict(zip(names, values, strict=True)))
            return made

        return make


def _converter(
    field: msgspec.structs.FieldInfo, from_column: Column[Any], source: Source, *, sqlite: bool
) -> Converter | None:
    """Return what reads a column for a field; None where the driver's value is the field's."""
    first = column_reader(from_column, sqlite=sqlite)
    second = source.read or _shape_of(field.type, document=isinstance(from_column.type, JSON))
    convert = _in_turn(first, second) if first is not None and second is not None else first or second
    if not from_column.nullable or (convert is None and source.null is None):
        return convert
    return _unless_null(convert, source.null)


def _shape_of(type_: Any, *, document: bool) -> Converter | None:
    """Return what makes a field's type of a text or a parsed document; of an optional field, the type it has else."""
    for option in get_args(type_) if isinstance(type_, UnionType) else (type_,):
        origin = get_origin(option) or option
        if isinstance(origin, type) and issubclass(origin, enum.Enum):
            return {member.value: member for member in origin}.__getitem__
        if document and origin in (tuple, frozenset):
            return cast("Converter", origin)
        if document and isinstance(origin, type) and issubclass(origin, msgspec.Struct):
            return _from_fields(origin)
    return None


def _from_fields(cls: type[msgspec.Struct]) -> Converter:
    return lambda fields: cls(**fields)


def _in_turn(first: Converter, second: Converter) -> Converter:
    return lambda value: second(first(value))


def _unless_null(convert: Converter | None, null: Any) -> Converter:
    if convert is None:
        return lambda value: null if value is None else value
    return lambda value: null if value is None else convert(value)
