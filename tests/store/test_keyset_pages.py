"""Which way a page is found: along the order, or from the rows of a filter; neither costs much more than the other."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from app.core.http.pagination import Total
from app.services.context import Service
from app.store.lists import keyset_pages
from app.store.lists.keyset_pages import ListConditions, count_total, find_places
from app.store.lists.orders import Order, SortColumn
from app.store.sql.statements import execute

ROWS = 400
BY_ID = Order(((SortColumn("n.id"), False),))


class _Way:
    """Counts the rows that a search walks, tests and gathers."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.walked = 0
        self.gathered = False
        read, gather = keyset_pages._Search._read, keyset_pages._Search._gather

        def reading(*asked: Any) -> Any:
            rows = read(*asked)
            self.walked += 0 if self.gathered else len(rows)
            return rows

        def gathering(*asked: Any) -> Any:
            self.gathered = True
            return gather(*asked)

        patched.setattr(keyset_pages._Search, "_read", reading)
        patched.setattr(keyset_pages._Search, "_gather", gathering)


@pytest.mark.parametrize(
    ("fits", "found", "walked", "gathered"),
    [
        # Nothing fits: no walk is shorter than the filter.
        ("n.id < '0000'", [], 4, True),
        # Half of all rows fit, the first of them at the front.
        ("n.id >= '0000' AND n.half = 0", ["0000", "0002", "0004", "0006"], 8, False),
        # Half of all rows fit, the first of them in the middle: as many are walked as there were to gather.
        ("n.id >= '0200'", ["0200", "0201", "0202", "0203"], 204, False),
        # Few rows fit, at the end: they are gathered when as many have been walked.
        ("n.id >= '0380'", ["0380", "0381", "0382", "0383"], 20, True),
    ],
)
def test_a_walk_goes_on_until_gathering_would_cost_as_much(
    service: Service, monkeypatch: pytest.MonkeyPatch, fits: str, found: list[str], walked: int, gathered: bool
) -> None:
    for name, value in (("FEW", 3), ("LONGEST_STEP", 16), ("FIRST_STEP", 1), ("LEAP_AFTER", ROWS)):
        monkeypatch.setattr(keyset_pages, name, value)
    way = _Way(monkeypatch)
    assert find(service, fits) == found
    assert way.gathered is gathered
    assert way.walked <= 2 * walked + 16


def test_a_walk_along_ids_leaps_to_the_next_row_of_a_filter(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FEW", 3), ("LONGEST_STEP", 16), ("FIRST_STEP", 1), ("LEAP_AFTER", 16)):
        monkeypatch.setattr(keyset_pages, name, value)
    way = _Way(monkeypatch)
    assert find(service, "n.id >= '0200'") == ["0200", "0201", "0202", "0203"]
    assert (way.gathered, way.walked <= 64) == (False, True)
    assert find(service, "n.id >= '0200' AND n.half = 1") == ["0201", "0203", "0205", "0207"]


@pytest.mark.parametrize(("fits", "total"), [("'0399'", (1, False)), ("'0398'", (2, False)), ("'0380'", (2, True))])
def test_a_total_is_counted_in_longer_and_longer_parts_of_a_filter(
    service: Service, monkeypatch: pytest.MonkeyPatch, fits: str, total: tuple[int, bool]
) -> None:
    monkeypatch.setattr(keyset_pages, "FEW", 3)

    def look(connection: Connection) -> Total:
        conditions = numbers(connection, f"n.id >= {fits}", "SELECT n.id FROM numbers n")
        counted = count_total(connection, conditions, 2)
        execute(connection, "DROP TABLE numbers")
        return counted

    assert service.database.write(look) == Total(*total)


def numbers(connection: Connection, fits: str, source: str) -> ListConditions:
    """Make a table of numbers; return the list of those that fit."""
    execute(connection, "CREATE TEMPORARY TABLE numbers (id text PRIMARY KEY, half integer)")
    rows = ", ".join(f"('{number:04}', {number % 2})" for number in range(ROWS))
    execute(connection, f"INSERT INTO numbers (id, half) VALUES {rows}")
    conditions = ListConditions("numbers n", ["n.half >= 0"], "id")
    conditions.add(fits)
    conditions.sources.append(source)
    return conditions


def find(service: Service, fits: str) -> list[str]:
    """Return the first four of the numbers that fit."""

    def look(connection: Connection) -> list[Any]:
        conditions = numbers(connection, fits, f"SELECT n.id FROM numbers n WHERE {fits}")
        places = find_places(connection, conditions, BY_ID, None, 4)
        execute(connection, "DROP TABLE numbers")
        return places

    return [id for (id,) in service.database.write(look)]
