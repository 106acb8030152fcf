"""Orders of lists: columns, places between rows, and the condition that rows come after a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from app.core.http.pagination import SortKey
from app.models.base import instant_text

Place = list[Any]
"""Where a row stands in the order: the values of its keys, its id last, as JSON can hold them."""


class SortColumn(msgspec.Struct, frozen=True):
    """A column, or an expression, that a list can be ordered by; never NULL."""

    sql: str
    kind: type[str] | type[int] | type[date] | type[datetime] = str

    def read(self, value: Any) -> Any:
        """Read a value of a place."""
        return self.kind.fromisoformat(value) if issubclass(self.kind, date) else value


class Order(msgspec.Struct, frozen=True):
    """Columns with whether they descend; the last is the id of a row, which makes the order total."""

    keys: tuple[tuple[SortColumn, bool], ...]
    indexed: int | None = None
    """How many of the first columns are of the table that is walked; None for all."""

    def sql(self) -> str:
        """Return what follows ORDER BY."""
        return ", ".join(f"{column.sql} {'DESC' if descending else 'ASC'}" for column, descending in self.keys)

    def selected(self) -> str:
        """Return the SELECT list of the columns, the id last."""
        return ", ".join(column.sql for column, _ in self.keys)

    def place(self, values: Sequence[Any]) -> Place:
        """Return the place of a row with these values of the columns."""
        return [
            instant_text(value)
            if isinstance(value, datetime)
            else value.isoformat()
            if isinstance(value, date)
            else value
            for value in values
        ]

    def after(self, place: Place) -> tuple[str, dict[str, Any]]:
        """Return the condition that rows come after a place, and its parameters.

        When all keys have the same direction, it is a row value, which an index answers:

            (c.last_key, c.first_key, c.completion_id) > (:after0, :after1, :after2)

        Else the first key bounds the rows, and the others decide among rows that are equal in it.
        """
        parameters = {
            f"after{number}": column.read(value)
            for number, (value, (column, _)) in enumerate(zip(place, self.keys, strict=True))
        }
        marks = [f":{name}" for name in parameters]
        columns = [column.sql for column, _ in self.keys]
        signs = ["<" if descending else ">" for _, descending in self.keys]
        if len(set(signs)) == 1:
            whole = f"({', '.join(columns)}) {signs[0]} ({', '.join(marks)})"
            if self.indexed is None:
                return whole, parameters
            # A row value over two tables is answered by no index.
            bound = f"({', '.join(columns[: self.indexed])}) {signs[0]}= ({', '.join(marks[: self.indexed])})"
            return f"{bound} AND {whole}", parameters
        alternatives: list[str] = []
        for number, sign in enumerate(signs):
            equal = [f"{columns[before]} = {marks[before]}" for before in range(number)]
            alternatives.append(f"({' AND '.join([*equal, f'{columns[number]} {sign} {marks[number]}'])})")
        return f"{columns[0]} {signs[0]}= {marks[0]} AND ({' OR '.join(alternatives)})", parameters


def order_of(
    keys: Sequence[SortKey], columns: Mapping[str, SortColumn], identity: SortColumn, otherwise: SortKey
) -> Order:
    """Return the order by some keys and then by id, in the direction of the last key; without keys, of `otherwise`."""
    chosen = [(columns[key.name], key.descending) for key in keys]
    return Order((*chosen, (identity, keys[-1].descending if keys else otherwise.descending)))
