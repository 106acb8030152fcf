"""Pages of a list in any order, however deep, under any filter: what every sorted list shares.

A page never counts what lies before it: it begins at the values of the row before (keyset). Which way leads to its
rows is decided here, for planners judge filters by averages and are wrong where it matters:

    walk      along the index of the order, in steps, testing each row; done when the page is full
    gather    when the walk finds little: from a filter's own index, all that fits, sorted

First a short step is walked. If that does not fill the page, the first filter with few rows is gathered from; if all
have many, the walk goes on for a while, and only then everything is gathered from one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.http.pagination import MOST_COUNTED, SortKey, Total, place_after
from app.models.base import instant_text
from app.store.sql.statements import Row, execute, fetch, on_sqlite

FEW = 5_000
"""So many rows of a filter are gathered without a second thought."""
FIRST_STEP = 4
"""How many rows are walked first, for each row that is wanted."""
LONGEST_WALK = 20_000
"""How many rows are walked before all rows of a filter are gathered instead."""
SAMPLE = 1_000
"""How many rows show whether a filter leaves much, when a total is counted."""
MUCH = 0.25
"""Where so many rows of the sample fit, counting one after another is quicker than gathering."""

Place = list[Any]
"""Where a row stands in the order: the values of its keys and its id, as JSON can hold them."""


class Column(msgspec.Struct, frozen=True):
    """A column that a list can be ordered by. None of them is ever null."""

    sql: str
    kind: type[str] | type[date] | type[datetime] = str

    def read(self, text: str) -> Any:
        """Read a value of a place."""
        return text if issubclass(self.kind, str) else self.kind.fromisoformat(text)


class Order(msgspec.Struct, frozen=True):
    """Columns with their directions; the last is the id, which makes the order total."""

    keys: tuple[tuple[Column, bool], ...]

    def sql(self) -> str:
        """Return what stands after ORDER BY."""
        return ", ".join(f"{column.sql} {'DESC' if descending else 'ASC'}" for column, descending in self.keys)

    def selected(self) -> str:
        """Return the columns as they are selected, the id last."""
        return ", ".join(column.sql for column, _ in self.keys)

    def place(self, row: Sequence[Any]) -> Place:
        """Return where a selected row stands."""
        return [
            instant_text(value)
            if isinstance(value, datetime)
            else value.isoformat()
            if isinstance(value, date)
            else value
            for value in row[: len(self.keys)]
        ]

    def after(self, connection: Connection, place: Place) -> tuple[str, dict[str, Any]]:
        """Return the condition that rows stand after a place.

        Where all keys run one way a row value says it, which an index answers; where they do not, the first key bounds
        the rows and the rest decides among those that are equal in it.
        """
        given = {
            f"after{number}": column.read(value)
            for number, (value, (column, _)) in enumerate(zip(place, self.keys, strict=True))
        }
        marks = [f":{name}" for name in given]
        columns = [column.sql for column, _ in self.keys]
        signs = ["<" if descending else ">" for _, descending in self.keys]
        if len(set(signs)) == 1:
            return f"({', '.join(columns)}) {signs[0]} ({', '.join(marks)})", given
        either: list[str] = []
        for number, sign in enumerate(signs):
            equal = [f"{columns[each]} = {marks[each]}" for each in range(number)]
            either.append(" AND ".join([*equal, f"{columns[number]} {sign} {marks[number]}"]))
        return f"{columns[0]} {signs[0]}= {marks[0]} AND ({' OR '.join(f'({each})' for each in either)})", given


def order_of(keys: Sequence[SortKey], columns: Mapping[str, Column], identity: Column, otherwise: SortKey) -> Order:
    """Return the order for the keys asked for, made total by the id in the direction of the last key."""
    chosen = [(columns[key.name], key.descending) for key in keys]
    return Order((*chosen, (identity, keys[-1].descending if keys else otherwise.descending)))


@dataclass(slots=True)
class Narrowed:
    """A list as it is narrowed: conditions, their parameters, and the ways to gather what fits one of them."""

    table: str
    """FROM, with the alias that the conditions name."""
    always: list[str]
    """Conditions of the list itself, which every index of its orders answers."""
    identity: str
    """The id's column without its alias."""
    given: dict[str, Any] = field(default_factory=dict)
    tests: list[tuple[str | None, str]] = field(default_factory=list)
    """(column, condition): along an index of that column the condition bounds the walk, else each row is tested.

    No column where the condition looks into another table.
    """
    along_id: list[str] = field(default_factory=list)
    """Conditions that an index ending in the id answers: they bound the walk by id."""
    sources: list[str] = field(default_factory=list)
    """Queries for ids, each for all rows that fit one filter and perhaps others: the likely shortest first."""

    def is_whole(self, source: str) -> bool:
        """Tell whether a source asks for exactly what the list does, so that its ids need no judging."""
        alias = self.table.rpartition(" ")[2]
        where = " AND ".join((*self.always, *(condition for _, condition in self.tests)))
        return source == f"SELECT {alias}.{self.identity} FROM {self.table} WHERE {where}"

    def test(self, condition: str, column: str | None = None, **given: Any) -> None:
        """Add a condition."""
        self.tests.append((column, condition))
        self.given.update(given)

    def bound(self, connection: Connection, **more: Any) -> dict[str, Any]:
        """Return all parameters as the driver takes them."""
        return {name: value for name, value in {**self.given, **more}.items()}


def marked(narrowed: Narrowed, name: str, values: Sequence[Any]) -> str:
    """Take in parameters for a set of values, and return their marks: what stands within `IN (…)`."""
    marks = [f"{name}{number}" for number in range(len(values))]
    narrowed.given.update(zip(marks, values, strict=True))
    return ", ".join(f":{mark}" for mark in marks) or "NULL"


def spanned(
    narrowed: Narrowed, column: str, name: str, since: date | datetime | None, until: date | datetime | None
) -> None:
    """Narrow instants to a span; a date stands for its whole day in UTC."""
    if since is not None:
        first = since if isinstance(since, datetime) else datetime.combine(since, time.min, UTC)
        narrowed.test(f"{column} >= :{name}_from", column, **{f"{name}_from": first})
    if isinstance(until, datetime):
        narrowed.test(f"{column} <= :{name}_to", column, **{f"{name}_to": until})
    elif until is not None and until < date.max:
        after = datetime.combine(until, time.min, UTC) + timedelta(days=1)
        narrowed.test(f"{column} < :{name}_to", column, **{f"{name}_to": after})


def days_spanned(narrowed: Narrowed, column: str, name: str, since: date | None, until: date | None) -> None:
    """Narrow days to a span, both ends included."""
    if since is not None:
        narrowed.test(f"{column} >= :{name}_from", column, **{f"{name}_from": since})
    if until is not None:
        narrowed.test(f"{column} <= :{name}_to", column, **{f"{name}_to": until})


def prefixed(narrowed: Narrowed, column: str, name: str, prefix: str) -> str:
    """Return the condition that a column begins with something, as a range that its index answers."""
    narrowed.given[f"{name}_first"], narrowed.given[f"{name}_last"] = prefix, prefix + "\U0010ffff"
    return f"({column} >= :{name}_first AND {column} < :{name}_last)"


def places(connection: Connection, narrowed: Narrowed, order: Order, after: Any, limit: int) -> list[Place]:
    """Return where the next rows stand, each with its id last; raises `ParameterInvalid` for a cursor of others."""
    _plan_each(connection)
    start = place_after(after, len(order.keys))
    return _Search(connection, narrowed, order).run(start, limit)


def total(connection: Connection, narrowed: Narrowed, most: int | None = None) -> Total:
    """Count the list, up to the most that is counted."""
    _plan_each(connection)
    most = MOST_COUNTED if most is None else most
    counted = _counted(connection, narrowed, most + 1)
    return Total(min(counted, most), counted > most)


def _counted(connection: Connection, narrowed: Narrowed, enough: int) -> int:
    tests = [condition for _, condition in narrowed.tests]
    if narrowed.sources and any(column is None for column, _ in narrowed.tests) and not _much(connection, narrowed):
        source = _short(connection, narrowed) or narrowed.sources[0]
        # A part of a long source will do if enough of it fits; only else all of it is looked at.
        for part in (3 * enough, None):
            (counted, looked_at) = _counted_from(connection, narrowed, source, part, enough)
            if counted >= enough or part is None or looked_at < part:
                return counted
    where = " AND ".join((*narrowed.always, *tests))
    query = f"SELECT count(*) FROM (SELECT 1 FROM {narrowed.table} WHERE {where} LIMIT :enough) f"
    return int(fetch(connection, query, narrowed.bound(connection, enough=enough))[0][0])


def _much(connection: Connection, narrowed: Narrowed) -> bool:
    """Tell whether much of a few rows fits."""
    fits = f"CASE WHEN {' AND '.join(condition for _, condition in narrowed.tests)} THEN 1 ELSE 0 END"
    query = f"SELECT {fits} AS fits FROM {narrowed.table} WHERE {' AND '.join(narrowed.always)} LIMIT :sample"
    ((found,),) = fetch(connection, f"SELECT sum(fits) FROM ({query}) f", narrowed.bound(connection, sample=SAMPLE))
    return int(found or 0) >= MUCH * SAMPLE


def _counted_from(
    connection: Connection, narrowed: Narrowed, source: str, part: int | None, enough: int
) -> tuple[int, int]:
    """Return how many rows fit among a part of a source, and how many the part holds."""
    limited = f"SELECT * FROM ({source}) p" + (" LIMIT :part" if part is not None else "")
    where = judged(*narrowed.always, *(condition for _, condition in narrowed.tests))
    joined = _from_ids(narrowed, f"SELECT DISTINCT {narrowed.identity} FROM ({limited}) d")
    query = f"SELECT count(*) FROM (SELECT 1 FROM {joined} AND {where} LIMIT :enough) f"
    given = narrowed.bound(connection, enough=enough, part=part)
    counted = int(fetch(connection, query, given)[0][0])
    if counted >= enough or part is None:
        return counted, counted
    return counted, int(fetch(connection, f"SELECT count(*) FROM ({limited}) l", given)[0][0])


def _from_ids(narrowed: Narrowed, ids: str) -> str:
    """Return a join that begins at ids, up to its WHERE."""
    alias = narrowed.table.rpartition(" ")[2]
    return f"({ids}) ids CROSS JOIN {narrowed.table} WHERE {alias}.{narrowed.identity} = ids.{narrowed.identity}"


def judged(*conditions: str) -> str:
    """Return conditions as one that no index is chosen for: the row is found already, and only judged."""
    return f"CASE WHEN {' AND '.join(conditions)} THEN 1 ELSE 0 END = 1"


def _short(connection: Connection, narrowed: Narrowed) -> str | None:
    """Return the first source that has few rows."""
    for source in narrowed.sources:
        query = f"SELECT count(*) FROM (SELECT 1 FROM ({source}) s LIMIT :few) f"
        if fetch(connection, query, narrowed.bound(connection, few=FEW + 1))[0][0] <= FEW:
            return source
    return None


def _plan_each(connection: Connection) -> None:
    """Let PostgreSQL plan for the values asked for: what a filter leaves differs by its value."""
    if not on_sqlite(connection):
        execute(connection, "SET LOCAL plan_cache_mode = force_custom_plan")


@dataclass(slots=True)
class _Search:
    connection: Connection
    narrowed: Narrowed
    order: Order

    def run(self, start: Place | None, limit: int) -> list[Place]:
        leading = self.order.keys[0][0].sql
        along = self.narrowed.along_id if len(self.order.keys) == 1 else []
        bounds = [each for column, each in self.narrowed.tests if column == leading or each in along]
        tests = [each for _, each in self.narrowed.tests if each not in bounds]
        if not tests:
            return [self.order.place(row) for row in self._walked(bounds, "1", start, limit)]
        found: list[Place] = []
        step, walked, source = max(1, round(FIRST_STEP * limit)), 0, None
        while True:
            rows = self._walked(bounds, f"CASE WHEN {' AND '.join(tests)} THEN 1 ELSE 0 END", start, step)
            found.extend(self.order.place(row) for row in rows if row[-1])
            if len(found) >= limit or len(rows) < step:
                return found[:limit]
            start, walked = self.order.place(rows[-1]), walked + len(rows)
            if walked == len(rows):
                source = _short(self.connection, self.narrowed)
            elif walked >= LONGEST_WALK:
                source = next(iter(self.narrowed.sources), None)
            if source is not None or walked >= LONGEST_WALK:
                return found + self._gathered([*bounds, *tests], source, start, limit - len(found))
            step = min(4 * step, LONGEST_WALK)

    def _walked(self, bounds: list[str], fits: str, start: Place | None, step: int) -> list[Row]:
        return self._read(bounds, fits, start, step)

    def _gathered(self, tests: list[str], source: str | None, start: Place | None, limit: int) -> list[Place]:
        if source is not None and len(self.order.keys) == 1 and self.narrowed.is_whole(source):
            return self._sorted_ids(source, start, limit)
        ids = f"SELECT DISTINCT {self.narrowed.identity} FROM ({source}) d" if source else None
        return [self.order.place(row) for row in self._read(tests, "1", start, limit, ids)]

    def _sorted_ids(self, source: str, start: Place | None, limit: int) -> list[Place]:
        """Return the next ids of a source that answers the whole question from its index."""
        descending = self.order.keys[0][1]
        column = f"{self.narrowed.identity} || ''"  # not the column itself: its index is not the one to use
        after = f"WHERE {column} {'<' if descending else '>'} :after" if start is not None else ""
        found = fetch(
            self.connection,
            f"SELECT {self.narrowed.identity} FROM ({source}) s {after} "
            f"ORDER BY {column} {'DESC' if descending else 'ASC'} LIMIT :rows",
            self.narrowed.bound(self.connection, rows=limit, after=start[-1] if start is not None else None),
        )
        return [[row[0]] for row in found]

    def _read(
        self, conditions: list[str], fits: str, start: Place | None, limit: int, ids: str | None = None
    ) -> list[Row]:
        place, given = self.order.after(self.connection, start) if start is not None else ("true", {})
        where = (*self.narrowed.always, *conditions, place)
        begins = (
            f"{_from_ids(self.narrowed, ids)} AND {judged(*where)}"
            if ids
            else f"{self.narrowed.table} WHERE {' AND '.join(where)}"
        )
        return fetch(
            self.connection,
            f"SELECT {self.order.selected()}, {fits} FROM {begins} ORDER BY {self.order.sql()} LIMIT :rows",
            self.narrowed.bound(self.connection, rows=limit, **given),
        )
