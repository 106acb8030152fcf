"""Keyset pages of a list in any order, at any depth, under any filter: what every sorted list shares.

A page begins after the values of the last row of the page before, and never counts the rows before it. How its rows
are found is decided here, since planners judge filters by averages and are wrong where it matters:

    walk      along the index of the order, in steps, testing each row; done when the page is full
    gather    when the walk finds little: all rows that fit, from a filter's own index, sorted

A short step is walked first. If that does not fill the page, rows are gathered from the first filter that has few. If
all have many, the walk goes on, and each time it has doubled, the filters are counted again, up to what was walked: so
neither way costs much more than the other would have. Along ids, a long walk leaps to the next row of a filter: what is
old stands together, and so does what is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from app.core.clock import first_instant, instant_after
from app.core.http.pagination import MOST_COUNTED, Total, place_after
from app.store.lists.orders import Order, Place
from app.store.sql.statements import Row, execute, fetch, fetch_column, fetch_value, in_list, on_sqlite

FEW = 5_000
"""A filter with at most this many rows is gathered at once."""
LONGER = (50_000, 500_000)
"""Where no filter has few rows, one of at most so many is looked for."""
FIRST_STEP = 4
"""Rows walked in the first step, for each row of the page; each further step is four times as long."""
LONGEST_STEP = 20_000
"""The most rows that are walked in one step."""
LEAP_AFTER = 4_000
"""Rows walked along ids before the next row of a filter is looked for."""
WORTH = 1
"""Rows of a filter that are gathered at the cost of one row walked."""
SAMPLE = 1_000
"""Rows that show, before counting, which part of a list fits."""
MUCH = 0.25
"""From this part on, counting along the list is faster than gathering."""


@dataclass(slots=True)
class ListConditions:
    """The conditions of a list, their parameters, and the queries that gather the rows of one of its filters."""

    table: str
    """The FROM item, its first table the one that is walked, with the aliases that the conditions use."""
    always: list[str]
    """Conditions of the unfiltered list; every index of its orders answers those on the table that is walked."""
    identity: str
    """The column of the id in the first table, without alias; where tables are joined, many rows may share one."""
    parameters: dict[str, Any] = field(default_factory=dict)
    tests: list[tuple[str | None, str]] = field(default_factory=list)
    """(column, condition). Along an index of its column a condition bounds the walk, else it is tested on every row.

    Conditions on tables that are not of the FROM item have no column.
    """
    along_id: list[str] = field(default_factory=list)
    """Conditions that an index ending in the id answers: they bound the walk by id."""
    sources: list[str] = field(default_factory=list)
    """Queries for ids, each for all rows that fit one filter and perhaps for others: the likely shortest first."""

    @property
    def id_sql(self) -> str:
        """The column of the id, with its alias."""
        return f"{self.table.split()[1]}.{self.identity}"

    def is_whole(self, source: str) -> bool:
        """Return whether a source has exactly the conditions of the list, so that its ids need not be tested."""
        where = " AND ".join((*self.always, *self.conditions))
        return source == f"SELECT {self.id_sql} FROM {self.table} WHERE {where}"

    @property
    def conditions(self) -> list[str]:
        """The conditions of all filters."""
        return [condition for _, condition in self.tests]

    def add(self, condition: str, column: str | None = None, **parameters: Any) -> None:
        """Add a condition with its parameters."""
        self.tests.append((column, condition))
        self.parameters.update(parameters)

    def in_list(self, name: str, values: Sequence[Any]) -> str:
        """Add values to the parameters and return what stands within `IN (…)`."""
        marks, parameters = in_list(name, values)
        self.parameters |= parameters
        return marks

    def between_instants(
        self, column: str, name: str, since: date | datetime | None, until: date | datetime | None
    ) -> None:
        """Add the condition that instants lie between two, both included; a date is its whole day in UTC."""
        if since is not None:
            self.add(f"{column} >= :{name}_from", column, **{f"{name}_from": first_instant(since)})
        if until is not None and (after := instant_after(until)) is not None:
            self.add(f"{column} < :{name}_to", column, **{f"{name}_to": after})

    def between_days(self, column: str, name: str, since: date | None, until: date | None) -> None:
        """Add the condition that days lie between two, both included."""
        if since is not None:
            self.add(f"{column} >= :{name}_from", column, **{f"{name}_from": since})
        if until is not None:
            self.add(f"{column} <= :{name}_to", column, **{f"{name}_to": until})

    def starts_with(self, column: str, name: str, prefix: str) -> str:
        """Return the condition that a column begins with a prefix, as a range that its index answers."""
        self.parameters |= {f"{name}_first": prefix, f"{name}_last": prefix + "\U0010ffff"}
        return f"({column} >= :{name}_first AND {column} < :{name}_last)"


def without_index(*conditions: str) -> str:
    """Return conditions as one for which no index is chosen: the row has been found, and is only tested."""
    return f"CASE WHEN {' AND '.join(conditions)} THEN 1 ELSE 0 END = 1"


def find_places(
    connection: Connection, conditions: ListConditions, order: Order, after: Any, limit: int
) -> list[Place]:
    """Return the places of the next rows; raises `ParameterInvalid` for the cursor of another list."""
    plan_for_values(connection)
    start = place_after(after, len(order.keys))
    return _Search(connection, conditions, order).run(start, limit)


def find_ids(
    connection: Connection, conditions: ListConditions, order: Order, after: Place | None, limit: int
) -> tuple[list[str], Place | None]:
    """Return the ids of the next rows, and the place of the last of them: cheaper than the places of many rows."""
    plan_for_values(connection)
    return _Search(connection, conditions, order).run_for_ids(after, limit)


def count_total(connection: Connection, conditions: ListConditions, most: int | None = None) -> Total:
    """Count the list, up to the most that is counted."""
    plan_for_values(connection)
    most = MOST_COUNTED if most is None else most
    counted = _count(connection, conditions, most + 1)
    return Total(min(counted, most), counted > most)


def group_rows(connection: Connection, list_: ListConditions, columns: Sequence[str]) -> list[Row]:
    """Return (values of columns, number of rows) for each group of the rows that fit; all of them are read."""
    plan_for_values(connection)
    source = _shortest_source(connection, list_)
    if source is not None:
        joined = _from_ids(list_, f"SELECT DISTINCT {list_.identity} FROM ({source}) d")
        found = f"{joined} AND {without_index(*list_.always, *list_.conditions)}"
    else:
        found = f"{list_.table} WHERE {' AND '.join((*list_.always, *list_.conditions))}"
    places = ", ".join(str(number + 1) for number in range(len(columns)))
    query = f"SELECT {', '.join(columns)}, count(*) FROM {found} GROUP BY {places}"
    return fetch(connection, query, list_.parameters)


def _count(connection: Connection, list_: ListConditions, enough: int) -> int:
    """Count the rows that fit, up to `enough`.

    Where a filter has no column of the list, its source is counted, unless much of the list fits.
    """
    if list_.sources and any(column is None for column, _ in list_.tests) and not _much_fits(connection, list_):
        source = _shortest_source(connection, list_)
        assert source is not None
        # A part of a long source will do if enough of it fits; else a longer part is tested, at last all of it.
        part = 3 * enough
        while True:
            counted, tested = _count_from(connection, list_, source, part, enough)
            if counted >= enough or tested < part:
                return counted
            part *= 4
    where = " AND ".join((*list_.always, *list_.conditions))
    query = f"SELECT count(*) FROM (SELECT 1 FROM {list_.table} WHERE {where} LIMIT :enough) f"
    return int(fetch_value(connection, query, {**list_.parameters, "enough": enough}))


def _much_fits(connection: Connection, list_: ListConditions) -> bool:
    """Return whether the part `MUCH` of `SAMPLE` rows fits."""
    fits = f"CASE WHEN {' AND '.join(list_.conditions)} THEN 1 ELSE 0 END"
    query = f"SELECT {fits} AS fits FROM {list_.table} WHERE {' AND '.join(list_.always)} LIMIT :sample"
    parameters = {**list_.parameters, "sample": SAMPLE}
    return int(fetch_value(connection, f"SELECT sum(fits) FROM ({query}) f", parameters) or 0) >= MUCH * SAMPLE


def _count_from(connection: Connection, list_: ListConditions, source: str, part: int, enough: int) -> tuple[int, int]:
    """Return how many rows of a part of a source fit, up to `enough`, and how many rows the part has."""
    limited = f"SELECT * FROM ({source}) p LIMIT :part"
    where = without_index(*list_.always, *list_.conditions)
    joined = _from_ids(list_, f"SELECT DISTINCT {list_.identity} FROM ({limited}) d")
    query = f"SELECT count(*) FROM (SELECT 1 FROM {joined} AND {where} LIMIT :enough) f"
    parameters = {**list_.parameters, "enough": enough, "part": part}
    counted = int(fetch_value(connection, query, parameters))
    if counted >= enough:
        return counted, counted
    return counted, int(fetch_value(connection, f"SELECT count(*) FROM ({limited}) l", parameters))


def _from_ids(list_: ListConditions, ids: str) -> str:
    """Return a join that begins at ids, with the first condition of its WHERE."""
    return f"({ids}) ids CROSS JOIN {list_.table} WHERE {list_.id_sql} = ids.{list_.identity}"


def _short_source(connection: Connection, list_: ListConditions, few: int | None = None) -> str | None:
    """Return the first source that has at most `few` rows, `FEW` unless said; None where all have more."""
    few = FEW if few is None else few
    for source in list_.sources:
        query = f"SELECT count(*) FROM (SELECT 1 FROM ({source}) s LIMIT :few) f"
        if fetch_value(connection, query, {**list_.parameters, "few": few + 1}) <= few:
            return source
    return None


def _shortest_source(connection: Connection, list_: ListConditions) -> str | None:
    """Return a source about as long as the shortest; the first where all are long, None where there is none."""
    for few in (FEW, *LONGER):
        source = _short_source(connection, list_, few)
        if source is not None:
            return source
    return next(iter(list_.sources), None)


def plan_for_values(connection: Connection) -> None:
    """Let PostgreSQL plan each statement for its values: how many rows a filter has differs by its value."""
    if not on_sqlite(connection):
        execute(connection, "SET LOCAL plan_cache_mode = force_custom_plan")


@dataclass(slots=True)
class _Search:
    """The search for one page."""

    connection: Connection
    list_: ListConditions
    order: Order

    def run(self, start: Place | None, limit: int) -> list[Place]:
        bounds, tests = self._bounds_and_tests()
        if not tests:
            return [self.order.place(values) for values, _ in self._read(bounds, "1", start, limit)]
        places: list[Place] = []
        step, walked, counted_at = max(1, round(FIRST_STEP * limit)), 0, 0
        leap: list[str] = []
        while True:
            rows = self._read([*bounds, *leap], f"CASE WHEN {' AND '.join(tests)} THEN 1 ELSE 0 END", start, step)
            leap = []
            places.extend(self.order.place(values) for values, fits in rows if fits)
            if len(places) >= limit or len(rows) < step:
                return places[:limit]
            last, _ = rows[-1]
            start, walked = self.order.place(last), walked + len(rows)
            if walked >= 2 * counted_at:
                counted_at = walked
                source = _short_source(self.connection, self.list_, max(FEW, WORTH * walked))
                if source is not None:
                    return places + self._gather([*bounds, *tests], source, start, limit - len(places))
                if walked >= LEAP_AFTER and self._is_along_ids() and self.list_.sources:
                    next_id = self._next_of_source(start)
                    if next_id is None:
                        return places
                    if next_id != start[0]:
                        # One bound at a time: of two, a planner may take the one that begins earlier.
                        self.list_.parameters["leap"] = next_id
                        start, leap = None, [f"{self.list_.id_sql} {'<' if self.order.keys[0][1] else '>'}= :leap"]
            step = min(4 * step, LONGEST_STEP)

    def run_for_ids(self, start: Place | None, limit: int) -> tuple[list[str], Place | None]:
        bounds, tests = self._bounds_and_tests()
        if tests:
            places = self.run(start, limit)
            return [place[-1] for place in places], places[-1] if places else None
        rows = self._rows(bounds, self.order.selected(), start, limit)
        return list(map(itemgetter(-1), rows)), self.order.place(rows[-1]) if rows else None

    def _is_along_ids(self) -> bool:
        return self.order.keys[0][0].sql == self.list_.id_sql

    def _next_of_source(self, start: Place) -> Any:
        """Return the id of the first source that is next from a place on, or None; all that follow are looked at."""
        descending = self.order.keys[0][1]
        extreme, sign = ("max", "<=") if descending else ("min", ">=")
        return fetch_value(
            self.connection,
            # For the bare column, a planner would walk along the ids again.
            f"SELECT {extreme}({self.list_.identity} || '') FROM ({self.list_.sources[0]}) s "
            f"WHERE {self.list_.identity} {sign} :behind",
            {**self.list_.parameters, "behind": start[0]},
        )

    def _bounds_and_tests(self) -> tuple[list[str], list[str]]:
        """Return the conditions that bound the walk along the order's index, and those that each row is tested by."""
        leading = self.order.keys[0][0].sql
        along_id = self.list_.along_id if leading == self.list_.id_sql else []
        bounds = [condition for column, condition in self.list_.tests if column == leading or condition in along_id]
        return bounds, [condition for condition in self.list_.conditions if condition not in bounds]

    def _gather(self, conditions: list[str], source: str, start: Place, limit: int) -> list[Place]:
        if len(self.order.keys) == 1 and self.list_.is_whole(source):
            return self._sort_ids(source, start, limit)
        ids = f"SELECT DISTINCT {self.list_.identity} FROM ({source}) d"
        return [self.order.place(values) for values, _ in self._read(conditions, "1", start, limit, ids)]

    def _sort_ids(self, source: str, start: Place, limit: int) -> list[Place]:
        """Return the next ids of a source that has all conditions of the list and is answered by its index."""
        descending = self.order.keys[0][1]
        column = f"{self.list_.identity} || ''"  # not the column itself: its index is not the one to use
        ids = fetch_column(
            self.connection,
            f"SELECT {self.list_.identity} FROM ({source}) s WHERE {column} {'<' if descending else '>'} :after "
            f"ORDER BY {column} {'DESC' if descending else 'ASC'} LIMIT :rows",
            {**self.list_.parameters, "rows": limit, "after": start[-1]},
        )
        return [[id] for id in ids]

    def _read(
        self, conditions: list[str], fits: str, start: Place | None, limit: int, ids: str | None = None
    ) -> list[tuple[list[Any], Any]]:
        """Return (values of the keys, whether it fits) of the next rows, of all or of those with some ids."""
        rows = self._rows(conditions, f"{self.order.selected()}, {fits}", start, limit, ids)
        return [(values, fits) for *values, fits in rows]

    def _rows(
        self, conditions: list[str], selected: str, start: Place | None, limit: int, ids: str | None = None
    ) -> list[Row]:
        after, parameters = self.order.after(start) if start is not None else ("true", {})
        where = (*self.list_.always, *conditions, after)
        return fetch(
            self.connection,
            f"SELECT {selected} FROM "
            + (
                f"{_from_ids(self.list_, ids)} AND {without_index(*where)}"
                if ids
                else f"{self.list_.table} WHERE {' AND '.join(where)}"
            )
            + f" ORDER BY {self.order.sql()} LIMIT :rows",
            {**self.list_.parameters, "rows": limit, **parameters},
        )
